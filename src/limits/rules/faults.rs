//! What fails because of a fault of the platform, in the words that the caller's code sees. No limit was broken.

use crate::model::Refusal;

use super::{Nature, Rule};

/// The form of the texts, `KV <METHOD> failed: <status> <statusText>`.
const RUNTIME: &str = "github.com/cloudflare/workerd: src/workerd/api/kv.c++";
const D1_PAGE: &str = "developers.cloudflare.com/d1/observability/debug-d1";

const OUTAGE_WHAT: &str = "No limit, but a fault: the central store of Workers KV fails what reaches it, as on 2025-06-12, when everything that was not cached failed with 500 or 503. Reads that a location's cache answers, “not found” among them, go on until their copy is older than `cacheTtl`.";
const OUTAGE_REMEDY: &str = "a longer `cacheTtl` for what must go on being read, a default in the code for when `get` throws, and a queue for writes that must not be lost.";
const ERRORS_WHAT: &str = "No limit, but a fault: Workers KV refuses all operations, cached or not, as on 2023-10-30 for 37 minutes after a deployment with a faulty tool.";
const ERRORS_REMEDY: &str = "a default in the code for when KV throws, or a second store. A cache in front of KV that does not belong to KV would have gone on.";
const LOST_WHAT: &str = "No limit, but a fault: the message or its answer was lost, because a place was cut off or an object was out of reach. The caller gives up after a time that is not published, an assumption of the scenario. A write may have been done all the same: perhaps only its acknowledgement was lost.";
const LOST_REMEDY: &str =
    "trying again what may be done twice (D1 itself does so with reads), and a key that makes writes idempotent.";

pub(super) const RULES: &[Rule] = &[
    Rule {
        refusal: Refusal::KvGetUnavailable,
        code: "L041",
        nature: Nature::Fault,
        figures: &[],
        text: "KV GET failed: 503 Service Unavailable",
        status: Some(503),
        source: RUNTIME,
        date: "2026-10",
        what: OUTAGE_WHAT,
        remedy: OUTAGE_REMEDY,
    },
    Rule {
        refusal: Refusal::KvPutUnavailable,
        code: "L042",
        nature: Nature::Fault,
        figures: &[],
        text: "KV PUT failed: 503 Service Unavailable",
        status: Some(503),
        source: RUNTIME,
        date: "2026-10",
        what: OUTAGE_WHAT,
        remedy: OUTAGE_REMEDY,
    },
    Rule {
        refusal: Refusal::KvDeleteUnavailable,
        code: "L043",
        nature: Nature::Fault,
        figures: &[],
        text: "KV DELETE failed: 503 Service Unavailable",
        status: Some(503),
        source: RUNTIME,
        date: "2026-10",
        what: OUTAGE_WHAT,
        remedy: OUTAGE_REMEDY,
    },
    Rule {
        refusal: Refusal::KvTooManyReads,
        code: "L044",
        nature: Nature::Fault,
        figures: &[],
        text: "KV GET failed: 429 Too Many Requests",
        status: Some(429),
        source: RUNTIME,
        date: "2026-10",
        what: "No limit of its own, but what follows a fault: after an outage all locations ask for what their caches have lost, and the central store takes only so many reads in each second. On 2025-06-12 errors went on for a while for this reason; the rate is not published and an assumption of the scenario.",
        remedy: "trying again later and not at once, with pauses that grow and differ.",
    },
    Rule {
        refusal: Refusal::KvGetUnauthorized,
        code: "L045",
        nature: Nature::Fault,
        figures: &[],
        text: "KV GET failed: 401 Unauthorized",
        status: Some(401),
        source: RUNTIME,
        date: "2026-10",
        what: ERRORS_WHAT,
        remedy: ERRORS_REMEDY,
    },
    Rule {
        refusal: Refusal::KvPutUnauthorized,
        code: "L046",
        nature: Nature::Fault,
        figures: &[],
        text: "KV PUT failed: 401 Unauthorized",
        status: Some(401),
        source: RUNTIME,
        date: "2026-10",
        what: ERRORS_WHAT,
        remedy: ERRORS_REMEDY,
    },
    Rule {
        refusal: Refusal::KvDeleteUnauthorized,
        code: "L047",
        nature: Nature::Fault,
        figures: &[],
        text: "KV DELETE failed: 401 Unauthorized",
        status: Some(401),
        source: RUNTIME,
        date: "2026-10",
        what: ERRORS_WHAT,
        remedy: ERRORS_REMEDY,
    },
    Rule {
        refusal: Refusal::KvConnectionLost,
        code: "L048",
        nature: Nature::Fault,
        figures: &[],
        text: "Network connection lost.",
        status: None,
        source: "assumed: documented for D1 only",
        date: "2026-10",
        what: LOST_WHAT,
        remedy: LOST_REMEDY,
    },
    Rule {
        refusal: Refusal::D1ConnectionLost,
        code: "L049",
        nature: Nature::Fault,
        figures: &[],
        text: "D1_ERROR: Network connection lost.",
        status: None,
        source: D1_PAGE,
        date: "2026-10",
        what: LOST_WHAT,
        remedy: LOST_REMEDY,
    },
    Rule {
        refusal: Refusal::ObjectConnectionLost,
        code: "L050",
        nature: Nature::Fault,
        figures: &[],
        text: "Network connection lost.",
        status: None,
        source: "assumed: documented for D1 only",
        date: "2026-10",
        what: LOST_WHAT,
        remedy: LOST_REMEDY,
    },
];
