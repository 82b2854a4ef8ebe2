//! The table of all metrics: name, unit, direction and exact definition. Reports, help texts and promises read it.

/// What a metric's numbers are measured in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// A share between 0 and 1.
    Share,
    /// A span of time, kept in nanoseconds, printed and exported in seconds.
    Seconds,
    /// A number of versions.
    Versions,
    /// A number of requests.
    Requests,
}

impl Unit {
    /// The unit's sign in exported files; `1` for a share.
    pub fn sign(self) -> &'static str {
        match self {
            Unit::Share => "1",
            Unit::Seconds => "s",
            Unit::Versions => "versions",
            Unit::Requests => "requests",
        }
    }

    /// What one stored unit is in exported units.
    pub fn scale(self) -> f64 {
        if self == Unit::Seconds { 1e-9 } else { 1.0 }
    }
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The name in files: a count's share is called this; a distribution's figures add `.p50`, `.p99`, `.max` and so on.
    pub name: &'static str,
    /// The words in tables for people.
    pub label: &'static str,
    pub unit: Unit,
    /// The exact definition.
    pub definition: &'static str,
}

macro_rules! metrics {
    ($(#[$doc:meta])* $list:ident { $($id:ident $name:literal $label:literal $unit:ident $definition:literal)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum $list { $(#[doc = $definition] $id),* }

        impl $list {
            /// Every metric of this kind, in the order of reports.
            pub const ALL: &'static [$list] = &[$($list::$id),*];

            /// The metric's row.
            pub const fn row(self) -> Row {
                match self {
                    $($list::$id => Row { name: $name, label: $label, unit: Unit::$unit, definition: $definition }),*
                }
            }
        }
    };
}

metrics! {
    /// Metrics that count cases among chances.
    CountId {
        StaleReads "stale_read_rate" "stale reads" Share
            "Stale reads among reads that returned an answer. A read is stale when some write to its key was complete (its acknowledgement had reached the client) before the read started, and the read returns an older version. Writes in flight make nothing stale."
        Available "availability" "answered" Share
            "Operations that the store answered without refusing, among all operations."
        CacheHits "hit_ratio" "cache hits" Share
            "Reads answered from a cache at the reader's location, among answered reads."
        ReadYourWrites "read_your_writes" "own write not seen" Share
            "Reads that returned an older version than a write which the same client had completed before the read started, among reads that follow a completed write of the same client to the same key (Terry et al. 1994)."
        MonotonicReads "monotonic_reads" "reads going backwards" Share
            "Reads that returned an older version than a read which the same client had completed before the read started, among reads that follow a completed read of the same client of the same key (Terry et al. 1994)."
        MonotonicWrites "monotonic_writes" "writes out of order" Share
            "Writes that the store orders before a write which the same client had completed before this one started, among writes that follow a completed write of the same client to the same key (Terry et al. 1994)."
        WritesFollowReads "writes_follow_reads" "writes before what was read" Share
            "Writes that the store orders before a version which the same client had read before the write started, among writes that follow a completed read of the same client of the same key (Terry et al. 1994)."
        ReadYourWritesSessions "read_your_writes_sessions" "sessions with an own write not seen" Share
            "Clients with at least one read that is counted under read_your_writes, among clients that could have had one."
        MonotonicReadsSessions "monotonic_reads_sessions" "sessions with a read going backwards" Share
            "Clients with at least one read that is counted under monotonic_reads, among clients that could have had one."
        MonotonicWritesSessions "monotonic_writes_sessions" "sessions with writes out of order" Share
            "Clients with at least one write that is counted under monotonic_writes, among clients that could have had one."
        WritesFollowReadsSessions "writes_follow_reads_sessions" "sessions with a write before what was read" Share
            "Clients with at least one write that is counted under writes_follow_reads, among clients that could have had one."
        Divergence "divergence" "time with different answers" Share
            "Share of the measured time, over all keys that were asked for, in which two locations with clients would return different versions: each its own copy where that may still be served, and otherwise what the central store holds at that moment. Measured only where a scenario asks for it."
        LostUpdates "lost_update_rate" "lost updates" Share
            "Increments that the store acknowledged and that are missing from the counter at the end, among acknowledged increments."
        LoginNotSeen "login_not_seen" "login not seen" Share
            "Requests sent with a live session after the login was complete, and rejected because the location did not see the session, among requests sent with a live session."
        RevokedAccepted "revoked_accepted" "revoked session accepted" Share
            "Requests sent after the logout was complete and accepted all the same, among requests sent after a logout was complete."
        StaleEvaluations "stale_evaluations" "stale flag evaluations" Share
            "Evaluations of a flag that started after a flip was complete and used an older value, among answered evaluations."
        TornReads "torn_reads" "torn configurations" Share
            "Readings of a configuration whose keys came from different publishes, among readings of which every key was answered."
        OvershootWindows "windows_over_limit" "windows over the limit" Share
            "Windows of an identity in which more requests were admitted than the limit allows, among windows with more requests than the limit."
        FalseRejections "false_rejections" "false rejections" Share
            "Requests that the limit leaves room for and that were rejected all the same, among requests that the limit leaves room for: in each window, the lesser of the requests offered and the limit."
        StaleAfterInvalidation "stale_after_invalidation" "stale after invalidation" Share
            "Reads that started after an update and its invalidation were complete and returned an older value, among answered reads."
        StaleBeyondTtl "stale_beyond_ttl" "stale beyond the TTL" Share
            "Stale reads whose age exceeds the cache's TTL, among answered reads."
        OldOrNothing "old_or_nothing" "old value or nothing" Share
            "Gets sent after the client's own put was acknowledged that returned an older value or nothing, among gets that were answered."
        StaleLists "stale_list_rate" "stale lists" Share
            "Pages of lists that lack a key whose write was complete before the list started, or show one whose deletion was, among answered pages: what list_missing and list_deleted count key by key."
        ListMissing "list_missing" "keys missing in lists" Share
            "Keys that a page of a list tells of in a version older than one whose write was complete before the list started, and does not show although that write stored a value that has not expired at the list's end; among the keys within the page's range that are there by the last completed write."
        ListDeleted "list_deleted" "deleted keys in lists" Share
            "Keys that a page of a list shows in a version older than a deletion (or an expiry) that was complete before the list started, among the keys that pages show."
        MetadataLost "metadata_null" "metadata null" Share
            "Values that getWithMetadata returned with null for their metadata although their put had sent some, among returned values whose put had. Metadata that are returned are those of the value's own version, and count as stale with it."
    }
}

metrics! {
    /// Metrics that collect sizes.
    DistributionId {
        StaleAge "stale_age" "age of stale reads" Seconds
            "For each stale read: its start minus the completion of the oldest completed write that it missed."
        VersionLag "version_lag" "versions behind" Versions
            "For each stale read: the number of writes complete at its start that are newer than the version returned."
        ReadLatency "read_latency" "read latency" Seconds
            "From the call to the answer at the client's location, for reads that were answered."
        WriteLatency "write_latency" "write latency" Seconds
            "From the call to the acknowledgement at the client's location, for writes and updates that were acknowledged."
        Exposure "exposure" "exposure" Seconds
            "For each revocation (a logout, a flag switched off): from its completion to the start of the last request that was still accepted or evaluated with the older value; zero where there was none."
        FirstEdge "first_edge" "first edge shows it" Seconds
            "For each flip: from its completion to the end of the first evaluation at any location that shows it or a newer one; zero if one ended before the completion."
        LastEdge "last_edge" "last edge shows it" Seconds
            "For each flip that was seen everywhere: from its completion to the end of the first evaluation that shows it (or a newer one) at the location that comes last."
        Overshoot "overshoot" "admitted beyond the limit" Requests
            "For each window of an identity with more requests than the limit: requests admitted beyond the limit."
        InconsistencyWindow "inconsistency_window" "inconsistency window" Seconds
            "For each write: from its completion to the start of the last read anywhere that returned an older version; zero where there was none."
    }
}

metrics! {
    /// Metrics that are curves over time.
    CurveId {
        TVisibility "t_visibility" "t-visibility" Share
            "Share of reads that return the last completed write or a newer one, by the time from that write's completion to the start of the read."
    }
}
