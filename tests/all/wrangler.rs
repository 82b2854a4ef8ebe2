//! Wrangler's files: their bindings as stores, what goes wrong in them, and that no text makes the reader panic.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use consistency_sim::scenario::{self, Diagnostic, Origin, Override, Scenario, codes, wrangler};
use consistency_sim::stores::StoreKind;
use proptest::prelude::*;
use snapbox::Data;
use snapbox::cmd::{Command, cargo_bin};

use crate::support::cases;

const BAD: &str = "tests/data/wrangler-bad";
const GOOD: &str = "tests/data/wrangler";

fn bad_files() -> Vec<PathBuf> {
    let files = fs::read_dir(BAD).expect("the folder").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|end| end != "stderr")).collect();
    files.sort();
    files
}

/// `check` says of each bad file exactly what stands beside it (SNAPSHOTS=overwrite renews it).
#[test]
fn every_bad_file_is_told_what_is_wrong() {
    for file in bad_files() {
        let name = file.file_name().expect("a name").to_owned();
        let mut snapshot = name.clone();
        snapshot.push(".stderr");
        Command::new(cargo_bin!("consistency-sim"))
            .with_assert(snapbox::Assert::new().action_env("SNAPSHOTS").normalize_paths(false))
            .current_dir(BAD)
            .env("NO_COLOR", "1")
            .args(["check", "--deny", "warnings"])
            .arg(&name)
            .assert()
            .code(2)
            .stdout_eq("")
            .stderr_eq(Data::read_from(&Path::new(BAD).join(snapshot), None));
    }
}

/// Lints are warnings: they are told, and the file is well all the same; what makes a binding unclear is a mistake.
#[test]
fn warnings_alone_fail_no_check() {
    let check = |file: &str| {
        let mut command = Command::new(cargo_bin!("consistency-sim"));
        command = command.current_dir(BAD).env("NO_COLOR", "1").arg("check").arg(file);
        command.output().expect("the program starts")
    };
    for (file, code, said) in [
        ("wrangler-shared.toml", 0, "wrangler-shared.toml: ok (3 warnings)\n"),
        ("scenario-unused.toml", 0, "scenario-unused.toml: ok (2 warnings)\n"),
        ("wrangler-class.jsonc", 2, ""),
    ] {
        let output = check(file);
        let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!((output.status.code(), &*out), (Some(code), said), "{error}");
        assert!(error.contains("warning[W02") && error.contains("error[W") == (code == 2), "{error}");
    }
}

#[test]
fn every_code_of_wrangler_files_is_met_by_one_of_them() {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for file in bad_files() {
        let found = if wrangler::is_wrangler(&file) {
            wrangler::lint(&file).expect_err("a bad file")
        } else {
            scenario::load(&file)
                .err()
                .unwrap_or_else(|| wrangler::lint_named(&fs::read_to_string(&file).expect("a text"), Path::new(BAD)))
        };
        seen.extend(found.iter().map(|diagnostic| diagnostic.code));
    }
    let all = codes::ALL.iter().map(|row| row.code).filter(|code| code.starts_with('W'));
    let missing: Vec<&str> = all.filter(|code| !seen.contains(code)).collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn good_files_say_what_they_bind() {
    let lint = |file: &str| wrangler::lint(&Path::new(GOOD).join(file)).unwrap_or_else(|wrong| panic!("{wrong:#?}"));
    assert_eq!(lint("wrangler.toml"), "CONFIG, SETTINGS, DB, COUNTER, LIMITER");
    let all = "CONFIG, SETTINGS, DB, COUNTER, LIMITER";
    assert_eq!(lint("wrangler.jsonc"), format!("{all}; production: {all}"));
}

fn parsed(text: &str, overrides: &[Override]) -> Result<Scenario, Vec<Diagnostic>> {
    scenario::parse_with(text, &Origin { file: "s.toml".into(), folder: GOOD.into() }, overrides)
}

fn stores(text: &str, overrides: &[Override]) -> Vec<(String, String, &'static str)> {
    let scenario = parsed(text, overrides).unwrap_or_else(|wrong| panic!("{wrong:#?}"));
    scenario.stores.into_iter().map(|store| (store.name, store.label, store.kind.word())).collect()
}

#[test]
fn bindings_become_stores_and_two_bindings_of_one_id_are_one() {
    let row = |name: &str, label: &str, kind| (name.to_string(), label.to_string(), kind);
    let expected = [
        row("CONFIG", "Workers KV CONFIG", "kv"),
        row("DB", "D1 DB", "d1"),
        row("COUNTER", "Durable Object COUNTER", "durable_object"),
    ];
    let mix = "[workload]\nkind = \"mix\"\n";
    assert_eq!(stores(&format!("name = \"a\"\nwrangler = \"wrangler.toml\"\n{mix}"), &[]), expected);
    let production = format!("name = \"a\"\nwrangler = \"wrangler.jsonc\"\nenv = \"production\"\n{mix}");
    assert_eq!(stores(&production, &[]), expected);
    // Which file, and which environment, may be said on the command line.
    let set = [Override::set("wrangler=wrangler.jsonc"), Override::set("env=production")];
    assert_eq!(stores(&format!("name = \"a\"\n{mix}"), &set), expected);
    let limited = "name = \"a\"\nwrangler = \"wrangler.toml\"\n[workload]\nkind = \"rate_limit\"\n";
    assert_eq!(stores(limited, &[]).last(), Some(&row("LIMITER", "Rate Limiting LIMITER", "rate_limiting")));
}

#[test]
fn a_store_that_names_its_binding_gets_kind_and_name_and_keeps_its_fields() {
    let text = "name = \"a\"\nwrangler = \"wrangler.toml\"\n[workload]\nkind = \"mix\"\n\
                [[store]]\nbinding = \"SETTINGS\"\ncache_ttl = \"30 s\"\n[[store]]\nkind = \"durable_object\"\n";
    let scenario = parsed(text, &[Override::set("store.CONFIG.cache_ttl=90 s")]).expect("a scenario");
    let names: Vec<&str> = scenario.stores.iter().map(|store| store.name.as_str()).collect();
    assert_eq!(names, ["CONFIG", "durable_object"], "the namespace's first name");
    let StoreKind::KvPull(kv) = &scenario.stores[0].kind else { panic!("{:?}", scenario.stores[0]) };
    assert_eq!(kv.cache_ttl.seconds(), 90.0, "the option comes last");
}

/// Texts of both notations with some bytes changed.
fn mutated() -> impl Strategy<Value = (bool, String)> {
    let texts = ["wrangler.toml", "wrangler.jsonc"].map(|file| fs::read(Path::new(GOOD).join(file)).expect("a file"));
    let change = (any::<prop::sample::Index>(), 0_u8..4, any::<u8>());
    (any::<bool>(), prop::collection::vec(change, 0..12)).prop_map(move |(json, changes)| {
        let mut bytes = texts[usize::from(json)].clone();
        for (at, how, byte) in changes {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, b"[]{}\",:="[usize::from(byte) % 8]),
                2 => drop(bytes.drain(at..(at + usize::from(byte)).min(bytes.len()))),
                _ => bytes.extend_from_within(at..(at + usize::from(byte)).min(bytes.len())),
            }
            if bytes.is_empty() {
                bytes.push(b' ');
            }
        }
        (json, String::from_utf8_lossy(&bytes).into_owned())
    })
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn no_text_makes_the_reader_panic_and_every_mistake_has_a_place((json, text) in mutated()) {
        let file = if json { "wrangler.jsonc" } else { "wrangler.toml" };
        for diagnostic in wrangler::lint_text(&text, file).err().unwrap_or_default() {
            let span = diagnostic.span.clone().expect("a place");
            prop_assert!(diagnostic.source.get(span).is_some(), "{diagnostic:?}");
            prop_assert!(codes::find(diagnostic.code).is_some());
        }
    }
}

#[test]
fn deep_nesting_is_refused_and_no_crash() {
    for text in ["[".repeat(100_000), "{\"a\":".repeat(100_000)] {
        assert!(wrangler::lint_text(&text, "wrangler.json").is_err());
    }
    assert!(wrangler::lint_text(&format!("a = {}", "[".repeat(100_000)), "wrangler.toml").is_err());
}
