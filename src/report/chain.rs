//! How one stale read came about, as text: what happened before it in the order of time, and what would have prevented it.

use std::fmt::Write;

use crate::limits::FigureId;
use crate::metrics::table::Unit;
use crate::model::{Location, Time};
use crate::run::evidence::{Chain, Event, Listing};
use crate::scenario::Scenario;
use crate::stores::StoreKind;

use super::figures;

/// How another store of the same run did, as its `summary.json` says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Other {
    pub name: String,
    pub label: String,
    pub stale: u64,
    pub answered: u64,
}

/// The chain of a stale read, with what would have prevented it.
pub fn chain(scenario: &Scenario, chain: &Chain, others: &[Other]) -> String {
    let returned = chain.name(chain.returned);
    let mut text = format!(
        "Read {} at {}, t = {}, on {}: returned {returned}, {} after {} was written and acknowledged.\n",
        chain.id,
        city(scenario, chain.location),
        at(chain.start),
        scenario.stores[chain.store].label,
        figures::value(Unit::Seconds, chain.start.since(chain.missed_complete).seconds()),
        chain.name(chain.missed),
    );
    // Writing into a string cannot fail.
    if chain.missed_count > 1 {
        let _ = writeln!(text, "It missed {} completed writes; the oldest of them is told of.", chain.missed_count);
    }
    text.push('\n');
    let width = chain.events.iter().map(|(time, _)| at(*time).len()).max().unwrap_or(0);
    for (time, event) in &chain.events {
        let mark = if matches!(event, Event::Read { .. }) { "  <- stale" } else { "" };
        let _ = writeln!(text, "  {:>width$}   {}{mark}", at(*time), told(scenario, chain, event));
    }
    if !chain.events.iter().any(|(_, event)| matches!(event, Event::Seen { .. })) {
        let _ = writeln!(
            text,
            "  No later read at {} shows {} in this run.",
            city(scenario, chain.location),
            chain.name(chain.missed)
        );
    }
    let _ = writeln!(text, "\nWhat would have prevented it:");
    for remedy in remedies(scenario, chain, others) {
        let _ = writeln!(text, "  - {remedy}");
    }
    text
}

/// Seconds since the start of the run, to the millisecond.
fn at(time: Time) -> String {
    format!("{:.3} s", time.seconds())
}

fn city(scenario: &Scenario, location: Location) -> &str {
    scenario.network.places.get(location.index()).map_or("?", |place| &place.city)
}

fn told(scenario: &Scenario, chain: &Chain, event: &Event) -> String {
    let here = city(scenario, chain.location);
    let name = |version| chain.name(version);
    match event {
        Event::Written { location, version } => format!("{} writes {}", city(scenario, *location), name(*version)),
        Event::Committed { version } => {
            let keeper = match scenario.stores[chain.store].kind {
                StoreKind::CacheAside(_) | StoreKind::D1(_) => "the database",
                StoreKind::DurableObject(_) => "the object",
                StoreKind::KvPull(_) | StoreKind::KvPush(_) => "the central store",
            };
            format!("{keeper} has {}", name(*version))
        }
        Event::Complete { location, version } => {
            format!("{} is told that {} is written", city(scenario, *location), name(*version))
        }
        Event::Filled { version, taken } => {
            format!("{here} caches {}, which the central store gave out at {}", name(*version), at(*taken))
        }
        Event::ShownLocally { version } => format!("{here} caches {}, which was written there", name(*version)),
        Event::Fetched { version } => format!("{here} has just fetched {}", name(*version)),
        Event::Read { version } => match chain.copy {
            Some((age, ttl)) => format!(
                "{here} reads: its copy is {} old, and may be {ttl} old; returns {}",
                figures::value(Unit::Seconds, age.seconds()),
                name(*version)
            ),
            None => format!("{here} reads; returns {}", name(*version)),
        },
        Event::Expires => "the copy expires".to_string(),
        Event::Seen { version } => {
            format!("the first read at {here} that returns {} or newer: {}", name(chain.missed), name(*version))
        }
    }
}

/// What would have prevented the read from being stale: of its own store first, then what the run's other stores did.
fn remedies(scenario: &Scenario, chain: &Chain, others: &[Other]) -> Vec<String> {
    let mut remedies = Vec::new();
    let late = chain.start.since(chain.missed_complete);
    match &scenario.stores[chain.store].kind {
        StoreKind::KvPull(_) => {
            if let Some((age, _)) = chain.copy {
                let age_s = age.seconds();
                let least = scenario.terms().span(FigureId::KvCacheTtl);
                remedies.push(if age >= least {
                    format!("for this read: cacheTtl of {:.3} s or less, so that its copy had expired", age_s)
                } else {
                    format!(
                        "no cacheTtl that Workers KV takes: the copy was {} old, and the least is {least}",
                        figures::value(Unit::Seconds, age_s)
                    )
                });
            }
        }
        StoreKind::KvPush(_) => remedies.push(format!(
            "for this read: a push of {} to {} within {} of its acknowledgement",
            chain.name(chain.missed),
            city(scenario, chain.location),
            figures::value(Unit::Seconds, late.seconds())
        )),
        StoreKind::CacheAside(_) => {
            remedies.push("reading the row from D1 itself, or with its version, instead of the copy".to_string());
        }
        StoreKind::D1(_) | StoreKind::DurableObject(_) => {}
    }
    let mut others: Vec<&Other> = others.iter().filter(|other| other.answered > 0).collect();
    others.sort_by_key(|other| other.stale > 0);
    for other in others {
        remedies.push(match other.stale {
            0 => {
                format!("{}: none of its {} reads in this run was stale", other.label, figures::grouped(other.answered))
            }
            stale => format!(
                "not {}: {} of its {} reads in this run were stale too",
                other.label,
                figures::grouped(stale),
                figures::grouped(other.answered)
            ),
        });
    }
    if remedies.is_empty() {
        remedies.push("the run has no other store to compare with".to_string());
    }
    remedies
}

/// Stale reads as a list, with the names by which each is explained.
pub fn listing(scenario: &Scenario, listing: &Listing) -> String {
    if listing.reads.is_empty() {
        return "No read of replication 0 was stale.\n".to_string();
    }
    let mut text = String::from("Stale reads of replication 0:\n\n");
    let width = listing.reads.iter().map(|read| read.id.to_string().len()).max().unwrap_or(0);
    for read in &listing.reads {
        let _ = writeln!(
            text,
            "  {:width$}   t = {}, {} out of date, at {}",
            read.id.to_string(),
            at(read.start),
            figures::value(Unit::Seconds, read.age.seconds()),
            city(scenario, read.location),
        );
    }
    if listing.further {
        text += "  … and more\n";
    }
    text
}
