//! `init`: writes a commented scenario to start from, and never over a file that is there.
//!
//! To add a template: a row in [`TEMPLATES`].

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use clap::Args;

use super::{Done, Failure, Result, Terminal};

/// Write a scenario to start from into this folder.
///
/// Without a template: the list of templates. A file that is there already is never touched.
#[derive(Args)]
pub struct Init {
    /// What to start from: a workload's name.
    #[arg(value_name = "TEMPLATE")]
    template: Option<String>,
}

/// A scenario to start from.
struct Template {
    /// The kind of its workload.
    name: &'static str,
    /// In a few words.
    about: &'static str,
    /// The files that it is made of; the first is the scenario.
    files: &'static [(&'static str, &'static str)],
}

const TEMPLATES: [Template; 10] = [
    Template {
        name: "counter",
        about: "many clients increment one number",
        files: &[("counters.toml", include_str!("../../scenarios/counters.toml"))],
    },
    Template {
        name: "session",
        about: "users log in, browse from several places, log out",
        files: &[("sessions.toml", include_str!("../../scenarios/sessions.toml"))],
    },
    Template {
        name: "feature_flag",
        about: "an operator flips flags, all locations evaluate them",
        files: &[("feature-flags.toml", include_str!("../../scenarios/guidance/feature-flags.toml"))],
    },
    Template {
        name: "config",
        about: "several keys are published together and read together",
        files: &[("config.toml", include_str!("../../scenarios/config.toml"))],
    },
    Template {
        name: "rate_limit",
        about: "requests are counted against a limit, at every location",
        files: &[("rate-limiting.toml", include_str!("../../scenarios/rate-limiting.toml"))],
    },
    Template {
        name: "cache_aside",
        about: "reads through Workers KV, updates in D1",
        files: &[("caching.toml", include_str!("../../scenarios/caching.toml"))],
    },
    Template {
        name: "put_then_get",
        about: "a client writes and reads at once",
        files: &[("put-then-get.toml", include_str!("../../scenarios/put-then-get.toml"))],
    },
    Template {
        name: "mix",
        about: "reads and writes of many keys at given rates",
        files: &[("push-against-pull.toml", include_str!("../../scenarios/push-against-pull.toml"))],
    },
    Template {
        name: "calls",
        about: "single calls at times that you write down: gets, puts, deletes, lists",
        files: &[("list-after-put.toml", include_str!("../../scenarios/list-after-put.toml"))],
    },
    Template {
        name: "trace",
        about: "operations from a file of yours",
        files: &[
            ("trace.toml", include_str!("../../scenarios/trace.toml")),
            ("traces/shop.csv", include_str!("../../scenarios/traces/shop.csv")),
        ],
    },
];

impl Init {
    /// Writes the template's files, or lists the templates.
    pub fn run(&self, terminal: &Terminal) -> Result<Done> {
        let Some(name) = &self.template else {
            terminal.print(&list())?;
            return Ok(Done::Kept);
        };
        let name = name.replace('-', "_");
        // The file's name leads there too: people have seen it in the folder of scenarios.
        let answers = |template: &&Template| {
            let stem = template.files[0].0.trim_end_matches(".toml");
            template.name == name || stem.replace('-', "_") == name
        };
        let Some(template) = TEMPLATES.iter().find(answers) else {
            return Err(Failure::input(unknown(&name)));
        };
        // Nothing is written where something is in the way.
        for (file, _) in template.files {
            if Path::new(file).exists() {
                return Err(Failure::input(format!(
                    "{file} is there already, and nothing was written: move it away, or go to another folder"
                )));
            }
        }
        for (file, text) in template.files {
            write(Path::new(file), text)
                .map_err(|error| Failure::Other { message: format!("cannot write {file}: {error}"), input: false })?;
            terminal.print(&format!("wrote {file}"))?;
        }
        terminal.remark(&format!("next: consistency-sim compare {}", template.files[0].0));
        Ok(Done::Kept)
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // Made now or not at all: a file that appeared a moment ago stays what it is.
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
}

fn list() -> String {
    let width = TEMPLATES.iter().map(|template| template.name.len()).max().unwrap_or(0);
    let line = |template: &Template| format!("  {:width$}  {}\n", template.name, template.about);
    let lines: String = TEMPLATES.iter().map(line).collect();
    format!("Templates:\n{lines}\nOne of them into this folder: consistency-sim init counter\n")
}

fn unknown(name: &str) -> String {
    let likeness = |template: &&Template| strsim::jaro_winkler(template.name, name);
    let nearest = TEMPLATES.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let hint = match nearest.filter(|template| likeness(template) > 0.8) {
        Some(template) => format!(" did you mean `{}`?", template.name),
        None => String::new(),
    };
    let names: Vec<&str> = TEMPLATES.iter().map(|template| template.name).collect();
    format!("no template is called `{name}`;{hint} there are {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::TEMPLATES;
    use consistency_sim::scenario::{Field, Form, Origin, fields, parse};

    #[test]
    fn every_kind_of_workload_has_a_template_that_is_well() {
        let kinds: Vec<String> = fields()
            .iter()
            .filter(|field: &&Field| field.key == "workload")
            .flat_map(|field| match &field.form {
                Form::Kinds { kinds, .. } => kinds.iter().map(|kind| kind.word.to_string()).collect(),
                _ => Vec::new(),
            })
            .collect();
        assert!(kinds.len() >= 9, "the kinds were found: {kinds:?}");
        for kind in &kinds {
            assert!(TEMPLATES.iter().any(|template| template.name == kind), "{kind} has no template");
        }
        for template in &TEMPLATES {
            let scenario = parse(template.files[0].1, &Origin::default()).expect("a good scenario");
            assert_eq!(scenario.workload.word(), template.name);
        }
    }
}
