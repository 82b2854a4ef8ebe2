//! One table of a scenario while it is read: each line declares a field and reads it, so that what is accepted and what
//! the schema says cannot differ.

use super::codes;
use super::desk::Desk;
use super::diagnostic::{Fault, quoted};
use super::form::{Field, Form, Kind};
use super::tree::{Entry, Node, Place, Table, Value};

/// The most tables in a list.
pub(super) const TABLES_MOST: usize = 1000;

/// A table that is being read.
pub(super) struct Section<'a> {
    pub desk: &'a Desk,
    /// As in `workload`; empty at the top.
    pub path: String,
    table: Option<&'a Table>,
    /// Where a missing field is reported.
    pub place: Place,
    fields: Vec<Field>,
    failed: Vec<String>,
}

impl<'a> Section<'a> {
    /// A table, or its absence.
    pub fn new(desk: &'a Desk, path: impl Into<String>, table: Option<&'a Table>, place: Place) -> Section<'a> {
        Section { desk, path: path.into(), table, place, fields: Vec::new(), failed: Vec::new() }
    }

    /// Declares a field; the next calls say what it holds and read it.
    pub fn field<'s>(&'s mut self, key: &'static str, doc: &'static str) -> Draft<'s, 'a> {
        let field = Field {
            key: key.into(),
            doc,
            form: Form::Text,
            default: None,
            required: false,
            condition: "",
            assumed: "",
        };
        Draft { section: self, field, applies: true }
    }

    /// A field's path, for messages and assumptions.
    pub fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_string() } else { format!("{}.{key}", self.path) }
    }

    /// The entry of a key, where the file has one.
    pub fn entry(&self, key: &str) -> Option<&'a Entry> {
        self.table?.get(key)
    }

    /// Where a field's value stands; where the file has none, the table.
    pub fn place_of(&self, key: &str) -> Place {
        self.entry(key).map_or(self.place, |entry| entry.node.place)
    }

    /// Whether these fields were read without a mistake: only then is it fair to compare them.
    pub fn good(&self, keys: &[&str]) -> bool {
        !self.desk.describing && !self.failed.iter().any(|failed| keys.contains(&failed.as_str()))
    }

    /// Reports a mistake at a field's value, and counts the field as failed.
    pub fn fault(&mut self, key: &str, fault: Fault) {
        self.desk.report(self.place_of(key), fault);
        self.failed.push(key.to_string());
    }

    /// Two fields that exclude each other.
    pub fn exclude(&mut self, one: &str, other: &str) {
        if let (Some(_), Some(entry)) = (self.entry(one), self.entry(other)) {
            self.desk.report(
                entry.key_place,
                Fault::new(codes::CONFLICT, format!("`{other}` and `{one}` exclude each other"))
                    .label(format!("`{one}` is given too"))
                    .help("keep one of them"),
            );
            self.failed.push(other.to_string());
        }
    }

    /// A table inside this one, read whether it is there or not.
    pub fn table<T>(&mut self, key: &'static str, doc: &'static str, read: impl FnOnce(&mut Section<'a>) -> T) -> T {
        let mut inner = self.open(key);
        let result = read(&mut inner);
        self.close(inner, key, doc, false);
        result
    }

    /// A table inside this one that may be absent altogether.
    pub fn table_if_any<T>(
        &mut self,
        key: &'static str,
        doc: &'static str,
        read: impl FnOnce(&mut Section<'a>) -> T,
    ) -> Option<T> {
        if self.entry(key).is_none() && !self.desk.describing {
            self.declare(key, doc, Form::Table(Vec::new()), false);
            return None;
        }
        Some(self.table(key, doc, read))
    }

    fn open(&mut self, key: &'static str) -> Section<'a> {
        let path = self.path_of(key);
        let (table, place) = match self.entry(key) {
            None => (None, self.place),
            Some(Entry { node: Node { value: Value::Table(table), place }, .. }) => (Some(table), *place),
            Some(entry) => {
                self.desk.wrong_type(key, &entry.node, "a table", None);
                self.failed.push(key.to_string());
                return Section { table: None, ..Section::muted(self.desk, path, entry.node.place) };
            }
        };
        Section::new(self.desk, path, table, place)
    }

    /// A table that is not there because something else is: what it lacks needs no further message.
    fn muted(desk: &'a Desk, path: String, place: Place) -> Section<'a> {
        let mut section = Section::new(desk, path, None, place);
        section.failed.push("*".into());
        section
    }

    fn close(&mut self, inner: Section<'a>, key: &'static str, doc: &'static str, required: bool) {
        if !inner.failed.is_empty() {
            self.failed.push(key.to_string());
        }
        let fields = inner.finish(&[]);
        self.declare(key, doc, Form::Table(fields), required);
    }

    fn declare(&mut self, key: &str, doc: &'static str, form: Form, required: bool) {
        self.fields.push(Field { key: key.into(), doc, form, default: None, required, condition: "", assumed: "" });
    }

    /// A list of tables.
    pub fn tables<T>(
        &mut self,
        key: &'static str,
        doc: &'static str,
        mut read: impl FnMut(&mut Section<'a>, usize) -> T,
    ) -> Vec<T> {
        let mut result = Vec::new();
        let mut fields = Vec::new();
        if self.desk.describing {
            let mut inner = self.open(key);
            read(&mut inner, 0);
            fields = inner.fields;
        }
        for (number, (table, place)) in self.list_of_tables(key).into_iter().enumerate() {
            let mut inner = Section::new(self.desk, key, Some(table), place);
            result.push(read(&mut inner, number));
            inner.finish(&[]);
        }
        self.declare(key, doc, Form::Tables(fields), false);
        result
    }

    /// The tables of a list; what is not a table is reported and left out.
    pub fn list_of_tables(&mut self, key: &str) -> Vec<(&'a Table, Place)> {
        let Some(entry) = self.entry(key) else { return Vec::new() };
        let Value::List(nodes) = &entry.node.value else {
            let help = format!("begin each with [[{key}]], in double brackets");
            self.desk.wrong_type(key, &entry.node, "a list of tables", Some(help));
            self.failed.push(key.to_string());
            return Vec::new();
        };
        if nodes.len() > TABLES_MOST {
            let message = format!("a scenario has at most {} of [[{key}]], not {}", TABLES_MOST, nodes.len());
            self.fault(key, Fault::new(codes::NUMBER_RANGE, message).label("too many"));
            return Vec::new();
        }
        let mut tables = Vec::new();
        for node in nodes {
            match &node.value {
                Value::Table(table) => tables.push((table, node.place)),
                _ => self.desk.wrong_type(key, node, "a table", None),
            }
        }
        tables
    }

    /// Declares a table, or a list of tables, whose kinds have fields of their own.
    pub fn declare_kinds(&mut self, key: &str, doc: &'static str, kinds: Vec<Kind>, list: bool) {
        self.declare(key, doc, Form::Kinds { kinds, list }, !list);
    }

    /// Ends the reading: whatever the table holds beside the declared fields is a mistake. `elsewhere` are fields of
    /// other kinds, with the kind that has them.
    pub fn finish(self, elsewhere: &[(String, &'static str)]) -> Vec<Field> {
        let known: Vec<&str> = self.fields.iter().map(|field| field.key.as_str()).collect();
        for entry in self.table.map(|table| table.entries.as_slice()).unwrap_or_default() {
            if known.contains(&entry.key.as_str()) {
                continue;
            }
            let place = if self.path.is_empty() { "at the top level".into() } else { format!("in `{}`", self.path) };
            let mut fault = Fault::new(codes::UNKNOWN_FIELD, format!("unknown field {} {place}", quoted(&entry.key)))
                .label("no such field here");
            let kinds: Vec<&str> =
                elsewhere.iter().filter(|(key, _)| *key == entry.key).map(|(_, kind)| *kind).collect();
            if !kinds.is_empty() {
                fault = fault.help(format!("it is a field of kind {}", kinds.join(", ")));
            }
            self.desk.report(entry.key_place, fault.choices(&entry.key, "the fields here are", known.iter().copied()));
        }
        self.fields
    }

    /// Ends the reading of a table whose kind says which fields it has: a field of another kind is called that.
    pub fn finish_kind(self, word: &str, kinds: impl FnOnce() -> Vec<Kind>) -> Vec<Field> {
        let entries = self.table.map(|table| table.entries.as_slice()).unwrap_or_default();
        let strange = entries.iter().any(|entry| !self.fields.iter().any(|field| field.key == entry.key));
        let mut elsewhere = Vec::new();
        for kind in if strange { kinds() } else { Vec::new() } {
            if kind.word != word {
                elsewhere.extend(kind.fields.into_iter().map(|field| (field.key, kind.word)));
            }
        }
        self.finish(&elsewhere)
    }

    /// A table that must be there.
    pub fn open_required(&mut self, key: &'static str, help: &str) -> Option<Section<'a>> {
        let path = self.path_of(key);
        let Some(entry) = self.entry(key) else {
            let fault = Fault::new(codes::MISSING_FIELD, format!("`{path}` is missing")).help(help);
            self.desk.report(self.place, fault);
            return None;
        };
        let Value::Table(table) = &entry.node.value else {
            self.desk.wrong_type(key, &entry.node, "a table", Some(help.into()));
            return None;
        };
        Some(Section::new(self.desk, path, Some(table), entry.node.place))
    }

    /// The fields declared so far.
    pub fn into_fields(self) -> Vec<Field> {
        self.fields
    }
}

/// A field that is being declared.
pub(super) struct Draft<'s, 'a> {
    section: &'s mut Section<'a>,
    field: Field,
    applies: bool,
}

impl<'a> Draft<'_, 'a> {
    /// What is taken where the file says nothing: a plain value.
    pub fn default(mut self, value: impl Into<Value>) -> Self {
        self.field.default = Some(value.into());
        self
    }

    /// The same for tables and lists, in TOML.
    pub fn default_toml(mut self, text: &str) -> Self {
        let value = toml::de::DeValue::parse(text).expect("defaults are valid TOML");
        self.field.default = Some(Node::from_toml(Place::default(), &value).value);
        self
    }

    /// There is no default.
    pub fn required(mut self) -> Self {
        self.field.required = true;
        self
    }

    /// The value is an assumption, and why.
    pub fn assumed(mut self, why: &'static str) -> Self {
        self.field.assumed = why;
        self
    }

    /// The field has an effect only under a condition, which the text names.
    pub fn only_if(mut self, applies: bool, condition: &'static str) -> Self {
        self.applies = applies;
        self.field.condition = condition;
        self
    }

    /// Declares the field, and reads what the file has or else the default. `None` where there is neither, and where
    /// what the file has is wrong and there is no default to go on with.
    pub fn take<T>(self, form: Form, read: impl Fn(&Desk, &str, &Node) -> Option<T>) -> Option<T> {
        let Draft { section, mut field, applies } = self;
        field.form = form;
        let desk = section.desk;
        let entry = section.entry(&field.key);
        if let Some(entry) = entry
            && !applies
        {
            desk.report(
                entry.key_place,
                Fault::new(codes::DOES_NOT_APPLY, format!("`{}` has no effect here", field.key))
                    .label("would be ignored")
                    .help(format!("it belongs to {}", field.condition)),
            );
            section.failed.push(field.key.clone());
        }
        let given = entry.filter(|_| applies).map(|entry| &entry.node);
        let mut result = given.and_then(|node| read(desk, &field.key, node));
        if given.is_some() && result.is_none() {
            section.failed.push(field.key.clone());
        }
        if given.is_none() && field.required && applies {
            let silent = section.failed.iter().any(|failed| failed == "*");
            section.failed.push(field.key.clone());
            if !silent {
                let path = section.path_of(&field.key);
                desk.report(section.place, missing(&path, &field));
            }
        }
        if let (None, Some(default)) = (&result, &field.default) {
            result = read(desk, &field.key, &Node { place: section.place, value: default.clone() });
        }
        if !field.assumed.is_empty()
            && applies
            && let Some(value) = given.map(|node| &node.value).or(field.default.as_ref())
        {
            let path = section.path_of(&field.key);
            desk.assume(path.strip_prefix("store.").unwrap_or(&path).to_string(), value.canonical(), field.assumed);
        }
        section.fields.push(field);
        result
    }
}

fn missing(path: &str, field: &Field) -> Fault {
    let fault = Fault::new(codes::MISSING_FIELD, format!("`{path}` is missing"));
    let fault = fault.help(format!("`{}`: {}", field.key, field.doc));
    match &field.form {
        Form::Word(words) => fault.choices("", "the words are", words.iter().map(|(word, _)| *word)),
        _ => fault,
    }
}
