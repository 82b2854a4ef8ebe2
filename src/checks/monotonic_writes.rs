//! Monotonic writes: whoever has met a later write of a process does not meet anything older than its earlier ones.

use super::contract::{Case, Check, Report};
use super::session::{By, Who, run};

pub(super) const CHECK: Check = Check {
    name: "monotonic-writes",
    meaning: "nobody who had met a process's later write then read something older than its earlier one",
    run: judge,
};

fn judge(case: &Case) -> Report {
    run(case, Who::Author, By::Writing)
}
