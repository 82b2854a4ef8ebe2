//! Named random streams: one for each (seed, replication, purpose, entity), none of which depends on another.
//!
//! ChaCha8 gives each (seed, replication, purpose) a key of 128 bits. What belongs to an entity (the arrivals at one
//! key, the delay of one version towards one location) is numbered, and its n-th draw is a keyed mixing function of that
//! number. So a draw is a pure function of what it belongs to: it can be computed when somebody looks, in any order, on
//! any thread. A ChaCha stream for each entity would give the same and was measured forty times dearer to open.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a stream is for. The names enter the key: renaming one changes every figure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// When clients act, where, and on which key: the same for every store.
    Arrivals,
    /// Delays on the network and at servers, for each request.
    Requests,
    /// When a pushed version reaches a location.
    Replication,
    /// What a store decides by chance: nonces, local visibility.
    Store,
    /// Places for operations of a trace that has none.
    Placement,
    /// How large values are.
    Sizes,
}

impl Purpose {
    fn number(self) -> u64 {
        match self {
            Purpose::Arrivals => 1,
            Purpose::Requests => 2,
            Purpose::Replication => 3,
            Purpose::Store => 4,
            Purpose::Placement => 5,
            Purpose::Sizes => 6,
        }
    }
}

/// The key of all streams for one purpose of one replication.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StreamKey {
    low: u64,
    high: u64,
}

impl StreamKey {
    /// The key for a purpose, from ChaCha8 with the seed as its key, the replication and the purpose as its stream.
    pub fn new(seed: u64, replication: u32, purpose: Purpose) -> StreamKey {
        let mut bytes = [0_u8; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8..23].copy_from_slice(b"consistency-sim");
        let mut chacha = ChaCha8Rng::from_seed(bytes);
        chacha.set_stream((u64::from(replication) << 16) | purpose.number());
        StreamKey { low: chacha.next_u64(), high: chacha.next_u64() }
    }

    /// The number of an entity under this key: what its draws are derived from.
    #[inline]
    pub fn entity(self, entity: u64) -> u64 {
        mix(mix(entity ^ self.low).wrapping_add(self.high))
    }

    /// The stream of an entity.
    #[inline]
    pub fn stream(self, entity: u64) -> Stream {
        Stream { state: self.entity(entity) }
    }
}

/// A stream of draws that belongs to one entity.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stream {
    state: u64,
}

/// The step between two draws of a stream: 2⁶⁴ divided by the golden ratio, made odd.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Stream {
    /// A stream from an entity's number.
    #[inline]
    pub fn from_entity(number: u64) -> Stream {
        Stream { state: number }
    }

    /// The next draw: 64 bits.
    #[inline]
    pub fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        mix(self.state)
    }

    /// A number below `bound`, by multiplication; the bias is below `bound` / 2⁶⁴.
    #[inline]
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.draw()) * u128::from(bound)) >> 64) as u64
    }

    /// True with the probability that [`chance`] turned into a threshold.
    #[inline]
    pub fn happens(&mut self, threshold: u64) -> bool {
        // The draw is taken even where it cannot matter, so that the next one does not depend on the threshold.
        let draw = self.draw();
        draw < threshold || threshold == u64::MAX
    }
}

/// The `n`-th derived number of an entity or a draw: for chance events that have a place of their own (hop 2 of a request).
///
/// It equals the draw after `n` others of [`Stream::from_entity`] with the same number: take derived numbers or a stream
/// from a number, never both.
#[inline]
pub fn derive(number: u64, n: u64) -> u64 {
    mix(number.wrapping_add(STEP.wrapping_mul(n.wrapping_add(1))))
}

/// A probability as a threshold: a 64-bit draw below it happens with that probability. For 1 and more it is the greatest
/// number, which all draws but one are below; [`Stream::happens`] counts that one too. NaN gives 0.
pub fn chance(probability: f64) -> u64 {
    if probability >= 1.0 {
        u64::MAX
    } else {
        // `as` saturates and maps NaN to zero.
        (probability * 18_446_744_073_709_551_616.0) as u64
    }
}

/// A draw as a number strictly between 0 and 1: an odd multiple of 2⁻⁵³.
#[inline]
pub fn unit(draw: u64) -> f64 {
    // Odd, so that it is never 0; below 2⁵³, so that nothing is rounded and it is never 1, where logarithms end.
    ((draw >> 11) | 1).cast_signed() as f64 * (1.0 / 9_007_199_254_740_992.0)
}

/// A bijection of 64 bits in which every input bit reaches every output bit (the finaliser of SplitMix64).
#[inline]
pub fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
