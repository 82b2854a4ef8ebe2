//! What a field may hold, as data: the schema and the reference are made of what the readers declare.

use super::tree::Value;

/// One field, as its reader declares it.
#[derive(Clone, Debug)]
pub struct Field {
    pub key: String,
    /// What it means, in sentences.
    pub doc: &'static str,
    pub form: Form,
    /// What is taken when the field is absent; `None`: nothing, or see `required`.
    pub(super) default: Option<Value>,
    pub required: bool,
    /// The choice under which the field has an effect, as in `model = "push"`; empty: always.
    pub condition: &'static str,
    /// Why the value is an assumption; empty where it is published, or not the platform's.
    pub assumed: &'static str,
}

impl Field {
    /// The default, as TOML.
    pub fn default_toml(&self) -> Option<String> {
        self.default.as_ref().map(Value::canonical)
    }

    /// The default, as JSON.
    pub fn default_json(&self) -> Option<serde_json::Value> {
        self.default.as_ref().map(Value::json)
    }
}

/// What a field may hold.
#[derive(Clone, Debug)]
pub enum Form {
    /// Any text.
    Text,
    /// Texts, each once.
    Texts,
    /// Letters, digits, `-` and `_`.
    Name,
    /// A span of time with its unit.
    Span,
    /// A time of the day in UTC.
    TimeOfDay,
    /// A span that may be negative.
    SignedSpan,
    /// A whole number within bounds.
    Count {
        least: u64,
        most: u64,
    },
    /// A number within bounds.
    Number {
        least: f64,
        most: f64,
    },
    /// A percentage or a number between 0 and 1.
    Share,
    /// A percentage, optionally followed by "of replications", or a number between 0 and 1.
    ShareOfReplications,
    /// A rate, and what it may be per.
    Rate(Vec<&'static str>),
    /// A size in bytes with its unit.
    Size,
    /// A law of chance for spans of time.
    Law,
    /// A law of chance for sizes.
    Sizes,
    /// How arrivals are spread over time.
    Shape,
    /// The popularity of keys.
    Popularity,
    /// A bound of a promise: a span, a share or a number, by the metric's unit.
    Bound,
    Flag,
    /// One of these words, each with its meaning.
    Word(Vec<(&'static str, &'static str)>),
    /// The code of a place.
    Place,
    /// Codes of places.
    Places,
    /// A number of places or their codes.
    Edges,
    /// A value for each of some places.
    ByPlace(Box<Form>),
    /// The name of a metric.
    Metric,
    /// A version of the platform, or a file.
    Platform,
    /// One of several forms.
    Either(Vec<Form>),
    Table(Vec<Field>),
    /// Tables in a list.
    Tables(Vec<Field>),
    /// A table (or a list of tables) whose field `kind` says which fields it has.
    Kinds {
        kinds: Vec<Kind>,
        list: bool,
    },
}

/// One kind of workload or store.
#[derive(Clone, Debug)]
pub struct Kind {
    pub word: &'static str,
    pub doc: &'static str,
    pub fields: Vec<Field>,
}
