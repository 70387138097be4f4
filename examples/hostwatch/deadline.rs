//! Ends the application after a time.

use std::time::Duration;

use qlib::prelude::*;

/// Ends the application some time after it began.
pub(crate) struct Deadline {
    limit: Option<Duration>,
}

#[worker]
impl Deadline {
    /// A deadline, or none.
    pub(crate) fn new(limit: Option<Duration>) -> Self {
        Self { limit }
    }

    #[init]
    async fn init(&mut self, cx: &mut Cx) -> Result<()> {
        if let Some(limit) = self.limit {
            let app = cx.app().clone();
            tokio::task::spawn_local(async move {
                tokio::time::sleep(limit).await;
                app.shutdown();
            });
        }
        Ok(())
    }
}

/// Reads `1500ms`, `30s`, `5m` or `2h`.
pub(crate) fn duration(text: &str) -> Result<Duration> {
    let unit = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let number = text[..text.len() - unit.len()].parse::<u64>();
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => 0,
    };
    match number.ok().and_then(|number| number.checked_mul(millis)) {
        Some(millis) if millis > 0 => Ok(Duration::from_millis(millis)),
        _ => Err(Error::Boot {
            reason: format!(
                "--for {text}: write a number above zero and a unit, such as 500ms, 30s, 5m or 2h"
            )
            .into(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_a_number_and_a_unit() {
        assert_eq!(duration("500ms").unwrap(), Duration::from_millis(500));
        assert_eq!(duration("30s").unwrap(), Duration::from_secs(30));
        assert_eq!(duration("2h").unwrap(), Duration::from_secs(7200));
        for wrong in [
            "",
            "30",
            "s",
            "0s",
            "-1s",
            "1.5s",
            "30 s",
            "nonsense",
            "99999999999999999h",
        ] {
            let error = duration(wrong).unwrap_err().to_string();
            assert!(error.contains("30s"), "{wrong}: {error}");
        }
    }
}
