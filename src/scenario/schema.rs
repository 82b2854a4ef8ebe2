//! The scenario file's JSON schema, for editors, and its fields as data, for the reference: both from the readers.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::metrics::estimate::Scalar;

use super::desk::Desk;
use super::form::{Field, Form, Kind};
use super::read::platform::platforms;
use super::read::top;

/// Every field of a scenario file, as the readers declare them.
pub fn fields() -> Vec<Field> {
    top::read(&Desk::new(Vec::new(), true), None, Path::new(""), &[]).fields
}

/// The JSON schema (draft 7, which editors' TOML plugins read).
pub fn schema() -> Value {
    let mut schema = table(&fields(), None);
    schema["$schema"] = "http://json-schema.org/draft-07/schema#".into();
    schema["title"] = "consistency-sim scenario".into();
    schema["description"] =
        "What a simulation runs: places, a workload, the stores to compare and what must hold.".into();
    schema["definitions"] = definitions();
    schema
}

fn table(fields: &[Field], kind: Option<&Kind>) -> Value {
    let mut properties = Map::new();
    let mut required: Vec<&str> = Vec::new();
    for field in fields {
        let mut property = match (field.key.as_str(), kind) {
            ("kind", Some(kind)) => json!({ "const": kind.word }),
            _ => form(&field.form),
        };
        let mut doc = field.doc.to_string();
        if !field.condition.is_empty() {
            doc.push_str(&format!(" Only with {}.", field.condition));
        }
        if !field.assumed.is_empty() {
            doc.push_str(&format!(" An assumption: {}.", field.assumed));
        }
        // Draft 7 ignores whatever stands beside a `$ref`.
        if property.get("$ref").is_some() {
            property = json!({ "allOf": [property] });
        }
        property["description"] = doc.into();
        if let Some(default) = field.default_json() {
            property["default"] = default;
        }
        if field.required {
            required.push(&field.key);
        }
        properties.insert(field.key.clone(), property);
    }
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    schema
}

fn form(form: &Form) -> Value {
    match form {
        Form::Text => json!({ "type": "string" }),
        Form::Texts => json!({ "type": "array", "items": { "type": "string" }, "uniqueItems": true, "minItems": 1 }),
        Form::Name => json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$" }),
        Form::Span => json!({ "$ref": "#/definitions/span" }),
        Form::TimeOfDay => json!({
            "type": "string", "pattern": r"^ *([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?( *UTC)? *$",
        }),
        Form::SignedSpan => json!({ "$ref": "#/definitions/signed_span" }),
        Form::Count { least, most } => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Form::Number { least, most } => json!({ "type": "number", "minimum": least, "maximum": most }),
        Form::Share => json!({ "$ref": "#/definitions/share" }),
        Form::ShareOfReplications => json!({ "$ref": "#/definitions/share_of_replications" }),
        Form::Rate(pers) => rate(pers),
        Form::Size => json!({ "$ref": "#/definitions/size" }),
        Form::Law => json!({ "$ref": "#/definitions/law" }),
        Form::Sizes => json!({ "$ref": "#/definitions/sizes" }),
        Form::Shape => json!({ "$ref": "#/definitions/shape" }),
        Form::Popularity => json!({ "$ref": "#/definitions/popularity" }),
        Form::Bound => json!({ "anyOf": [
            { "$ref": "#/definitions/span" }, { "$ref": "#/definitions/share" }, { "type": "number", "minimum": 0 }
        ] }),
        Form::Flag => json!({ "type": "boolean" }),
        Form::Word(words) => {
            let words: Vec<Value> =
                words.iter().map(|(word, doc)| json!({ "const": word, "description": doc })).collect();
            json!({ "oneOf": words })
        }
        Form::Place => json!({ "type": "string" }),
        Form::Places => json!({ "type": "array", "items": { "type": "string" }, "uniqueItems": true }),
        Form::Edges => json!({ "anyOf": [
            { "type": "integer", "minimum": 1, "maximum": crate::network::table::all().len() },
            { "type": "array", "items": { "type": "string" }, "minItems": 1, "uniqueItems": true }
        ] }),
        Form::ByPlace(inner) => json!({ "type": "object", "additionalProperties": self::form(inner) }),
        Form::Metric => {
            let metrics: Vec<Value> = Scalar::all()
                .into_iter()
                .map(|scalar| json!({ "const": scalar.name(), "description": scalar.row().definition }))
                .collect();
            json!({ "oneOf": metrics })
        }
        Form::Platform => {
            let versions = platforms().map(|name| json!({ "const": name }));
            let own = json!({ "type": "string", "pattern": r"\.toml$", "description": "A file of your own." });
            json!({ "anyOf": versions.into_iter().chain([own]).collect::<Vec<_>>() })
        }
        Form::Either(forms) => json!({ "anyOf": forms.iter().map(self::form).collect::<Vec<_>>() }),
        Form::Table(fields) => table(fields, None),
        Form::Tables(fields) => json!({ "type": "array", "items": table(fields, None) }),
        Form::Kinds { kinds, list } => {
            let kinds: Vec<Value> = kinds
                .iter()
                .map(|kind| {
                    let mut schema = table(&kind.fields, Some(kind));
                    schema["title"] = kind.word.into();
                    schema["description"] = kind.doc.into();
                    schema
                })
                .collect();
            let kinds = json!({ "oneOf": kinds });
            if *list { json!({ "type": "array", "items": kinds }) } else { kinds }
        }
    }
}

const SPAN: &str = r"[0-9][0-9_]*(\.[0-9]+)? *(ns|us|µs|ms|s|min|h|d)";
const PERCENT: &str = r"[0-9][0-9_]*(\.[0-9]+)? *%";

fn rate(pers: &[&str]) -> Value {
    let pers: Vec<String> =
        pers.iter().map(|words| if words.is_empty() { String::new() } else { format!(" {words}") }).collect();
    let examples: Vec<String> = pers.iter().map(|per| format!("2 /s{per}")).collect();
    // The nouns may come in any order, and be joined by "and": the pattern only names them.
    let mut nouns: Vec<&str> =
        pers.iter().flat_map(|per| per.split_whitespace()).filter(|word| *word != "per").collect();
    nouns.sort_unstable();
    nouns.dedup();
    let tail = format!("( +(per|and) +({}))", nouns.join("|"));
    let least = if pers.iter().any(String::is_empty) { "*" } else { "+" };
    json!({
        "type": "string",
        "pattern": format!(r"^ *[0-9][0-9_]*(\.[0-9]+)? */ *(ns|us|µs|ms|s|min|h|d){tail}{least} *$"),
        "examples": examples,
    })
}

/// A table with one field.
fn one(key: &str, value: Value) -> Value {
    all(&[(key, value)])
}

/// A table with exactly these fields.
fn all(fields: &[(&str, Value)]) -> Value {
    let properties: Map<String, Value> =
        fields.iter().map(|(key, value)| ((*key).to_string(), value.clone())).collect();
    let required: Vec<&str> = fields.iter().map(|(key, _)| *key).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// The ways of saying a law of spans, or of sizes; `own` is the law's name among the definitions.
fn law(of: &str, own: &str, examples: &Value) -> Value {
    let draw = json!({ "$ref": format!("#/definitions/{of}") });
    let number = json!({ "type": "number", "exclusiveMinimum": 0 });
    let part = all(&[("weight", number.clone()), ("law", json!({ "$ref": format!("#/definitions/{own}") }))]);
    let points = json!({ "type": "object", "patternProperties": { r"^p[0-9]+(\.[0-9]+)?$": draw }, "additionalProperties": false, "minProperties": 2 });
    let noun = if of == "span" { "spans of time; a span" } else { "sizes; a size" };
    json!({
        "description": format!("A law of chance for {noun} alone is a constant."),
        "anyOf": [
            draw,
            one("constant", draw.clone()),
            one("uniform", json!({ "type": "array", "items": draw, "minItems": 2, "maxItems": 2 })),
            one("exponential", all(&[("mean", draw.clone())])),
            one("lognormal", all(&[("median", draw.clone()), ("p99", draw.clone())])),
            one("pareto", all(&[("scale", draw.clone()), ("shape", number)])),
            one("mixture", json!({ "type": "array", "items": part, "minItems": 1, "maxItems": 64 })),
            one("quantiles", points)
        ],
        "examples": examples
    })
}

/// The forms that many fields share. Their examples are read by the tests.
fn definitions() -> Value {
    let span = json!({ "$ref": "#/definitions/span" });
    let share = json!({ "$ref": "#/definitions/share" });
    json!({
        "span": { "type": "string", "pattern": format!("^ *{SPAN} *$"), "description": "A span of time with its unit: ns, us, ms, s, min, h or d.", "examples": ["60 s", "2.5 ms"] },
        "signed_span": { "type": "string", "pattern": format!("^ *[+-]?{SPAN} *$"), "description": "A span of time with its unit, which may be negative.", "examples": ["-20 ms", "5 ms"] },
        "share": {
            "description": "A percentage, or a number between 0 and 1.",
            "anyOf": [{ "type": "string", "pattern": format!("^ *{PERCENT} *$") }, { "type": "number", "minimum": 0, "maximum": 1 }],
            "examples": ["20 %", 0.2]
        },
        "share_of_replications": {
            "description": "A percentage of replications, or a number between 0 and 1.",
            "anyOf": [{ "type": "string", "pattern": format!("^ *{PERCENT} *(of replications)? *$") }, { "type": "number", "exclusiveMinimum": 0, "maximum": 1 }],
            "examples": ["95 % of replications", "95 %", 0.95]
        },
        "law": law("span", "law", &json!([
                "5 ms",
                { "constant": "5 ms" },
                { "uniform": ["1 ms", "9 ms"] },
                { "exponential": { "mean": "5 s" } },
                { "lognormal": { "median": "2 ms", "p99": "10 ms" } },
                { "pareto": { "scale": "1 ms", "shape": 2.1 } },
                { "mixture": [{ "weight": 0.9, "law": "1 ms" }, { "weight": 0.1, "law": { "exponential": { "mean": "50 ms" } } }] },
                { "quantiles": { "p0": "40 ms", "p50": "107 ms", "p95": "181 ms", "p99": "256 ms", "p100": "400 ms" } }
            ])),
        "size": { "type": "string", "pattern": r"^ *[0-9][0-9_]*(\.[0-9]+)? *(B|kB|KiB|MB|MiB|GB|GiB|TB) *$", "description": "A size in bytes with its unit: B, kB, KiB, MB, MiB, GB, GiB or TB.", "examples": ["288 B", "1.5 MiB"] },
        "sizes": law("size", "sizes", &json!([
            "288 B",
            { "constant": "1 kB" },
            { "uniform": ["100 B", "2 kB"] },
            { "exponential": { "mean": "4 KiB" } },
            { "lognormal": { "median": "288 B", "p99": "100 kB" } },
            { "pareto": { "scale": "100 B", "shape": 1.5 } },
            { "mixture": [{ "weight": 0.99, "law": "288 B" }, { "weight": 0.01, "law": { "exponential": { "mean": "1 MB" } } }] },
            { "quantiles": { "p0": "10 B", "p50": "288 B", "p99": "100 kB", "p100": "25 MiB" } }
        ])),
        "shape": {
            "description": "How arrivals are spread over time, at the same mean rate.",
            "anyOf": [
                { "const": "poisson", "description": "Independent of each other." },
                { "const": "constant", "description": "Equal gaps, from a random phase." },
                one("on_off", all(&[("on", span.clone()), ("off", span.clone())])),
                one("diurnal", all(&[("period", span.clone()), ("depth", share.clone())]))
            ],
            "examples": ["poisson", "constant", { "on_off": { "on": "5 s", "off": "55 s" } }, { "diurnal": { "period": "1 d", "depth": 0.8 } }]
        },
        "popularity": {
            "description": "Which keys are asked for more.",
            "anyOf": [
                { "const": "uniform", "description": "All alike." },
                one("zipf", json!({ "type": "number", "minimum": 0, "maximum": 10 })),
                one("hot_set", all(&[("keys", share.clone()), ("operations", share.clone())]))
            ],
            "examples": ["uniform", { "zipf": 0.99 }, { "hot_set": { "keys": "1 %", "operations": "90 %" } }]
        }
    })
}
