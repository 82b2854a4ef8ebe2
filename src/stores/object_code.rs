//! How long the code of a Durable Object takes, until it is done or awaits something that lets others in.

use crate::model::{Request, Span};
use crate::random::{Sampler, derive};

use super::config::DurableObjectConfig;
use super::contract::hop;

/// How long things take.
#[derive(Clone, Debug)]
pub(super) struct Times {
    pub read: Sampler,
    pub write: Sampler,
    pub durability: Sampler,
    pub foreign: Option<Sampler>,
}

/// The first stretch of a request's code: until it is done, or lets others in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    /// It keeps the object busy for so long.
    pub own: Span,
    /// It awaits something foreign then.
    pub pauses: bool,
    /// It has used up its processor time then.
    pub too_long: bool,
}

impl Times {
    /// From the object's plain data.
    pub fn new(config: &DurableObjectConfig) -> Times {
        Times {
            read: Sampler::new(&config.read_time),
            write: Sampler::new(&config.write_time),
            durability: Sampler::new(&config.durability),
            foreign: config.code.foreign_await.as_ref().map(Sampler::new),
        }
    }

    /// The first stretch of a request; `blocks` says whether nobody is let in while it awaits, and `cpu` how much
    /// processor time it has.
    pub fn stretch(&self, request: &Request, blocks: bool, cpu: Span) -> Stretch {
        let updates = !request.operation.is_read();
        let draw = derive(request.draw, hop::SERVICE);
        let foreign = self.foreign.as_ref().filter(|_| updates);
        let (computes, awaits) = match foreign {
            None if updates => (self.write.span(draw), Span::ZERO),
            Some(foreign) if blocks => {
                let [waits, writes] = later(request, 0);
                (self.read.span(draw) + self.write.span(writes), foreign.span(waits))
            }
            _ => (self.read.span(draw), Span::ZERO),
        };
        let too_long = computes > cpu;
        let own = if too_long { cpu } else { computes + awaits };
        Stretch { own, pauses: foreign.is_some() && !blocks, too_long }
    }
}

/// The draws of what a request's code does before the write of one of its keys: for the wait, and for the write.
pub(super) fn later(request: &Request, key: u16) -> [u64; 2] {
    let draw = derive(request.draw, hop::AWAIT);
    [derive(draw, 2 * u64::from(key)), derive(draw, 2 * u64::from(key) + 1)]
}
