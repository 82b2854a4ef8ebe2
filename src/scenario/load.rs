//! Scenarios from files.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::model::Span;
use crate::workloads::trace_file::{self, TraceError};
use crate::workloads::{TraceConfig, TraceFile, TraceSource, WorkloadConfig};

use super::Scenario;
use super::codes;
use super::diagnostic::{Diagnostic, Fault, Origin, quoted};
use super::overrides::Override;
use super::parse::{parsed, rewritten};
use super::text::{read, sorted};

/// Reads a scenario file.
///
/// # Errors
/// Everything that is wrong with it; also a trace file that is not there.
pub fn load(path: &Path) -> Result<Scenario, Vec<Diagnostic>> {
    load_with(path, &[])
}

/// Reads a scenario file after setting some of its fields otherwise.
///
/// # Errors
/// Everything that is wrong with it or with the overrides; also the first thing that is wrong with its trace. Of a large
/// trace only the ends are looked at here, see [`inspect_trace`]. Without a `duration`, the run is as long as the trace.
pub fn load_with(path: &Path, overrides: &[Override]) -> Result<Scenario, Vec<Diagnostic>> {
    load_beside(path, path.parent().unwrap_or(Path::new("")), overrides)
}

/// Reads a scenario file as if it lay in another folder: there its relative paths start.
///
/// # Errors
/// As [`load_with`].
pub fn load_beside(path: &Path, folder: &Path, overrides: &[Override]) -> Result<Scenario, Vec<Diagnostic>> {
    let file = path.display().to_string();
    let text = read(path, &file)?;
    let folder = folder.to_path_buf();
    let parsed = parsed(&text, &Origin { file, folder }, overrides)?;
    if let Some(fault) = trace(&parsed.scenario.workload).and_then(trace_fault)
        && let Some((place, desk)) = parsed.trace
    {
        desk.report(place, fault);
        return Err(sorted(desk));
    }
    let mut scenario = parsed.scenario;
    let edges = codes_of_edges(&scenario);
    if let Some(source) = trace_mut(&mut scenario.workload) {
        let length = trace_file::look(source, &edges).map_err(|error| vec![error.into()])?;
        if !parsed.duration_given {
            source.length = Some(length);
            scenario.duration = length + after(&scenario.workload);
            if scenario.warmup >= scenario.duration {
                let message = format!("`warmup` is {}, and the trace takes {}", scenario.warmup, length);
                let fault = Fault::new(codes::WARMUP, message).label("nothing of it would be measured");
                if let Some((place, desk)) = parsed.trace {
                    desk.report(place, fault.help("shorten `warmup`"));
                    return Err(sorted(desk));
                }
            }
        }
    }
    Ok(scenario)
}

/// Reads the trace of a scenario, if it has one, to its end.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn inspect_trace(scenario: &Scenario) -> Result<(), Vec<Diagnostic>> {
    let Some(source) = trace(&scenario.workload) else { return Ok(()) };
    trace_file::inspect(source, &codes_of_edges(scenario)).map(|_| ()).map_err(|error| vec![error.into()])
}

fn codes_of_edges(scenario: &Scenario) -> Vec<String> {
    scenario.edges().map(|edge| scenario.network.places[edge.index()].code.clone()).collect()
}

/// The text of a scenario file after setting some of its fields otherwise: the same text where nothing is set, else its
/// fields written anew, without its comments.
///
/// # Errors
/// When it cannot be read.
pub fn text_with(path: &Path, overrides: &[Override]) -> io::Result<String> {
    let text = std::fs::read_to_string(path)?;
    Ok(if overrides.is_empty() {
        text
    } else {
        rewritten(&text, path.parent().unwrap_or(Path::new("")), overrides).unwrap_or(text)
    })
}

/// How long clients go on after the last row of a trace, where the scenario does not say how long the run is.
fn after(workload: &WorkloadConfig) -> Span {
    match workload {
        WorkloadConfig::Trace(TraceConfig { readers: Some(readers), .. }) => readers.within + Span::from_secs(1),
        WorkloadConfig::RateLimit(limit) => limit.window,
        _ => Span::from_secs(1),
    }
}

impl From<TraceError> for Diagnostic {
    fn from(error: TraceError) -> Diagnostic {
        Diagnostic {
            code: error.code,
            message: error.message,
            file: error.file,
            span: (!error.row.is_empty()).then_some(error.at),
            source: Arc::from(error.row),
            first_line: error.line as usize,
            label: String::new(),
            help: vec![error.help],
        }
    }
}

fn trace(workload: &WorkloadConfig) -> Option<&TraceSource> {
    match workload {
        WorkloadConfig::Trace(trace) => Some(&trace.source),
        WorkloadConfig::RateLimit(limit) => limit.arrivals.as_ref(),
        _ => None,
    }
}

fn trace_mut(workload: &mut WorkloadConfig) -> Option<&mut TraceSource> {
    match workload {
        WorkloadConfig::Trace(trace) => Some(&mut trace.source),
        WorkloadConfig::RateLimit(limit) => limit.arrivals.as_mut(),
        _ => None,
    }
}

/// Why a trace cannot be read, if so.
fn trace_fault(source: &TraceSource) -> Option<Fault> {
    let TraceFile::Path { written, resolved } = &source.file else { return None };
    let why = match resolved.metadata() {
        Ok(metadata) if metadata.is_dir() => "is a folder, not a file",
        Ok(_) => return None,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => "may not be read",
        Err(_) => "does not exist",
    };
    let fault = Fault::new(codes::TRACE_FILE, format!("the trace file {} {why}", quoted(written))).label(why);
    Some(fault.help("relative paths start at the folder of the scenario file"))
}
