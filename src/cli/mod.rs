//! The command line: one file for each subcommand, with its arguments and what it does.
//!
//! To add one: its file, a `mod` line, a variant of [`Command`] and an arm in `main.rs`.

mod check;
mod compare;
mod completions;
mod diff;
mod explain;
mod exports;
mod folder;
mod history;
mod init;
mod judge;
mod limits;
mod man;
mod merge;
mod progress;
mod run;
mod schema;
mod selection;
mod sweep;
mod terminal;

pub use terminal::Terminal;

use clap::{Parser, Subcommand, ValueEnum};

/// Shows what Workers KV, D1 and Durable Objects do to your reads and writes.
///
/// A scenario file says where the clients are, what they ask and what must hold. The simulator runs it on each store,
/// with the same reads and writes, and says how stale, how fast and how lossy each is.
#[derive(Parser)]
#[command(name = "consistency-sim", version, max_term_width = 100, after_help = AFTER)]
pub struct Arguments {
    /// When to use colours. NO_COLOR and CLICOLOR_FORCE are respected.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    #[command(subcommand)]
    pub command: Command,
}

const AFTER: &str = "\
Exit codes:
  0    done, and every promise is kept
  1    could not finish
  2    wrong command line or wrong input
  3    incomplete: the budget ran out, or points of a sweep are missing
  10   a promise is broken (compare: by every store), or a history is not consistent
  11   a limit of the platform is violated, and --deny limits was given";

/// When to use colours.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On terminals.
    Auto,
    /// Into files and pipes too.
    Always,
    /// Nowhere.
    Never,
}

/// What to do. What each command says of itself stands at its arguments: words here would replace those in the help.
#[derive(Subcommand)]
pub enum Command {
    Run(run::Run),
    #[command(visible_alias = "advise")]
    Compare(compare::Compare),
    Sweep(sweep::Sweep),
    Merge(merge::Merge),
    Check(check::Check),
    Judge(judge::Judge),
    Explain(explain::Explain),
    Limits(limits::Limits),
    Diff(diff::Diff),
    Init(init::Init),
    Schema(schema::Schema),
    Completions(completions::Completions),
    Man(man::Man),
}

/// How a command ended well: the promises are kept, or not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Done {
    Kept,
    Broken,
    /// The promises are kept, but a limit of the platform is violated, and that was denied.
    Violated,
    /// Neither could be shown before the budget ran out.
    Undecided,
}

/// Why a command could not do its work.
pub enum Failure {
    /// Standard output is closed: nobody reads any more, which is no error.
    Closed,
    /// The input is wrong, and the diagnostics were printed.
    Input,
    /// Something else, in a sentence; the flag says whether the input is to blame.
    Other { message: String, input: bool },
}

impl Failure {
    /// The input is to blame.
    pub fn input(message: impl Into<String>) -> Failure {
        Failure::Other { message: message.into(), input: true }
    }
}

/// What every command returns.
pub type Result<T> = std::result::Result<T, Failure>;
