//! The rule of thumb for six uses, what Cloudflare's own pages say of them, and whether a comparison agrees.
//! To add a use: a row in [`GUIDANCE`], and a scenario in `scenarios/guidance/`.

use crate::run::Outcome;

/// One use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Use {
    /// The scenario's workload.
    pub workload: &'static str,
    /// In words.
    pub name: &'static str,
    /// Whether the rule of thumb puts it into Workers KV.
    pub kv: bool,
    /// The kind of store that the rule of thumb names instead.
    pub instead: Option<&'static str>,
    /// What Cloudflare's pages say, and where.
    pub vendor: &'static str,
}

/// The table.
pub const GUIDANCE: [Use; 6] = [
    Use {
        workload: "feature_flag",
        name: "Feature flags",
        kv: true,
        instead: None,
        vendor: "Cloudflare names configuration and A/B tests as uses of Workers KV (workers/platform/storage-options, 2026)",
    },
    Use {
        workload: "config",
        name: "Configuration",
        kv: true,
        instead: None,
        vendor: "Cloudflare names configuration data as a use of Workers KV (workers/platform/storage-options, 2026)",
    },
    Use {
        workload: "session",
        name: "Sessions",
        kv: false,
        instead: None,
        vendor: "Cloudflare recommends Workers KV for sessions that need not be immediately consistent (workers/platform/storage-options, 2026)",
    },
    Use {
        workload: "rate_limit",
        name: "Rate limiting",
        kv: false,
        instead: Some("d1"),
        vendor: "no page of Cloudflare's says D1: it offers a Rate Limiting binding, per location, and an example with Durable Objects (durable-objects/examples, 2026)",
    },
    Use {
        workload: "counter",
        name: "Counters",
        kv: false,
        instead: Some("durable_object"),
        vendor: "Cloudflare says that concurrent writes to one key of Workers KV overwrite each other, and that the last one wins (kv/api/write-key-value-pairs)",
    },
    Use {
        workload: "cache_aside",
        name: "Caching",
        kv: true,
        instead: None,
        vendor: "Cloudflare now caches D1 reads with Workers Cache and purges by tag (d1/best-practices/cache-d1-reads, 2026)",
    },
];

/// The use that an outcome is about.
pub fn of(outcome: &Outcome) -> Option<&'static Use> {
    let word = outcome.scenario.workload.word();
    GUIDANCE.iter().find(|use_case| use_case.workload == word)
}

/// Whether a kind of store keeps its data, or a copy, in Workers KV.
pub fn is_kv(kind: &str) -> bool {
    matches!(kind, "kv" | "cache_aside" | "kv_through_object")
}

/// How a comparison and the rule of thumb differ.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Disagreement {
    /// The rule says Workers KV, and it breaks a promise here.
    KvBreaks,
    /// The rule says no Workers KV, and it keeps all promises here.
    KvKeeps,
    /// The store that the rule names instead breaks a promise here.
    InsteadBreaks(usize),
    /// The store that the rule names instead keeps all promises, and another one is recommended.
    OtherRecommended(usize, usize),
}

/// Everything in which the outcome differs from the rule.
pub fn disagreements(outcome: &Outcome) -> Vec<Disagreement> {
    let Some(rule) = of(outcome) else { return Vec::new() };
    let mut found = Vec::new();
    let keeps = outcome.stores.iter().any(|store| is_kv(store.kind) && store.keeps_all());
    let contests = outcome.stores.iter().any(|store| is_kv(store.kind));
    if contests && keeps != rule.kv {
        found.push(if keeps { Disagreement::KvKeeps } else { Disagreement::KvBreaks });
    }
    let instead = rule.instead.and_then(|kind| outcome.stores.iter().position(|store| store.kind == kind));
    if let Some(instead) = instead {
        let recommended = outcome.advice.as_ref().and_then(crate::run::Advice::store);
        if !outcome.stores[instead].keeps_all() {
            found.push(Disagreement::InsteadBreaks(instead));
        } else if let Some(store) =
            recommended.filter(|store| outcome.stores[*store].kind != outcome.stores[instead].kind)
        {
            found.push(Disagreement::OtherRecommended(instead, store));
        }
    }
    found
}
