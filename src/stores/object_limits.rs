//! The limits of Durable Objects on single requests, and on the data that waits in front of each object.
//!
//! What breaks one is refused when it arrives at its object, before its turn, and nothing of it is done.

use std::collections::VecDeque;

use crate::limits::{FigureId, Terms, UNLIMITED};
use crate::model::{Refusal, Request, Span, Time};

use super::config::{DurableObjectConfig, ObjectState, ObjectStorage};

/// Bounds of single requests, in bytes, keys and spans; those that do not apply are unlimited.
#[derive(Clone, Debug)]
pub(super) struct ObjectLimits {
    /// Requests that one invocation of a Worker may make.
    subrequests: u64,
    message_bytes: u64,
    /// Of key-value storage: the key, the value, and how many keys.
    key_bytes: u64,
    value_bytes: u64,
    keys: u64,
    /// Of SQLite: a key with its value, and the parameters that one statement binds.
    row_bytes: u64,
    parameters: u64,
    /// What a statement binds for each of its keys.
    parameters_per_key: u64,
    one_statement: bool,
    /// Whether the statements themselves are too long.
    statement_too_long: bool,
    /// Processor time of a request.
    pub cpu: Span,
    /// What may wait in front of one object.
    pub queue_bytes: Option<u64>,
}

impl ObjectLimits {
    /// Those of the objects' storage and of the way in which they are called.
    pub fn new(config: &DurableObjectConfig, terms: &Terms) -> ObjectLimits {
        let none = ObjectLimits {
            subrequests: if config.websocket { UNLIMITED } else { terms.bound(FigureId::WorkerSubrequests) },
            message_bytes: if config.websocket { terms.bound(FigureId::ObjectMessageBytes) } else { UNLIMITED },
            key_bytes: UNLIMITED,
            value_bytes: UNLIMITED,
            keys: UNLIMITED,
            row_bytes: UNLIMITED,
            parameters: UNLIMITED,
            parameters_per_key: 0,
            one_statement: false,
            statement_too_long: false,
            cpu: config.cpu_limit.unwrap_or(terms.span(FigureId::ObjectCpu)),
            queue_bytes: config.queue_bytes,
        };
        match config.storage {
            // What is in memory only meets no limit of storage.
            _ if config.code.state == ObjectState::Memory => none,
            ObjectStorage::KeyValue => ObjectLimits {
                key_bytes: terms.bound(FigureId::ObjectKvKeyBytes),
                value_bytes: terms.bound(FigureId::ObjectKvValueBytes),
                keys: terms.bound(FigureId::ObjectMultiKeys),
                ..none
            },
            ObjectStorage::Sqlite { one_statement, sql } => ObjectLimits {
                row_bytes: terms.bound(FigureId::ObjectValueBytes),
                parameters: terms.bound(FigureId::ObjectParameters),
                parameters_per_key: sql.parameters.into(),
                one_statement,
                statement_too_long: u64::from(sql.bytes) > terms.bound(FigureId::ObjectStatementBytes),
                ..none
            },
        }
    }

    /// Why a request is refused in its Worker: the invocation has made too many.
    pub fn refuses_to_send(&self, request: &Request) -> Option<Refusal> {
        (u64::from(request.call.earlier) >= self.subrequests).then_some(Refusal::TooManySubrequests)
    }

    /// Why a request is refused at its object, whatever the object does.
    pub fn refuses(&self, request: &Request) -> Option<Refusal> {
        let (key, value) = (u64::from(request.call.key_bytes), u64::from(request.call.value_bytes));
        let keys = u64::from(request.keys);
        let bound = if self.one_statement { keys * self.parameters_per_key } else { self.parameters_per_key };
        let stores = !request.operation.is_read();
        let broken = [
            (request.call.bytes() > self.message_bytes, Refusal::ObjectMessageTooLarge),
            (keys > self.keys, Refusal::ObjectTooManyKeys),
            (key > self.key_bytes, Refusal::ObjectKeyTooLong),
            (stores && value > self.value_bytes, Refusal::ObjectKvValueTooLarge),
            (self.statement_too_long, Refusal::ObjectStatementTooLong),
            (bound > self.parameters, Refusal::ObjectTooManyParameters),
            (stores && request.call.bytes() > self.row_bytes, Refusal::ObjectValueTooLarge),
        ];
        broken.into_iter().find(|(is, _)| *is).map(|(_, refusal)| refusal)
    }
}

/// The data that waits in front of each object, where it is limited.
#[derive(Clone, Debug, Default)]
pub(super) struct Queued {
    /// By object: when each waiting request leaves the queue, and its bytes.
    objects: Vec<VecDeque<(Time, u64)>>,
}

impl Queued {
    /// Forgets all objects.
    pub fn begin(&mut self) {
        self.objects.clear();
    }

    /// Forgets what waits in front of one object.
    pub fn forget(&mut self, group: u32) {
        if let Some(waiting) = self.objects.get_mut(group as usize) {
            waiting.clear();
        }
    }

    /// The bytes that wait in front of an object.
    pub fn waiting(&mut self, group: u32, now: Time) -> u64 {
        let Some(waiting) = self.objects.get_mut(group as usize) else { return 0 };
        waiting.retain(|(leaves, _)| *leaves > now);
        waiting.iter().map(|(_, bytes)| bytes).sum()
    }

    /// A request waits until then.
    pub fn waits(&mut self, group: u32, until: Time, bytes: u64) {
        if group as usize >= self.objects.len() {
            self.objects.resize_with(group as usize + 1, VecDeque::new);
        }
        self.objects[group as usize].push_back((until, bytes));
    }
}
