//! Versions of the platform: the built-in ones and the user's own files, read by the same lines.
//!
//! To add a figure: its row in `limits/figure.rs`; what is read here follows.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use crate::limits::figure::{SECTIONS, UNLIMITED, Unit};
use crate::limits::platform::{Figure, NEWEST, PaidPlan, VERSIONS};
use crate::limits::{FigureId, METERS, Platform, Price};
use crate::scenario::codes;
use crate::scenario::desk::{Desk, Source};
use crate::scenario::diagnostic::{Diagnostic, Fault, quoted};
use crate::scenario::form::Form;
use crate::scenario::section::Section;
use crate::scenario::text::{sorted, syntax};
use crate::scenario::tree::{Node, Place, Table, Value};
use crate::scenario::values;

/// What a file of the user's own is called that does not say.
const UNNAMED: &str = "own";

static BUILT_IN: LazyLock<Vec<Arc<Platform>>> = LazyLock::new(|| {
    let read = |(name, text): &(&str, &str)| {
        let platform = own(text, name).unwrap_or_else(|wrong| panic!("{name} is not whole: {wrong:#?}"));
        Arc::new(platform)
    };
    VERSIONS.iter().map(read).collect()
});

/// The names of the built-in versions, newest first.
pub fn platforms() -> [&'static str; VERSIONS.len()] {
    VERSIONS.map(|(name, _)| name)
}

/// A built-in version.
pub fn platform(name: &str) -> Option<Arc<Platform>> {
    let at = VERSIONS.iter().position(|(version, _)| *version == name)?;
    Some(BUILT_IN[at].clone())
}

/// The version that scenarios have where they name none.
pub fn newest() -> Arc<Platform> {
    platform(NEWEST).unwrap_or_else(|| BUILT_IN[0].clone())
}

/// Reads a platform file; `file` is its name in messages.
///
/// # Errors
/// Everything that is wrong with it.
pub fn own(text: &str, file: &str) -> Result<Platform, Vec<Diagnostic>> {
    let desk = Desk::new(vec![Source { name: file.to_string(), text: Arc::from(text) }], false);
    let Some(table) = syntax(&desk, text) else { return Err(sorted(desk)) };
    let platform = read(&desk, &table);
    if desk.diagnostics.borrow().is_empty() { Ok(platform) } else { Err(sorted(desk)) }
}

/// The version that a scenario names: a built-in one, or a file. What is wrong with a file is reported with its own text.
pub(in crate::scenario) fn named(desk: &Desk, key: &str, node: &Node, folder: &Path) -> Option<Arc<Platform>> {
    let word = values::text(desk, key, node)?;
    if let Some(platform) = platform(&word) {
        return Some(platform);
    }
    if !word.ends_with(".toml") {
        let fault =
            Fault::new(codes::UNKNOWN_PLATFORM, format!("no version of the platform is called {}", quoted(&word)));
        let fault = fault.label("no such version").choices(&word, "the versions are", platforms());
        desk.report(node.place, fault.help("a file of your own is named by a path that ends with .toml"));
        return None;
    }
    let path = folder.join(&word);
    match file(&path) {
        Ok(text) => match own(&text, &path.display().to_string()) {
            Ok(platform) => Some(Arc::new(platform)),
            Err(wrong) => {
                desk.diagnostics.borrow_mut().extend(wrong);
                None
            }
        },
        Err(why) => {
            let fault =
                Fault::new(codes::PLATFORM_FILE, format!("cannot read the platform file {}: {why}", quoted(&word)));
            let help = "relative paths start at the folder of the scenario file";
            desk.report(node.place, fault.label("not readable").help(help));
            None
        }
    }
}

#[cfg(feature = "host")]
fn file(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "it does not exist".to_string(),
        std::io::ErrorKind::PermissionDenied => "reading it is not permitted".to_string(),
        std::io::ErrorKind::InvalidData => "it is not UTF-8 text".to_string(),
        _ => error.to_string(),
    })
}

#[cfg(not(feature = "host"))]
fn file(_: &Path) -> Result<String, String> {
    Err("there are no files here".to_string())
}

/// What holds for all of a table unless a figure says otherwise.
struct Origin {
    source: String,
    date: String,
}

fn read(desk: &Desk, table: &Table) -> Platform {
    let mut top = Section::new(desk, "", Some(table), Place::default());
    let name = top.field("name", "The version's name.").name_if_any();
    let title = top.field("title", "What it is, in a sentence.").default("").text();
    let base = top.field("extends", "The version that has what this one does not say.").take(Form::Text, named_base);
    let mut figures = Vec::new();
    for (section, what) in SECTIONS {
        top.table(section, what, |s| {
            let origin = origin(s);
            let mine = FigureId::ALL.iter().filter(|id| id.row().section == section);
            figures.extend(mine.map(|id| figure(s, *id, base.as_deref(), &origin)));
        });
    }
    let (paid, prices) = top.table("price", "Prices of the paid plan.", |s| {
        let paid = s.table("plan", "What is paid whatever is used.", |s| plan(s, base.as_deref()));
        (paid, prices(s, base.as_deref()))
    });
    if base.is_none() && top.entry("extends").is_none() {
        let figures = FigureId::ALL.iter().map(|id| (id.row().section.to_string(), id.row().key));
        let prices = METERS.iter().map(|row| (format!("price.{}", row.section), row.key));
        refuse_holes(desk, table, figures.chain([("price.plan".to_string(), "paid")]).chain(prices));
    }
    top.finish(&[]);
    Platform { name: name.unwrap_or_else(|| UNNAMED.to_string()), title, paid, figures, prices }
}

/// A file that extends no other must have everything.
fn refuse_holes(desk: &Desk, table: &Table, wanted: impl Iterator<Item = (String, &'static str)>) {
    let inside = |section: &str| {
        section.split('.').try_fold(table, |table, key| match &table.get(key)?.node.value {
            Value::Table(inner) => Some(inner),
            _ => None,
        })
    };
    let there = |section: &str, key: &str| inside(section).is_some_and(|section| section.get(key).is_some());
    let missing: Vec<String> =
        wanted.filter(|(section, key)| !there(section, key)).map(|(section, key)| format!("{section}.{key}")).collect();
    let Some(first) = missing.first() else { return };
    let more = if missing.len() > 1 { format!(", and {} more figures", missing.len() - 1) } else { String::new() };
    let place = table.entries.first().map_or(Place::default(), |entry| entry.key_place);
    let fault = Fault::new(codes::MISSING_FIELD, format!("`{first}` is missing{more}"));
    let help = format!("to take over what the file does not say, begin it with extends = \"{NEWEST}\"");
    desk.report(place, fault.help(help));
}

/// Only built-in versions are extended, so that a file never leads to another.
fn named_base(desk: &Desk, key: &str, node: &Node) -> Option<Arc<Platform>> {
    let word = values::text(desk, key, node)?;
    // The newest is read on its own: the others, and the user's, extend it.
    let found = VERSIONS.iter().find(|(name, _)| *name == word);
    if found.is_none() {
        let fault =
            Fault::new(codes::UNKNOWN_PLATFORM, format!("no version of the platform is called {}", quoted(&word)));
        desk.report(node.place, fault.label("no such version").choices(&word, "the versions are", platforms()));
    }
    found.and_then(|(name, text)| own(text, name).ok()).map(Arc::new)
}

fn origin(s: &mut Section<'_>) -> Origin {
    Origin {
        source: s.field("source", "The page that has these figures.").default("").text(),
        date: s.field("date", "The page's date.").default("").text(),
    }
}

/// One figure: as the file says it, else as the version that it extends.
fn figure(s: &mut Section<'_>, id: FigureId, base: Option<&Platform>, origin: &Origin) -> Figure {
    let row = id.row();
    let taken_over = base.map(|base| Figure { stated: false, ..base.figure(id).clone() });
    let draft = s.field(row.key, row.meaning);
    let given = draft.take(Form::Text, |desk, key, node| match &node.value {
        Value::Table(table) => by_plan(desk, key, table, node.place, row.unit, origin),
        _ => bound(desk, key, node, row.unit).map(|value| Figure {
            free: value,
            paid: value,
            source: origin.source.clone(),
            date: origin.date.clone(),
            stated: true,
        }),
    });
    let none = || Figure { free: 0, paid: 0, source: String::new(), date: String::new(), stated: false };
    given.or(taken_over).unwrap_or_else(none)
}

/// `{ is = … }` or `{ free = …, paid = … }`, with a source where it has one of its own.
fn by_plan(desk: &Desk, key: &str, table: &Table, place: Place, unit: Unit, origin: &Origin) -> Option<Figure> {
    let mut s = Section::new(desk, key, Some(table), place);
    let mut value = |key: &'static str, doc: &'static str| {
        s.field(key, doc).take(Form::Text, |desk, key, node| bound(desk, key, node, unit))
    };
    let is = value("is", "The figure on all plans.");
    let free = value("free", "The figure on the free plan.");
    let paid = value("paid", "The figure on the paid plan.");
    let source = s.field("source", "The page that has it.").text_if_any().unwrap_or_else(|| origin.source.clone());
    let date = s.field("date", "The page's date.").text_if_any().unwrap_or_else(|| origin.date.clone());
    let given = ["is", "free", "paid"].map(|key| s.entry(key).is_some());
    let good = s.good(&["is", "free", "paid"]);
    s.finish(&[]);
    if !good {
        return None;
    }
    let (free, paid) = match given {
        [true, false, false] => (is?, is?),
        [false, true, true] => (free?, paid?),
        _ => {
            let fault = Fault::new(codes::FIGURE_BY_PLAN, format!("`{key}` must say what it is on each plan"));
            desk.report(place, fault.label("either `is`, or both `free` and `paid`"));
            return None;
        }
    };
    Some(Figure { free, paid, source, date, stated: true })
}

/// One value in its unit, or "unlimited".
fn bound(desk: &Desk, key: &str, node: &Node, unit: Unit) -> Option<u64> {
    if let (Value::Text(text), Unit::Count | Unit::Bytes) = (&node.value, unit)
        && text == "unlimited"
    {
        return Some(UNLIMITED);
    }
    match unit {
        Unit::Count => values::count(desk, key, node, 0, i64::MAX as u64),
        Unit::Span => values::span(desk, key, node, &values::ANY).map(|span| span.0),
        Unit::Bytes => values::bytes(desk, key, node),
    }
}

fn plan(s: &mut Section<'_>, base: Option<&Platform>) -> PaidPlan {
    let given = s.field("paid", "The paid plan.").take(Form::Text, |desk, key, node| {
        let Value::Table(table) = &node.value else {
            desk.wrong_type(key, node, "a table such as { usd = 5.0 }", None);
            return None;
        };
        let mut s = Section::new(desk, key, Some(table), node.place);
        let usd_month = s.field("usd", "Dollars a month.").required().number(0.0..=1e6);
        let origin = origin(&mut s);
        s.finish(&[]);
        Some(PaidPlan { usd_month, source: origin.source, date: origin.date })
    });
    given.or_else(|| base.map(|base| base.paid.clone())).unwrap_or_default()
}

fn prices(s: &mut Section<'_>, base: Option<&Platform>) -> Vec<Price> {
    let mut prices = Vec::new();
    for section in ["kv", "kv_instant", "d1", "durable_object"] {
        s.table(section, "Prices of a product.", |s| {
            let origin = origin(s);
            for (n, row) in METERS.iter().enumerate().filter(|(_, row)| row.section == section) {
                let given =
                    s.field(row.key, row.label).take(Form::Text, |desk, key, node| price(desk, key, node, &origin));
                let taken_over = base.map(|base| Price { stated: false, ..base.prices[n].clone() });
                prices.push(given.or(taken_over).unwrap_or_default());
            }
        });
    }
    prices
}

fn price(desk: &Desk, key: &str, node: &Node, origin: &Origin) -> Option<Price> {
    let Value::Table(table) = &node.value else {
        let example = "as in { included = 1000000, usd = 5.0, per = 1000000 }";
        desk.wrong_type(key, node, "a table", Some(example.to_string()));
        return None;
    };
    let mut s = Section::new(desk, key, Some(table), node.place);
    Some(Price {
        included: s.field("included", "So many units a month cost nothing.").default(0).number(0.0..=1e18),
        per: s.field("per", "What is beyond is charged in steps of so many units.").default(1).number(1e-9..=1e18),
        usd: s.field("usd", "What a step costs, in dollars.").required().number(0.0..=1e9),
        whole_steps: s
            .field("whole_steps", "A step that has begun costs as much as a whole one.")
            .default(false)
            .flag(),
        source: s.field("source", "The page that has it.").text_if_any().unwrap_or_else(|| origin.source.clone()),
        date: s.field("date", "The page's date.").text_if_any().unwrap_or_else(|| origin.date.clone()),
        stated: true,
    })
    .inspect(|_| drop(s.finish(&[])))
}
