//! The only way to a scenario: from text to validated data, or to everything that is wrong with it.

use std::path::Path;
use std::sync::Arc;

use super::Scenario;
use super::codes;
use super::desk::{Desk, Source};
use super::diagnostic::{Diagnostic, Fault, Origin};
use super::overrides::{self, Override};
use super::read::{stores, top};
use super::section::TABLES_MOST;
use super::text::{sorted, syntax};
use super::tree::{Entry, Node, Place, Table, Value};

/// Reads a scenario.
///
/// # Errors
/// Everything that is wrong with the text, in its order.
pub fn parse(text: &str, origin: &Origin) -> Result<Scenario, Vec<Diagnostic>> {
    parse_with(text, origin, &[])
}

/// Reads a scenario after setting some of its fields otherwise.
///
/// # Errors
/// Everything that is wrong with the text or the overrides.
pub fn parse_with(text: &str, origin: &Origin, overrides: &[Override]) -> Result<Scenario, Vec<Diagnostic>> {
    parsed(text, origin, overrides).map(|parsed| parsed.scenario)
}

/// A scenario, and what is needed to point to its trace file.
pub(super) struct Parsed {
    pub scenario: Scenario,
    /// Where the trace file is named, and a desk to report its absence at.
    #[cfg_attr(not(feature = "host"), allow(dead_code))]
    pub trace: Option<(Place, Desk)>,
    /// Whether the scenario says how long the run is.
    #[cfg_attr(not(feature = "host"), allow(dead_code))]
    pub duration_given: bool,
}

pub(super) fn parsed(text: &str, origin: &Origin, overrides: &[Override]) -> Result<Parsed, Vec<Diagnostic>> {
    let mut sources = vec![Source { name: origin.file.clone(), text: Arc::from(text) }];
    sources.extend(overrides.iter().map(|one| Source { name: one.option.clone(), text: Arc::from(one.text.as_str()) }));
    let desk = Desk::new(sources, false);
    if text.trim_start_matches('\u{feff}').trim().is_empty() {
        let fault = Fault::new(codes::FILE_EMPTY, "the scenario is empty");
        desk.report(
            Place::default(),
            fault.help("write a name and a workload: name = \"first\", [workload], kind = \"counter\""),
        );
        return Err(sorted(desk));
    }
    let Some(mut table) = syntax(&desk, text) else { return Err(sorted(desk)) };
    set_before(&mut table, overrides);
    let mut beside = super::wrangler::expand(&desk, &mut table, &origin.folder);
    if !beside.is_empty() {
        let mut all = sorted(desk);
        all.append(&mut beside);
        return Err(all);
    }
    if table.get("store").is_none() {
        table.entries.push(default_stores());
    }
    for (number, one) in overrides.iter().enumerate() {
        if let Err(wrong) = overrides::apply(&mut table, number + 1, &one.text) {
            desk.report(wrong.0, wrong.1);
        }
    }
    let names = match table.get("store").map(|entry| &entry.node.value) {
        Some(Value::List(nodes)) => {
            let tables: Vec<Node> =
                nodes.iter().take(TABLES_MOST).filter(|node| matches!(node.value, Value::Table(_))).cloned().collect();
            overrides::store_names(&tables)
        }
        _ => Vec::new(),
    };
    let read = top::read(&desk, Some(&table), &origin.folder, &names);
    match read.scenario {
        Some(scenario) => {
            let duration_given = table.get("duration").is_some();
            Ok(Parsed { scenario, trace: read.trace_place.map(|place| (place, desk)), duration_given })
        }
        None => Err(sorted(desk)),
    }
}

/// A scenario's text after setting some of its fields otherwise, written anew; `None` where that cannot be read.
#[cfg_attr(not(feature = "host"), allow(dead_code))]
pub(super) fn rewritten(text: &str, folder: &Path, overrides: &[Override]) -> Option<String> {
    let desk = Desk::new(vec![Source { name: String::new(), text: Arc::from(text) }], false);
    let mut table = syntax(&desk, text)?;
    set_before(&mut table, overrides);
    super::wrangler::expand(&desk, &mut table, folder);
    if table.get("store").is_none() {
        table.entries.push(default_stores());
    }
    for (number, one) in overrides.iter().enumerate() {
        overrides::apply(&mut table, number + 1, &one.text).ok()?;
    }
    let options: String =
        overrides.iter().map(|one| format!("# {} {}\n", one.option, one.text.escape_debug())).collect();
    Some(format!("# Set on the command line:\n{options}\n{}", table.document()))
}

/// Sets what decides which stores there are before they are made; whatever is wrong with it is found when all is set.
fn set_before(table: &mut Table, overrides: &[Override]) {
    for (number, one) in overrides.iter().enumerate() {
        let key = one.text.split('=').next().unwrap_or_default().trim();
        if key == "wrangler" || key == "env" {
            let _ = overrides::apply(table, number + 1, &one.text);
        }
    }
}

/// What stands in a scenario that names no store.
fn default_stores() -> Entry {
    let store = |kind: &&str| {
        let node = Node { place: Place::default(), value: (*kind).into() };
        let entries = vec![Entry { key: "kind".into(), key_place: Place::default(), node }];
        Node { place: Place::default(), value: Value::Table(Table { entries }) }
    };
    let value = Value::List(stores::DEFAULT_KINDS.iter().map(store).collect());
    Entry { key: "store".into(), key_place: Place::default(), node: Node { place: Place::default(), value } }
}
