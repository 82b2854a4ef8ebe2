//! The progress bar, on standard error and only where that is a terminal.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use consistency_sim::run::Watch;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar for one run.
pub struct Progress {
    bar: ProgressBar,
    operations: AtomicU64,
}

impl Progress {
    /// A bar with the scenario's name.
    pub fn new(name: &str) -> Progress {
        let style = ProgressStyle::with_template("{prefix} {bar:30} {percent:>3} %  {msg}  {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        // The target hides itself where standard error is no terminal.
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style);
        bar.set_prefix(name.to_string());
        Progress { bar, operations: AtomicU64::new(0) }
    }

    /// Removes the bar; says how many operations there were and how long they took.
    pub fn finish(&self) -> (u64, Duration) {
        self.bar.finish_and_clear();
        (self.operations.load(Ordering::Relaxed), self.bar.elapsed())
    }
}

impl Watch for Progress {
    fn planned(&self, units: u64) {
        self.bar.set_length(units);
    }

    fn advanced(&self, units: u64, operations: u64) {
        let all = self.operations.fetch_add(operations, Ordering::Relaxed) + operations;
        let seconds = self.bar.elapsed().as_secs_f64();
        if seconds > 0.0 {
            self.bar.set_message(format!("{:.1} million operations/s", all as f64 / seconds / 1e6));
        }
        self.bar.inc(units);
    }
}
