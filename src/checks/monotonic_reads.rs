//! Monotonic reads: a process never reads something older than what it has read before.

use super::contract::{Case, Check, Report};
use super::session::{By, Who, run};

pub(super) const CHECK: Check = Check {
    name: "monotonic-reads",
    meaning: "no process read something older than what it had read before",
    run: judge,
};

fn judge(case: &Case) -> Report {
    run(case, Who::Reader, By::Reading)
}
