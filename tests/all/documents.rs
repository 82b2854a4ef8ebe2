//! The documents say what is true: their commands are run, their tables are printed anew, their links lead somewhere.
//!
//! SNAPSHOTS=overwrite writes anew whatever is generated: outputs of commands, tables, pictures.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use consistency_sim::report;
use consistency_sim::run::{Options, Unwatched, run};
use consistency_sim::scenario;
use snapbox::cmd::cargo_bin;

use crate::house::{files, project};

/// How the README starts the program where no binary is installed.
const CARGO_RUN: &str = "cargo run --release -- ";

/// Whether generated texts are written instead of compared.
pub fn overwriting() -> bool {
    std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite")
}

/// Compares a file of the project with what it should hold, or writes it.
#[track_caller]
pub fn compare(path: &str, expected: &str) {
    let file = project().join(path);
    if overwriting() {
        fs::write(&file, expected).expect("written");
        return;
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    let differing = expected.lines().zip(found.lines()).position(|(new, old)| new != old);
    let line = differing.unwrap_or_else(|| expected.lines().count().min(found.lines().count()));
    let [old, new] = [found.as_str(), expected].map(|text| text.lines().nth(line).unwrap_or("(the end)"));
    assert!(
        found == expected,
        "{path}:{} is out of date; SNAPSHOTS=overwrite cargo test renews it\n- {old}\n+ {new}",
        line + 1
    );
}

/// The words of a command line; quotation marks as shells read them.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(std::mem::take(&mut word)),
            c => word.push(c),
        }
    }
    words.push(word);
    assert!(!quoted, "{line}");
    words.into_iter().filter(|word| !word.is_empty()).collect()
}

/// Standard output of a command of the documents, whose files go to `out`. Nothing else may be in a document.
fn output(line: &str, code: i32, out: &Path) -> String {
    let command = line.strip_prefix(CARGO_RUN).or_else(|| line.strip_prefix("consistency-sim "));
    let mut arguments = words(command.unwrap_or_else(|| panic!("no command of this program: {line}")));
    if arguments[0] == "run" {
        arguments.extend(["--out".into(), out.display().to_string()]);
    }
    let mut command = Command::new(cargo_bin!("consistency-sim"));
    command.args(arguments).env("NO_COLOR", "1").current_dir(project()).stdin(Stdio::null());
    let output = command.output().expect("a run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{line}\n{said}");
    String::from_utf8(output.stdout).expect("text")
}

/// The text of a document with every command's output as it is now.
///
/// A block ```` ```console ```` holds commands after `$` and what they print on standard output; `exit=10` in its first
/// line says which exit code they have. A block ```` ```sh ```` holds commands whose output is not shown.
fn printed_anew(text: &str, out: &Path) -> String {
    let mut anew = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        anew.push_str(line);
        anew.push('\n');
        let Some(fence) = line.strip_prefix("```").filter(|fence| !fence.is_empty()) else { continue };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let mut words = fence.split(' ');
        let language = words.next().unwrap_or_default();
        let code = words.find_map(|word| word.strip_prefix("exit=")).map_or(0, |code| code.parse().expect("a number"));
        for line in &block {
            match language {
                "console" if line.starts_with("$ ") => {
                    let shown = output(&line[2..], code, out);
                    anew.push_str(&format!("{line}\n{shown}"));
                }
                // What was printed when the document was written.
                "console" => {}
                "sh" => {
                    if line.starts_with(CARGO_RUN) {
                        output(line, code, out);
                    }
                    anew.push_str(&format!("{line}\n"));
                }
                _ => anew.push_str(&format!("{line}\n")),
            }
        }
        anew.push_str("```\n");
    }
    anew
}

/// Files that a document sends its readers to look at.
fn results_named(text: &str) -> Vec<&str> {
    let named = text.split('`').skip(1).step_by(2).filter(|code| code.starts_with("output/") && !code.contains('<'));
    named.collect()
}

fn check(path: &str) {
    let text = fs::read_to_string(project().join(path)).expect("a document");
    let out = tempfile::tempdir().expect("a folder");
    let anew = printed_anew(&text, out.path());
    assert!(text.contains("```console"), "{path} shows no command");
    compare(path, &anew);
    for named in results_named(&text) {
        let file = out.path().join(named.trim_start_matches("output/"));
        assert!(file.exists(), "{path} names {named}, which its commands do not write");
    }
}

#[test]
fn the_readme_shows_what_its_commands_print() {
    check("README.md");
}

#[test]
fn the_course_shows_what_its_commands_print() {
    let lessons: Vec<String> = files(&project().join("docs/course"))
        .iter()
        .map(|file| file.strip_prefix(project()).expect("inside").display().to_string())
        .filter(|path| !path.ends_with("README.md"))
        .collect();
    assert!(lessons.len() >= 4, "the lessons were found: {lessons:?}");
    let list = fs::read_to_string(project().join("docs/course/README.md")).expect("a list");
    for lesson in &lessons {
        let name = lesson.trim_start_matches("docs/course/");
        assert!(list.contains(&format!("({name})")), "docs/course/README.md does not lead to {name}");
        check(lesson);
    }
}

#[test]
fn the_test_command_of_the_readme_is_the_one_that_is_checked() {
    let readme = fs::read_to_string(project().join("README.md")).expect("a document");
    assert!(readme.lines().any(|line| line == "cargo test"), "the README says how to run the tests");
    let check = fs::read_to_string(project().join(".ci/run")).expect("a script");
    assert!(check.lines().any(|line| line.starts_with("cargo test ")), ".ci/run runs the README's command");
}

/// The pictures of the documents are the program's own: (file, scenario, file of the report).
const PICTURES: [(&str, &str, &str); 2] = [
    ("docs/pictures/put-then-get-t-visibility.png", "put-then-get", "charts/t_visibility.png"),
    ("docs/pictures/put-then-get-space-time.png", "put-then-get", "charts/space_time.png"),
];

#[test]
fn the_pictures_are_what_the_program_draws() {
    let scenario = scenario::load(&project().join("scenarios/put-then-get.toml")).expect("a scenario");
    let outcome = run(&scenario, &Options { threads: 0, command: String::new() }, &Unwatched).expect("no trace");
    let drawn = report::files(&outcome, true);
    for (picture, from, name) in PICTURES {
        assert_eq!(from, scenario.name);
        let bytes = &drawn.iter().find(|file| file.path == name).unwrap_or_else(|| panic!("no {name}")).bytes;
        let file = project().join(picture);
        if overwriting() {
            fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            fs::write(&file, bytes).expect("written");
        }
        let same = fs::read(&file).is_ok_and(|found| found == *bytes);
        assert!(same, "{picture} is not what is drawn now; SNAPSHOTS=overwrite cargo test renews it");
    }
}

/// What stands in parentheses after a link's text.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

#[test]
fn links_within_the_project_lead_somewhere() {
    let beside = ["README.md", "CONTRIBUTING.md", "output/README.md"].map(|name| project().join(name));
    let inside = files(&project().join("docs"));
    let pages = inside.into_iter().filter(|file| file.extension().is_some_and(|extension| extension == "md"));
    let mut followed = 0;
    for page in beside.into_iter().chain(pages) {
        let text = fs::read_to_string(&page).expect("a document");
        for link in links(&text).filter(|link| !link.contains("://")) {
            let path = link.split('#').next().unwrap_or_default();
            let target = page.parent().expect("a folder").join(path);
            assert!(target.exists(), "{} links to {link}, which is not there", page.display());
            followed += 1;
        }
    }
    assert!(followed > 20, "links were found: {followed}");
}

#[test]
fn files_named_in_the_documents_exist() {
    let pages = ["README.md", "CONTRIBUTING.md", "docs/ARCHITECTURE.md", "docs/decisions.md", "docs/model.md"];
    for page in pages {
        let text = fs::read_to_string(project().join(page)).expect("a document");
        let named = text.split('`').skip(1).step_by(2).filter(|code| {
            let known = ["src/", "tests/", "docs/", "scenarios/", "scripts/", ".ci/"];
            known.iter().any(|folder| code.starts_with(folder)) && !code.contains([' ', '*', '<'])
        });
        for name in named.filter(|name| !name.contains("NAME")) {
            assert!(project().join(name).exists(), "{page} names {name}, which is not there");
        }
    }
}
