//! Alternating rounds: the machine's other work must hit everyone alike.

use crate::row::Row;
use crate::work::Can;

/// How many rounds a row has.
const ROUNDS: usize = 5;

/// Someone who can be asked for figures.
pub(crate) trait Side {
    /// What the report calls it.
    fn name(&self) -> String;

    /// One figure for the row, or `None` if there is no such thing.
    fn figure(&mut self, row: &Row) -> Can<f64>;

    /// Whether one figure of the row takes so long that it is asked for once.
    fn slow(&self, _row: &Row) -> bool {
        false
    }
}

/// Asks the sides in turn, round by round; one figure each at the end.
pub(crate) fn alternate(
    row: &Row,
    sides: &mut [&mut dyn Side],
) -> anyhow::Result<Vec<Option<f64>>> {
    let mut figures = vec![Vec::new(); sides.len()];
    for round in 0..ROUNDS {
        for (side, figures) in sides.iter_mut().zip(&mut figures) {
            // Who could not in the first round cannot in the next.
            if round > 0 && (figures.is_empty() || side.slow(row)) {
                continue;
            }
            figures.extend(side.figure(row)?);
        }
    }
    Ok(figures
        .into_iter()
        .map(|figures| settle(row, figures))
        .collect())
}

/// The median, or the best where a row asks for it.
fn settle(row: &Row, mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    if row.best_counts() {
        return figures.into_iter().reduce(|best, figure| {
            if row.unit.ratio(figure, best) > 1.0 {
                figure
            } else {
                best
            }
        });
    }
    figures.get(figures.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::ROWS;
    use crate::work::Work;

    fn settled(work: Work, figures: &[f64]) -> Option<f64> {
        settle(
            ROWS.iter().find(|row| row.work == work).unwrap(),
            figures.to_vec(),
        )
    }

    #[test]
    fn the_median_counts_and_of_a_tail_the_best() {
        assert_eq!(settled(Work::ReadInt, &[5.0, 1.0, 9.0]), Some(5.0));
        assert_eq!(settled(Work::LatencyP99, &[5.0, 1.0, 9.0]), Some(1.0));
        assert_eq!(settled(Work::ReadInt, &[]), None);
    }
}
