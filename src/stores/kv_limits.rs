//! The limits of Workers KV on single calls, as the binding and the service look at them: before anything is read or written.
//!
//! All of them are looked at in the caller's location, and what breaks one is refused there at once.

use crate::limits::{FigureId, Terms, UNLIMITED};
use crate::model::{Operation, Refusal, Request, Span, Time};

/// Bounds of single calls, in bytes, keys and spans, and of a whole namespace of Workers KV Instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KvLimits {
    /// Workers KV Instant, which drops metadata instead of keeping them, and whose lists have one page.
    pub instant: bool,
    key_bytes: u64,
    value_bytes: u64,
    metadata_bytes: u64,
    /// The least `cacheTtl`.
    cache_ttl: Span,
    /// The least `expirationTtl`, and how far ahead an `expiration` must be.
    expiration_ttl: Span,
    /// Operations of one invocation of a Worker.
    operations: u64,
    bulk_keys: u64,
    /// All values of a bulk read together.
    bulk_bytes: u64,
    /// Keys of one page of a list.
    list_keys: u64,
    /// Keys of a namespace.
    pub keys: u64,
    /// Bytes of the account, or of a namespace of Workers KV Instant: keys and values. Whether keys count is not published; here they do.
    pub storage_bytes: u64,
}

impl KvLimits {
    /// Those of Workers KV.
    pub fn workers_kv(terms: &Terms) -> KvLimits {
        KvLimits {
            instant: false,
            key_bytes: terms.bound(FigureId::KvKeyBytes),
            value_bytes: terms.bound(FigureId::KvValueBytes),
            metadata_bytes: terms.bound(FigureId::KvMetadataBytes),
            cache_ttl: terms.span(FigureId::KvCacheTtl),
            expiration_ttl: terms.span(FigureId::KvExpirationTtl),
            operations: terms.bound(FigureId::KvOperations),
            bulk_keys: terms.bound(FigureId::KvBulkKeys),
            bulk_bytes: terms.bound(FigureId::KvBulkBytes),
            list_keys: terms.bound(FigureId::KvListKeys),
            keys: UNLIMITED,
            storage_bytes: terms.bound(FigureId::KvStorageBytes),
        }
    }

    /// Those of Workers KV Instant. What is not published is as for Workers KV; a value of any size that fits into the
    /// namespace is taken, and metadata are no reason to refuse.
    pub fn instant(terms: &Terms) -> KvLimits {
        KvLimits {
            instant: true,
            key_bytes: terms.bound(FigureId::KvInstantKeyBytes),
            value_bytes: UNLIMITED,
            metadata_bytes: UNLIMITED,
            list_keys: UNLIMITED,
            keys: terms.bound(FigureId::KvInstantKeys),
            storage_bytes: terms.bound(FigureId::KvInstantStorageBytes),
            ..KvLimits::workers_kv(terms)
        }
    }

    /// Why a call that states its sizes is refused before anything is done, if it is.
    pub fn refuse(&self, now: Time, request: &Request) -> Option<Refusal> {
        let call = &request.call;
        let list = matches!(request.operation, Operation::List { .. });
        if !list && (call.key_bytes == 0 || call.dots) {
            return Some(Refusal::KvKeyName);
        }
        if u64::from(call.key_bytes) > self.key_bytes {
            return Some(if self.instant { Refusal::KvInstantKeyTooLong } else { Refusal::KvKeyTooLong });
        }
        if u64::from(call.earlier) >= self.operations {
            return Some(Refusal::KvTooManyOperations);
        }
        match request.operation {
            Operation::Get { .. } if u64::from(request.keys) > self.bulk_keys => Some(Refusal::KvBulkTooManyKeys),
            Operation::Get { cache_ttl: Some(ttl) } if ttl < self.cache_ttl => Some(Refusal::KvCacheTtlTooShort),
            Operation::List { limit, .. } if u64::from(limit) > self.list_keys => Some(Refusal::KvListTooLong),
            Operation::Put { ttl: Some(_), .. } if request.expiry(now) < now + self.expiration_ttl => {
                Some(Refusal::KvExpirationTooShort)
            }
            Operation::Put { .. } if u64::from(call.metadata_bytes) > self.metadata_bytes => {
                Some(Refusal::KvMetadataTooLarge)
            }
            Operation::Put { .. } if u64::from(call.value_bytes) > self.value_bytes => Some(Refusal::KvValueTooLarge),
            _ => None,
        }
    }

    /// What the caller's code sees of a refusal, with the call's own figures, as the runtime and the local simulator of
    /// Cloudflare word it (workerd, api/kv.c++; miniflare, workers/kv; read 2026-11). `None`: the rule's own text.
    pub fn text(&self, refusal: Refusal, request: &Request) -> Option<String> {
        let call = &request.call;
        let method = method(request);
        let seconds = |span: Span| span.0 / 1_000_000_000;
        let (status, words) = match refusal {
            Refusal::KvKeyName if call.dots => return Some(dotted(call.key_bytes)),
            Refusal::KvKeyTooLong | Refusal::KvInstantKeyTooLong => {
                let (length, most) = (call.key_bytes, self.key_bytes);
                (414, format!("UTF-8 encoded length of {length} exceeds key length limit of {most}."))
            }
            Refusal::KvValueTooLarge => {
                (413, format!("Value length of {} exceeds limit of {}.", call.value_bytes, self.value_bytes))
            }
            Refusal::KvMetadataTooLarge => {
                (413, format!("Metadata length of {} exceeds limit of {}.", call.metadata_bytes, self.metadata_bytes))
            }
            Refusal::KvBulkTooManyKeys => (400, format!("You can request a maximum of {} keys", self.bulk_keys)),
            Refusal::KvBulkTooLarge => {
                (413, format!("Total size of request exceeds the limit of {}MB", self.bulk_bytes >> 20))
            }
            Refusal::KvCacheTtlTooShort | Refusal::KvExpirationTooShort | Refusal::KvListTooLong => {
                let (least_ttl, least_life) = (seconds(self.cache_ttl), seconds(self.expiration_ttl));
                let words = match request.operation {
                    Operation::Get { cache_ttl: Some(ttl) } => {
                        format!("Invalid cache_ttl of {}. Cache TTL must be at least {least_ttl}.", seconds(ttl))
                    }
                    Operation::Put { ttl: Some(ttl), .. } if call.absolute => format!(
                        "Invalid expiration of {}. Expiration times must be at least {least_life} seconds in the future.",
                        seconds(ttl)
                    ),
                    Operation::Put { ttl: Some(ttl), .. } => {
                        let ttl = seconds(ttl);
                        format!("Invalid expiration_ttl of {ttl}. Expiration TTL must be at least {least_life}.")
                    }
                    Operation::List { limit, .. } => {
                        let most = self.list_keys;
                        format!("Invalid key_count_limit of {limit}. Please specify an integer less than {most}.")
                    }
                    _ => return None,
                };
                (400, words)
            }
            _ => return None,
        };
        Some(format!("KV {method} failed: {status} {words}"))
    }

    /// Why the answer to a bulk read is refused, if it is: its values are too large together.
    pub fn refuse_answer(&self, request: &Request, bytes: u64) -> Option<Refusal> {
        (request.keys > 1 && bytes > self.bulk_bytes).then_some(Refusal::KvBulkTooLarge)
    }
}

/// The method as error texts name it.
fn method(request: &Request) -> &'static str {
    match request.operation {
        Operation::Put { .. } => "PUT",
        Operation::Delete => "DELETE",
        Operation::List { .. } => "LIST",
        _ if request.keys > 1 => "GET_BULK",
        _ => "GET",
    }
}

fn dotted(bytes: u16) -> String {
    format!("\"{}\" is not allowed as a key name.", ".".repeat(bytes.into()))
}
