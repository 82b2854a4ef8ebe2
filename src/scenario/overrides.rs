//! Overrides of single fields, as in `--set workload.keys=500`, put into the tree before anything is validated.

use std::ops::Range;
use std::sync::Arc;

use toml::de::DeValue;

use super::codes;
use super::diagnostic::{Diagnostic, Fault, quoted};
use super::section::TABLES_MOST;
use super::tree::{Entry, Node, Place, Table, Value};

/// A field's path and its value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Override {
    /// The name in messages, as in `--set`.
    pub option: String,
    /// As in `store.kv.cache_ttl=30 s`: a path of keys, an equals sign, and a value in TOML. Text needs no quotation
    /// marks where it is no other value of TOML. Stores and promises are addressed by name, places by code.
    pub text: String,
}

impl Override {
    /// From the argument of `--set`.
    pub fn set(text: impl Into<String>) -> Override {
        Override { option: "--set".into(), text: text.into() }
    }
}

/// The lists of tables, and the field that tells their members apart.
const LISTS: [(&str, &str); 4] = [("store", "name"), ("promise", "name"), ("place", "code"), ("fault", "name")];

/// A key of a path, and where it stands.
type Step = (String, Range<usize>);

/// What is wrong with an override, and where.
type Wrong = Box<(Place, Fault)>;

/// Puts an override, which is the text of this number, into the tree.
pub(super) fn apply(root: &mut Table, source: usize, text: &str) -> Result<(), Wrong> {
    let whole = Place { source, start: 0, end: text.len() };
    let (path, at) = path(text).map_err(|fault| Box::new((whole, fault)))?;
    let raw = &text[at..];
    let start = at + raw.len() - raw.trim_start().len();
    let place = Place { source, start, end: start + raw.trim().len() };
    let node = value(place, raw.trim()).map_err(|fault| Box::new((place, fault)))?;
    let at = |range: &Range<usize>| Place { source, start: range.start, end: range.end };

    let mut table = root;
    let mut steps = path.iter();
    let Some((last, last_range)) = steps.next_back() else { return Err(Box::new((whole, form()))) };
    let mut walked = 0;
    while let Some((key, range)) = steps.next() {
        let named = LISTS.iter().find(|(list, _)| *list == key && walked == 0);
        walked += 1;
        if let Some((list, by)) = named {
            let Some((name, range)) = steps.next() else {
                let fault = Fault::new(codes::SET_PATH, format!("`{list}` is a list of tables"));
                return Err(Box::new((
                    at(last_range),
                    fault.help(format!("name a field, as in {list}.{last}.FIELD=VALUE")),
                )));
            };
            table = member(table, list, by, name).map_err(|fault| Box::new((at(range), fault)))?;
            continue;
        }
        if table.get(key).is_none() {
            let node = Node { place: at(range), value: Value::Table(Table::default()) };
            table.entries.push(Entry { key: key.clone(), key_place: at(range), node });
        }
        let Some(entry) = table.get_mut(key) else { return Err(Box::new((whole, form()))) };
        match &mut entry.node.value {
            Value::Table(inner) => table = inner,
            other => {
                let fault = Fault::new(codes::SET_PATH, format!("`{key}` is {}, not a table", other.noun()));
                return Err(Box::new((at(range), fault.help(format!("set it as a whole: {key}={{ {last} = … }}")))));
            }
        }
    }
    let entry = Entry { key: last.clone(), key_place: at(last_range), node };
    match table.get_mut(last) {
        Some(old) => *old = entry,
        None => table.entries.push(entry),
    }
    Ok(())
}

fn form() -> Fault {
    Fault::new(codes::SET_FORM, "an override has the form KEY=VALUE").help("as in workload.keys=500")
}

/// The keys before the equals sign, and where the value begins.
fn path(text: &str) -> Result<(Vec<Step>, usize), Fault> {
    let mut path: Vec<Step> = Vec::new();
    let mut rest = 0;
    loop {
        rest += text[rest..].len() - text[rest..].trim_start().len();
        let (key, end) = match text[rest..].strip_prefix('"') {
            Some(quoted) => {
                let Some(length) = quoted.find('"') else {
                    return Err(form().label("the quotation mark is not closed").within(rest..text.len()));
                };
                (&quoted[..length], rest + length + 2)
            }
            None => {
                let length = text[rest..].find(['.', '=', ' ', '"']).unwrap_or(text.len() - rest);
                (&text[rest..rest + length], rest + length)
            }
        };
        if key.is_empty() {
            return Err(form().label("a key is missing").within(rest..end.max(rest + 1).min(text.len())));
        }
        path.push((key.to_string(), rest..end));
        let after = end + text[end..].len() - text[end..].trim_start().len();
        match text[after..].chars().next() {
            Some('.') => rest = after + 1,
            Some('=') if text[after + 1..].trim().is_empty() => {
                return Err(form().label("the value is missing").within(after..after + 1));
            }
            Some('=') => return Ok((path, after + 1)),
            Some(_) => return Err(form().label("expected . or =").within(after..text.len())),
            None => return Err(form().label("the value is missing")),
        }
    }
}

/// A value in TOML, or else plain text: shells take quotation marks away.
fn value(place: Place, text: &str) -> Result<Node, Fault> {
    match DeValue::parse(text) {
        Ok(value) => Ok(Node::from_toml(place, &value)),
        Err(error) if text.starts_with(['"', '\'', '[', '{']) => {
            let fault = Fault::new(codes::SYNTAX, error.message().lines().next().unwrap_or("not valid TOML"));
            Err(Fault { within: error.span(), ..fault })
        }
        Err(_) => Ok(Node { place, value: Value::Text(text.to_string()) }),
    }
}

/// The table of a list that has a name.
fn member<'t>(root: &'t mut Table, list: &str, by: &str, name: &str) -> Result<&'t mut Table, Fault> {
    let nothing = || Fault::new(codes::SET_PATH, format!("no {list} is called {}", quoted(name)));
    let Some(Value::List(nodes)) = root.get_mut(list).map(|entry| &mut entry.node.value) else {
        return Err(nothing().help(format!("the scenario has no [[{list}]]")));
    };
    let names: Vec<String> = if list == "store" || list == "fault" {
        names_of_kinds(nodes.iter().take(TABLES_MOST).map(table_of), list)
    } else {
        let name = |node: &Node| match &node.value {
            Value::Table(table) => table.text(by).unwrap_or_default().to_string(),
            _ => String::new(),
        };
        nodes.iter().map(name).collect()
    };
    let Some(at) = names.iter().position(|other| other == name) else {
        return Err(nothing().choices(name, "there are", names.iter().map(String::as_str)));
    };
    match &mut nodes[at].value {
        Value::Table(table) => Ok(table),
        other => Err(Fault::new(codes::SET_PATH, format!("`{name}` is {}, not a table", other.noun()))),
    }
}

fn table_of(node: &Node) -> Option<&Table> {
    if let Value::Table(table) = &node.value { Some(table) } else { None }
}

/// The names of stores: as given, else the kind, numbered where it is taken.
pub(super) fn store_names(nodes: &[Node]) -> Vec<String> {
    names_of_kinds(nodes.iter().map(table_of), "store")
}

/// The names of what a list holds whose tables have a kind: as given, else the kind, numbered where it is taken.
pub(super) fn names_of_kinds<'t>(tables: impl Iterator<Item = Option<&'t Table>>, list: &str) -> Vec<String> {
    let tables: Vec<Option<&Table>> = tables.collect();
    let text = |table: &Option<&Table>, key: &str| table.and_then(|table| table.text(key)).map(str::to_string);
    let mut taken: Vec<String> = tables.iter().filter_map(|table| text(table, "name")).collect();
    let mut names = Vec::new();
    for table in &tables {
        let name = text(table, "name").unwrap_or_else(|| {
            let kind = text(table, "kind").unwrap_or_else(|| list.into());
            let name = (1..)
                .map(|number| if number == 1 { kind.clone() } else { format!("{kind}-{number}") })
                .find(|name| !taken.contains(name))
                .unwrap_or_default();
            taken.push(name.clone());
            name
        });
        names.push(name);
    }
    names
}

/// A name in an option that no store has.
pub(super) fn unknown_store(name: &str, known: &[String], option: &str) -> Diagnostic {
    let fault = Fault::new(codes::UNKNOWN_STORE, format!("no store is called {}", quoted(name)));
    let fault = fault.choices(name, "the stores are", known.iter().map(String::as_str));
    Diagnostic {
        first_line: 1,
        code: fault.code,
        message: fault.message,
        file: option.to_string(),
        source: Arc::from(name),
        span: Some(0..name.len()),
        label: "no such store".into(),
        help: fault.help,
    }
}
