//! What a location has of a key, by pull: a copy, and what is on its way there.

use crate::model::{Time, Version};

use super::order::{Arrival, Return};

/// A copy on its way to a location.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fill {
    pub back: Return,
    pub version: Version,
    pub inside: Inside,
}

/// What a copy is beside its version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Inside {
    /// From then on it is not shown, however fresh it is; [`Time::NEVER`]: it does not expire.
    pub expires: Time,
    /// How many bytes the value has, where sizes are stated; 0 for none.
    pub bytes: u32,
}

impl Inside {
    /// No value.
    pub const NOTHING: Inside = Inside { expires: Time::NEVER, bytes: 0 };

    /// A value of so many bytes that does not expire.
    pub fn lasting(bytes: u32) -> Inside {
        Inside { bytes, ..Inside::NOTHING }
    }

    /// What is shown of it then: nothing, once it has expired.
    #[inline]
    pub fn shown(self, now: Time) -> Inside {
        if now < self.expires { self } else { Inside::NOTHING }
    }
}

/// What a location has of the key. A newer copy stays, and of equal ones the later: so the order in which copies that
/// have arrived are put together does not matter. Fits into a line of a cache, what every read looks at first.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Cached {
    /// From then on the copy is too old; nothing was ever fresh until the start of the run.
    pub fresh_until: Time,
    pub stamp: u64,
    pub nonce: u32,
    /// How many fills are under way beyond the first.
    pub more: u32,
    /// When a fill is here that is under way; [`Time::NEVER`] without any.
    pub fill_at: Time,
    /// The key whose copy this is, by count: of other keys there is nothing. Of a key that is kept, the location.
    pub key: u32,
    /// The fill's version; it means nothing without any, nor of a key that nobody writes.
    pub fill_nonce: u32,
    pub fill_stamp: u64,
    /// When it left the central store.
    pub fill_left: Arrival,
}

/// Of no key.
pub(super) const NOTHING: Cached = Cached {
    fresh_until: Time::START,
    stamp: Version::INITIAL.stamp,
    nonce: Version::INITIAL.nonce,
    more: 0,
    fill_at: Time::NEVER,
    key: 0,
    fill_nonce: 0,
    fill_stamp: 0,
    fill_left: Arrival { at: Time::NEVER, n: 0 },
};

/// What the copies of a location are beside their versions. A version is there until it expires, and from then on nothing is,
/// which does not expire: so two copies of one version may differ, and the one that came last counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Insides {
    /// The fill that is under way.
    pub fill: Inside,
    /// The copy, and when that came.
    pub copy: Inside,
    pub came: Return,
}

impl Insides {
    /// All of them are the value that was there at the start, of so many bytes.
    pub fn initial(bytes: u32) -> Insides {
        let inside = Inside::lasting(bytes);
        Insides { fill: inside, copy: inside, came: Return { at: Time::START, left: NOTHING.fill_left } }
    }
}

impl Cached {
    /// Nothing is here of a key that was not looked at yet.
    #[inline]
    pub fn begin(&mut self, key: u32) {
        (self.fresh_until, self.fill_at) = (Time::START, Time::NEVER);
        (self.stamp, self.nonce) = (Version::INITIAL.stamp, Version::INITIAL.nonce);
        (self.more, self.key) = (0, key);
    }

    /// Whether it is anything else than nothing to who acts from then on, where nothing arrives that is older than `oldest`.
    pub fn matters(&self, from: Time, oldest: Version) -> bool {
        let fresh = self.fresh_until > from || self.fill_at < Time::NEVER || self.more > 0;
        // What is older than an old copy does not take its place.
        fresh || self.version() > oldest
    }

    #[inline]
    pub fn version(&self) -> Version {
        Version { stamp: self.stamp, nonce: self.nonce }
    }

    #[inline]
    pub fn version_of_fill(&self) -> Version {
        Version { stamp: self.fill_stamp, nonce: self.fill_nonce }
    }

    #[inline]
    pub fn fill_back(&self) -> Return {
        Return { at: self.fill_at, left: self.fill_left }
    }

    #[inline]
    pub fn show(&mut self, version: Version, fresh_until: Time) {
        (self.stamp, self.nonce, self.fresh_until) = (version.stamp, version.nonce, fresh_until);
    }

    /// A copy arrives; all of one version are alike.
    #[inline]
    pub fn take(&mut self, version: Version, fresh_until: Time) {
        if version > self.version() {
            self.show(version, fresh_until);
        } else if version == self.version() {
            self.fresh_until = self.fresh_until.max(fresh_until);
        }
    }
}
