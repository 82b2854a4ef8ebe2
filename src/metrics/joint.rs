//! Staleness in two measures at once: reads that are at least so many versions *and* at least so much time behind.
//!
//! A bound on either alone can be kept by a store that breaks what a user needs: one version behind for an hour, or ten
//! versions behind for a second.

use crate::model::Span;

/// Versions behind: the thresholds of the rows.
pub const VERSIONS: [u64; 5] = [1, 2, 3, 5, 10];
/// Ages: the thresholds of the columns.
pub const AGES: [Span; 7] = [
    Span::ZERO,
    Span::from_secs(1),
    Span::from_secs(5),
    Span::from_secs(10),
    Span::from_secs(30),
    Span::from_secs(60),
    Span::from_secs(120),
];

/// Stale reads by the largest thresholds that they reach.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Joint {
    cells: [[u64; AGES.len()]; VERSIONS.len()],
}

impl Joint {
    /// Adds a stale read: at least one version behind.
    pub fn add(&mut self, versions: u64, age: Span) {
        // Thresholds rise: so many as are reached, without a guess of where they end.
        let rows = VERSIONS.iter().filter(|least| **least <= versions).count();
        let columns = AGES.iter().filter(|least| **least <= age).count();
        if rows > 0 {
            self.cells[rows - 1][columns - 1] += 1;
        }
    }

    /// Adds another count.
    pub fn merge(&mut self, other: &Joint) {
        for (mine, theirs) in self.cells.iter_mut().flatten().zip(other.cells.iter().flatten()) {
            *mine += theirs;
        }
    }

    /// How many reads reach both thresholds, given by their places in [`VERSIONS`] and [`AGES`].
    pub fn reads(&self, row: usize, column: usize) -> u64 {
        self.cells[row..].iter().flat_map(|cells| &cells[column..]).sum()
    }
}
