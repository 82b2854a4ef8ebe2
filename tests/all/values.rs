//! Sizes of values under a mix and under a trace: limits on both sides, storage, the time of parsing, and that sizes
//! change nothing else.

use consistency_sim::limits::Storage;
use consistency_sim::metrics::{CountId, DistributionId, Measurements};
use consistency_sim::model::{Refusal, Span};
use consistency_sim::run::{Contestant, Unit};
use consistency_sim::scenario::{Origin, Scenario, load, parse};

const KV: &str = "kind = 'kv'\nwrite_limit = 'lenient'\nhit_latency = '0 s'\n";
const PUSH: &str = "kind = 'kv'\nmodel = 'push'\nwrite_limit = 'lenient'\nhit_latency = '0 s'\n";
const INSTANT: &str = "kind = 'kv'\npreset = 'instant'\nhit_latency = '0 s'\n";

/// A mix on one store; `mix` and `values` are fields of their tables, `values` empty for none.
fn scenario(mix: &str, values: &str, store: &str) -> Scenario {
    let values = if values.is_empty() { String::new() } else { format!("[workload.values]\n{values}\n") };
    let text = format!(
        "name = 'sizes'\nduration = '1 h'\nedges = 3\nreplications = 1\n[workload]\nkind = 'mix'\n{mix}\n{values}[[store]]\n{store}"
    );
    parse(&text, &Origin::default()).unwrap_or_else(|wrong| panic!("{text}\n{wrong:#?}"))
}

fn measured(scenario: &Scenario) -> Measurements {
    Contestant::all(scenario)[0].simulate_whole(0).expect("no trace")
}

fn refusals(measured: &Measurements) -> Vec<(Refusal, u64)> {
    measured.refusals.iter().map(|(rule, (times, _))| (*rule, *times)).collect()
}

const IDLE: &str = "keys = 10\nreads = '1 /s'\nwrites = '0 /s'";

#[test]
fn what_is_there_at_the_start_is_stored_all_along() {
    let values = "bytes = '94 B'\nkey_bytes = 6\nmetadata_bytes = 10";
    for store in [KV, PUSH, INSTANT] {
        let mut scenario = scenario(IDLE, values, store);
        scenario.warmup = Span::from_secs(600);
        let measured = measured(&scenario);
        let stored = (measured.storage.byte_ns, measured.storage.bytes_at_end);
        assert_eq!(stored, (1_000 * 3_000_000_000_000, 1_000), "{store}");
    }
    let stored = |mix: &str, values: &str| measured(&scenario(mix, values, KV)).storage.byte_ns;
    assert_eq!(stored(&format!("{IDLE}\npreloaded = false"), values), 0);
    assert_eq!(stored(IDLE, ""), 0, "without sizes, nothing is known");
}

#[test]
fn sizes_follow_their_law() {
    // 20,000 keys: the mean of an exponential law has a standard error of a 141st.
    let idle = IDLE.replace("keys = 10", "keys = 20000");
    let stored =
        measured(&scenario(&idle, "bytes = { exponential = { mean = '10 kB' } }", KV)).storage.bytes_at_end as f64;
    let expected = 20_000.0 * (16.0 + 10_000.0);
    assert!((stored / expected - 1.0).abs() < 4.0 / 141.0, "{stored} bytes, {expected} expected");
}

#[test]
fn values_beyond_the_limit_are_refused_as_often_as_their_law_says() {
    // A size beyond its mean has the probability 1/e.
    let busy = "keys = 100\nreads = '0 /s'\nwrites = '5 /s'\nshape = 'constant'";
    let measured = measured(&scenario(busy, "bytes = { exponential = { mean = '25 MiB' } }", KV));
    let (puts, share) = (measured.operations as f64, libm::exp(-1.0));
    let [(Refusal::KvValueTooLarge, refused)] = refusals(&measured)[..] else { panic!("{:?}", measured.refusals) };
    let error = (share * (1.0 - share) / puts).sqrt();
    assert!((refused as f64 / puts - share).abs() < 4.0 * error, "{refused} of {puts}");
}

#[test]
fn each_limit_of_a_mix_is_met_and_just_kept() {
    let busy = "keys = 3\nreads = '1 /s'\nwrites = '1 /s'";
    for (keeps, breaks, rule) in [
        ("bytes = '25 MiB'", "bytes = '26214401 B'", Refusal::KvValueTooLarge),
        ("key_bytes = 512", "key_bytes = 513", Refusal::KvKeyTooLong),
        ("metadata_bytes = 1024", "metadata_bytes = 1025", Refusal::KvMetadataTooLarge),
        ("cache_ttl = '30 s'", "cache_ttl = '29 s'", Refusal::KvCacheTtlTooShort),
        ("expiration_ttl = '60 s'", "expiration_ttl = '59 s'", Refusal::KvExpirationTooShort),
    ] {
        let [kept, broken] = [keeps, breaks].map(|values| measured(&scenario(busy, values, KV)));
        assert_eq!(refusals(&kept), [], "{keeps}");
        let rules: Vec<Refusal> = refusals(&broken).into_iter().map(|(rule, _)| rule).collect();
        assert_eq!(rules, [rule], "{breaks}");
    }
}

#[test]
fn parsing_takes_so_long_for_each_mebibyte_whatever_the_store() {
    for (form, ms) in [("stream", 0), ("array_buffer", 6), ("text", 4), ("json", 10)] {
        let values = format!(
            "bytes = '2 MiB'\ntype = '{form}'\nparse = {{ array_buffer = '3 ms', text = '2 ms', json = '5 ms' }}"
        );
        let measured = measured(&scenario(IDLE, &values, PUSH));
        let took = measured.distribution(DistributionId::ReadLatency);
        assert_eq!(
            (took.max(), took.sum()),
            (Some(ms * 1_000_000), u128::from(took.count() * ms * 1_000_000)),
            "{form}"
        );
    }
}

#[test]
fn sizes_change_neither_the_clients_nor_what_they_see() {
    let busy = "keys = 20\nreads = '5 /s'\nwrites = '1 /s'\ndeletes = '10 %'";
    for store in [KV, PUSH] {
        let plain = Contestant::all(&scenario(busy, "", store)).remove(0);
        let sized =
            scenario(busy, "bytes = { lognormal = { median = '288 B', p99 = '10 kB' } }\ntype = 'stream'", store);
        let sized = Contestant::all(&sized).remove(0);
        assert!(plain.is_by_key() && sized.is_by_key());
        let mut with = sized.simulate_whole(0).expect("no trace");
        assert!(with.storage.bytes_at_end > 0);
        with.storage = Storage::default();
        assert!(with == plain.simulate_whole(0).expect("no trace"), "{store}");
        // Keys simulated apart and without events give the figures of all together, storage included.
        let part = |share| sized.simulate(Unit { store: 0, replication: 0, share, shares: 4 }).expect("no trace");
        assert!(Measurements::merged((0..4).map(part).collect()) == sized.simulate_whole(0).expect("no trace"));
    }
}

#[test]
fn metadata_of_a_mix_are_read_and_lost_on_instant() {
    let busy = "keys = 3\nreads = '1 /s'\nwrites = '1 /min per key'";
    let values = "metadata_bytes = 9\nwith_metadata = true";
    let lost = |store| measured(&scenario(busy, values, store)).count(CountId::MetadataLost);
    assert_eq!(lost(KV).hits, 0);
    assert!(lost(KV).of > 100);
    assert_eq!(lost(INSTANT).hits, lost(INSTANT).of);
    assert!(lost(INSTANT).of > 100);
}

/// A trace of these rows, of time, key, operation and size.
fn trace(rows: &[&str], columns: &str, more: &str) -> Measurements {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!("at,key,op,size\n{}\n", rows.join("\n"));
    std::fs::write(folder.path().join("rows.csv"), text).expect("a file");
    let scenario = format!(
        "name = 'sizes'\nduration = '100 s'\nedges = ['LHR']\ncentral = 'LHR'\nnetwork.jitter = '0 s'\nreplications = 1\n\
         [workload]\nkind = 'trace'\nfile = 'rows.csv'\ncolumns = {{ time = 'at', key = 'key', operation = 'op'{columns} }}\n\
         {more}\n[[store]]\n{KV}central_read = '0 s'\ncentral_write = '0 s'"
    );
    let path = folder.path().join("s.toml");
    std::fs::write(&path, scenario).expect("a file");
    let scenario = load(&path).unwrap_or_else(|wrong| panic!("{wrong:#?}"));
    Contestant::all(&scenario)[0].simulate_whole(0).expect("the rows are good")
}

#[test]
fn a_trace_states_the_sizes_of_its_rows() {
    const SIZE: &str = ", size = 'size'";
    let stored = |measured: Measurements| (measured.storage.byte_ns, measured.storage.bytes_at_end);
    // The first row is at 0 s; London to itself takes no time.
    let rows = ["0,ab,put,100", "10,abcd,get,", "20,abcd,put,50", "60,ab,delete,", "90,x,put,"];
    let (ab, abcd, x) = (102 * 60, 54 * 80, 289 * 10);
    assert_eq!(stored(trace(&rows, SIZE, "")), ((ab + abcd + x) * 1_000_000_000, 54 + 289));
    assert_eq!(stored(trace(&rows, "", "")), (0, 0), "a column that is not named says nothing");
    // What no row tells is what the scenario says.
    let said = "values = { bytes = '12 B', key_bytes = 8, metadata_bytes = 4 }";
    assert_eq!(stored(trace(&["0,ab,put,", "99,ab,get,"], SIZE, said)), (24 * 100_000_000_000, 24));
    let rows = ["0,a,put,26214400", "10,a,put,26214401", "20,a,put,4294967296"];
    let broken = trace(&rows, SIZE, "");
    assert_eq!(refusals(&broken), [(Refusal::KvValueTooLarge, 2)]);
    assert_eq!(broken.storage.bytes_at_end, 26_214_401, "the last value that was taken, and its name");
}
