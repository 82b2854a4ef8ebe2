//! What goes wrong in practice in files of wrangler's, although it may be valid.
//!
//! To add a lint: a function in [`all`], its code in `codes.rs`, and a file in `tests/data/wrangler-bad/`.

use crate::scenario::codes;
use crate::scenario::desk::Desk;
use crate::scenario::diagnostic::{Fault, nearest, quoted};
use crate::scenario::tree::{Place, Table, Value};

use super::bindings::{Binding, Environment, Product, wrong};

/// Keys of wrangler's own that have to do with stores; what is spelt nearly like one of them is meant to be one.
const KEYS: [&str; 6] = ["kv_namespaces", "d1_databases", "durable_objects", "ratelimits", "migrations", "env"];

/// Periods that the Rate Limiting binding takes, in seconds (workers/runtime-apis/bindings/rate-limit, read 2026-11).
const PERIODS: [i128; 2] = [10, 60];

/// Finds all of them.
pub(super) fn all(desk: &Desk, table: &Table, environments: &[Environment<'_>]) {
    for environment in environments {
        keys(desk, environment);
        duplicates(desk, environment);
        classes(desk, table, environment);
        for binding in &environment.bindings {
            fields(desk, binding);
            preview(desk, binding);
            database(desk, binding);
            period(desk, binding);
        }
    }
    shared(desk, environments);
    lacking(desk, environments);
}

/// Top-level keys that are nearly ours: wrangler warns of them and goes on without the binding.
fn keys(desk: &Desk, environment: &Environment<'_>) {
    for entry in &environment.table.entries {
        let known = KEYS.contains(&entry.key.as_str());
        // Short keys of wrangler's own, such as `dev` and `name`, are near to nothing by accident only.
        let near = nearest(&entry.key, &KEYS).filter(|near| !known && entry.key.len() > 6 && near.len() > 6);
        if let Some(near) = near {
            let fault = Fault::new(codes::WRANGLER_UNKNOWN, format!("unknown field {}", quoted(&entry.key)));
            desk.report(entry.key_place, fault.label("binds nothing").help(format!("did you mean `{near}`?")));
        }
    }
}

fn fields(desk: &Desk, binding: &Binding<'_>) {
    let row = binding.product.row();
    for entry in binding.table.entries.iter().filter(|entry| !row.fields.contains(&entry.key.as_str())) {
        let message = format!("unknown field {} in `{}`", quoted(&entry.key), row.list);
        let fault = Fault::new(codes::WRANGLER_UNKNOWN, message).label("has no effect");
        desk.report(entry.key_place, fault.choices(&entry.key, "the fields are", row.fields.iter().copied()));
    }
}

fn duplicates(desk: &Desk, environment: &Environment<'_>) {
    for (n, binding) in environment.bindings.iter().enumerate() {
        if environment.bindings[..n].iter().any(|other| other.name == binding.name) {
            let message = format!("another binding is called {} too", quoted(binding.name));
            let fault = Fault::new(codes::WRANGLER_DUPLICATE, message).label("the second of this name");
            desk.report(binding.place, fault.help("a Worker finds its bindings by name: choose another one"));
        }
    }
}

/// One namespace, or one database, for development and for production.
fn preview(desk: &Desk, binding: &Binding<'_>) {
    let key = match binding.product {
        Product::Kv => "preview_id",
        Product::D1 => "preview_database_id",
        Product::Object | Product::RateLimit => return,
    };
    let Some(entry) = binding.table.get(key) else { return };
    let Value::Text(preview) = &entry.node.value else {
        wrong(desk, entry, "text");
        return;
    };
    if binding.id.is_some_and(|(id, _)| id == preview) {
        let message = format!("`{key}` of {} is what production uses", quoted(binding.name));
        let fault = Fault::new(codes::WRANGLER_SHARED, message).label("the same id");
        desk.report(entry.node.place, fault.help("create another one for development, and put its id here"));
    }
}

/// One namespace, or one database, in two environments.
fn shared(desk: &Desk, environments: &[Environment<'_>]) {
    for (n, environment) in environments.iter().enumerate() {
        for binding in &environment.bindings {
            let stored = matches!(binding.product, Product::Kv | Product::D1);
            let Some((id, place)) = binding.id.filter(|(id, _)| stored && !id.is_empty()) else { continue };
            let has = |other: &&Environment<'_>| {
                let mut all = other.bindings.iter();
                all.any(|one| one.product == binding.product && one.id.is_some_and(|(other, _)| other == id))
            };
            if let Some(other) = environments[..n].iter().find(has) {
                let whose = other.name.map_or("the top level".to_string(), |name| format!("environment `{name}`"));
                let message = format!("{} has the id that {whose} uses", quoted(binding.name));
                let fault = Fault::new(codes::WRANGLER_SHARED, message).label("the same id");
                desk.report(place, fault.help("each environment needs data of its own: create another one for this"));
            }
        }
    }
}

/// Classes of Durable Objects that nothing creates.
fn classes(desk: &Desk, top: &Table, environment: &Environment<'_>) {
    // Migrations are inherited, unless the environment has its own.
    let migrations = environment.table.get("migrations").or_else(|| top.get("migrations"));
    let mut known: Vec<&str> = Vec::new();
    if let Some(entry) = migrations {
        let Value::List(nodes) = &entry.node.value else {
            if environment.name.is_none() || environment.table.get("migrations").is_some() {
                wrong(desk, entry, "a list of tables");
            }
            return;
        };
        for node in nodes {
            let Value::Table(migration) = &node.value else { continue };
            for entry in &migration.entries {
                let Value::List(members) = &entry.node.value else { continue };
                for member in members {
                    match (&member.value, entry.key.as_str()) {
                        (Value::Text(class), "new_classes" | "new_sqlite_classes") => known.push(class),
                        (Value::Text(class), "deleted_classes") => known.retain(|other| other != class),
                        (Value::Table(renamed), "renamed_classes" | "transferred_classes") => {
                            known.retain(|other| renamed.text("from") != Some(other));
                            known.extend(renamed.text("to"));
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    for binding in environment.bindings.iter().filter(|binding| binding.product == Product::Object) {
        let Some((class, place)) = binding.id else { continue };
        if binding.table.get("script_name").is_some() || known.contains(&class) {
            continue;
        }
        let message = format!("no migration creates the class {}", quoted(class));
        let fault = Fault::new(codes::WRANGLER_CLASS, message).label("unknown class");
        let fault = fault.choices(class, "the classes are", known.iter().copied());
        desk.report(
            place,
            fault.help(format!(
                "add it to a migration, as in new_sqlite_classes = [\"{class}\"], or name the `script_name` that has it"
            )),
        );
    }
}

/// Bindings are not inherited: what the top level has, an environment must repeat.
fn lacking(desk: &Desk, environments: &[Environment<'_>]) {
    let Some((top, named)) = environments.split_first() else { return };
    for environment in named {
        let lacks = |binding: &&Binding<'_>| !environment.bindings.iter().any(|other| other.name == binding.name);
        let names: Vec<&str> = top.bindings.iter().filter(lacks).map(|binding| binding.name).collect();
        if names.is_empty() {
            continue;
        }
        let name = environment.name.unwrap_or_default();
        let message = format!("environment {} lacks {}, which the top level has", quoted(name), names.join(", "));
        let fault = Fault::new(codes::WRANGLER_LACKING, message).label("not inherited");
        desk.report(environment.place, fault.help("bindings are not inherited: repeat them in the environment"));
    }
}

fn database(desk: &Desk, binding: &Binding<'_>) {
    let empty = binding.id.is_none_or(|(id, _)| id.trim().is_empty());
    if binding.product == Product::D1
        && empty
        && !matches!(binding.table.get("database_id"), Some(entry) if entry.node.value.noun() != "text")
    {
        let message = format!("{} has no `database_id`", quoted(binding.name));
        let fault = Fault::new(codes::WRANGLER_DATABASE, message).label("which database?");
        desk.report(binding.place, fault.help("`wrangler d1 info NAME` prints the id of a database"));
    }
}

/// The period of the Rate Limiting binding.
fn period(desk: &Desk, binding: &Binding<'_>) {
    if binding.product != Product::RateLimit {
        return;
    }
    let report = |place: Place, message: &str, label: &str| {
        let fault = Fault::new(codes::WRANGLER_PERIOD, message).label(label);
        desk.report(place, fault.help("as in simple = { limit = 100, period = 60 }; periods are 10 and 60 seconds"));
    };
    match binding.table.get("simple").map(|entry| &entry.node) {
        Some(node) => match &node.value {
            Value::Table(simple) => {
                match simple.get("period").map(|entry| (&entry.node.value, entry.node.place)) {
                    Some((Value::Integer(period), _)) if PERIODS.contains(period) => {}
                    Some((_, place)) => report(place, "`period` must be 10 or 60 seconds", "neither"),
                    None => report(node.place, "`simple` has no `period`", "how long is the window?"),
                }
                match simple.get("limit").map(|entry| (&entry.node.value, entry.node.place)) {
                    Some((Value::Integer(limit), _)) if *limit > 0 => {}
                    Some((_, place)) => report(place, "`limit` must be a whole number above zero", "not a limit"),
                    None => report(node.place, "`simple` has no `limit`", "how many requests?"),
                }
            }
            _ => report(node.place, "`simple` must be a table", "expected a table"),
        },
        None => report(binding.place, "the rate limit has no `simple`", "how many, in how long?"),
    }
}
