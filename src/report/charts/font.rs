//! The embedded font: how wide a text is, and where it can be broken.

use std::sync::LazyLock;

use ttf_parser::Face;

/// The two weights.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Weight {
    Regular,
    Semibold,
}

/// Inter, regular; see `fonts/README.md`.
pub static REGULAR: &[u8] = include_bytes!("fonts/Inter-Regular-subset.ttf");
/// Inter, semibold.
pub static SEMIBOLD: &[u8] = include_bytes!("fonts/Inter-SemiBold-subset.ttf");

static FACES: LazyLock<[Face<'static>; 2]> =
    LazyLock::new(|| [REGULAR, SEMIBOLD].map(|bytes| Face::parse(bytes, 0).expect("the embedded font is whole")));

fn face(weight: Weight) -> &'static Face<'static> {
    &FACES[weight as usize]
}

/// Whether the font has this letter.
pub fn has(letter: char, weight: Weight) -> bool {
    face(weight).glyph_index(letter).is_some()
}

/// The height of ascenders and descenders together, in sizes of the text.
pub fn height(weight: Weight) -> f64 {
    let face = face(weight);
    f64::from(face.ascender() - face.descender()) / f64::from(face.units_per_em())
}

/// The width of a text of this size. Letters that the font lacks count as wide as its widest: some other font shows them.
pub fn width(text: &str, size: f64, weight: Weight) -> f64 {
    let face = face(weight);
    let em = face.units_per_em();
    let advance = |letter| face.glyph_index(letter).and_then(|glyph| face.glyph_hor_advance(glyph)).unwrap_or(em);
    let units: f64 = text.chars().map(|letter| f64::from(advance(letter))).sum();
    units * size / f64::from(em)
}

/// The text, cut with an ellipsis where it is wider than this.
pub fn fit(text: &str, size: f64, weight: Weight, most: f64) -> String {
    if width(text, size, weight) <= most {
        return text.to_string();
    }
    let mut kept: Vec<char> = text.chars().collect();
    while kept.pop().is_some() {
        let shorter: String = kept.iter().collect::<String>().trim_end().to_string() + "…";
        if width(&shorter, size, weight) <= most {
            return shorter;
        }
    }
    String::new()
}

/// The text in lines no wider than this; what does not fit on the last one is cut.
pub fn wrap(text: &str, size: f64, weight: Weight, most: f64, lines_max: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let words = glued(text);
    let mut words = words.iter().map(String::as_str).peekable();
    while let Some(first) = words.next() {
        let mut line = first.to_string();
        if lines.len() + 1 == lines_max {
            for word in words.by_ref() {
                line.push(' ');
                line.push_str(word);
            }
        }
        while let Some(word) = words.next_if(|word| width(&format!("{line} {word}"), size, weight) <= most) {
            line.push(' ');
            line.push_str(word);
        }
        lines.push(fit(&line, size, weight, most));
    }
    lines
}

/// The words of a text; a number and its unit are one word.
fn glued(text: &str) -> Vec<String> {
    const UNITS: [&str; 7] = ["%", "µs", "ms", "s", "min", "h", "d"];
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let bare = word.trim_end_matches([',', ';', '.', ':']);
        match words.last_mut() {
            Some(last) if UNITS.contains(&bare) && last.ends_with(|end: char| end.is_ascii_digit()) => {
                last.push(' ');
                last.push_str(word);
            }
            _ => words.push(word.to_string()),
        }
    }
    words
}
