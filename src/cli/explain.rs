//! `explain`: what a code, metric, limit, store or check means, and why one read of a run was stale.

use std::path::PathBuf;

use clap::Args;
use consistency_sim::report::{chain, explain};
use consistency_sim::run::evidence::{self, NoChain, ReadId};
use consistency_sim::run::remedy;
use consistency_sim::scenario::Scenario;

use super::folder::Folder;
use super::{Done, Failure, Result, Terminal};

/// Stale reads that are listed.
const LISTED_MAX: usize = 20;

/// Explain a code, metric, limit, store or check; or why a read was stale.
///
/// Without a topic: everything that can be explained. `explain read --run DIR` lists stale reads of a run, and
/// `explain read ID --run DIR` tells how one of them came about and what would have prevented it.
#[derive(Args)]
pub struct Explain {
    /// A code (S021), metric (stale_age), limit (kv.writes_per_key, or the error's text), store (kv), check
    /// (linearizable); or `read`, then the read's ID.
    #[arg(value_name = "TOPIC")]
    words: Vec<String>,
    /// The folder of a run, for `explain read`.
    #[arg(long, value_name = "DIR")]
    run: Option<PathBuf>,
}

impl Explain {
    /// Explains.
    pub fn run(&self, terminal: &Terminal) -> Result<Done> {
        let text = match self.words.split_first() {
            None => explain::contents(),
            Some((first, rest)) if first == "read" => self.read(terminal, rest)?,
            Some(_) if self.run.is_some() => {
                return Err(Failure::input("--run belongs to `explain read`".to_string()));
            }
            Some(_) => topic(&self.words.join(" "), terminal.width())?,
        };
        terminal.print(&text)?;
        Ok(Done::Kept)
    }

    fn read(&self, terminal: &Terminal, words: &[String]) -> Result<String> {
        let Some(path) = &self.run else {
            return Err(Failure::input(
                "`explain read` needs the folder of a run, as in --run output/sessions".to_string(),
            ));
        };
        let folder = Folder::open(path)?;
        let scenario = folder.scenario(terminal)?;
        let Some((word, rest)) = words.split_first() else {
            let listing = evidence::stale_reads(&scenario, LISTED_MAX);
            let mut text = chain::listing(&scenario, &listing);
            if let Some(read) = listing.reads.first() {
                text +=
                    &format!("\nFor one of them: consistency-sim explain read {} --run {}\n", read.id, path.display());
            }
            return Ok(text);
        };
        let id: ReadId =
            word.parse().map_err(|()| Failure::input(format!("`{word}` names no read; {}", form(&scenario))))?;
        if !rest.is_empty() {
            return Err(Failure::input("one read at a time".to_string()));
        }
        let found = evidence::chain(&scenario, &id).map_err(|why| Failure::input(no_chain(&scenario, &id, &why)))?;
        let tried = remedy::remedies(&scenario, &found);
        Ok(chain::chain(&scenario, &found, &tried, &folder.others(&id.store)))
    }
}

fn form(scenario: &Scenario) -> String {
    let store = scenario.stores.first().map_or("kv", |store| &store.name);
    format!("a read is named by its store, group and number, as in {store}:0:12; without an ID stale reads are listed")
}

fn no_chain(scenario: &Scenario, id: &ReadId, why: &NoChain) -> String {
    match why {
        NoChain::UnknownStore(names) => {
            format!("no store of this run is called `{}`; there are {}", id.store, names.join(", "))
        }
        NoChain::UnknownGroup(groups) => {
            format!("{} has the groups 0 to {}, and {} is none of them", id.store, groups.saturating_sub(1), id.group)
        }
        NoChain::UnknownRead(reads) => {
            format!("group {} of {} made {reads} reads, and {} is none of them", id.group, id.store, id.number)
        }
        NoChain::Fresh { location, start } => {
            let city = scenario.network.places.get(location.index()).map_or("?", |place| &place.city);
            format!(
                "read {id} (at {city}, t = {:.3} s) was not stale; `explain read --run DIR` lists those that were",
                start.seconds()
            )
        }
    }
}

fn topic(name: &str, width: usize) -> Result<String> {
    explain::topic(name, width).map_err(|nearest| {
        let nearest: Vec<String> = nearest.iter().map(|name| format!("`{name}`")).collect();
        let hint = match nearest.as_slice() {
            [] => String::new(),
            [one] => format!(" did you mean {one}?"),
            many => format!(" did you mean {}?", many.join(" or ")),
        };
        Failure::input(format!("nothing is called `{name}`;{hint} `explain` alone lists everything"))
    })
}
