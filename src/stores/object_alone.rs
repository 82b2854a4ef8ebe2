//! What is left of a Durable Object where everybody calls it for so many keys at a time, without stated sizes: for whoever
//! simulates it without events.

use crate::limits::{MeterId, Terms};
use crate::model::{Location, Operation, Request, Span, Time};
use crate::network::NetworkConfig;
use crate::random::Sampler;

use super::config::{DurableObjectConfig, ObjectCode, ObjectState, ObjectStorage};
use super::object_day::ObjectDay;
use super::object_life;
use super::object_limits::ObjectLimits;

/// Such objects, as plain data ready to be drawn from.
#[derive(Clone, Debug)]
pub struct Alone {
    /// By location, the host that an object first called from there is placed at.
    pub hosts: Vec<Location>,
    /// How long a request keeps the object busy.
    pub read: Sampler,
    pub write: Sampler,
    /// From the end of a write's turn until its answer may leave.
    pub durability: Sampler,
    /// The processor time of a request.
    pub cpu: Span,
    /// How many requests may wait, for how long, and how many are taken in a window of ten seconds.
    pub queue_limit: u32,
    pub queue_timeout: Span,
    pub window_limit: Option<u32>,
    /// How many keys a request is for; what each that is read counts on, and each that is written.
    pub keys: u16,
    pub meters: [MeterId; 2],
}

/// For each location, the host that an object first called from there is placed at.
pub fn nearest_hosts(config: &DurableObjectConfig, network: &NetworkConfig) -> Vec<Location> {
    let nearest = |caller: Location| {
        let hosts = config.hosts.iter().copied();
        // Without a list, every place can host, and the nearest is the caller's own.
        hosts.min_by_key(|host| (network.rtt(caller, *host), *host)).unwrap_or(caller)
    };
    let places = (0..network.places.len() as u16).map(Location);
    places.map(|caller| config.placement.unwrap_or_else(|| nearest(caller))).collect()
}

impl Alone {
    /// These objects, if nothing about them needs more than is here, for requests of so many keys. Every field is looked at
    /// by name, so that whoever adds one is asked here what it means.
    pub fn of(config: &DurableObjectConfig, network: &NetworkConfig, terms: &Terms, keys: u16) -> Option<Alone> {
        let DurableObjectConfig {
            placement: _,
            hosts: _,
            read_time,
            write_time,
            durability,
            queue_limit,
            queue_timeout,
            // Of updates that are more than a put or a delete.
            read_then_write: _,
            window_limit,
            // Requests without stated sizes have no bytes.
            queue_bytes: _,
            cpu_limit: _,
            // A message is a request but for quotas and sizes.
            websocket: _,
            storage,
            code,
            life,
        } = config;
        let ObjectCode { foreign_await, block_concurrency_while: _, await_each_write: _, state } = code;
        let limits = ObjectLimits::new(config, terms);
        // What refuses a put for what it is refuses every request: none has a size.
        let put = Request { keys, ..Request::plain(Operation::Put { value: 0, ttl: None }, Time::START) };
        let refuses = limits.refuses_to_send(&put).or_else(|| limits.refuses(&put)).is_some();
        let more = foreign_await.is_some() || *state != ObjectState::Storage || object_life::matters(life);
        // The days' quotas are those of all objects together.
        if more || refuses || ObjectDay::new(config, terms).is_limited() {
            return None;
        }
        Some(Alone {
            hosts: nearest_hosts(config, network),
            read: Sampler::new(read_time),
            write: Sampler::new(write_time),
            durability: Sampler::new(durability),
            cpu: limits.cpu,
            queue_limit: *queue_limit,
            queue_timeout: *queue_timeout,
            window_limit: *window_limit,
            keys,
            meters: match storage {
                ObjectStorage::KeyValue => [MeterId::ObjectReadUnits, MeterId::ObjectWriteUnits],
                ObjectStorage::Sqlite { .. } => [MeterId::ObjectRowsRead, MeterId::ObjectRowsWritten],
            },
        })
    }
}
