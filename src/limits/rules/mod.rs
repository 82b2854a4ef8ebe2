//! Every rule that a run can break: its code, its figures, the error that the caller sees, where it stands and what helps.
//!
//! To add a rule: its variant in `model/refusal.rs`, a row in the file of its product here, and its pair in
//! `tests/data/limits/`: a run that breaks it, and one that stays just below.

mod d1;
mod durable_object;
mod faults;
mod kv;

use crate::model::Refusal;

use super::figure::{FigureId, Unit, written};
use super::platform::{Plan, Platform};

/// What kind of rule it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Nature {
    /// A bound of a single request: it fails whenever it is tried again.
    Bound,
    /// A pace: it may be tried again after a while.
    Pace,
    /// A server with too much to do.
    Load,
    /// A quota of the free plan, until midnight UTC.
    Day,
    /// Something is full.
    Storage,
    /// No limit: something of the platform failed.
    Fault,
}

/// One rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rule {
    pub refusal: Refusal,
    /// As in `L001`; stable.
    pub code: &'static str,
    pub nature: Nature,
    /// The figures behind it; empty where nobody publishes one.
    pub figures: &'static [FigureId],
    /// What the caller's code sees. `{0}` is the first figure as a plain number, N the caller's own.
    text: &'static str,
    /// The HTTP status of the error, where it has one.
    pub status: Option<u16>,
    /// Where the text, or the rule, stands.
    pub source: &'static str,
    /// The page's own date, or when it was read.
    pub date: &'static str,
    /// When it strikes, and how it is simulated.
    pub what: &'static str,
    /// What helps.
    pub remedy: &'static str,
}

impl Rule {
    /// The rule's stable name, as in `kv.writes_per_key`.
    pub fn name(&self) -> &'static str {
        self.refusal.rule()
    }

    /// The error text, with the platform's own figures.
    pub fn text(&self, platform: &Platform, plan: Plan) -> String {
        match self.figures.first() {
            Some(figure) => {
                let bound = platform.bound(*figure, plan);
                let seconds = figure.row().unit == Unit::Span;
                self.text.replace("{0}", &(if seconds { bound / 1_000_000_000 } else { bound }).to_string())
            }
            None => self.text.to_string(),
        }
    }

    /// The figures with their values on a plan, as in `kv.write_interval = 1 s`.
    pub fn figures_written(&self, platform: &Platform, plan: Plan) -> Vec<String> {
        let figure = |id: &FigureId| format!("{} = {}", id.name(), written(id.row().unit, platform.bound(*id, plan)));
        self.figures.iter().map(figure).collect()
    }
}

impl Refusal {
    /// What is known of the rule.
    pub fn facts(self) -> &'static Rule {
        let all = kv::RULES.iter().chain(d1::RULES).chain(durable_object::RULES).chain(faults::RULES);
        let mut mine = all.filter(|rule| rule.refusal == self);
        mine.next().expect("every refusal has a row, as a test checks")
    }
}

const USERS: &str = "error messages quoted in public issues and repositories; not in the documentation";
const DAY: &str = "the paid plan, which charges for use instead of refusing it; or fewer operations (gather changes, cache reads), so that the day's use stays below. It ends at midnight UTC.";
