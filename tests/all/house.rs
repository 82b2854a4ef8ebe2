//! The house rules that a machine can read: short files, a first line that says what a file is, no trace of whoever built it.

use std::fs;
use std::path::{Path, PathBuf};

/// The project's root.
pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder, in the order of their names; none if there is no such folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).map(|entries| entries.map(|entry| entry.unwrap().path()).collect()).unwrap_or_default();
    entries.sort();
    entries.into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// All folders below a folder.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = files(folder)
        .iter()
        .filter_map(|file| file.parent())
        .filter(|path| *path != folder)
        .map(PathBuf::from)
        .collect();
    all.dedup();
    all
}

fn rust_files(folders: &[&str]) -> Vec<PathBuf> {
    let all = folders.iter().flat_map(|folder| files(&project().join(folder)));
    all.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

/// Everything that people read: whatever is text in the folders that belong to the project, and beside them.
fn texts() -> Vec<(PathBuf, String)> {
    const FOLDERS: [&str; 9] =
        ["src", "tests", "benches", "examples", "scenarios", "docs", "scripts", ".ci", ".github"];
    let beside = fs::read_dir(project()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let inside = FOLDERS.iter().flat_map(|folder| files(&project().join(folder)));
    // In a linked working tree `.git` is a file that says where the repository is; it is not part of the project.
    let all = beside.chain(inside).chain([project().join("output/README.md")]).filter(|path| !path.ends_with(".git"));
    all.filter_map(|path| fs::read_to_string(&path).ok().map(|text| (path, text))).collect()
}

/// The folders in which people and machines keep their work.
const MACHINES: [&str; 4] = ["home", "root", "work", "Users"];

/// A path that only exists on the machine of whoever wrote it.
fn machine_path(text: &str) -> Option<&str> {
    let absolute = MACHINES.iter().flat_map(|folder| text.match_indices(folder)).find(|(at, folder)| {
        let before = &text[..*at];
        // After a drive's letter, or at the start of a path: `…/home` and `docs/work/` are other people's business.
        let starts = before.ends_with(":\\")
            || before.strip_suffix('/').is_some_and(|before| {
                !before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | '~' | '}' | '…'))
            });
        starts && text[at + folder.len()..].starts_with(['/', '\\'])
    })?;
    text[absolute.0..].split(|c: char| c.is_whitespace() || c == '"').next()
}

#[test]
fn files_are_short() {
    for path in rust_files(&["src"]) {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= 500, "{} has {lines} lines: it is two things", path.display());
    }
}

#[test]
fn every_file_says_what_it_is() {
    let files = rust_files(&["src", "tests", "benches", "examples"]);
    assert!(files.len() > 20, "the source was found: {} files", files.len());
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        let first = text.lines().next().unwrap_or_default();
        let sentence = first.strip_prefix("//! ").is_some_and(|sentence| sentence.len() > 10);
        assert!(sentence, "{} begins with {first:?} instead of a sentence", path.display());
    }
}

#[test]
fn nothing_tells_of_the_machine_it_was_written_on() {
    let texts = texts();
    assert!(texts.iter().any(|(path, _)| path.ends_with("Cargo.toml")));
    for (path, text) in texts {
        for (n, line) in text.lines().enumerate() {
            assert!(machine_path(line).is_none(), "{}:{}: {:?}", path.display(), n + 1, machine_path(line));
        }
    }
}

#[test]
fn paths_of_machines_are_recognised() {
    for folder in MACHINES {
        for text in [format!("/{folder}/me/x"), format!("see \"/{folder}/me\""), format!("(`/{folder}/x`)")] {
            assert!(machine_path(&text).is_some(), "{text}");
        }
        for text in [format!("docs/{folder}/x"), format!("https://example.org/{folder}/x"), format!("/{folder}ers/")] {
            assert!(machine_path(&text).is_none(), "{text}");
        }
    }
    assert!(machine_path(&format!("C:\\{}\\me", MACHINES[3])).is_some());
}

#[test]
fn the_map_names_every_folder() {
    let Ok(map) = fs::read_to_string(project().join("docs/ARCHITECTURE.md")) else {
        eprintln!("skipped: docs/ARCHITECTURE.md is not there yet");
        return;
    };
    for folder in folders(&project().join("src")) {
        // What only holds data (fonts, pages) belongs to the room around it.
        if !files(&folder).iter().any(|file| file.extension().is_some_and(|extension| extension == "rs")) {
            continue;
        }
        let name = format!("{}/", folder.file_name().unwrap().to_str().unwrap());
        assert!(map.contains(&name), "docs/ARCHITECTURE.md does not name {}", folder.display());
    }
}
