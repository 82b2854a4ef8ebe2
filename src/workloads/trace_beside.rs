//! What few traces say of a row beside its time, its key and what it asks for: column by column, so that nothing is kept of
//! columns that a trace does not have.

use crate::model::Span;

use super::trace_file::ttl;
use super::trace_memory::Large;
use super::values::Size;

/// What a row says beside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Beside {
    /// Its client, by number.
    pub client: u32,
    /// After how many seconds what it puts expires; zero for never.
    pub ttl: u32,
    /// How many bytes it puts; or, above [`Beside::NUMBERED`], the so manieth row that puts something.
    bytes: u32,
}

/// Which of it the rows of a trace say.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Says {
    /// Clients or TTLs.
    pub more: bool,
    pub sizes: bool,
}

/// What rows say beside, by row; each list is empty if the trace says nothing of the kind.
#[derive(Debug, Default)]
pub struct Columns {
    /// The client, and below it the TTL.
    more: Large<u64>,
    sizes: Large<u32>,
}

/// What all of them say.
#[derive(Clone, Copy, Debug)]
pub struct Slices<'a> {
    more: &'a [u64],
    sizes: &'a [u32],
}

impl Beside {
    /// The number of no client.
    pub const NOBODY: u32 = u32::MAX;
    /// More than a row may say of bytes.
    const NUMBERED: u32 = 1 << 31;

    /// Of a row that says this of its client and its TTL; `None` if the number of a value is too large.
    #[inline]
    pub fn new(client: u32, ttl: u32, size: Size) -> Option<Beside> {
        let bytes = match size {
            Size::Stated(bytes) => bytes.min(Beside::NUMBERED - 1),
            Size::OfNumber(number) => {
                u32::try_from(number).ok().filter(|number| *number < Beside::NUMBERED)? | Beside::NUMBERED
            }
        };
        Some(Beside { client, ttl, bytes })
    }

    /// How large what it puts is.
    #[inline(always)]
    pub fn size(self) -> Size {
        let number = self.bytes & (Beside::NUMBERED - 1);
        if self.bytes == number { Size::Stated(number) } else { Size::OfNumber(number.into()) }
    }

    /// The number of the client among those of the trace, if there is one.
    #[inline(always)]
    pub fn client(self) -> Option<u32> {
        (self.client != Beside::NOBODY).then_some(self.client)
    }

    /// After which time what is put expires, if that does.
    #[inline(always)]
    pub fn ttl(self) -> Option<Span> {
        ttl(self.ttl.into())
    }
}

impl Columns {
    /// Of so many rows, nothing of which is said yet.
    pub fn zeros(says: Says, rows: usize) -> Columns {
        let rows_if = |says: bool| if says { rows } else { 0 };
        Columns { more: Large::zeros(rows_if(says.more)), sizes: Large::zeros(rows_if(says.sizes)) }
    }

    /// Whether the trace says nothing.
    pub fn is_empty(&self) -> bool {
        self.more.is_empty() && self.sizes.is_empty()
    }

    /// Of so many rows from now on; what those say that come means nothing yet.
    pub fn lengthen(&mut self, says: Says, rows: usize) {
        if says.more {
            self.more.lengthen(rows);
        }
        if says.sizes {
            self.sizes.lengthen(rows);
        }
    }

    /// Of no rows.
    pub fn clear(&mut self) {
        self.more.clear();
        self.sizes.clear();
    }

    /// What so many rows say from one on, each by its number among them; `None` where one of them does not say what it must.
    #[inline]
    pub fn set(&mut self, from: usize, rows: usize, mut say: impl FnMut(usize) -> Option<Beside>) -> Option<()> {
        let more = self.more.get_mut(from..from + rows).unwrap_or_default();
        let sizes = self.sizes.get_mut(from..from + rows).unwrap_or_default();
        for row in 0..if more.is_empty() && sizes.is_empty() { 0 } else { rows } {
            let beside = say(row)?;
            if let Some(more) = more.get_mut(row) {
                *more = u64::from(beside.client) << 32 | u64::from(beside.ttl);
            }
            if let Some(bytes) = sizes.get_mut(row) {
                *bytes = beside.bytes;
            }
        }
        Some(())
    }

    /// What all of them say.
    pub fn slices(&self) -> Slices<'_> {
        Slices { more: &self.more, sizes: &self.sizes }
    }

    /// Those from one on say what others say, each where `places` has it.
    pub fn place(&mut self, from: usize, others: &Columns, places: impl Iterator<Item = usize>) {
        let more = self.more.get_mut(from..).unwrap_or_default();
        let sizes = self.sizes.get_mut(from..).unwrap_or_default();
        let others = others.slices();
        for (number, place) in places.enumerate() {
            if let Some(other) = others.more.get(number) {
                more[place] = *other;
            }
            if let Some(other) = others.sizes.get(number) {
                sizes[place] = *other;
            }
        }
    }
}

impl Slices<'_> {
    /// Of a trace that says nothing.
    pub const NONE: Slices<'static> = Slices { more: &[], sizes: &[] };

    /// What one of the rows says.
    #[inline(always)]
    pub fn of(&self, row: usize) -> Beside {
        let (client, ttl) =
            self.more.get(row).map_or((Beside::NOBODY, 0), |packed| ((packed >> 32) as u32, *packed as u32));
        Beside { client, ttl, bytes: self.sizes.get(row).copied().unwrap_or(0) }
    }
}
