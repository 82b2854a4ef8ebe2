//! The text of one of wrangler's files as a tree: TOML, or JSON with comments and trailing commas.

use jsonc_parser::ast::{ObjectProp, ObjectPropName, Value as Json};
use jsonc_parser::common::Range;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use toml::de::DeTable;

use crate::scenario::codes;
use crate::scenario::desk::Desk;
use crate::scenario::diagnostic::Fault;
use crate::scenario::tree::{Entry, Node, Place, Table, Value};

/// What wrangler takes: JSON, with comments and trailing commas.
const LIKE_WRANGLER: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_loose_object_property_names: false,
    allow_trailing_commas: true,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// The tree of a text; `None` where it is neither, which is reported. The file's name says which of the two it is.
pub(super) fn table(desk: &Desk, text: &str, file: &str) -> Option<Table> {
    if file.ends_with(".toml") { toml(desk, text) } else { json(desk, text) }
}

fn toml(desk: &Desk, text: &str) -> Option<Table> {
    let (document, errors) = DeTable::parse_recoverable(text);
    if let Some(error) = errors.first() {
        let span = error.span().unwrap_or_default();
        let message = error.message().lines().next().unwrap_or("not valid TOML").to_string();
        let place = Place { source: 0, start: span.start, end: span.end };
        desk.report(place, Fault::new(codes::WRANGLER_SYNTAX, message).label("not TOML"));
        return None;
    }
    Some(Table::from_toml(Place::default(), document.get_ref()))
}

fn json(desk: &Desk, text: &str) -> Option<Table> {
    let parsed = match parse_to_ast(text, &CollectOptions::default(), &LIKE_WRANGLER) {
        Ok(parsed) => parsed.value,
        Err(error) => {
            let fault = Fault::new(codes::WRANGLER_SYNTAX, error.kind().to_string()).label("not JSON");
            desk.report(place(error.range()), fault);
            return None;
        }
    };
    match parsed.map(node) {
        Some(Node { value: Value::Table(table), .. }) => Some(table),
        other => {
            let fault = Fault::new(codes::WRANGLER_SYNTAX, "the file holds no object").label("expected { … }");
            desk.report(other.map_or(Place::default(), |node| node.place), fault);
            None
        }
    }
}

fn place(range: Range) -> Place {
    Place { source: 0, start: range.start, end: range.end }
}

fn node(json: Json<'_>) -> Node {
    match json {
        Json::StringLit(text) => Node { place: place(text.range), value: Value::Text(text.value.into_owned()) },
        Json::NumberLit(number) => {
            let value = number
                .value
                .parse()
                .map_or_else(|_| Value::Float(number.value.parse().unwrap_or(f64::NAN)), Value::Integer);
            Node { place: place(number.range), value }
        }
        Json::BooleanLit(flag) => Node { place: place(flag.range), value: Value::Flag(flag.value) },
        // Only in lists: as an empty list it is never what is expected there.
        Json::NullKeyword(null) => Node { place: place(null.range), value: Value::List(Vec::new()) },
        Json::Array(list) => {
            let nodes = list.elements.into_iter().map(node).collect();
            Node { place: place(list.range), value: Value::List(nodes) }
        }
        Json::Object(object) => {
            // TOML has no null; a field that is null is absent.
            let given = |property: &ObjectProp<'_>| !matches!(property.value, Json::NullKeyword(_));
            let entries = object.properties.into_iter().filter(given).map(|property| {
                let range = match &property.name {
                    ObjectPropName::String(name) => name.range,
                    ObjectPropName::Word(name) => name.range,
                };
                Entry { key: property.name.into_string(), key_place: place(range), node: node(property.value) }
            });
            Node { place: place(object.range), value: Value::Table(Table { entries: entries.collect() }) }
        }
    }
}
