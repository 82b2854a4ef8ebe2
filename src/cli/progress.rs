//! The progress bar, on standard error and only where that is a terminal.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use consistency_sim::run::Watch;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Terminal;

/// A bar for one run.
pub struct Progress {
    bar: ProgressBar,
    operations: AtomicU64,
    name: String,
    serial: Mutex<Vec<String>>,
}

impl Progress {
    /// A bar with the scenario's name.
    pub fn new(name: &str) -> Progress {
        let style = ProgressStyle::with_template("{prefix} {bar:30} {percent:>3} %  {msg}  {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        // The target hides itself where standard error is no terminal.
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style);
        bar.set_prefix(name.to_string());
        Progress { bar, operations: AtomicU64::new(0), name: name.to_string(), serial: Mutex::default() }
    }

    /// Says which of the scenario's stores more threads do not make faster, where more were to be used; whether there are
    /// any.
    pub fn tell_serial(&self, terminal: &Terminal, scenario: &str, threads: usize, replications: u32) -> bool {
        let serial = self.serial.lock().map(|stores| stores.clone()).unwrap_or_default();
        let tells = threads != 1 && !serial.is_empty();
        if tells {
            terminal.remark(&said_of_serial(scenario, &serial, replications));
        }
        tells
    }

    /// Removes the bar; says how many operations there were and how long they took.
    pub fn finish(&self) -> (u64, Duration) {
        self.bar.finish_and_clear();
        (self.operations.load(Ordering::Relaxed), self.bar.elapsed())
    }
}

impl Watch for Progress {
    /// Further units come after those that are done.
    fn planned(&self, units: u64) {
        self.bar.set_length(self.bar.position() + units);
    }

    fn serial(&self, stores: &[&str]) {
        if let Ok(mut serial) = self.serial.lock() {
            *serial = stores.iter().map(|store| (*store).to_string()).collect();
        }
    }

    fn aimed(&self, replications: u32, relative: Option<f64>, wanted: f64) {
        let width = relative.map_or_else(|| "no interval yet".to_string(), |share| format!("±{:.2} %", share * 100.0));
        let wanted = wanted * 100.0;
        self.bar.set_prefix(format!("{} ({width} after {replications}, wanted ±{wanted:.2} %)", self.name));
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

/// Says which stores one thread simulates from the start of a replication to its end, and what other threads do then.
fn said_of_serial(scenario: &str, stores: &[String], replications: u32) -> String {
    let are = if stores.len() == 1 { "is" } else { "are" };
    let beside = if replications > 1 {
        format!("the {replications} replications run beside each other")
    } else {
        "with --replications N, replications run beside each other".to_string()
    };
    let stores = stores.join(", ");
    format!(
        "{scenario}: {stores} {are} serial, simulated by one thread from a replication's start to its end; {beside}"
    )
}
