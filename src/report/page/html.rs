//! Pieces of HTML: text that stays text, tables, templates.

use ::base64::Engine;
use ::base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// What users write stays text, in elements and in attributes between double quotation marks.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(letter),
        }
    }
    escaped
}

/// Numbers stay on one line with their units.
pub fn unbroken(text: &str) -> String {
    let mut unbroken = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    let mut before = ' ';
    while let Some(letter) = letters.next() {
        let unit = |next: &char| matches!(next, '%' | 's' | 'm' | 'µ');
        let stays = letter == ' ' && before.is_ascii_digit() && letters.peek().is_some_and(unit);
        unbroken.push(if stays { '\u{a0}' } else { letter });
        before = letter;
    }
    unbroken
}

/// JSON for a script element: nothing in it can end the element or begin a comment.
pub fn json_in_script(json: &str) -> String {
    // Outside of strings JSON has none of these signs.
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

/// Bytes as text.
pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The digest by which a content security policy allows a style or a script.
pub fn digest(text: &str) -> String {
    base64(&Sha256::digest(text))
}

/// The template with each `{{name}}` replaced, in one pass: what is put in is never searched.
pub fn filled(template: &str, values: &[(&str, &str)]) -> String {
    let mut parts = template.split("{{");
    let mut text = parts.next().unwrap_or("").to_string();
    for part in parts {
        let (name, rest) = part.split_once("}}").unwrap_or((part, ""));
        text += values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
        text += rest;
    }
    text
}

/// One cell of a table that can be sorted.
#[derive(Clone, PartialEq, Debug)]
pub enum Cell {
    /// Words, as text.
    Text(String),
    /// Code, as text.
    Code(String),
    /// A number as it is printed, and its value; `None` where there is none.
    Number(String, Option<f64>),
}

/// A table that can be sorted by each of its columns.
pub fn table(caption: &str, headers: &[&str], rows: &[Vec<Cell>]) -> String {
    let numeric = |column: usize| rows.iter().any(|row| matches!(row.get(column), Some(Cell::Number(..))));
    let head: String = headers
        .iter()
        .enumerate()
        .map(|(column, header)| {
            let class = if numeric(column) { " class=\"number\"" } else { "" };
            format!("<th scope=\"col\"{class}>{}</th>", escaped(header))
        })
        .collect();
    let body: String =
        rows.iter().map(|row| format!("<tr>{}</tr>\n", row.iter().map(cell).collect::<String>())).collect();
    let caption = escaped(caption);
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"{caption}\"><table class=\"sortable\">\
         <caption>{caption}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></div>\n"
    )
}

fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => format!("<td>{}</td>", escaped(text)),
        Cell::Code(text) => format!("<td><code>{}</code></td>", escaped(text)),
        Cell::Number(text, value) => {
            let value = value.map_or(String::new(), |value| value.to_string());
            format!("<td class=\"number\" data-value=\"{value}\">{}</td>", escaped(text))
        }
    }
}

/// A table from the text of a CSV file: columns in which everything is a number are numbers.
pub fn table_of_csv(caption: &str, csv: &str) -> String {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let headers: Vec<String> = reader.headers().map(|row| row.iter().map(words).collect()).unwrap_or_default();
    let rows: Vec<Vec<String>> =
        reader.records().flatten().map(|row| row.iter().map(str::to_string).collect()).collect();
    let number = |text: &str| text.parse::<f64>().ok();
    let numeric = |column: usize| {
        let mut cells = rows.iter().filter_map(|row| row.get(column)).filter(|text| !text.is_empty()).peekable();
        cells.peek().is_some() && cells.all(|text| number(text).is_some())
    };
    let numeric: Vec<bool> = (0..headers.len()).map(numeric).collect();
    let cell = |(text, numeric): (String, &bool)| {
        if *numeric { Cell::Number(short(&text), number(&text)) } else { Cell::Text(text) }
    };
    let rows: Vec<Vec<Cell>> = rows.into_iter().map(|row| row.into_iter().zip(&numeric).map(cell).collect()).collect();
    table(caption, &headers.iter().map(String::as_str).collect::<Vec<_>>(), &rows)
}

/// The words of a column's name: `share_still_old` → `share still old`, `from_s` → `from, s`.
fn words(name: &str) -> String {
    match name.strip_suffix("_s") {
        Some(name) => format!("{}, s", name.replace('_', " ")),
        None => name.replace('_', " "),
    }
}

/// A number in at most six digits: files have twelve, people compare three.
fn short(text: &str) -> String {
    let Ok(number) = text.parse::<f64>() else { return text.to_string() };
    if number == 0.0 || number == libm::trunc(number) {
        return text.to_string();
    }
    let whole = libm::floor(libm::log10(libm::fabs(number))) as i32 + 1;
    let places = (6 - whole).clamp(0, 12) as usize;
    let text = format!("{number:.places$}");
    if places == 0 { text } else { text.trim_end_matches('0').trim_end_matches('.').to_string() }
}
