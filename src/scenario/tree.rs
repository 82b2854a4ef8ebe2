//! A TOML document as a tree that knows where each key and value stands, in the file or in an option.

use serde_spanned::Spanned;
use toml::de::{DeTable, DeValue};

/// A stretch of one of the texts that a scenario is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Place {
    /// The number of the text: 0 for the file, then the options.
    pub source: usize,
    pub start: usize,
    pub end: usize,
}

impl Place {
    /// From the start of this to the end of another, where both stand in one text in this order.
    pub fn through(self, other: Place) -> Place {
        if self.source == other.source && self.start <= other.end { Place { end: other.end, ..self } } else { other }
    }
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub place: Place,
    pub value: Value,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    /// Saturated: no field takes a number that does not fit.
    Integer(i128),
    Float(f64),
    Flag(bool),
    Date(String),
    List(Vec<Node>),
    Table(Table),
}

/// Entries in the order of the text.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub key: String,
    pub key_place: Place,
    pub node: Node,
}

impl Table {
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.key == key)
    }

    /// The text of a field, if it is text.
    pub fn text(&self, key: &str) -> Option<&str> {
        match &self.get(key)?.node.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// As a TOML document: plain fields first, then each table and each list of tables under its own heading.
    #[cfg_attr(not(feature = "host"), allow(dead_code))]
    pub fn document(&self) -> String {
        let line = |entry: &Entry| format!("{} = {}\n", bare_or_quoted(&entry.key), entry.node.value.canonical());
        let lines = |table: &Table| table.entries.iter().map(line).collect::<String>();
        let (mut fields, mut tables) = (String::new(), String::new());
        for entry in &self.entries {
            let key = bare_or_quoted(&entry.key);
            match &entry.node.value {
                Value::Table(table) => tables += &format!("\n[{key}]\n{}", lines(table)),
                Value::List(list)
                    if !list.is_empty() && list.iter().all(|node| matches!(node.value, Value::Table(_))) =>
                {
                    for node in list {
                        if let Value::Table(table) = &node.value {
                            tables += &format!("\n[[{key}]]\n{}", lines(table));
                        }
                    }
                }
                _ => fields += &line(entry),
            }
        }
        fields + &tables
    }

    /// From what the parser found in a text that begins at a place.
    pub fn from_toml(at: Place, table: &DeTable<'_>) -> Table {
        let mut entries: Vec<Entry> = table
            .iter()
            .map(|(key, value)| Entry {
                key: key.get_ref().to_string(),
                key_place: place(at, key.span()),
                node: Node::from_toml(at, value),
            })
            .collect();
        entries.sort_by_key(|entry| entry.key_place.start);
        Table { entries }
    }
}

impl Node {
    /// From what the parser found in a text that begins at a place.
    pub fn from_toml(at: Place, value: &Spanned<DeValue<'_>>) -> Node {
        let plain = match value.get_ref() {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(number) => {
                let saturated = if number.as_str().starts_with('-') { i128::MIN } else { i128::MAX };
                Value::Integer(i128::from_str_radix(number.as_str(), number.radix()).unwrap_or(saturated))
            }
            DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(flag) => Value::Flag(*flag),
            DeValue::Datetime(date) => Value::Date(date.to_string()),
            DeValue::Array(list) => Value::List(list.iter().map(|node| Node::from_toml(at, node)).collect()),
            DeValue::Table(table) => Value::Table(Table::from_toml(at, table)),
        };
        Node { place: place(at, value.span()), value: plain }
    }
}

fn place(at: Place, range: std::ops::Range<usize>) -> Place {
    Place { source: at.source, start: at.start + range.start, end: at.start + range.end }
}

impl Value {
    /// What it is, with its article, for messages.
    pub fn noun(&self) -> &'static str {
        match self {
            Value::Text(_) => "text",
            Value::Integer(_) | Value::Float(_) => "a number",
            Value::Flag(_) => "true or false",
            Value::Date(_) => "a date or time",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        }
    }

    /// One way of writing it, whatever way the file has: TOML on one line with the keys in the order of the alphabet.
    pub fn canonical(&self) -> String {
        match self {
            Value::Text(text) => quote(text),
            Value::Integer(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            Value::Flag(flag) => flag.to_string(),
            Value::Date(date) => date.clone(),
            Value::List(list) => {
                let parts: Vec<String> = list.iter().map(|node| node.value.canonical()).collect();
                format!("[{}]", parts.join(", "))
            }
            Value::Table(table) => {
                let mut parts: Vec<String> = table
                    .entries
                    .iter()
                    .map(|entry| format!("{} = {}", bare_or_quoted(&entry.key), entry.node.value.canonical()))
                    .collect();
                parts.sort();
                format!("{{ {} }}", parts.join(", "))
            }
        }
    }

    /// The same value in JSON, for the schema's defaults.
    pub fn json(&self) -> serde_json::Value {
        match self {
            Value::Text(text) | Value::Date(text) => text.as_str().into(),
            Value::Integer(number) => i64::try_from(*number).map_or(serde_json::Value::Null, Into::into),
            Value::Float(number) => (*number).into(),
            Value::Flag(flag) => (*flag).into(),
            Value::List(list) => list.iter().map(|node| node.value.json()).collect::<Vec<_>>().into(),
            Value::Table(table) => serde_json::Value::Object(
                table.entries.iter().map(|entry| (entry.key.clone(), entry.node.value.json())).collect(),
            ),
        }
    }
}

/// Text between quotation marks, as TOML's basic strings.
fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn bare_or_quoted(key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if bare { key.to_string() } else { quote(key) }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_string())
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Value {
        Value::Integer(number.into())
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Value {
        Value::Integer(number.into())
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Value {
        Value::Float(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Value {
        Value::Flag(flag)
    }
}
