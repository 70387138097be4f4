//! Steps that run one after the other, all of them, with a summary at the end.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// What has run so far.
#[derive(Default)]
pub(crate) struct Steps {
    done: Vec<Step>,
}

struct Step {
    name: &'static str,
    took: Duration,
    passed: bool,
}

impl Steps {
    /// Runs a step, after saying so. One that fails is remembered and does not stop those that
    /// follow, so that one run shows everything there is to mend.
    pub(crate) fn step(&mut self, name: &'static str, run: impl FnOnce() -> Result<()>) {
        eprintln!("\n== {name}");
        let start = Instant::now();
        let result = run();
        if let Err(error) = &result {
            eprintln!("error: {error:#}");
        }
        self.done.push(Step {
            name,
            took: start.elapsed(),
            passed: result.is_ok(),
        });
    }

    /// Prints the time of each step.
    ///
    /// # Errors
    ///
    /// A step failed.
    pub(crate) fn finish(self) -> Result<()> {
        eprint!("\n{self}");
        let failed: Vec<_> = self
            .done
            .iter()
            .filter(|step| !step.passed)
            .map(|step| step.name)
            .collect();
        if !failed.is_empty() {
            bail!("failed: {}", failed.join(", "));
        }
        Ok(())
    }
}

impl fmt::Display for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.done {
            let verdict = if step.passed { "ok    " } else { "FAILED" };
            writeln!(
                f,
                "{verdict} {:>7.1} s  {}",
                step.took.as_secs_f64(),
                step.name
            )?;
        }
        let total: Duration = self.done.iter().map(|step| step.took).sum();
        writeln!(f, "       {:>7.1} s  in all", total.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    #[test]
    fn a_failing_step_is_named_and_does_not_stop_the_next() {
        let mut steps = Steps::default();
        let mut ran = false;
        steps.step("first", || Err(anyhow!("no luck")));
        steps.step("second", || {
            ran = true;
            Ok(())
        });
        assert!(ran);
        assert_eq!(steps.finish().unwrap_err().to_string(), "failed: first");
    }

    #[test]
    fn steps_that_pass_are_no_error() {
        let mut steps = Steps::default();
        steps.step("only", || Ok(()));
        steps.finish().unwrap();
    }

    #[test]
    fn the_summary_shows_the_time_of_each_step() {
        let done = vec![
            Step {
                name: "format",
                took: Duration::from_millis(1_234),
                passed: true,
            },
            Step {
                name: "tests",
                took: Duration::from_secs(100),
                passed: false,
            },
        ];
        insta::assert_snapshot!(Steps { done }, @r"
        ok         1.2 s  format
        FAILED   100.0 s  tests
                 101.2 s  in all
        ");
    }
}
