//! What the column of times says: from the first row on, scaled, and in order.

use crate::model::{Span, Time};

use super::config::{TimeUnit, TraceSource};
use super::trace_fields::{Wrong, clip, date_time, decimal, fractions, plain_decimal, short_decimal, text, words};

/// Traces are not much longer; whether one is too long is looked at from here on.
const LONG_NANOS: u64 = 300_000_000_000_000_000;

/// Tells the time of each row after the other.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    column: usize,
    unit: TimeUnit,
    scale: f64,
    /// When the last row is, where that is known.
    length: Option<Span>,
    /// What a digit behind a time's point is worth.
    fractions: [Option<u64>; 9],
    first: Option<u128>,
    last: u128,
}

/// Tells the time of rows that are good and not scaled.
#[derive(Clone, Copy, Debug)]
pub struct PlainClock {
    unit: u64,
    fractions: [Option<u64>; 9],
    /// What the last digit is worth, by how many are behind the point; 0 where no whole number of nanoseconds.
    worth: [u64; 16],
    first: u64,
    /// When the row before was, and when the last one can be.
    last: Time,
    latest: u64,
    alike: Alike,
}

/// Times that are written as the one before, but for their last digit: most rows are near the one before.
#[derive(Clone, Copy, Debug)]
struct Alike {
    /// How many bytes they have; no field has as many as [`Alike::NONE`].
    length: usize,
    /// All bytes but the last.
    front: [u64; 2],
    /// From the first row on, if the last digit is a zero, and what that digit is worth.
    since: u64,
    worth: u64,
}

impl Alike {
    const NONE: Alike = Alike { length: usize::MAX, front: [0; 2], since: 0, worth: 0 };
}

impl PlainClock {
    /// The time in the next row's field, which is the first bytes of these, if nothing is wrong with it.
    #[inline(always)]
    pub fn next(&mut self, bytes: &[u8], length: usize) -> Option<Time> {
        let Alike { length: known, front, since, worth } = self.alike;
        // As many bytes as a field that was read before has, so that it has one.
        let last = if length == known { bytes[length - 1].wrapping_sub(b'0') } else { u8::MAX };
        let since = if last <= 9 && words(bytes, length - 1) == Some(front) {
            since.wrapping_add(u64::from(last) * worth)
        } else {
            self.read(bytes, length)?
        };
        if since < self.last.0 || since > self.latest {
            return None;
        }
        self.last = Time(since);
        Some(self.last)
    }

    /// The time in a field as all its digits say, from the first row on; and what others alike will be read by.
    #[inline(never)]
    fn read(&mut self, bytes: &[u8], length: usize) -> Option<u64> {
        let (nanos, worth) = match short_decimal(bytes, length) {
            Some((number, behind)) => match self.worth[behind % self.worth.len()] {
                0 => return None,
                worth => (number.checked_mul(worth)?, worth),
            },
            None => {
                let (nanos, behind) = plain_decimal(bytes, length, self.unit, &self.fractions)?;
                (u64::try_from(nanos).ok()?, self.worth[behind % self.worth.len()])
            }
        };
        let since = nanos.wrapping_sub(self.first);
        let last = bytes[length - 1].wrapping_sub(b'0');
        self.alike = match words(bytes, length - 1) {
            Some(front) if last <= 9 => {
                Alike { length, front, since: since.wrapping_sub(u64::from(last) * worth), worth }
            }
            _ => Alike::NONE,
        };
        Some(since)
    }

    /// The last row was then, and what came later is none.
    pub fn go_back(&mut self, at: Time) {
        self.last = at;
    }
}

impl Clock {
    /// Before the first row.
    pub fn new(source: &TraceSource, column: usize) -> Clock {
        Clock {
            column,
            unit: source.time_unit,
            scale: source.time_scale,
            length: source.length,
            fractions: if let TimeUnit::Number(unit) = source.time_unit { fractions(unit) } else { [None; 9] },
            first: None,
            last: 0,
        }
    }

    /// The time in a field, which is the first bytes of these.
    ///
    /// # Errors
    /// When it is none, or out of order.
    #[inline(always)]
    pub fn time(&mut self, bytes: &[u8], length: usize) -> Result<Time, Wrong> {
        let field = &bytes[..length];
        let nanos = match self.unit {
            TimeUnit::Number(unit) => plain_decimal(bytes, length, unit, &self.fractions)
                .map(|(nanos, _)| nanos)
                .or_else(|| decimal(field, unit)),
            TimeUnit::DateTime => date_time(text(self.column, field)?),
        };
        let Some(nanos) = nanos else { return Err(self.not_a_time(field)) };
        let first = *self.first.get_or_insert(nanos);
        if nanos < self.last {
            return Err(self.earlier(nanos));
        }
        self.last = nanos;
        let since = nanos - first;
        // Exact where nothing is scaled.
        let at = match u64::try_from(since) {
            Ok(since) if since < LONG_NANOS && self.scale == 1.0 => Time(since),
            _ => self.scaled(since)?,
        };
        match self.length {
            Some(length) if at.0 > length.0 => Err(self.later(at, length)),
            _ => Ok(at),
        }
    }

    /// The clock of rows that are read together, up to a time, from the second one on; `None` where times are no plain numbers.
    pub fn plain(&self, until: Time) -> Option<PlainClock> {
        let TimeUnit::Number(unit) = self.unit else { return None };
        if self.scale != 1.0 {
            return None;
        }
        let first = u64::try_from(self.first?).ok()?;
        let latest = self.length.map_or(u64::MAX, |length| length.0).min(until.0.checked_sub(1)?).min(LONG_NANOS - 1);
        let last = Time(u64::try_from(self.last - u128::from(first)).ok()?);
        let mut worth = [0; 16];
        worth.iter_mut().zip(self.fractions).for_each(|(worth, known)| *worth = known.unwrap_or(0));
        Some(PlainClock { unit, fractions: self.fractions, worth, first, last, latest, alike: Alike::NONE })
    }

    /// Goes on behind the last of these rows.
    pub fn go_on(&mut self, plain: &PlainClock) {
        self.last = u128::from(plain.first) + u128::from(plain.last.0);
    }

    fn scaled(&self, since: u128) -> Result<Time, Wrong> {
        let scale = self.scale;
        let scaled = since as f64 * scale;
        if scaled >= 3.2e17 {
            let message = "the trace is longer than ten years".to_string();
            return Err(Box::new((self.column, "T009", message, "check `time_unit` and `time_scale`".to_string())));
        }
        Ok(Time(if scale == 1.0 { since as u64 } else { scaled as u64 }))
    }

    #[cold]
    fn not_a_time(&self, field: &[u8]) -> Wrong {
        let field = match text(self.column, field) {
            Ok(field) => field,
            Err(wrong) => return wrong,
        };
        let help = match self.unit {
            TimeUnit::Number(_) => "a number that is not negative is needed, such as 12 or 12.5; see `time_unit`",
            TimeUnit::DateTime => "a date and time is needed, such as 2026-11-01 18:17:03.5",
        };
        Box::new((self.column, "T006", format!("`{}` is not a time", clip(field)), help.to_string()))
    }

    #[cold]
    fn earlier(&self, nanos: u128) -> Wrong {
        let back = (self.last - nanos) as f64 / 1e9;
        let message = format!("the trace is out of order: this row is {back} s earlier than the one before");
        Box::new((self.column, "T007", message, "sort the rows by time".to_string()))
    }

    #[cold]
    fn later(&self, at: Time, length: Span) -> Wrong {
        let late = at.since(Time(length.0));
        let message = format!("the trace is out of order: this row is {late} later than the last one");
        Box::new((self.column, "T007", message, "sort the rows by time".to_string()))
    }
}
