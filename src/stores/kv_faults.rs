//! What faults do to Workers KV: outages of its central store with the refill after them, errors of everything, clocks.

use crate::faults::{Central, Faults, KvStatus};
use crate::model::{Operation, Refusal, Request, Time, Version};
use crate::random::derive;

use super::contract::{Coupling, hop};

/// The faults that a store of Workers KV meets, and how much of the refill's limit is used.
#[derive(Clone, Debug, Default)]
pub(super) struct KvFaults {
    faults: Faults,
    /// The second of the refill in which reads were taken last, and how many.
    taken: (u64, u32),
}

impl KvFaults {
    pub(super) fn new(faults: &Faults) -> KvFaults {
        KvFaults { faults: faults.clone(), taken: (0, 0) }
    }

    pub(super) fn begin(&mut self) {
        self.taken = (0, 0);
    }

    /// A limit on all reads together couples all keys.
    pub(super) fn coupling(&self) -> Coupling {
        if self.faults.couples_reads() { Coupling::Everything } else { Coupling::Groups }
    }

    /// Why an operation fails where its client is.
    #[inline]
    pub(super) fn at_location(&self, now: Time, request: &Request) -> Option<Refusal> {
        if self.faults.is_empty() {
            return None;
        }
        let (failing, status) = self.faults.kv_errors(now)?;
        happens(request, failing).then(|| refusal(status, request))
    }

    /// Why an operation fails at the central store.
    #[inline]
    pub(super) fn at_central(&mut self, now: Time, request: &Request) -> Option<Refusal> {
        if self.faults.is_empty() {
            return None;
        }
        match self.faults.central(now) {
            Central::Well => None,
            Central::Failing(failing) => happens(request, failing).then(|| refusal(KvStatus::Unavailable, request)),
            Central::Refilling { second, reads } => {
                if !request.operation.is_read() {
                    return None;
                }
                if self.taken.0 != second {
                    self.taken = (second, 0);
                }
                self.taken.1 += 1;
                (self.taken.1 > reads).then_some(Refusal::KvTooManyReads)
            }
        }
    }

    /// The version that a write gets from a clock that a fault has moved.
    #[inline]
    pub(super) fn stamped(&self, version: Version, request: &Request, now: Time) -> Version {
        if self.faults.is_empty() {
            return version;
        }
        let skew = self.faults.skew(now, request.location);
        Version { stamp: version.stamp.saturating_add_signed(skew).max(1), ..version }
    }
}

/// Whether a fault that spares some hits this request: one draw of its own, the same for every store.
fn happens(request: &Request, failing: u64) -> bool {
    failing > 0 && derive(request.draw, hop::FAULT) <= failing
}

/// What the caller sees: `KV <METHOD> failed: <status> <statusText>` (workerd's kv.c++, read 2026-11).
fn refusal(status: KvStatus, request: &Request) -> Refusal {
    let unauthorized = status == KvStatus::Unauthorized;
    let of = |one, other| if unauthorized { one } else { other };
    match request.operation {
        Operation::Get { .. } if request.keys > 1 => of(Refusal::KvBulkUnauthorized, Refusal::KvBulkUnavailable),
        Operation::Get { .. } => of(Refusal::KvGetUnauthorized, Refusal::KvGetUnavailable),
        Operation::List { .. } => of(Refusal::KvListUnauthorized, Refusal::KvListUnavailable),
        Operation::Delete => of(Refusal::KvDeleteUnauthorized, Refusal::KvDeleteUnavailable),
        _ => of(Refusal::KvPutUnauthorized, Refusal::KvPutUnavailable),
    }
}
