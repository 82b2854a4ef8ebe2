//! `[workload.values]`: what values weigh, how long they live, and what reads make of them.

use crate::model::Form as Wanted;
use crate::scenario::codes;
use crate::scenario::diagnostic::Fault;
use crate::scenario::section::{Draft, Section};
use crate::scenario::values::ANY;
use crate::workloads::{PRELOADED_BYTES, ParseConfig, ValuesConfig};

/// The longest key, prefix or metadata that a call can be given, in bytes: far beyond what any store takes.
pub(super) const BYTES_MOST: u32 = u16::MAX as u32;

const NOT_PUBLISHED: &str = "Cloudflare publishes only the order: stream, arrayBuffer, text, JSON";

const DOC: &str = "What values weigh, how long they live, and what reads make of them. Without it, calls state no sizes: then no limit on them is looked at, and storage costs nothing.";

/// The values of a workload whose keys have names of so many bytes, where the scenario says something of them.
pub(super) fn values_if_any(s: &mut Section<'_>, key_bytes: u32) -> Option<ValuesConfig> {
    s.table_if_any("values", DOC, |s| values(s, Some(key_bytes)))
}

/// The values of a trace: `sized` says that its rows tell sizes, so that they are stated in any case.
pub(super) fn values_of_trace(s: &mut Section<'_>, sized: bool) -> Option<ValuesConfig> {
    if sized {
        Some(s.table("values", DOC, |s| values(s, None)))
    } else {
        s.table_if_any("values", DOC, |s| values(s, None))
    }
}

fn values(s: &mut Section<'_>, key_bytes: Option<u32>) -> ValuesConfig {
    let bytes = s
        .field("bytes", "The sizes of values; of a trace, of those for which no row tells one. Default: the median of objects in Workers KV.")
        .default(format!("{PRELOADED_BYTES} B").as_str())
        .sizes();
    let key = s.field("key_bytes", "The size of each key's name. In a trace, by default each name's own.");
    let key_bytes = match key_bytes {
        Some(usual) => Some(key.default(usual).count(1..=BYTES_MOST)),
        None => key.count_if_any(1..=BYTES_MOST),
    };
    ValuesConfig {
        bytes,
        key_bytes: key_bytes.map(|bytes| bytes as u16),
        metadata_bytes: s
            .field("metadata_bytes", "The size of the metadata, as JSON, that each put sends.")
            .default(0)
            .count(0..=BYTES_MOST) as u16,
        expiration_ttl: s
            .field("expiration_ttl", "expirationTtl of puts: the key expires so long after the write. By default it stays; rows of a trace may have their own.")
            .span_if_any(ANY),
        cache_ttl: s.field("cache_ttl", "cacheTtl of reads; by default the store's own.").span_if_any(ANY),
        form: form(s).word(&FORMS),
        with_metadata: s
            .field("with_metadata", "Whether reads ask for the metadata too: getWithMetadata.")
            .default(false)
            .flag(),
        parse: parse(s),
    }
}

/// How long the caller's code takes for what it makes of a value.
pub(super) fn parse(s: &mut Section<'_>) -> ParseConfig {
    const DOC: &str = "How long the caller's code takes to make of a mebibyte what it asked for.";
    s.table("parse", DOC, |s| ParseConfig {
        stream: s.field("stream", "A stream.").default("0 s").assumed(NOT_PUBLISHED).span(ANY),
        array_buffer: s.field("array_buffer", "An ArrayBuffer.").default("100 us").assumed(NOT_PUBLISHED).span(ANY),
        text: s.field("text", "A text, decoded from UTF-8.").default("1 ms").assumed(NOT_PUBLISHED).span(ANY),
        json: s.field("json", "A value, parsed from JSON.").default("10 ms").assumed(NOT_PUBLISHED).span(ANY),
    })
}

/// What reads make of a value.
const FORMS: [(&str, Wanted, &str); 4] = [
    ("stream", Wanted::Stream, "A stream: the fastest."),
    ("array_buffer", Wanted::ArrayBuffer, "An ArrayBuffer."),
    ("text", Wanted::Text, "A text."),
    ("json", Wanted::Json, "What JSON stands for: the slowest."),
];

fn form<'s, 'a>(s: &'s mut Section<'a>) -> Draft<'s, 'a> {
    s.field("type", "What a read makes of the value.").default("text")
}

/// The form of one call, which may be a read, and a bulk read, which gives texts and what JSON stands for only.
pub(super) fn form_of_call(s: &mut Section<'_>, reads: bool, bulk: bool) -> Wanted {
    let form = form(s).only_if(reads, "reads").word(&FORMS);
    if bulk && matches!(form, Wanted::Stream | Wanted::ArrayBuffer) && s.good(&["type", "op"]) {
        let message = format!("a bulk read gives no {}", form.word());
        s.fault("type", Fault::new(codes::CONFLICT, message).label("text or json").help("write type = \"json\""));
    }
    form
}
