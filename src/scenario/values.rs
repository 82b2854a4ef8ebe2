//! Typed readers of single values: each declares its form, checks its bounds and says what is wrong.

use std::ops::RangeInclusive;

pub(super) use crate::limits::figure::grouped;
use crate::model::Span;

use super::codes;
use super::desk::Desk;
use super::diagnostic::{Fault, quoted};
use super::form::Form;
use super::section::Draft;
use super::tree::{Node, Value};
use super::units::{self, FASTEST, LONGEST};

/// Spans that a field takes.
pub(super) type Spans = RangeInclusive<Span>;
/// Any span.
pub(super) const ANY: Spans = Span::ZERO..=LONGEST;
/// Any span but zero.
pub(super) const POSITIVE: Spans = Span(1)..=LONGEST;

/// The longest text.
const TEXT_MOST: usize = 500;

fn reported<T>(desk: &Desk, node: &Node, result: Result<T, Fault>) -> Option<T> {
    result.map_err(|fault| desk.report(node.place, fault)).ok()
}

/// A span of time within bounds.
pub(super) fn span(desk: &Desk, key: &str, node: &Node, bounds: &Spans) -> Option<Span> {
    let text = match &node.value {
        Value::Text(text) => text,
        Value::Integer(_) | Value::Float(_) => {
            let help = format!("write it with its unit, as in {key} = \"{} s\"", node.value.canonical());
            desk.wrong_type(key, node, "a span of time with its unit", Some(help));
            return None;
        }
        _ => {
            desk.wrong_type(key, node, "a span of time such as \"60 s\"", None);
            return None;
        }
    };
    let span = reported(desk, node, units::span(text))?;
    let (least, most) = (*bounds.start(), *bounds.end());
    if span < least {
        let message = if least == Span(1) {
            format!("`{key}` must be longer than zero")
        } else {
            format!("`{key}` must be at least {least}")
        };
        desk.report(node.place, Fault::new(codes::SPAN_RANGE, message).label("too short"));
        return None;
    }
    if span > most {
        desk.report(
            node.place,
            Fault::new(codes::SPAN_RANGE, format!("`{key}` must be at most {most}")).label("too long"),
        );
        return None;
    }
    Some(span)
}

/// A span that may be negative, in nanoseconds.
pub(super) fn signed_span(desk: &Desk, key: &str, node: &Node) -> Option<i64> {
    let Value::Text(text) = &node.value else {
        desk.wrong_type(key, node, "a span of time such as \"-20 ms\"", None);
        return None;
    };
    reported(desk, node, units::signed_nanos(text)).and_then(|nanos| i64::try_from(nanos).ok())
}

/// A time of the day in UTC, as the span since midnight.
pub(super) fn time_of_day(desk: &Desk, key: &str, node: &Node) -> Option<Span> {
    let Value::Text(text) = &node.value else {
        desk.wrong_type(key, node, "a time of the day such as \"14:00 UTC\"", None);
        return None;
    };
    let plain = text.trim();
    let plain = plain.strip_suffix("UTC").map_or(plain, str::trim_end);
    let parts: Vec<Option<u64>> = plain
        .split(':')
        .map(|part| part.parse().ok().filter(|_| matches!(part.len(), 1 | 2) && !part.starts_with('+')))
        .collect();
    let seconds = match parts.as_slice() {
        [Some(h @ 0..24), Some(m @ 0..60)] => Some(h * 3600 + m * 60),
        [Some(h @ 0..24), Some(m @ 0..60), Some(s @ 0..60)] => Some(h * 3600 + m * 60 + s),
        _ => None,
    };
    if seconds.is_none() {
        let fault = Fault::new(codes::TIME_OF_DAY, format!("{} is not a time of the day in UTC", quoted(text)));
        desk.report(
            node.place,
            fault.label("not a time of the day").help(format!("write it like {key} = \"14:00 UTC\"")),
        );
    }
    seconds.map(Span::from_secs)
}

/// A size with its unit.
pub(super) fn bytes(desk: &Desk, key: &str, node: &Node) -> Option<u64> {
    match &node.value {
        Value::Text(text) => reported(desk, node, units::bytes(text)),
        Value::Integer(_) | Value::Float(_) => {
            let help = format!("write it with its unit, as in {key} = \"{} B\"", node.value.canonical());
            desk.wrong_type(key, node, "a size with its unit", Some(help));
            None
        }
        _ => {
            desk.wrong_type(key, node, "a size such as \"25 MiB\"", None);
            None
        }
    }
}

/// A whole number within bounds.
pub(super) fn count(desk: &Desk, key: &str, node: &Node, least: u64, most: u64) -> Option<u64> {
    let number = match &node.value {
        Value::Integer(number) => *number,
        Value::Float(number) if !number.is_finite() => {
            desk.report(node.place, Fault::new(codes::NOT_FINITE, format!("`{key}` must be a finite number")));
            return None;
        }
        Value::Float(number) => {
            let help = format!("write {key} = {}", libm::round(*number));
            desk.report(
                node.place,
                Fault::new(codes::NOT_WHOLE, format!("`{key}` must be a whole number")).label("has a point").help(help),
            );
            return None;
        }
        Value::Text(text) => {
            let help =
                text.trim().parse::<u64>().ok().map(|number| format!("write it without quotation marks: {number}"));
            desk.wrong_type(key, node, "a whole number", help);
            return None;
        }
        _ => {
            desk.wrong_type(key, node, "a whole number", None);
            return None;
        }
    };
    match u64::try_from(number) {
        Ok(number) if (least..=most).contains(&number) => Some(number),
        _ if number < 0 => {
            desk.report(
                node.place,
                Fault::new(codes::NEGATIVE, format!("`{key}` must not be negative")).label("below zero"),
            );
            None
        }
        _ => {
            let message = format!("`{key}` must be between {} and {}", grouped(least), grouped(most));
            desk.report(node.place, Fault::new(codes::NUMBER_RANGE, message).label("out of bounds"));
            None
        }
    }
}

/// A number within bounds.
pub(super) fn number(desk: &Desk, key: &str, node: &Node, bounds: &RangeInclusive<f64>) -> Option<f64> {
    let number = match &node.value {
        Value::Integer(number) => *number as f64,
        Value::Float(number) => *number,
        _ => {
            desk.wrong_type(key, node, "a number", None);
            return None;
        }
    };
    let fault = if !number.is_finite() {
        Fault::new(codes::NOT_FINITE, format!("`{key}` must be a finite number"))
    } else if number < 0.0 && *bounds.start() >= 0.0 {
        Fault::new(codes::NEGATIVE, format!("`{key}` must not be negative")).label("below zero")
    } else if !bounds.contains(&number) {
        let message = format!("`{key}` must be between {} and {}", bounds.start(), bounds.end());
        Fault::new(codes::NUMBER_RANGE, message).label("out of bounds")
    } else {
        return Some(number);
    };
    desk.report(node.place, fault);
    None
}

/// A share, as a percentage or a number.
pub(super) fn share(desk: &Desk, key: &str, node: &Node, above_zero: bool) -> Option<f64> {
    let share = match &node.value {
        Value::Text(text) => reported(desk, node, units::percentage(text))?,
        Value::Integer(number) => *number as f64,
        Value::Float(number) => *number,
        _ => {
            desk.wrong_type(key, node, "a share such as \"20 %\" or 0.2", None);
            return None;
        }
    };
    let fault = if !share.is_finite() {
        Fault::new(codes::NOT_FINITE, format!("`{key}` must be a finite number"))
    } else if share < 0.0 {
        Fault::new(codes::NEGATIVE, format!("`{key}` must not be negative")).label("below zero")
    } else if share > 1.0 {
        let fault =
            Fault::new(codes::SHARE_RANGE, format!("`{key}` must be at most 1, which is 100 %")).label("too much");
        let percent = !matches!(node.value, Value::Text(_)) && share <= 100.0;
        if percent { fault.help(format!("did you mean \"{} %\"?", node.value.canonical())) } else { fault }
    } else if share == 0.0 && above_zero {
        Fault::new(codes::SHARE_RANGE, format!("`{key}` must be above zero")).label("zero")
    } else {
        return Some(share);
    };
    desk.report(node.place, fault);
    None
}

/// What a rate may be per, and how many times it then is the field's own meaning.
#[derive(Clone, Copy)]
pub(super) struct Per {
    /// As in `per key per edge`; empty: all together.
    pub words: &'static str,
    pub times: f64,
}

/// A rate in the field's own meaning, per second. `count` is how many of that there are.
fn rate(desk: &Desk, key: &str, node: &Node, pers: &[Per], zero: bool, count: f64) -> Option<f64> {
    let Value::Text(text) = &node.value else {
        let help = matches!(node.value, Value::Integer(_) | Value::Float(_)).then(|| {
            format!("write it with its unit, as in {key} = \"{} /s{}\"", node.value.canonical(), after(pers[0].words))
        });
        desk.wrong_type(key, node, "a rate with its unit", help);
        return None;
    };
    let read = reported(desk, node, units::rate(text))?;
    let mut nouns: Vec<&str> = read.per.iter().map(|(noun, _)| noun.as_str()).collect();
    nouns.sort_unstable();
    let matching = pers.iter().find(|per| {
        let mut words: Vec<&str> = per.words.split_whitespace().filter(|word| *word != "per").collect();
        words.sort_unstable();
        words == nouns
    });
    let Some(per) = matching else {
        let known = |noun: &str| pers.iter().any(|per| per.words.split_whitespace().any(|word| word == noun));
        let wrong = read.per.iter().find(|(noun, _)| !known(noun));
        let mut fault = match (wrong, nouns.is_empty()) {
            (Some((noun, range)), _) => {
                Fault::new(codes::RATE_PER, format!("`{key}` cannot be per {}", quoted(noun))).within(range.clone())
            }
            (None, true) => {
                Fault::new(codes::RATE_NEEDS_PER, format!("`{key}` must say what it is per")).label("per what?")
            }
            (None, false) => Fault::new(codes::RATE_PER, format!("`{key}` cannot be per {}", nouns.join(" per "))),
        };
        fault.help.push(format!("write one of: {}", examples(pers).join(", ")));
        desk.report(node.place, fault);
        return None;
    };
    let rate = read.per_second * per.times;
    if rate == 0.0 && !zero {
        desk.report(node.place, Fault::new(codes::RATE_RANGE, format!("`{key}` must be above zero")).label("never"));
        return None;
    }
    if rate.is_nan() || rate * count > FASTEST {
        let message = format!("`{key}` is more than 1,000,000,000 per second, all together");
        desk.report(node.place, Fault::new(codes::RATE_RANGE, message).label("too fast"));
        return None;
    }
    Some(rate)
}

fn after(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(" {words}") }
}

fn examples(pers: &[Per]) -> Vec<String> {
    pers.iter().map(|per| format!("\"2 /s{}\"", after(per.words))).collect()
}

/// One word that a field takes, what it stands for, and its meaning.
pub(super) type Word<T> = (&'static str, T, &'static str);

/// One of some words.
pub(super) fn word<T: Copy>(desk: &Desk, key: &str, node: &Node, words: &[Word<T>]) -> Option<T> {
    let known = words.iter().map(|(word, ..)| *word);
    let Value::Text(text) = &node.value else {
        let help = format!("the words are: {}", known.collect::<Vec<_>>().join(", "));
        desk.wrong_type(key, node, "a word", Some(help));
        return None;
    };
    if let Some((_, value, _)) = words.iter().find(|(word, ..)| word == text) {
        return Some(*value);
    }
    let fault = Fault::new(codes::UNKNOWN_WORD, format!("unknown {key} {}", quoted(text)));
    desk.report(node.place, fault.label(format!("no such {key}")).choices(text, "the words are", known));
    None
}

/// A name for files and columns.
pub(super) fn name(desk: &Desk, key: &str, node: &Node) -> Option<String> {
    let name = text(desk, key, node)?;
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if plain && (1..=64).contains(&name.len()) {
        return Some(name);
    }
    let message = format!("{} is not a usable name", quoted(&name));
    let suggestion: String =
        name.trim().chars().take(64).map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
    let suggestion = suggestion.trim_matches('-');
    let mut fault = Fault::new(codes::NAME_FORM, message).help("1 to 64 letters, digits, - and _");
    if suggestion.contains(|c: char| c.is_ascii_alphanumeric()) {
        fault = fault.help(format!("write {key} = \"{suggestion}\""));
    }
    desk.report(node.place, fault);
    None
}

/// Text on one line: it stands in tables, charts and columns.
pub(super) fn text(desk: &Desk, key: &str, node: &Node) -> Option<String> {
    let Value::Text(text) = &node.value else {
        desk.wrong_type(key, node, "text", None);
        return None;
    };
    if text.chars().any(char::is_control) || text.chars().count() > TEXT_MOST {
        let message = format!("`{key}` must be one line of at most {TEXT_MOST} characters");
        desk.report(node.place, Fault::new(codes::NAME_FORM, message).label("not one line"));
        return None;
    }
    Some(text.clone())
}

/// The last word on a drafted field: its type.
impl Draft<'_, '_> {
    pub fn text_if_any(self) -> Option<String> {
        self.take(Form::Text, text)
    }

    pub fn text(self) -> String {
        self.text_if_any().unwrap_or_default()
    }

    pub fn name_if_any(self) -> Option<String> {
        self.take(Form::Name, name)
    }

    pub fn span(self, bounds: Spans) -> Span {
        self.take(Form::Span, |desk, key, node| span(desk, key, node, &bounds)).unwrap_or(*bounds.start())
    }

    pub fn span_if_any(self, bounds: Spans) -> Option<Span> {
        self.take(Form::Span, |desk, key, node| span(desk, key, node, &bounds))
    }

    pub fn count(self, bounds: RangeInclusive<u32>) -> u32 {
        let least = *bounds.start();
        self.count_if_any(bounds).unwrap_or(least)
    }

    pub fn count_if_any(self, bounds: RangeInclusive<u32>) -> Option<u32> {
        let (least, most) = (u64::from(*bounds.start()), u64::from(*bounds.end()));
        let read = self.take(Form::Count { least, most }, |desk, key, node| count(desk, key, node, least, most));
        read.and_then(|number| u32::try_from(number).ok())
    }

    pub fn seed(self) -> u64 {
        // TOML's integers end at i64::MAX, so that a seed that is printed can always be written.
        let most = i64::MAX as u64;
        self.take(Form::Count { least: 0, most }, |desk, key, node| count(desk, key, node, 0, most)).unwrap_or_default()
    }

    pub fn number(self, bounds: RangeInclusive<f64>) -> f64 {
        let form = Form::Number { least: *bounds.start(), most: *bounds.end() };
        self.take(form, |desk, key, node| number(desk, key, node, &bounds)).unwrap_or(*bounds.start())
    }

    pub fn number_if_any(self, bounds: RangeInclusive<f64>) -> Option<f64> {
        let form = Form::Number { least: *bounds.start(), most: *bounds.end() };
        self.take(form, |desk, key, node| number(desk, key, node, &bounds))
    }

    pub fn share(self) -> f64 {
        self.take(Form::Share, |desk, key, node| share(desk, key, node, false)).unwrap_or_default()
    }

    pub fn flag(self) -> bool {
        self.take(Form::Flag, |desk, key, node| match node.value {
            Value::Flag(flag) => Some(flag),
            _ => {
                desk.wrong_type(key, node, "true or false", None);
                None
            }
        })
        .unwrap_or_default()
    }

    /// A rate; `count` is how many of the field's own meaning there are, for the bound of all together.
    pub fn rate(self, pers: &[Per], count: f64) -> f64 {
        self.rate_if_any(pers, count, false).unwrap_or_default()
    }

    /// A rate that may be zero.
    pub fn rate_or_never(self, pers: &[Per], count: f64) -> f64 {
        self.rate_if_any(pers, count, true).unwrap_or_default()
    }

    pub fn rate_if_any(self, pers: &[Per], count: f64, zero: bool) -> Option<f64> {
        let form = Form::Rate(pers.iter().map(|per| per.words).collect());
        self.take(form, |desk, key, node| rate(desk, key, node, pers, zero, count))
    }

    pub fn word_if_any<T: Copy>(self, words: &[Word<T>]) -> Option<T> {
        let form = Form::Word(words.iter().map(|(word, _, doc)| (*word, *doc)).collect());
        self.take(form, |desk, key, node| word(desk, key, node, words))
    }

    pub fn word<T: Copy>(self, words: &[Word<T>]) -> T {
        let fallback = words[0].1;
        self.word_if_any(words).unwrap_or(fallback)
    }
}
