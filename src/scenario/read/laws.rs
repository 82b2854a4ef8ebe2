//! Laws of chance, shapes of arrivals and popularity of keys: fields that are written in one of several ways.

use std::ops::RangeInclusive;

use crate::model::Span;
use crate::random::Law;
use crate::scenario::codes;
use crate::scenario::desk::Desk;
use crate::scenario::diagnostic::{Fault, nearest, quoted};
use crate::scenario::form::Form;
use crate::scenario::section::{Draft, Section};
use crate::scenario::tree::{Entry, Node, Table, Value};
use crate::scenario::values::{self, ANY, POSITIVE, Spans};
use crate::workloads::{Popularity, Shape};

/// Shapes of Pareto's law: below a tenth, draws exceed every bound; above a thousand, all are equal.
const PARETO_SHAPES: RangeInclusive<f64> = 0.1..=1000.0;
/// Each law of a mixture is sampled from a table of its own.
const LAWS_MOST: usize = 64;

/// What the draws of a law are: spans of time, or sizes, of which a nanosecond of the law stands for a byte.
#[derive(Clone, Copy)]
struct Draws {
    form: fn() -> Form,
    read: fn(&Desk, &str, &Node, &Spans) -> Option<Span>,
    words: fn(Span) -> String,
    /// As in "two spans".
    noun: &'static str,
    /// Two of them, the smaller first.
    examples: [&'static str; 2],
}

const SPANS: Draws = Draws {
    form: || Form::Span,
    read: values::span,
    words: |span| span.to_string(),
    noun: "span",
    examples: ["1 ms", "9 ms"],
};

const SIZES: Draws = Draws {
    form: || Form::Size,
    read: size,
    words: |size| format!("{} B", size.0),
    noun: "size",
    examples: ["100 B", "2 kB"],
};

/// A size within bounds, as a span.
fn size(desk: &Desk, key: &str, node: &Node, bounds: &Spans) -> Option<Span> {
    let size = Span(values::bytes(desk, key, node)?);
    if size < *bounds.start() {
        let message = format!("`{key}` must be at least {} B", bounds.start().0);
        desk.report(node.place, Fault::new(codes::NUMBER_RANGE, message).label("too small"));
        return None;
    }
    Some(size)
}

impl Draws {
    /// An example and what it is called: as in `5 ms`, a span of time.
    fn called(self) -> (&'static str, &'static str) {
        if self.noun == SIZES.noun { ("2 kB", "a size") } else { ("5 ms", "a span of time") }
    }

    /// A field of a law's that is needed, and more than nothing.
    fn positive(self, draft: Draft<'_, '_>) -> Span {
        let read = |desk: &Desk, key: &str, node: &Node| (self.read)(desk, key, node, &POSITIVE);
        draft.required().take((self.form)(), read).unwrap_or(Span(1))
    }
}

/// The one way in which a table says it: its only entry.
fn only<'n>(desk: &Desk, key: &str, node: &'n Node, table: &'n Table, ways: &[&'static str]) -> Option<&'n Entry> {
    for entry in &table.entries {
        if !ways.contains(&entry.key.as_str()) {
            let fault = Fault::new(codes::UNKNOWN_WORD, format!("`{key}` cannot be {}", quoted(&entry.key)));
            let fault = fault.label("no such way of saying it");
            desk.report(entry.key_place, fault.choices(&entry.key, "the ways are", ways.iter().copied()));
            return None;
        }
    }
    match table.entries.as_slice() {
        [entry] => Some(entry),
        [] => {
            let fault = Fault::new(codes::CHOICE_FORM, format!("`{key}` is empty")).label("says nothing");
            desk.report(node.place, fault.help(format!("the ways are: {}", ways.join(", "))));
            None
        }
        [first, second, ..] => {
            let message = format!("`{key}` is given in two ways, `{}` and `{}`", first.key, second.key);
            desk.report(
                second.key_place,
                Fault::new(codes::CHOICE_FORM, message).label("the second").help("keep one of them"),
            );
            None
        }
    }
}

/// The table of a way that has fields of its own.
fn way<'n>(desk: &'n Desk, entry: &'n Entry) -> Option<Section<'n>> {
    match &entry.node.value {
        Value::Table(table) => Some(Section::new(desk, entry.key.clone(), Some(table), entry.node.place)),
        _ => {
            desk.wrong_type(&entry.key, &entry.node, "a table", None);
            None
        }
    }
}

fn finished<T>(section: Section<'_>, keys: &[&str], value: T) -> Option<T> {
    let good = section.good(keys);
    section.finish(&[]);
    good.then_some(value)
}

const LAW_WAYS: [&str; 7] = ["constant", "uniform", "exponential", "lognormal", "pareto", "mixture", "quantiles"];

/// A law of chance whose middle lies within bounds.
pub(in crate::scenario) fn law(desk: &Desk, key: &str, node: &Node, middle: &Spans) -> Option<Law> {
    let law = any_law(desk, key, node, SPANS)?;
    mixes_few(desk, key, node, &law)?;
    if Span::from_nanos_f64(law.quantile(0.5)) < *middle.start() {
        let message = format!("half of `{key}` must be at least {}", middle.start());
        desk.report(node.place, Fault::new(codes::SPAN_RANGE, message).label("too short"));
        return None;
    }
    Some(law)
}

/// A law of sizes.
fn sizes(desk: &Desk, key: &str, node: &Node) -> Option<Law> {
    let law = any_law(desk, key, node, SIZES)?;
    mixes_few(desk, key, node, &law)?;
    Some(law)
}

fn mixes_few(desk: &Desk, key: &str, node: &Node, law: &Law) -> Option<()> {
    if leaves(law) <= LAWS_MOST {
        return Some(());
    }
    let message = format!("`{key}` mixes more than {LAWS_MOST} laws");
    desk.report(node.place, Fault::new(codes::MIXTURE, message).label("too many"));
    None
}

fn leaves(law: &Law) -> usize {
    match law {
        Law::Mixture(parts) => parts.iter().map(|(_, law)| leaves(law)).sum(),
        _ => 1,
    }
}

fn any_law(desk: &Desk, key: &str, node: &Node, draws: Draws) -> Option<Law> {
    let table = match &node.value {
        Value::Text(_) => return (draws.read)(desk, key, node, &ANY).map(Law::Constant),
        Value::Table(table) => table,
        _ => {
            let (example, noun) = draws.called();
            let help =
                format!("write {key} = \"{example}\", or {key} = {{ exponential = {{ mean = \"{example}\" }} }}");
            desk.wrong_type(key, node, &format!("{noun} or a law of chance"), Some(help));
            return None;
        }
    };
    let entry = only(desk, key, node, table, &LAW_WAYS)?;
    match entry.key.as_str() {
        "constant" => (draws.read)(desk, "constant", &entry.node, &ANY).map(Law::Constant),
        "uniform" => uniform(desk, &entry.node, draws),
        "exponential" => {
            let mut section = way(desk, entry)?;
            let mean = draws.positive(section.field("mean", "The mean."));
            finished(section, &["mean"], Law::Exponential { mean })
        }
        "lognormal" => lognormal(way(desk, entry)?, draws),
        "pareto" => {
            let mut section = way(desk, entry)?;
            let scale = draws.positive(section.field("scale", "The least value."));
            let shape = section.field("shape", "How fast the tail falls.").required().number(PARETO_SHAPES);
            finished(section, &["scale", "shape"], Law::Pareto { scale, shape })
        }
        "mixture" => mixture(desk, &entry.node, draws),
        _ => quantiles(desk, &entry.node, draws),
    }
}

fn uniform(desk: &Desk, node: &Node, draws: Draws) -> Option<Law> {
    let (noun, [least, most]) = (draws.noun, draws.examples);
    let example = format!("[\"{least}\", \"{most}\"]");
    let Value::List(list) = &node.value else {
        desk.wrong_type("uniform", node, &format!("a list of two {noun}s, as in {example}"), None);
        return None;
    };
    let [low, high] = list.as_slice() else {
        let message = format!("`uniform` needs two {noun}s, not {}", list.len());
        desk.report(node.place, Fault::new(codes::CHOICE_FORM, message).help(format!("write uniform = {example}")));
        return None;
    };
    let low = (draws.read)(desk, "uniform", low, &ANY);
    let high = (draws.read)(desk, "uniform", high, &ANY);
    let (low, high) = (low?, high?);
    if low >= high {
        let message =
            format!("`uniform` goes from {} to {}, which is not upwards", (draws.words)(low), (draws.words)(high));
        desk.report(node.place, Fault::new(codes::LAW_ORDER, message).label("the lower bound first"));
        return None;
    }
    Some(Law::Uniform { low, high })
}

fn lognormal(mut section: Section<'_>, draws: Draws) -> Option<Law> {
    let median = draws.positive(section.field("median", "The median."));
    let p99 = draws.positive(section.field("p99", "The 99th percentile."));
    if section.good(&["median", "p99"]) && p99 <= median {
        let message =
            format!("the 99th percentile, {}, is not above the median, {}", (draws.words)(p99), (draws.words)(median));
        section.fault("p99", Fault::new(codes::LAW_ORDER, message).label("too short"));
    }
    finished(section, &["median", "p99"], Law::LogNormal { median, p99 })
}

fn mixture(desk: &Desk, node: &Node, draws: Draws) -> Option<Law> {
    let Value::List(list) = &node.value else {
        let help = "write mixture = [ { weight = 0.9, law = \"1 ms\" }, { weight = 0.1, law = \"50 ms\" } ]";
        desk.wrong_type("mixture", node, "a list of laws with weights", Some(help.into()));
        return None;
    };
    if list.is_empty() || list.len() > LAWS_MOST {
        let message = format!("`mixture` needs 1 to {LAWS_MOST} laws, not {}", list.len());
        desk.report(node.place, Fault::new(codes::MIXTURE, message));
        return None;
    }
    let mut parts = Vec::new();
    for part in list {
        let Value::Table(table) = &part.value else {
            desk.wrong_type("mixture", part, "a table such as { weight = 0.9, law = \"1 ms\" }", None);
            continue;
        };
        let mut section = Section::new(desk, "mixture", Some(table), part.place);
        let weight = section.field("weight", "Any number above zero.").required().number(0.0..=1e9);
        if section.good(&["weight"]) && weight <= 0.0 {
            section.fault("weight", Fault::new(codes::MIXTURE, "`weight` must be above zero").label("never chosen"));
        }
        let law = section
            .field("law", "A law of chance.")
            .required()
            .take(Form::Law, |desk, key, node| any_law(desk, key, node, draws));
        parts.extend(finished(section, &["weight", "law"], law.map(|law| (weight, law))).flatten());
    }
    (parts.len() == list.len()).then_some(Law::Mixture(parts))
}

/// The probability that a point's name stands for: `p95` is 95 %, `p999` is 99.9 %, `p100` is 100 %.
fn probability(name: &str) -> Option<f64> {
    let digits = name.strip_prefix('p')?;
    let well = |text: &str| !text.is_empty() && text.len() <= 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    let percent = match digits.split_once('.') {
        Some((whole, fraction)) if well(whole) && well(fraction) => digits.to_string(),
        None if well(digits) && (digits.len() <= 2 || digits == "100") => digits.to_string(),
        None if well(digits) => format!("{}.{}", &digits[..2], &digits[2..]),
        _ => return None,
    };
    // Read as hundredths: a division would miss the nearest number now and then.
    format!("{percent}e-2").parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share))
}

fn quantiles(desk: &Desk, node: &Node, draws: Draws) -> Option<Law> {
    let Value::Table(table) = &node.value else {
        desk.wrong_type("quantiles", node, "a table such as { p50 = \"107 ms\", p99 = \"256 ms\" }", None);
        return None;
    };
    let mut points = Vec::new();
    for entry in &table.entries {
        let Some(p) = probability(&entry.key) else {
            let message = format!("{} is not a percentile", quoted(&entry.key));
            let fault = Fault::new(codes::QUANTILES, message).label("no such percentile");
            desk.report(entry.key_place, fault.help("percentiles are named p0 to p100; p999 is 99.9 %"));
            continue;
        };
        points.extend((draws.read)(desk, &entry.key, &entry.node, &ANY).map(|span| (p, span, entry)));
    }
    if points.len() != table.entries.len() {
        return None;
    }
    if points.len() < 2 {
        desk.report(node.place, Fault::new(codes::QUANTILES, "`quantiles` needs at least two points").label("too few"));
        return None;
    }
    points.sort_by(|(a, ..), (b, ..)| a.total_cmp(b));
    for pair in points.windows(2) {
        let ((p, span, entry), (next_p, next_span, next)) = (pair[0], pair[1]);
        let message = if p == next_p {
            format!("`{}` and `{}` are the same percentile", entry.key, next.key)
        } else if next_span < span {
            {
                let (less, more) = ((draws.words)(next_span), (draws.words)(span));
                format!("`{}` is {less}, which is below the {more} of `{}`", next.key, entry.key)
            }
        } else {
            continue;
        };
        desk.report(next.node.place, Fault::new(codes::QUANTILES, message).label("must rise"));
        return None;
    }
    Some(Law::Quantiles(points.into_iter().map(|(p, span, _)| (p, span)).collect()))
}

/// The table of a field that is a word or a table: `None` where it was neither, which is reported.
fn word_or_table<'n>(
    desk: &Desk,
    key: &str,
    node: &'n Node,
    words: &[&'static str],
) -> Option<Result<&'n str, &'n Table>> {
    match &node.value {
        Value::Text(text) if words.contains(&text.as_str()) => Some(Ok(text)),
        Value::Text(text) => {
            let fault = Fault::new(codes::UNKNOWN_WORD, format!("unknown {key} {}", quoted(text)));
            desk.report(
                node.place,
                fault.label(format!("no such {key}")).choices(text, "the words are", words.iter().copied()),
            );
            None
        }
        Value::Table(table) => Some(Err(table)),
        _ => {
            desk.wrong_type(key, node, "a word or a table", None);
            None
        }
    }
}

fn shape(desk: &Desk, key: &str, node: &Node) -> Option<Shape> {
    let table = match word_or_table(desk, key, node, &["poisson", "constant"])? {
        Ok("poisson") => return Some(Shape::Poisson),
        Ok(_) => return Some(Shape::Constant),
        Err(table) => table,
    };
    let entry = only(desk, key, node, table, &["on_off", "diurnal"])?;
    let mut section = way(desk, entry)?;
    if entry.key == "on_off" {
        let on = section.field("on", "The mean time on.").required().span(POSITIVE);
        let off = section.field("off", "The mean time off.").required().span(POSITIVE);
        return finished(section, &["on", "off"], Shape::OnOff { on, off });
    }
    let period = section.field("period", "One swing.").required().span(POSITIVE);
    let depth = section.field("depth", "How far the rate swings around its mean.").required().share();
    finished(section, &["period", "depth"], Shape::Diurnal { period, depth })
}

fn popularity(desk: &Desk, key: &str, node: &Node) -> Option<Popularity> {
    // "zipf" alone is a frequent first try; its exponent must be said.
    if let Value::Text(text) = &node.value
        && nearest(text, &["zipf", "hot_set"]).is_some()
    {
        let fault = Fault::new(codes::CHOICE_FORM, format!("{} needs its figures", quoted(text)));
        let help = if text.starts_with('z') {
            "{ zipf = 0.99 }"
        } else {
            "{ hot_set = { keys = \"1 %\", operations = \"90 %\" } }"
        };
        desk.report(node.place, fault.help(format!("write {key} = {help}")));
        return None;
    }
    let table = match word_or_table(desk, key, node, &["uniform"])? {
        Ok(_) => return Some(Popularity::Uniform),
        Err(table) => table,
    };
    let entry = only(desk, key, node, table, &["zipf", "hot_set"])?;
    if entry.key == "zipf" {
        return values::number(desk, "zipf", &entry.node, &(0.0..=10.0)).map(|exponent| Popularity::Zipf { exponent });
    }
    let mut section = way(desk, entry)?;
    let mut positive_share = |key, doc| {
        let draft = section.field(key, doc).required();
        draft.take(Form::Share, |desk, key, node| values::share(desk, key, node, true)).unwrap_or_default()
    };
    let keys = positive_share("keys", "The share of the keys that are hot.");
    let operations = positive_share("operations", "The share of the operations that they get.");
    finished(section, &["keys", "operations"], Popularity::HotSet { keys, operations })
}

impl Draft<'_, '_> {
    /// A law of chance.
    pub fn law(self) -> Law {
        self.law_from(Span::ZERO)
    }

    /// A law of chance of which half is at least this long: for what is repeated, lest a run never ends.
    pub fn law_from(self, middle: Span) -> Law {
        self.law_if_any_from(middle).unwrap_or(Law::Constant(middle))
    }

    /// A law of chance, where the file has one.
    pub fn law_if_any(self) -> Option<Law> {
        self.law_if_any_from(Span::ZERO)
    }

    /// The same, of which half is at least this long.
    pub fn law_if_any_from(self, middle: Span) -> Option<Law> {
        let bounds = middle..=*ANY.end();
        self.take(Form::Law, |desk, key, node| law(desk, key, node, &bounds))
    }

    /// A law of sizes, as a law whose spans stand for bytes, a nanosecond for each.
    pub fn sizes(self) -> Law {
        self.take(Form::Sizes, sizes).unwrap_or(Law::Constant(Span::ZERO))
    }

    /// How arrivals are spread over time.
    pub fn shape(self) -> Shape {
        self.take(Form::Shape, shape).unwrap_or(Shape::Poisson)
    }

    /// The popularity of keys.
    pub fn popularity(self) -> Popularity {
        self.take(Form::Popularity, popularity).unwrap_or(Popularity::Uniform)
    }
}

#[cfg(test)]
mod tests {
    use super::probability;

    #[test]
    fn percentiles_by_name() {
        assert_eq!(probability("p0"), Some(0.0));
        assert_eq!(probability("p5"), Some(0.05));
        assert_eq!(probability("p95"), Some(0.95));
        assert_eq!(probability("p100"), Some(1.0));
        assert_eq!(probability("p999"), Some(0.999));
        assert_eq!(probability("p99.9"), Some(0.999));
        assert_eq!(probability("p101"), Some(0.101));
        for wrong in ["p", "50", "p-1", "p1e2", "p100.5", "p99.", "x50"] {
            assert_eq!(probability(wrong), None, "{wrong}");
        }
    }
}
