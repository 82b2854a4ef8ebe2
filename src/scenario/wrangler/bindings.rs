//! The bindings of each environment, as far as a simulator of stores is concerned.
//!
//! Fields as in wrangler's own types (workers-sdk: packages/workers-utils/src/config/environment.ts, read 2026-11).

use crate::scenario::codes;
use crate::scenario::desk::Desk;
use crate::scenario::diagnostic::{Fault, quoted};
use crate::scenario::tree::{Entry, Node, Place, Table, Value};

/// What is bound.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Product {
    Kv,
    D1,
    Object,
    RateLimit,
}

/// What the file calls a product's things.
pub(super) struct Row {
    /// The key of the list; a point leads into a table.
    pub list: &'static str,
    /// The field with the binding's name.
    pub name: &'static str,
    /// The field that says what is bound.
    pub id: &'static str,
    pub fields: &'static [&'static str],
    /// The kind of store in scenarios.
    pub kind: &'static str,
    /// The words for tables and charts.
    pub label: &'static str,
}

impl Product {
    pub const ALL: [Product; 4] = [Product::Kv, Product::D1, Product::Object, Product::RateLimit];

    pub fn row(self) -> &'static Row {
        match self {
            Product::Kv => &Row {
                list: "kv_namespaces",
                name: "binding",
                id: "id",
                fields: &["binding", "id", "preview_id", "remote"],
                kind: "kv",
                label: "Workers KV",
            },
            Product::D1 => &Row {
                list: "d1_databases",
                name: "binding",
                id: "database_id",
                fields: &[
                    "binding",
                    "database_name",
                    "database_id",
                    "preview_database_id",
                    "migrations_table",
                    "migrations_dir",
                    "migrations_pattern",
                    "database_internal_env",
                    "remote",
                ],
                kind: "d1",
                label: "D1",
            },
            Product::Object => &Row {
                list: "durable_objects.bindings",
                name: "name",
                id: "class_name",
                fields: &["name", "class_name", "script_name", "environment"],
                kind: "durable_object",
                label: "Durable Object",
            },
            Product::RateLimit => &Row {
                list: "ratelimits",
                name: "name",
                id: "namespace_id",
                fields: &["name", "namespace_id", "simple"],
                kind: "rate_limiting",
                label: "Rate Limiting",
            },
        }
    }
}

/// One binding.
pub(super) struct Binding<'t> {
    pub product: Product,
    pub name: &'t str,
    /// Where its name stands.
    pub place: Place,
    /// What is bound, and where the file says so.
    pub id: Option<(&'t str, Place)>,
    pub table: &'t Table,
}

/// The top level, or one of `env.*`.
pub(super) struct Environment<'t> {
    pub name: Option<&'t str>,
    /// Where it begins; for the top level, nowhere.
    pub place: Place,
    pub table: &'t Table,
    pub bindings: Vec<Binding<'t>>,
}

/// All environments, the top level first.
pub(super) fn environments<'t>(desk: &Desk, table: &'t Table) -> Vec<Environment<'t>> {
    let mut all = vec![environment(desk, None, Place::default(), table)];
    match table.get("env").map(|entry| &entry.node) {
        None => {}
        Some(Node { value: Value::Table(environments), .. }) => {
            for entry in &environments.entries {
                match &entry.node.value {
                    Value::Table(table) => all.push(environment(desk, Some(&entry.key), entry.key_place, table)),
                    _ => wrong(desk, entry, "a table"),
                }
            }
        }
        Some(node) => report(desk, node.place, "`env` must be a table of environments", "expected a table"),
    }
    all
}

fn environment<'t>(desk: &Desk, name: Option<&'t str>, place: Place, table: &'t Table) -> Environment<'t> {
    let bindings = Product::ALL.iter().flat_map(|product| list(desk, *product, table)).collect();
    Environment { name, place, table, bindings }
}

fn list<'t>(desk: &Desk, product: Product, table: &'t Table) -> Vec<Binding<'t>> {
    let mut entry = None;
    let mut inside = Some(table);
    for key in product.row().list.split('.') {
        entry = inside.and_then(|table| table.get(key));
        inside = match entry {
            Some(Entry { node: Node { value: Value::Table(table), .. }, .. }) => Some(table),
            _ => None,
        };
        if inside.is_none() && !product.row().list.ends_with(key) {
            entry.iter().for_each(|entry| wrong(desk, entry, "a table with `bindings`"));
            return Vec::new();
        }
    }
    let Some(entry) = entry else { return Vec::new() };
    let Value::List(nodes) = &entry.node.value else {
        wrong(desk, entry, "a list of tables");
        return Vec::new();
    };
    nodes.iter().filter_map(|node| binding(desk, product, node)).collect()
}

fn binding<'t>(desk: &Desk, product: Product, node: &'t Node) -> Option<Binding<'t>> {
    let row = product.row();
    let Value::Table(table) = &node.value else {
        report(desk, node.place, &format!("a member of `{}` must be a table", row.list), "expected a table");
        return None;
    };
    let field = |key: &str| match table.get(key) {
        None => None,
        Some(Entry { node: Node { value: Value::Text(text), place }, .. }) => Some((text.as_str(), *place)),
        Some(entry) => {
            wrong(desk, entry, "text");
            None
        }
    };
    let id = field(row.id);
    if id.is_none() && matches!(product, Product::Object | Product::RateLimit) && table.get(row.id).is_none() {
        missing(desk, node.place, row.list, row.id);
    }
    let Some((name, place)) = field(row.name) else {
        if table.get(row.name).is_none() {
            missing(desk, node.place, row.list, row.name);
        }
        return None;
    };
    Some(Binding { product, name, place, id, table })
}

fn missing(desk: &Desk, place: Place, list: &str, key: &str) {
    let fault = Fault::new(codes::WRANGLER_MISSING, format!("a member of `{list}` has no `{key}`"));
    desk.report(place, fault.label("incomplete").help(format!("add {key} = \"…\"")));
}

/// A value of another type than the one expected.
pub(super) fn wrong(desk: &Desk, entry: &Entry, expected: &str) {
    let message = format!("{} must be {expected}, not {}", quoted(&entry.key), entry.node.value.noun());
    report(desk, entry.node.place, &message, &format!("expected {expected}"));
}

fn report(desk: &Desk, place: Place, message: &str, label: &str) {
    desk.report(place, Fault::new(codes::WRANGLER_TYPE, message).label(label));
}
