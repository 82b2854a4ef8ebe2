//! The house's floors: a room uses only what is below it. This test reads the imports.
//!
//! To add a room: its name on a floor in [`FLOORS`].

use std::fs;
use std::path::Path;

use crate::house::{files, project};

/// The rooms of `src`, from the ground up. Rooms of one floor do not know each other.
const FLOORS: [&[&str]; 11] = [
    &["model"],
    &["random"],
    &["faults"],
    &["history", "network", "limits"],
    &["metrics", "stores", "workloads", "checks"],
    &["engine"],
    &["scenario"],
    &["run"],
    &["advise"],
    &["report"],
    &["cli"],
];

/// Neighbours on a floor that may be used all the same: (who, whom). A workload counts the harm that is its own.
const NEIGHBOURS: [(&str, &str); 1] = [("workloads", "metrics")];

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&room))
}

/// What is wrong with `from` using `to`, if anything is.
fn objection(from: &str, to: &str) -> Option<String> {
    if from == to || NEIGHBOURS.contains(&(from, to)) {
        return None;
    }
    match (floor(from)?, floor(to)?) {
        (here, there) if there > here => Some(format!("{from} uses {to}, which is above it")),
        (here, there) if there == here => Some(format!("{from} uses {to}, its neighbour on the same floor")),
        _ => None,
    }
}

/// A word or a sign of Rust, as far as paths need it.
#[derive(Clone, PartialEq, Debug)]
enum Token {
    Word(String),
    /// `::`
    Path,
    Sign(char),
}

/// The tokens of a source text with their lines; without comments, strings and characters.
fn tokens(text: &str) -> Vec<(usize, Token)> {
    let chars: Vec<char> = text.chars().collect();
    let at = |n: usize| chars.get(n).copied().unwrap_or('\0');
    let line_end = |from: usize| (from..chars.len()).find(|n| chars[*n] == '\n').unwrap_or(chars.len());
    let (mut found, mut line, mut n) = (Vec::new(), 1, 0);
    while n < chars.len() {
        let start = n;
        match at(n) {
            '/' if at(n + 1) == '/' => n = line_end(n),
            '/' if at(n + 1) == '*' => n = comment_end(&chars, n),
            '"' => n = string_end(&chars, n),
            'r' if raw_string_end(&chars, n).is_some() => n = raw_string_end(&chars, n).expect("just seen"),
            '\'' if at(n + 1) == '\\' => n = (n + 3..chars.len()).find(|m| at(*m) == '\'').unwrap_or(chars.len()) + 1,
            '\'' if at(n + 2) == '\'' => n += 3,
            c if c.is_alphanumeric() || c == '_' => {
                while at(n).is_alphanumeric() || at(n) == '_' {
                    n += 1;
                }
                found.push((line, Token::Word(chars[start..n].iter().collect())));
            }
            ':' if at(n + 1) == ':' => {
                found.push((line, Token::Path));
                n += 2;
            }
            c => {
                if !c.is_whitespace() {
                    found.push((line, Token::Sign(c)));
                }
                n += 1;
            }
        }
        line += chars[start..n.min(chars.len())].iter().filter(|c| **c == '\n').count();
    }
    found
}

/// Where a comment that may hold others ends.
fn comment_end(chars: &[char], from: usize) -> usize {
    let (mut depth, mut n) = (0, from);
    while n < chars.len() {
        match (chars[n], chars.get(n + 1)) {
            ('/', Some('*')) => (depth, n) = (depth + 1, n + 2),
            ('*', Some('/')) => (depth, n) = (depth - 1, n + 2),
            _ => n += 1,
        }
        if depth == 0 {
            break;
        }
    }
    n
}

fn string_end(chars: &[char], from: usize) -> usize {
    let mut n = from + 1;
    while n < chars.len() && chars[n] != '"' {
        n += if chars[n] == '\\' { 2 } else { 1 };
    }
    n + 1
}

/// Where the raw string that begins here ends; `None` if none begins here.
fn raw_string_end(chars: &[char], from: usize) -> Option<usize> {
    let inside_word =
        from > 0 && (chars[from - 1].is_alphanumeric() && chars[from - 1] != 'b' || chars[from - 1] == '_');
    let hashes = chars[from + 1..].iter().take_while(|c| **c == '#').count();
    if inside_word || chars.get(from + 1 + hashes) != Some(&'"') {
        return None;
    }
    let mut n = from + 2 + hashes;
    while n < chars.len() {
        if chars[n] == '"' && chars[n + 1..].iter().take_while(|c| **c == '#').take(hashes).count() == hashes {
            return Some(n + 1 + hashes);
        }
        n += 1;
    }
    Some(chars.len())
}

/// The rooms that a source text names, with their lines. `module` is the file's own path, such as `["stores", "d1"]`.
/// A star stands for the whole crate.
fn rooms_used(text: &str, module: &[&str]) -> Vec<(usize, String)> {
    let tokens = tokens(text);
    let word = |n: usize| match tokens.get(n) {
        Some((_, Token::Word(word))) => word.as_str(),
        _ => "",
    };
    let is = |n: usize, token: Token| tokens.get(n).is_some_and(|(_, found)| *found == token);
    let mut here: Vec<String> = module.iter().map(|part| part.to_string()).collect();
    let (mut depth, mut inline) = (0, Vec::new());
    let mut found = Vec::new();
    for n in 0..tokens.len() {
        match &tokens[n].1 {
            Token::Sign('{') => {
                if n >= 2 && word(n - 2) == "mod" {
                    inline.push(depth);
                    here.push(word(n - 1).to_string());
                }
                depth += 1;
            }
            Token::Sign('}') => {
                depth -= 1;
                if inline.last() == Some(&depth) {
                    inline.pop();
                    here.pop();
                }
            }
            Token::Word(start) if (n == 0 || tokens[n - 1].1 != Token::Path) && is(n + 1, Token::Path) => {
                let mut base = match start.as_str() {
                    "crate" => Vec::new(),
                    "super" => here[..here.len().saturating_sub(1)].to_vec(),
                    "self" => here.clone(),
                    _ => continue,
                };
                let mut next = n + 2;
                while word(next) == "super" && is(next + 1, Token::Path) {
                    base.pop();
                    next += 2;
                }
                // Below the crate's root a path stays in the room.
                if base.is_empty() {
                    found.extend(first_names(&tokens, next));
                }
            }
            Token::Word(start) if start == "crate" && word(n + 1) == "as" => found.push((tokens[n].0, "*".to_string())),
            _ => {}
        }
    }
    found
}

/// The first names of a path that continues here, or of each path of a group in braces.
fn first_names(tokens: &[(usize, Token)], from: usize) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut name = |n: usize| match tokens.get(n) {
        Some((line, Token::Word(word))) => found.push((*line, word.clone())),
        Some((line, Token::Sign('*'))) => found.push((*line, "*".to_string())),
        _ => {}
    };
    if tokens.get(from).map(|(_, token)| token) != Some(&Token::Sign('{')) {
        name(from);
        return found;
    }
    let mut depth = 0;
    for (n, (_, token)) in tokens.iter().enumerate().skip(from) {
        match token {
            Token::Sign('{') => depth += 1,
            Token::Sign('}') => depth -= 1,
            _ => {}
        }
        let starts = matches!(token, Token::Sign('{') | Token::Sign(','));
        if depth == 1 && starts {
            name(n + 1);
        }
        if depth == 0 {
            break;
        }
    }
    found
}

/// The path of a file's module: `stores/d1.rs` and `stores/d1/mod.rs` are both `["stores", "d1"]`.
fn module_of(file: &Path) -> Vec<&str> {
    let mut parts: Vec<&str> = file.iter().map(|part| part.to_str().expect("names are Unicode")).collect();
    let last = parts.pop().unwrap_or_default();
    let stem = last.strip_suffix(".rs").unwrap_or(last);
    if stem != "mod" {
        parts.push(stem);
    }
    parts
}

/// Everything in a source text that goes against the floors.
fn objections(file: &str, text: &str) -> Vec<String> {
    let module = module_of(Path::new(file));
    let mut found = Vec::new();
    for (line, used) in rooms_used(text, &module) {
        let objection = match used.as_str() {
            "*" => Some("takes in the whole crate: name the rooms".to_string()),
            room => objection(module[0], room),
        };
        found.extend(objection.map(|objection| format!("src/{file}:{line}: {objection}")));
    }
    found
}

#[test]
fn rooms_use_only_what_is_below_them() {
    let source = project().join("src");
    let mut found = Vec::new();
    let mut read = 0;
    for path in files(&source).iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs")) {
        let file = path.strip_prefix(&source).unwrap();
        // The map and the entrance see every room.
        if file == Path::new("lib.rs") || file == Path::new("main.rs") {
            continue;
        }
        let room = module_of(file)[0];
        assert!(floor(room).is_some(), "src/{room} has no floor yet: give it one in tests/all/floors.rs");
        found.extend(objections(file.to_str().unwrap(), &fs::read_to_string(path).unwrap()));
        read += 1;
    }
    assert!(read > 10, "the source was found: {read} files");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_imports_that_exist_are_seen() {
    // A scanner that sees nothing would find everything in order.
    let text = fs::read_to_string(project().join("src/scenario/mod.rs")).unwrap();
    let used: Vec<String> = rooms_used(&text, &["scenario"]).into_iter().map(|(_, room)| room).collect();
    for room in ["metrics", "model", "network", "stores", "workloads"] {
        assert!(used.iter().any(|found| found == room), "{room} among {used:?}");
    }
}

#[test]
fn planted_imports_of_higher_floors_are_found() {
    let planted = [
        ("stores/d1.rs", "use crate::engine::World;"),
        ("stores/d1.rs", "use crate::{model::{Time, Span}, engine::{A, B}};"),
        ("stores/d1.rs", "pub(crate) use crate::{\n    self as root,\n    run,\n};"),
        ("stores/d1.rs", "fn f() { let _ = crate::report::write(); }"),
        ("stores/d1.rs", "fn f(x: &crate :: cli :: Options) {}"),
        ("stores/d1.rs", "use super::super::scenario::Scenario;"),
        ("stores/mod.rs", "use super::run;"),
        ("stores/mod.rs", "use super::{model::Time, run::Outcome};"),
        ("stores/d1.rs", "mod tests { use super::super::super::run::X; }"),
        ("stores/d1.rs", "mod a { mod b {} fn f() {} }\nuse super::super::run::X;"),
        ("stores/d1.rs", "macro_rules! m { () => { $crate::engine::go() } }"),
        ("stores/d1.rs", "const C: char = '\"'; use crate::engine::X; const D: char = '\"';"),
        ("stores/d1.rs", "const C: char = '\\''; use crate::engine::X; const D: &str = r#\"\"#;"),
        ("stores/d1.rs", "fn f<'a>(x: &'a str) { crate::engine::go(x) }"),
        ("stores/d1.rs", "/* a /* nested */ comment */ use crate::engine::X;"),
        ("stores/d1.rs", "use crate::workloads::Workload;"),
        ("workloads/mix.rs", "use crate::stores::Store;"),
        ("history/mod.rs", "use crate::network::Network;"),
        ("model.rs", "use crate::random::Law;"),
        ("run/mod.rs", "use crate::*;"),
        ("run/mod.rs", "use crate as root;"),
        ("report/charts/mod.rs", "use super::super::cli::Options;"),
    ];
    for (file, text) in planted {
        assert_eq!(objections(file, text).len(), 1, "{file}: {text}");
    }
    assert_eq!(
        objections("metrics/a.rs", "\n\nuse crate::run;"),
        ["src/metrics/a.rs:3: metrics uses run, which is above it"]
    );
}

#[test]
fn what_is_allowed_is_not_found() {
    let innocent = [
        ("stores/d1.rs", "use crate::model::Time; use crate::{history::Note, random::{Law, Sampler}};"),
        ("stores/d1.rs", "use super::run; use super::contract::*; use self::engine::X;"),
        ("stores/d1.rs", "mod tests { use super::super::run; mod deeper { use super::*; } }"),
        ("stores/d1.rs", "//! Like [`crate::engine`].\n/// crate::run\n// use crate::cli;\n/* crate::cli::x */"),
        ("stores/d1.rs", "const A: &str = \"use crate::engine; \\\" crate::run::x\";"),
        ("stores/d1.rs", "const A: &str = r#\"crate::engine::x \" crate::run::x\"#;"),
        ("stores/d1.rs", "pub(crate) fn engine() {} pub(super) fn run() { other::engine::x(); a::crate_::run() }"),
        ("stores/d1.rs", "crate::some_macro!();"),
        ("workloads/mix.rs", "use crate::metrics::CountId;"),
        ("cli/run.rs", "use crate::{model, random, history, network, metrics, stores, engine, scenario, run, report};"),
        ("report/charts/a.rs", "use super::super::figures; use crate::run::Outcome;"),
    ];
    for (file, text) in innocent {
        assert_eq!(objections(file, text), Vec::<String>::new(), "{file}: {text}");
    }
}

#[test]
fn floors_name_each_room_once() {
    let rooms: Vec<&str> = FLOORS.concat();
    for (n, room) in rooms.iter().enumerate() {
        assert!(!rooms[..n].contains(room), "{room}");
    }
    assert!(NEIGHBOURS.iter().all(|(who, whom)| floor(who).is_some() && floor(who) == floor(whom)));
}
