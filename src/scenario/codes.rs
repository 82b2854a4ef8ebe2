//! Every code of a diagnostic: its title, and the longer explanation that `explain` prints.
//!
//! To add one: a row here, and a file in `tests/data/scenarios-bad/` that runs into it. A code is never given a new
//! meaning; numbers between the groups are free.

/// One row of the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Code {
    /// As in `S021`; stable.
    pub code: &'static str,
    /// What is wrong, in a few words.
    pub title: &'static str,
    /// Why that is refused, and an example of the remedy.
    pub explanation: &'static str,
}

/// The row of a code, in either case.
pub fn find(code: &str) -> Option<&'static Code> {
    ALL.iter().find(|row| row.code.eq_ignore_ascii_case(code))
}

macro_rules! codes {
    ($($id:ident $code:literal $title:literal $explanation:literal)*) => {
        $(#[doc = $title] pub const $id: &str = $code;)*
        /// Every code, in the order of their numbers.
        pub const ALL: &[Code] = &[$(Code { code: $code, title: $title, explanation: $explanation }),*];
    };
}

codes! {
    FILE_UNREADABLE "S001" "the scenario file cannot be read"
        "The file does not exist, or you may not read it. Check the path; relative paths start at the folder in which the command runs.\n\n    consistency-sim check scenarios/flash-sale.toml"
    FILE_IS_FOLDER "S002" "a folder was given instead of a scenario file"
        "Name the file inside it. Your shell can name all of them:\n\n    consistency-sim check scenarios/*.toml"
    FILE_NOT_TEXT "S003" "the scenario file is not UTF-8 text"
        "Scenario files are TOML, which is UTF-8 text. The place shown is the first byte that is not. Save the file as UTF-8; if it is a compressed or binary file, it is not a scenario."
    FILE_TOO_LARGE "S004" "the scenario file is too large"
        "Scenario files are small texts; above 4 MiB the file is surely something else, such as a trace. A trace is named by a scenario:\n\n    [workload]\n    kind = \"trace\"\n    file = \"requests.csv\"\n    columns = { time = \"timestamp\", key = \"url\" }"
    FILE_EMPTY "S005" "the scenario file is empty"
        "A scenario needs a name and a workload, everything else has defaults:\n\n    name = \"first\"\n    [workload]\n    kind = \"counter\""
    SYNTAX "S006" "the file is not valid TOML"
        "The text breaks the rules of TOML (https://toml.io). Frequent causes: text without quotation marks, a field given twice, a table header without its closing bracket.\n\n    duration = \"10 min\"     # not: duration = 10 min"
    UNKNOWN_FIELD "S010" "unknown field"
        "No field of this name exists here. Nothing is ignored silently, because a misspelt field would leave a default in force that you did not want. The help line lists the fields that exist at this place; `consistency-sim schema` describes all of them."
    MISSING_FIELD "S011" "a field is missing"
        "This field has no default, because no value would suit most scenarios.\n\n    name = \"flash-sale\""
    WRONG_TYPE "S012" "a value of another type is expected"
        "Numbers are written plainly, everything with a unit is text.\n\n    keys = 500\n    duration = \"10 min\"\n    reads = \"20 /s per edge\""
    DOES_NOT_APPLY "S013" "the field has no effect here"
        "The field belongs to another choice made in the same table, so it would be ignored. Remove it, or change that choice.\n\n    kind = \"kv\"\n    model = \"push\"          # `delay` belongs to the push model\n    delay = { exponential = { mean = \"5 s\" } }"
    CONFLICT "S014" "two fields exclude each other"
        "Both say the same thing in different ways, and only one can hold. Keep one of them.\n\n    think = { exponential = { mean = \"2 s\" } }   # or: rate = \"2 /s per client\""
    SPAN_FORM "S020" "not a span of time"
        "A span of time is a number and a unit: ns, us, ms, s, min, h or d.\n\n    cache_ttl = \"60 s\"\n    jitter = \"1.5 ms\""
    SPAN_UNIT "S021" "unknown unit of time"
        "The units are ns, us, ms, s, min, h and d (24 hours).\n\n    duration = \"10 min\"     # not: \"10 minutes\" or \"10 m\""
    SPAN_RANGE "S022" "a span outside its bounds"
        "Each span has bounds: none is longer than 10 years, many must be longer than zero, and some have a least value of their own. The message names the bound."
    SPAN_FINE "S023" "a span finer than a nanosecond"
        "Simulated time is counted in whole nanoseconds.\n\n    jitter = \"2 ns\"         # not: \"1.5 ns\""
    NOT_FINITE "S024" "not a finite number"
        "NaN and infinity cannot be simulated. Write a number; for \"as much as possible\" write the largest that makes sense to you."
    NEGATIVE "S025" "a negative number"
        "This quantity cannot be below zero. (Only the clock skew of a location may be: a clock can be late.)"
    NUMBER_RANGE "S026" "a number outside its bounds"
        "The message names the bounds. They keep a slip of the finger from asking for more memory than any machine has.\n\n    keys = 10000000          # the most"
    NOT_WHOLE "S027" "not a whole number"
        "Things that are counted come in whole numbers.\n\n    keys = 500               # not: 500.5"
    RATE_FORM "S030" "not a rate"
        "A rate is a number, a slash, a unit of time and, where it is not for all together, what it is per.\n\n    reads = \"20 /s per edge\"\n    writes = \"1 /min per key\""
    RATE_PER "S031" "a rate cannot be per this"
        "What a rate may be per depends on the field; the help line lists it. Several are joined by another per.\n\n    background_reads = \"1 /min per key per edge\""
    RATE_NEEDS_PER "S032" "the rate must say what it is per"
        "A rate for all together has no meaning here, because how many act at a time is decided by chance.\n\n    requests = \"0.5 /s per user\""
    RATE_RANGE "S033" "a rate outside its bounds"
        "Rates are above zero (where nothing else is said) and at most 1,000,000,000 per second, all together."
    SHARE_FORM "S040" "not a share"
        "A share is a percentage or a number between 0 and 1.\n\n    elsewhere = \"20 %\"      # or: elsewhere = 0.2"
    SHARE_RANGE "S041" "a share outside its bounds"
        "A share is between 0 and 1, that is between 0 % and 100 %; some must be above zero."
    UNKNOWN_WORD "S050" "unknown word"
        "The field takes one of a few words, which the help line lists. They are written in small letters.\n\n    kind = \"durable_object\""
    CHOICE_FORM "S051" "one way of saying it is needed"
        "The field is written in one of several ways, and in one of them only. Laws of chance are:\n\n    \"5 ms\"\n    { uniform = [\"1 ms\", \"9 ms\"] }\n    { exponential = { mean = \"5 s\" } }\n    { lognormal = { median = \"2 ms\", p99 = \"10 ms\" } }\n    { pareto = { scale = \"1 ms\", shape = 2.1 } }\n    { mixture = [ { weight = 0.9, law = \"1 ms\" }, { weight = 0.1, law = \"50 ms\" } ] }\n    { quantiles = { p0 = \"40 ms\", p50 = \"107 ms\", p100 = \"400 ms\" } }"
    LAW_ORDER "S052" "the figures of a law contradict each other"
        "The lower bound of a uniform law is below the upper one; the 99th percentile of a log-normal law is above its median.\n\n    { lognormal = { median = \"2 ms\", p99 = \"10 ms\" } }"
    QUANTILES "S053" "quantiles that make no law"
        "Quantiles need at least two points, named p0 to p100 (p999 is 99.9 %), and the spans must not fall as the percentages rise.\n\n    { quantiles = { p0 = \"40 ms\", p50 = \"107 ms\", p95 = \"181 ms\", p100 = \"400 ms\" } }"
    MIXTURE "S054" "a mixture that makes no law"
        "A mixture is a list of at least one and, counted through all levels, at most 64 laws, each with a weight above zero.\n\n    { mixture = [ { weight = 0.9, law = \"1 ms\" }, { weight = 0.1, law = \"50 ms\" } ] }"
    UNKNOWN_PLACE "S060" "unknown place"
        "Places are named by airport code, from the built-in table or from your own.\n\n    edges = [\"LHR\", \"my-office\"]\n    [[place]]\n    code = \"my-office\"\n    rtt = { LHR = \"12 ms\", FRA = \"20 ms\" }"
    DUPLICATE_PLACE "S061" "a place is named twice"
        "Each edge is listed once, and your own places have codes that neither the built-in table nor another of them has."
    EDGES_COUNT "S062" "an impossible number of edges"
        "A number takes that many places from the built-in table, so it cannot exceed the table. A list may hold up to 1,000, your own places included; at least one edge is needed, for the clients are there.\n\n    edges = 12"
    MISSING_RTT "S063" "no round-trip time between two places"
        "A place of your own needs a round-trip time to every other place of the scenario, or coordinates, from which it is computed.\n\n    [[place]]\n    code = \"my-office\"\n    lat = 52.5\n    lon = 13.4"
    UNUSED_PLACE "S064" "a place that nobody uses"
        "The place is no edge, holds no store and is not the central one, so it would have no effect. Note that a number of edges takes places of the built-in table only.\n\n    edges = [\"LHR\", \"my-office\"]"
    RTT_TWICE "S065" "two different round-trip times for one pair"
        "The pair of places is given twice with different figures. A round-trip time holds in both directions; keep one."
    DUPLICATE_NAME "S070" "a name is used twice"
        "Stores and promises are told apart by their names in tables, files and options.\n\n    [[store]]\n    kind = \"kv\"\n    name = \"kv-30s\"\n    cache_ttl = \"30 s\""
    NAME_FORM "S071" "not a usable name"
        "Names of scenarios and stores become names of folders and columns: letters, digits, - and _, at most 64 of them.\n\n    name = \"flash-sale\""
    UNKNOWN_METRIC "S072" "unknown metric"
        "Shares are called by their name; of sizes a figure is named: mean, p50, p95, p99, p999 or max.\n\n    metric = \"stale_read_rate\"\n    metric = \"stale_age.p99\""
    PROMISE_BOUND "S073" "a promise needs exactly one bound"
        "A promise says that a metric is at most, or at least, some value.\n\n    [[promise]]\n    name = \"prices are never old\"\n    metric = \"stale_age.p99\"\n    at_most = \"5 s\""
    WARMUP "S080" "the warm-up is as long as the run"
        "Operations that start within the warm-up are not measured, so nothing would be.\n\n    duration = \"10 min\"\n    warmup = \"1 min\""
    CACHE_TTL_MINIMUM "S081" "cacheTtl below the platform's minimum"
        "Workers KV refuses a cacheTtl below 30 seconds (kv/platform/limits, 2026-10-08). To see what would be if it did not, say so:\n\n    cache_ttl = \"5 s\"\n    allow_below_minimum = true"
    EXPIRATION_MINIMUM "S082" "expirationTtl below the platform's minimum"
        "Workers KV refuses an expirationTtl below 60 seconds (kv/api/write-key-value-pairs).\n\n    expiration_ttl = \"60 s\""
    NEEDS_TWO_EDGES "S083" "another location is needed, and there is only one"
        "The workload asks for a location other than the first one. Give the scenario at least two edges.\n\n    edges = 2"
    TOO_MANY_OPERATIONS "S084" "more operations than can be simulated"
        "Rates times duration come to more than ten thousand million operations in each replication; that would run for days. Shorten the duration or lower the rates: shares and percentiles settle long before."
    TRACE_FILE "S090" "the trace file cannot be read"
        "Relative paths start at the folder of the scenario file.\n\n    [workload]\n    kind = \"trace\"\n    file = \"../data/requests.csv\"\n    columns = { time = \"timestamp\" }"
    SET_FORM "S095" "not of the form KEY=VALUE"
        "An override names a field by its path and gives the value. Quotation marks around text may be left out.\n\n    --set workload.keys=500\n    --set 'store.kv.cache_ttl=30 s'\n    --set 'workload.popularity={ zipf = 0.8 }'"
    SET_PATH "S096" "the override's path leads nowhere"
        "A path goes from table to table; stores and promises are addressed by name, places by code.\n\n    --set 'store.kv.cache_ttl=30 s'\n    --set 'promise.\"prices are never old\".at_most=2 s'"
    UNKNOWN_STORE "S097" "no store of this name"
        "Stores are addressed by their name, which is the kind where the scenario gives none.\n\n    consistency-sim run flash-sale.toml --store kv --store d1"
    TRACE_UNREADABLE "T001" "the trace cannot be read on"
        "The file could not be opened, ended in the middle of a quotation, or has a line of more than a mebibyte, which no row of a trace has. Is it a csv file?"
    TRACE_COLUMN "T002" "the trace has no such column"
        "The first line of a trace names its columns; the scenario says which of them means what. Blanks and a leading # are passed over.\n\n    columns = { time = \"unix_time\", key = \"object\" }"
    TRACE_EMPTY "T003" "the trace holds no row"
        "A header and at least one row are needed."
    TRACE_SHORT_ROW "T004" "a row has too few fields"
        "Every row needs all columns that the scenario names; a field may be empty, but its comma must be there."
    TRACE_NOT_TEXT "T005" "a field is not UTF-8 text"
        "Names, numbers and dates of a trace are read as UTF-8, and the marked field is something else. Save the trace as UTF-8."
    TRACE_TIME "T006" "not a time"
        "Times are numbers that are not negative, in the unit that the scenario names, or dates.\n\n    time_unit = \"ms\"          # 1250.5\n    time_unit = \"datetime\"    # 2026-11-01 18:17:03.5"
    TRACE_ORDER "T007" "the trace is out of order"
        "Rows are read one by one and never held back, so they must come in the order of their times. Sort the file first."
    TRACE_NUMBER "T008" "not a whole number"
        "Sizes are whole numbers of bytes, TTLs whole numbers of seconds; an empty field means that there is none."
    TRACE_LONG "T009" "the trace is longer than ten years"
        "The unit of the time column is probably another one than the scenario says: see `time_unit` and `time_scale`."
    TRACE_PLACE "T010" "a location is no edge of the scenario"
        "The column of locations names edges of the scenario. Add the place to `edges`, or leave the column out and give places by rule.\n\n    placement = \"per_client\""
    TRACE_OPERATION "T011" "unknown operation in the trace"
        "The words of well-known traces are understood: get, gets, read, set, put, write, add, replace, cas, append, prepend, update, insert, delete, del, remove, incr, decr. A file without such a column gets `default_operation`."
}
