//! Writes follow reads: whoever has met a write does not meet anything older than what its author had read.

use super::contract::{Case, Check, Report};
use super::session::{By, Who, run};

pub(super) const CHECK: Check = Check {
    name: "writes-follow-reads",
    meaning: "nobody who had met a write then read something older than what its author had read before it",
    run: judge,
};

fn judge(case: &Case) -> Report {
    run(case, Who::Author, By::Reading)
}
