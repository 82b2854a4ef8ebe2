//! What the values of a workload weigh, how long they live, and what reads make of them.
//!
//! The size of a value is a function of its key and its number, so nothing has to be kept for it: whoever sees the value
//! anywhere in the run knows its size.

use serde::Serialize;

use crate::model::{Call, Form, Operation, Span, Value};
use crate::random::{Law, Sampler, StreamKey, derive};

/// Bytes of a value where nothing else is said: the median of objects in Workers KV (Cloudflare's blog on the redesign of
/// Workers KV, 2025-08-08).
pub const PRELOADED_BYTES: u32 = 288;

/// Bytes of a key's name where nothing else is said.
pub const KEY_BYTES: u16 = 16;

/// How long the caller's code takes to make something of a mebibyte, by what it makes. Cloudflare publishes only the
/// order: stream, arrayBuffer, text, JSON (kv/api/read-key-value-pairs).
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct ParseConfig {
    pub stream: Span,
    pub array_buffer: Span,
    pub text: Span,
    pub json: Span,
}

impl ParseConfig {
    /// The time for so many bytes.
    pub fn time(&self, call: Call, bytes: u64) -> Span {
        let per_mebibyte = match call.form {
            Some(Form::Stream) => self.stream,
            Some(Form::ArrayBuffer) => self.array_buffer,
            Some(Form::Text) => self.text,
            Some(Form::Json) => self.json,
            None => Span::ZERO,
        };
        Span(((u128::from(per_mebibyte.0) * u128::from(bytes)) >> 20).min(u128::from(u64::MAX)) as u64)
    }
}

/// What is said of all values of a workload; a workload without it states no sizes.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ValuesConfig {
    /// The sizes of values: a law whose spans stand for bytes, a nanosecond for each.
    pub bytes: Law,
    /// UTF-8 bytes of each key; `None`: what the workload knows of its keys.
    pub key_bytes: Option<u16>,
    /// Bytes of metadata, as JSON, that every put sends.
    pub metadata_bytes: u16,
    /// `expirationTtl` of puts that have none of their own.
    pub expiration_ttl: Option<Span>,
    /// `cacheTtl` of reads; `None`: the store's own.
    pub cache_ttl: Option<Span>,
    /// What reads make of the value.
    pub form: Form,
    /// Whether reads ask for the metadata too: `getWithMetadata`.
    pub with_metadata: bool,
    pub parse: ParseConfig,
}

/// How large a value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Size {
    /// So many bytes, as is said of it.
    Stated(u32),
    /// Nothing is said of it, so it is drawn: its number among the values.
    OfNumber(Value),
}

/// The values of one replication. Numbers of values count up from 1 for each key or file; 0 is what was there at the start.
#[derive(Debug)]
pub struct Values {
    pub config: ValuesConfig,
    bytes: Sampler,
    key: StreamKey,
}

/// A value's number takes the low bits, and its size, where a file states it, the bits above, plus one.
const NUMBER_BITS: u32 = 36;
/// The largest size that a value can carry: far beyond what any store takes.
const SIZE_MOST: u64 = (1 << 27) - 2;

impl Values {
    /// `key` is that of the purpose `Sizes`.
    pub fn new(config: &ValuesConfig, key: StreamKey) -> Values {
        Values { config: config.clone(), bytes: Sampler::new(&config.bytes), key }
    }

    /// A value of which the size is known.
    pub fn sized(number: Value, bytes: u64) -> Value {
        number | ((u64::from(Values::most_of_size(bytes)) + 1) << NUMBER_BITS) as Value
    }

    /// What a value can carry of a size.
    pub fn most_of_size(bytes: u64) -> u32 {
        bytes.min(SIZE_MOST) as u32
    }

    /// The size of a value of a key, which has this number for random draws.
    pub fn bytes_of(&self, entity: u64, value: Value) -> u32 {
        match (value as u64) >> NUMBER_BITS {
            0 => self.bytes.span(derive(self.key.entity(entity), value as u64)).0.min(u64::from(u32::MAX)) as u32,
            size => (size - 1) as u32,
        }
    }

    /// What a call says beside its operation.
    pub fn call(&self, entity: u64, operation: Operation, key_bytes: u16) -> Call {
        let value_bytes = if let Operation::Put { value, .. } = operation { self.bytes_of(entity, value) } else { 0 };
        Call {
            value_bytes,
            key_bytes: self.config.key_bytes.unwrap_or(key_bytes),
            metadata_bytes: self.config.metadata_bytes,
            form: Some(self.config.form),
            with_metadata: self.config.with_metadata,
            ..Call::default()
        }
    }

    /// The size of a value's metadata; the value that was there at the start has none.
    pub fn metadata_of(&self, value: Value) -> u16 {
        if value == 0 { 0 } else { self.config.metadata_bytes }
    }

    /// What a key takes up that holds the value of the start.
    pub fn stored_at_start(&self, entity: u64, key_bytes: u16) -> u64 {
        u64::from(self.config.key_bytes.unwrap_or(key_bytes)) + u64::from(self.bytes_of(entity, 0))
    }
}
