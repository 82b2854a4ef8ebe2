//! The systems under comparison, a file each.
//!
//! To add one: a file whose store keeps the promise in `contract.rs`, its plain data in `config.rs`, an arm in
//! [`with_store`], and a reader in the scenario's parser.

pub mod alarm;
pub mod cache;
pub mod cache_aside;
pub mod config;
pub mod contract;
pub mod d1;
pub mod d1_alone;
mod d1_day;
pub mod d1_replicas;
pub mod d1_statements;
pub mod durable_object;
pub mod kv_day;
mod kv_faults;
pub mod kv_limits;
pub mod kv_pages;
pub mod kv_pull;
pub mod kv_push;
pub mod kv_through_object;
pub mod object;
pub mod object_alone;
mod object_code;
mod object_day;
pub mod object_life;
mod object_limits;
pub mod rate_limiting;
mod room;
pub mod server;
pub mod stock;

pub use config::*;
pub use contract::{Coupling, DrawsOn, Effect, Ground, Outbox, Requests, Store, hop};

use crate::limits::Terms;
use crate::network::NetworkConfig;

/// Something to do with a store, whichever it is: the code behind it is compiled for each.
pub trait StoreUser {
    /// What comes of it.
    type Result;

    /// Does it.
    fn with<S: Store + Clone + Send + Sync + 'static>(self, store: S) -> Self::Result;
}

/// Builds the store that a scenario asks for and hands it over.
pub fn with_store<U: StoreUser>(kind: &StoreKind, network: &NetworkConfig, terms: &Terms, user: U) -> U::Result {
    let (central, faults) = (network.central, &network.faults);
    let daily = kv_day::has_quotas(terms);
    match kind {
        StoreKind::KvPull(config) => {
            let store = kv_pull::KvPull::new(config, central, terms).under(faults);
            if daily { user.with(kv_day::Daily::new(store, terms)) } else { user.with(store) }
        }
        // The private beta has prices and no daily quotas.
        StoreKind::KvPush(config) => {
            let store = kv_push::KvPush::new(config, central, terms).under(faults);
            let daily = daily && !config.limit_per_namespace;
            if daily { user.with(kv_day::Daily::new(store, terms)) } else { user.with(store) }
        }
        StoreKind::D1(config) => match &config.replication {
            Some(replication) => {
                user.with(d1_replicas::D1Replicas::new(config, replication, network, terms).under(faults))
            }
            None => user.with(d1::D1::new(config, terms).under(faults)),
        },
        StoreKind::DurableObject(config) => {
            user.with(durable_object::DurableObjects::new(config, network, terms).under(faults))
        }
        StoreKind::KvThroughObject(config) => {
            user.with(kv_through_object::KvThroughObject::new(config, network, terms).under(faults))
        }
        StoreKind::RateLimiting(config) => user.with(rate_limiting::RateLimiting::new(config)),
        StoreKind::CacheAside(config) => user.with(cache_aside::CacheAside::new(config, central, terms).under(faults)),
    }
}
