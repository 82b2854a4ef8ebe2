//! `wrangler.toml`, `wrangler.json` and `wrangler.jsonc`: a Worker's bindings as the stores of a scenario, and what goes
//! wrong in such files in practice.
//!
//! To add a product: its row in `bindings.rs`; a lint: its function in `lints.rs`, and its code.

mod bindings;
mod lints;
mod text;

use std::path::Path;
use std::sync::Arc;

use super::codes;
use super::desk::{Desk, Source};
use super::diagnostic::{Diagnostic, Fault, quoted};
use super::text::sorted;
use super::tree::{Entry, Node, Place, Table, Value};

use bindings::{Binding, Environment, Product};

/// Whether a file is one of wrangler's and no scenario, by its name.
pub fn is_wrangler(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    name.ends_with(".json") || name.ends_with(".jsonc") || (name.starts_with("wrangler") && name.ends_with(".toml"))
}

/// Everything that is wrong, or goes wrong in practice, in one of wrangler's files; what it binds, in words, where that
/// is nothing.
///
/// # Errors
/// The mistakes, in the order of the text.
pub fn lint(path: &Path) -> Result<String, Vec<Diagnostic>> {
    lint_text(&read(path)?, &path.display().to_string())
}

/// The same for a text with the name of its file.
///
/// # Errors
/// The mistakes, in the order of the text.
pub fn lint_text(text: &str, file: &str) -> Result<String, Vec<Diagnostic>> {
    let desk = desk(text, file);
    let table = text::table(&desk, text, file);
    let environments = table.as_ref().map(|table| bindings::environments(&desk, table)).unwrap_or_default();
    if let Some(table) = &table {
        lints::all(&desk, table, &environments);
    }
    let found = sorted(desk);
    if found.is_empty() { Ok(summary(&environments)) } else { Err(found) }
}

fn summary(environments: &[Environment<'_>]) -> String {
    let words = environments.iter().map(|environment| {
        let names: Vec<&str> = environment.bindings.iter().map(|binding| binding.name).collect();
        let of = environment.name.map_or(String::new(), |name| format!("{name}: "));
        format!("{of}{}", if names.is_empty() { "no bindings".to_string() } else { names.join(", ") })
    });
    words.collect::<Vec<_>>().join("; ")
}

fn desk(text: &str, file: &str) -> Desk {
    Desk::new(vec![Source { name: file.to_string(), text: Arc::from(text) }], false)
}

#[cfg(feature = "host")]
fn read(path: &Path) -> Result<String, Vec<Diagnostic>> {
    super::text::read(path, &path.display().to_string())
}

/// A browser has no files.
#[cfg(not(feature = "host"))]
fn read(path: &Path) -> Result<String, Vec<Diagnostic>> {
    let desk = desk("", &path.display().to_string());
    desk.report(Place::default(), Fault::new(codes::WRANGLER_FILE, "there are no files here"));
    Err(sorted(desk))
}

/// Makes the stores of a scenario that names one of wrangler's files: where the scenario has none, a store for each
/// binding; where it has, each that names a `binding` gets its kind and name. Mistakes in the scenario go to its desk,
/// those in the other file come back.
pub(super) fn expand(scenario: &Desk, table: &mut Table, folder: &Path) -> Vec<Diagnostic> {
    let Some(file) = named(table) else {
        unfounded(scenario, table);
        return Vec::new();
    };
    let path = folder.join(file.1);
    let text = match read(&path) {
        Ok(text) => text,
        Err(diagnostics) => {
            let why = diagnostics.into_iter().next().map_or(String::new(), |diagnostic| diagnostic.message);
            let fault = Fault::new(codes::WRANGLER_FILE, why).label("this file");
            scenario.report(file.0, fault.help("relative paths start at the folder of the scenario file"));
            return Vec::new();
        }
    };
    let desk = desk(&text, &path.display().to_string());
    if let Some(parsed) = text::table(&desk, &text, file.1) {
        let environments = bindings::environments(&desk, &parsed);
        let env = table.get("env").and_then(|entry| Some((entry.node.place, entry.node.value.words()?)));
        let wanted = environments.iter().find(|environment| environment.name == env.map(|(_, name)| name));
        match wanted {
            Some(environment) if desk.diagnostics.borrow().is_empty() => {
                stores(scenario, file.0, environment).fill(table);
            }
            Some(_) => {}
            None => {
                let (place, name) = env.unwrap_or((file.0, ""));
                let fault = Fault::new(codes::WRANGLER_ENV, format!("{} has no environment {}", file.1, quoted(name)));
                let names = environments.iter().filter_map(|environment| environment.name);
                scenario.report(place, fault.label("not in that file").choices(name, "it has", names));
            }
        }
    }
    sorted(desk)
}

/// Bindings that stores name in a scenario that names no file.
fn unfounded(scenario: &Desk, table: &Table) {
    let Some(Value::List(nodes)) = table.get("store").map(|entry| &entry.node.value) else { return };
    for node in nodes {
        let Value::Table(store) = &node.value else { continue };
        if let Some(entry) = store.get("binding").filter(|_| table.get("wrangler").is_none()) {
            let fault = Fault::new(codes::WRANGLER_BINDING, "`binding` has no effect here").label("binding of what?");
            scenario
                .report(entry.key_place, fault.help("name the file at the top, as in wrangler = \"wrangler.toml\""));
        }
    }
}

/// The file that a scenario names.
fn named(table: &Table) -> Option<(Place, &str)> {
    let entry = table.get("wrangler")?;
    Some((entry.node.place, entry.node.value.words()?))
}

impl Value {
    /// The text, if it is text.
    fn words(&self) -> Option<&str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }
}

/// What an environment gives the stores of a scenario.
struct Given<'d> {
    desk: &'d Desk,
    /// Where the scenario names the file.
    place: Place,
    /// For each store: kind, names of its bindings (of which the first is the store's), label.
    stores: Vec<(&'static str, Vec<String>, String)>,
}

fn stores<'d>(desk: &'d Desk, place: Place, environment: &Environment<'_>) -> Given<'d> {
    let mut stores: Vec<(&'static str, Vec<String>, String)> = Vec::new();
    let mut ids: Vec<(Product, Option<&str>)> = Vec::new();
    for binding in &environment.bindings {
        // A namespace, a database or a class is the same whatever it is called.
        let id = (binding.product, binding.id.map(|(id, _)| id));
        if let (Some(_), Some(same)) = (id.1, ids.iter().position(|other| *other == id)) {
            stores[same].1.push(binding.name.to_string());
            continue;
        }
        ids.push(id);
        let label = format!("{} {}", binding.product.row().label, binding.name);
        stores.push((binding.product.row().kind, vec![binding.name.to_string()], label));
    }
    Given { desk, place, stores }
}

impl Given<'_> {
    fn fill(self, table: &mut Table) {
        let rate_limits = table.get("workload").and_then(|entry| match &entry.node.value {
            Value::Table(workload) => workload.text("kind"),
            _ => None,
        }) == Some("rate_limit");
        let Some(entry) = table.get_mut("store") else {
            // The Rate Limiting binding does nothing but limit rates.
            let fits = |kind: &str| kind != "rate_limiting" || rate_limits;
            let made = self.stores.iter().filter(|(kind, ..)| fits(kind)).map(|store| {
                let mut one = Table { entries: Vec::new() };
                self.complete(&mut one, store);
                Node { place: self.place, value: Value::Table(one) }
            });
            let nodes: Vec<Node> = made.collect();
            if nodes.is_empty() {
                let fault = Fault::new(codes::WRANGLER_BINDING, "this file binds no store");
                self.desk.report(self.place, fault.label("nothing to compare").help("give the scenario a [[store]]"));
                return;
            }
            table.entries.push(self.entry("store", Value::List(nodes)));
            return;
        };
        let Value::List(nodes) = &mut entry.node.value else { return };
        for node in nodes {
            let Value::Table(one) = &mut node.value else { continue };
            let Some((place, name)) =
                one.get("binding").and_then(|entry| Some((entry.node.place, entry.node.value.words()?.to_string())))
            else {
                continue;
            };
            match self.stores.iter().find(|(_, names, _)| names.contains(&name)) {
                Some(store) => self.complete(one, store),
                None => {
                    let fault = Fault::new(codes::WRANGLER_BINDING, format!("no binding is called {}", quoted(&name)));
                    let names = self.stores.iter().flat_map(|(_, names, _)| names).map(String::as_str);
                    self.desk.report(place, fault.label("not in that file").choices(&name, "the bindings are", names));
                    self.complete(one, &("kv", vec![name], String::new()));
                }
            }
        }
    }

    /// Gives a store what it does not say itself.
    fn complete(&self, store: &mut Table, (kind, names, label): &(&'static str, Vec<String>, String)) {
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
        let name: String = names.first().map(|name| name.chars().take(64).map(plain).collect()).unwrap_or_default();
        for (key, words) in [("kind", (*kind).to_string()), ("name", name), ("label", label.clone())] {
            if store.get(key).is_none() && !words.is_empty() {
                store.entries.push(self.entry(key, Value::Text(words)));
            }
        }
    }

    fn entry(&self, key: &str, value: Value) -> Entry {
        Entry { key: key.into(), key_place: self.place, node: Node { place: self.place, value } }
    }
}

/// What goes wrong in practice in the file of wrangler's that a scenario names, and the bindings in it that no store of
/// the scenario is; nothing where it names none. `text` is the scenario's.
pub fn lint_named(text: &str, folder: &Path) -> Vec<Diagnostic> {
    let (document, _) = toml::de::DeTable::parse_recoverable(text);
    let table = Table::from_toml(Place::default(), document.get_ref());
    let Some((_, file)) = named(&table) else { return Vec::new() };
    let path = folder.join(file);
    let Ok(wrangler) = read(&path) else { return Vec::new() };
    let name = path.display().to_string();
    let mut found = lint_text(&wrangler, &name).err().unwrap_or_default();
    let Some(Value::List(stores)) = table.get("store").map(|entry| &entry.node.value) else { return found };
    let used: Vec<&str> = stores
        .iter()
        .filter_map(|node| if let Value::Table(store) = &node.value { store.text("binding") } else { None })
        .collect();
    let desk = desk(&wrangler, &name);
    if let Some(parsed) = text::table(&desk, &wrangler, file) {
        let env = table.text("env");
        let environments = bindings::environments(&desk, &parsed);
        let unused = |binding: &&Binding<'_>| {
            let id = binding.id.map(|(id, _)| id);
            let same =
                |other: &Binding<'_>| other.name == binding.name || (id.is_some() && other.id.map(|(id, _)| id) == id);
            let all = environments.iter().filter(|environment| environment.name == env);
            !all.flat_map(|one| &one.bindings).any(|other| same(other) && used.contains(&other.name))
        };
        desk.diagnostics.borrow_mut().clear();
        let wanted = environments.iter().filter(|environment| environment.name == env);
        for binding in wanted.flat_map(|environment| &environment.bindings).filter(unused) {
            let message = format!("no operation of the scenario uses {}", quoted(binding.name));
            let fault = Fault::new(codes::WRANGLER_UNUSED, message).label("bound for nothing");
            desk.report(
                binding.place,
                fault.help(format!("add a [[store]] with binding = \"{}\", or remove it here", binding.name)),
            );
        }
        found.extend(sorted(desk));
    }
    found
}
