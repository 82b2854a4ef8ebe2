//! `judge`: runs the checks over a recorded history, of this program or of another.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::string::FromUtf8Error;

use consistency_sim::checks::{Budget, CHECKS, Case, Check, Report, Verdict, Why, Witness, find};
use consistency_sim::history::drawing::draw;
use consistency_sim::history::format::{Format, Input, log_text, read};
use consistency_sim::history::judged::{Call, Datum, FailedCas, Log, Nil, Outcome, Reading};

use consistency_sim::history::pairing::ReadError;

use super::{Done, Failure, Result, Terminal};

/// More operations than this are not drawn: the drawing would be wider than a screen.
const DRAWN_MAX: usize = 12;
/// More operations than this are not listed.
const LISTED_MAX: usize = 40;

/// Say whether a recorded history is consistent, and show the operations that prove it is not
///
/// Reads JSON lines of this program, Jepsen EDN, the etcd logs and key-value files of porcupine's tests, and drawings.
/// Exit code: 0 every check holds, 10 one is broken, 3 a budget ran out before a verdict, 2 the file cannot be read.
#[derive(clap::Args, Debug)]
pub struct Judge {
    /// The history; `-` is standard input
    pub file: PathBuf,

    /// The file's format; detected by its looks if not given
    #[arg(long, default_value = "auto", value_parser = ["auto", "jsonl", "edn", "etcd", "kv", "drawing"])]
    pub format: String,

    /// What the keys are: which operations may occur, and what is there before the first
    #[arg(long, default_value = "auto", value_parser = ["auto", "register", "cas-register", "counter", "kv"])]
    pub model: String,

    /// What a completed read of nothing means (default: unknown for Jepsen EDN, absent for the other formats)
    #[arg(long, value_parser = ["unknown", "absent"])]
    pub nil: Option<String>,

    /// Whether a failed compare-and-set says that something else was stored (default: ignored for Jepsen EDN, constrains
    /// for the other formats)
    #[arg(long, value_parser = ["constrains", "ignored"])]
    pub failed_cas: Option<String>,

    /// What every key holds before the first operation: `nil`, a whole number or a text (default: the format's)
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    pub initial: Option<String>,

    /// Steps that each check may take before it gives up
    #[arg(long, value_name = "STEPS", default_value_t = Budget::default().steps)]
    pub budget: u64,

    /// Only these checks, parted by commas or given several times (default: all)
    #[arg(long = "check", value_name = "NAME", value_delimiter = ',', value_parser = check_name)]
    pub checks: Vec<String>,
}

impl Judge {
    /// Judges the file and prints what was found.
    pub fn run(&self, terminal: &Terminal) -> Result<Done> {
        let name = self.file.display().to_string();
        let bytes = read_file(&self.file).map_err(|error| Failure::input(format!("cannot read `{name}`: {error}")))?;
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => return Err(terminal.misread(&name, "", &not_utf8(&error))),
        };
        let mut input =
            read(&text, Format::of(&self.format)).map_err(|error| terminal.misread(&name, &text, &error))?;
        drop(text);
        self.interpret(&mut input).map_err(Failure::input)?;
        let mut said = Vec::new();
        let done = self
            .judge(&input, &mut said)
            .map_err(|error| Failure::Other { message: format!("cannot write the verdict: {error}"), input: false })?;
        terminal.print(&String::from_utf8_lossy(&said))?;
        Ok(done)
    }

    /// Applies the model and the flags to what the format says.
    fn interpret(&self, input: &mut Input) -> std::result::Result<(), String> {
        match self.model.as_str() {
            "auto" => {}
            "counter" => input.reading.initial = Datum::Number(0),
            "kv" => input.reading.initial = log_text(&mut input.log, ""),
            _ => {}
        }
        if let Some(misfit) = misfit(&input.log, &self.model) {
            let operation = input.log.describe(misfit);
            return Err(format!(
                "a {} has no such operation: {operation}\nhelp: leave --model out, or name the one that fits",
                self.model
            ));
        }
        match self.nil.as_deref() {
            Some("unknown") => input.reading.nil = Nil::Unknown,
            Some(_) => input.reading.nil = Nil::Absent,
            None => {}
        }
        match self.failed_cas.as_deref() {
            Some("ignored") => input.reading.failed_cas = FailedCas::Ignored,
            Some(_) => input.reading.failed_cas = FailedCas::Constrains,
            None => {}
        }
        if let Some(initial) = &self.initial {
            input.reading.initial = match (initial.as_str(), initial.parse()) {
                ("nil", _) => Datum::Absent,
                (_, Ok(number)) => Datum::Number(number),
                (text, Err(_)) => log_text(&mut input.log, text),
            };
        }
        Ok(())
    }

    fn judge(&self, input: &Input, out: &mut dyn Write) -> io::Result<Done> {
        write_input(input, out)?;
        let budget = Budget { steps: self.budget, ..Budget::default() };
        let case = Case { log: &input.log, reading: input.reading, budget };
        let chosen = |check: &&Check| self.checks.is_empty() || self.checks.iter().any(|name| name == check.name);
        let (mut broken, mut spent) = (false, false);
        writeln!(out)?;
        for check in CHECKS.iter().filter(chosen) {
            let report = (check.run)(&case);
            broken |= matches!(report.verdict, Verdict::Broken(_));
            spent |= matches!(report.verdict, Verdict::Unknown(Why::Budget(_)));
            write_report(&input.log, check, &report, out)?;
        }
        Ok(if broken {
            Done::Broken
        } else if spent {
            Done::Undecided
        } else {
            Done::Kept
        })
    }
}

fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut io::stdin().lock(), &mut bytes)?;
        return Ok(bytes);
    }
    std::fs::read(path)
}

fn not_utf8(error: &FromUtf8Error) -> ReadError {
    let at = error.utf8_error().valid_up_to();
    let line = 1 + error.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count();
    ReadError::new(
        line,
        format!("the file is not UTF-8 text: byte {at} belongs to no character"),
        "convert it to UTF-8",
    )
}

fn check_name(name: &str) -> std::result::Result<String, String> {
    if find(name).is_some() {
        return Ok(name.to_owned());
    }
    let near = CHECKS
        .iter()
        .map(|check| check.name)
        .max_by(|a, b| strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)));
    let names: Vec<&str> = CHECKS.iter().map(|check| check.name).collect();
    let nearest = near.map_or(String::new(), |near| format!("did you mean `{near}`? "));
    Err(format!("{nearest}the checks are {}", names.join(", ")))
}

/// The first operation that the model does not have.
fn misfit(log: &Log, model: &str) -> Option<usize> {
    let fits = |call: Call| match (model, call) {
        ("auto", _) | (_, Call::Read) | ("register" | "cas-register" | "kv", Call::Write(_)) => true,
        (model, Call::Cas { .. }) => model == "cas-register",
        (model, Call::Add(_)) => model == "counter",
        (model, Call::Append(_)) => model == "kv",
        _ => false,
    };
    log.operations.iter().position(|operation| !fits(operation.call))
}

fn write_input(input: &Input, out: &mut dyn Write) -> io::Result<()> {
    let log = &input.log;
    let mut processes: Vec<u32> = log.operations.iter().map(|operation| operation.process).collect();
    processes.sort_unstable();
    processes.dedup();
    let unanswered = log.operations.iter().filter(|operation| operation.outcome == Outcome::Unknown).count();
    writeln!(out, "Format: {} ({})", input.format.title(), input.because)?;
    writeln!(
        out,
        "{}, {}, {}; {unanswered} without an answer",
        plural(log.operations.len(), "operation"),
        plural(processes.len(), "process"),
        plural(log.keys.len(), "key")
    )?;
    let Reading { nil, failed_cas, initial } = input.reading;
    let nil = if nil == Nil::Unknown { "unknown" } else { "absent" };
    let failed_cas = if failed_cas == FailedCas::Ignored { "ignored" } else { "constrains" };
    writeln!(out, "Read as: --nil {nil} --failed-cas {failed_cas} --initial {}", log.show(initial))?;
    for remark in &log.remarks {
        writeln!(out, "note: {remark}")?;
    }
    Ok(())
}

fn plural(count: usize, noun: &str) -> String {
    match (count, noun.strip_suffix("ss")) {
        (1, _) => format!("1 {noun}"),
        (_, Some(_)) => format!("{count} {noun}es"),
        (_, None) => format!("{count} {noun}s"),
    }
}

fn write_report(log: &Log, check: &Check, report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let sign = match &report.verdict {
        Verdict::Holds => '✓',
        Verdict::Broken(_) => '✗',
        Verdict::Unknown(_) => '?',
    };
    let Report { operations, violations, unit, units, units_broken, units_unknown, .. } = report;
    let counts = if *unit == "sessions" {
        format!("{violations} of {operations} reads, in {units_broken} of {units} sessions")
    } else if *units_unknown > 0 {
        format!("{units_broken} of {units} keys broken, {units_unknown} unknown")
    } else {
        format!("{units_broken} of {units} keys broken")
    };
    writeln!(out, "{sign} {:<20} {:<8} {counts}", check.name, report.verdict.word())?;
    match &report.verdict {
        Verdict::Holds => Ok(()),
        Verdict::Unknown(Why::Budget(budget)) => {
            writeln!(out, "    The budget of {} steps or {} MiB ran out.", budget.steps, budget.bytes >> 20)?;
            writeln!(out, "    help: raise it with --budget {}", budget.steps.saturating_mul(10))
        }
        Verdict::Unknown(Why::NotDefined(why)) => writeln!(out, "    Not judged: {why}."),
        Verdict::Broken(witness) => write_witness(log, check, witness, out),
    }
}

fn write_witness(log: &Log, check: &Check, witness: &Witness, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "    It would mean: {}.", check.meaning)?;
    let key = witness.operations.first().and_then(|&place| log.operations.get(place)).map(|first| first.key);
    let one_key = witness.operations.iter().all(|&place| log.operations.get(place).map(|one| one.key) == key);
    let of_key = match key {
        Some(key) if log.keys.len() > 1 && one_key => format!("Key {}: ", log.key(key)),
        _ => String::new(),
    };
    writeln!(out, "    {of_key}{}", witness.sentence)?;
    // Where the evidence is long, its end is where it breaks.
    let hidden = witness.operations.len().saturating_sub(LISTED_MAX);
    if hidden > 0 {
        writeln!(out, "    ({hidden} earlier operations, then:)")?;
    }
    for &place in &witness.operations[hidden..] {
        writeln!(out, "      {}", log.describe(place))?;
    }
    let last = &witness.operations[witness.operations.len().saturating_sub(DRAWN_MAX)..];
    if last.len() < witness.operations.len() {
        writeln!(out, "    The last {} of them, drawn:", last.len())?;
    }
    for line in draw(log, last).lines() {
        writeln!(out, "      {line}")?;
    }
    Ok(())
}
