//! Read your writes: a process never reads something older than what it has written itself.

use super::contract::{Case, Check, Report};
use super::session::{By, Who, run};

pub(super) const CHECK: Check = Check {
    name: "read-your-writes",
    meaning: "no process read something older than what it had written before",
    run: judge,
};

fn judge(case: &Case) -> Report {
    run(case, Who::Reader, By::Writing)
}
