//! What a call says beside its operation: sizes, the form of the answer, its place within its invocation; and the page of a list.

use serde::Serialize;

use super::{Key, Seen, Time};

/// The form in which a read's value is wanted (kv/api/read-key-value-pairs: stream is the fastest, JSON the slowest).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum Form {
    Stream,
    ArrayBuffer,
    Text,
    Json,
}

impl Form {
    /// All forms, from the fastest to the slowest.
    pub const ALL: [Form; 4] = [Form::Stream, Form::ArrayBuffer, Form::Text, Form::Json];

    /// The word in scenarios and reports.
    pub fn word(self) -> &'static str {
        match self {
            Form::Stream => "stream",
            Form::ArrayBuffer => "array_buffer",
            Form::Text => "text",
            Form::Json => "json",
        }
    }
}

/// What a call says beside its operation. Workloads whose operations have no sizes leave it at its default, and then
/// nothing of it is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Call {
    /// Bytes of the value that is written.
    pub value_bytes: u32,
    /// UTF-8 bytes of the key, or of a list's prefix; of several keys, of the longest.
    pub key_bytes: u16,
    /// Bytes of the metadata that are written, as JSON.
    pub metadata_bytes: u16,
    /// How many operations the same invocation of the caller's code made before this one.
    pub earlier: u16,
    /// What the value is wanted as; `None`: the call has no sizes, and no limit on them is looked at.
    pub form: Option<Form>,
    /// The key is `.` or `..`.
    pub dots: bool,
    /// A read wants the metadata, too: `getWithMetadata`.
    pub with_metadata: bool,
    /// A put's `ttl` counts from the start of the run: `expiration` instead of `expirationTtl`.
    pub absolute: bool,
}

impl Call {
    /// Whether the call has sizes.
    #[inline]
    pub fn is_stated(&self) -> bool {
        self.form.is_some()
    }

    /// Bytes of the key and the value together.
    #[inline]
    pub fn bytes(&self) -> u64 {
        u64::from(self.key_bytes) + u64::from(self.value_bytes)
    }

    /// The bytes that count for storage: the key, the value and the metadata.
    #[inline]
    pub fn stored_bytes(&self) -> u64 {
        self.bytes() + u64::from(self.metadata_bytes)
    }
}

/// What `getWithMetadata` answers of a key beside its value: the metadata of the same version, as old as the value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Metadata {
    /// Bytes of metadata, as JSON, that the put of this version sent; 0: none.
    pub put_bytes: u16,
    /// Whether the store keeps metadata.
    pub kept: bool,
}

impl Metadata {
    /// The bytes that the caller gets; `None`: `metadata` is null.
    pub fn bytes(self) -> Option<u16> {
        (self.kept && self.put_bytes > 0).then_some(self.put_bytes)
    }

    /// Whether the put sent metadata and the caller gets null.
    pub fn is_lost(self) -> bool {
        self.put_bytes > 0 && !self.kept
    }
}

/// A page of a list: what a store answers to [`Operation::List`](super::Operation::List).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Listing {
    /// What the page tells, in the order of the keys' names: also of keys that are deleted or expired, which it does not
    /// show but was counted by.
    pub told: Vec<Told>,
    /// The page tells of all keys before this one; the next page begins here.
    pub end: Key,
    /// `list_complete`: there is no further page.
    pub complete: bool,
}

/// What a list tells of one key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Told {
    pub key: Key,
    pub seen: Seen,
    /// `expiration`, absolute even if a time to live was given.
    pub expires: Time,
}

impl Told {
    /// Whether the page shows the key to a caller who has it then.
    pub fn is_shown(&self, at: Time) -> bool {
        self.seen.value.is_some() && at < self.expires
    }
}

impl Listing {
    /// The keys that the page shows to a caller who has it then.
    pub fn shown(&self, at: Time) -> impl Iterator<Item = &Told> {
        self.told.iter().filter(move |told| told.is_shown(at))
    }
}
