//! What is measured of a key beside its operations, on stores of which no read is stale: of a flag its flips, of an identity
//! whose requests are limited the windows of its limit.

use crate::model::{Location, Operation, Time, Value};
use crate::workloads::flips::Flips;
use crate::workloads::rate_windows::{RateRule, RateWindows};

use super::tally::Tally;

/// What is measured of one key.
#[derive(Clone, Debug)]
pub(super) enum Beside {
    Nothing,
    /// With the last flip that the store holds; 0: none.
    Flips(Flips, u32),
    /// With what the store has counted.
    Windows(RateRule, RateWindows, Option<Value>),
}

/// What a write leaves to be told when its answer is there: what was counted.
pub(super) type Told = Option<Value>;

impl Beside {
    /// Another key.
    pub fn begin(&mut self) {
        match self {
            Beside::Nothing => {}
            Beside::Flips(flips, holds) => {
                flips.begin();
                *holds = 0;
            }
            // At the end of a key none of its windows is left.
            Beside::Windows(_, _, counted) => *counted = None,
        }
    }

    /// Somebody asks `now`, after all has been told of answers that were there before; the number of the flip, if it is one.
    /// Without a tally nothing is measured.
    #[inline]
    pub fn asked(&mut self, now: Time, writes: bool, mut tally: Option<&mut Tally>) -> u32 {
        match self {
            Beside::Flips(flips, _) if writes => return flips.flip(),
            Beside::Nothing | Beside::Flips(..) => {}
            Beside::Windows(rule, windows, _) => {
                while let Some(done) = windows.settled(rule, now) {
                    if let Some(tally) = &mut tally {
                        rule.settle(done, tally.at(now));
                    }
                }
            }
        }
        0
    }

    /// A read is done `now` that started and ends then. None that is done after it ends before `now`.
    #[inline]
    pub fn read(&mut self, location: Location, times: (Time, Time), now: Time) {
        if let Beside::Flips(flips, holds) = self {
            flips.evaluated(location, *holds, times, now);
        }
    }

    /// A write is done that started and ends then; `number` is that of a flip.
    #[inline]
    pub fn written(&mut self, number: u32, (start, end): (Time, Time)) -> Told {
        match self {
            Beside::Nothing => None,
            Beside::Flips(flips, holds) => {
                *holds = number;
                flips.complete(number, end);
                None
            }
            Beside::Windows(rule, _, counted) => {
                let count = Operation::CountInWindow { window: rule.window_at(start), limit: rule.limit };
                *counted = count.apply(*counted);
                *counted
            }
        }
    }

    /// The answer to a write is there.
    #[inline]
    pub fn answered(&mut self, told: Told) {
        if let (Beside::Windows(rule, windows, _), Some(counted)) = (self, told) {
            windows.decide_counted(rule, counted);
        }
    }

    /// The key is over, and so is what it belongs to then.
    pub fn end(&mut self, last_event: Time, tally: &mut Tally) {
        let from = tally.from();
        match self {
            Beside::Nothing => {}
            Beside::Flips(flips, _) => flips.end(from, tally.at(last_event)),
            Beside::Windows(rule, windows, _) => windows.end(rule, tally.at(last_event)),
        }
    }
}
