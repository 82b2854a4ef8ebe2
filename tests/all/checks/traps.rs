//! Where formats mean different things by the same words: each trap as a pair, so that the flag is seen to decide.

use consistency_sim::history::format::{Format, read};
use consistency_sim::history::judged::{FailedCas, Nil, Reading};

use super::verdict;

fn judge(text: &str, change: impl Fn(&mut Reading)) -> &'static str {
    let mut input = read(text, None).unwrap();
    change(&mut input.reading);
    verdict("linearizable", &input.log, input.reading).word()
}

const READ_OF_NIL: [&str; 2] = [
    "{:process 0, :type :invoke, :f :write, :value 1}
     {:process 0, :type :ok, :f :write, :value 1}
     {:process 1, :type :invoke, :f :read, :value nil}
     {:process 1, :type :ok, :f :read, :value nil}",
    "INFO  jepsen.util - 0\t:invoke\t:write\t1
     INFO  jepsen.util - 0\t:ok\t:write\t1
     INFO  jepsen.util - 1\t:invoke\t:read\tnil
     INFO  jepsen.util - 1\t:ok\t:read\tnil",
];

#[test]
fn a_read_of_nil_is_unknown_to_knossos_and_absent_in_etcd_logs() {
    let [knossos, etcd] = READ_OF_NIL;
    assert_eq!(judge(knossos, |_| {}), "holds");
    assert_eq!(judge(etcd, |_| {}), "broken");
    assert_eq!(judge(knossos, |reading| reading.nil = Nil::Absent), "broken");
    assert_eq!(judge(etcd, |reading| reading.nil = Nil::Unknown), "holds");
}

const FAILED_CAS: [&str; 2] = [
    "[{:process 0, :type :invoke, :f :write, :value 1}
      {:process 0, :type :ok, :f :write, :value 1}
      {:process 1, :type :invoke, :f :cas, :value [1 2]}
      {:process 1, :type :fail, :f :cas, :value [1 2]}]",
    "INFO  jepsen.util - 0  :invoke  :write  1
     INFO  jepsen.util - 0  :ok  :write  1
     INFO  jepsen.util - 1  :invoke  :cas  [1 2]
     INFO  jepsen.util - 1  :fail  :cas  [1 2]",
];

#[test]
fn a_failed_cas_constrains_in_etcd_logs_and_not_for_knossos() {
    let [knossos, etcd] = FAILED_CAS;
    assert_eq!(judge(knossos, |_| {}), "holds");
    assert_eq!(judge(etcd, |_| {}), "broken");
    assert_eq!(judge(knossos, |reading| reading.failed_cas = FailedCas::Constrains), "broken");
    assert_eq!(judge(etcd, |reading| reading.failed_cas = FailedCas::Ignored), "holds");
}

#[test]
fn an_info_or_a_missing_answer_may_take_effect_at_any_later_time_or_never() {
    let log = |ending: &str, reads: [&str; 2]| {
        let line = |what: &str| format!("INFO  jepsen.util - {what}\n");
        let mut text = line("0 :invoke :write 1") + &line("0 :ok :write 1") + &line("1 :invoke :write 2");
        text += ending;
        for value in reads {
            text += &(line("2 :invoke :read nil") + &line(&format!("2 :ok :read {value}")));
        }
        text
    };
    for ending in ["", "INFO  jepsen.util - 1 :info :write :timed-out\n"] {
        assert_eq!(judge(&log(ending, ["1", "2"]), |_| {}), "holds", "late, after {ending:?}");
        assert_eq!(judge(&log(ending, ["1", "1"]), |_| {}), "holds", "never, after {ending:?}");
        assert_eq!(judge(&log(ending, ["2", "1"]), |_| {}), "broken", "taken back, after {ending:?}");
    }
    // An answer ends the freedom, and a failure takes the effect away.
    let ok = "INFO  jepsen.util - 1 :ok :write 2\n";
    assert_eq!(judge(&log(ok, ["1", "2"]), |_| {}), "broken");
    let failed = "INFO  jepsen.util - 1 :fail :write 2\n";
    assert_eq!(judge(&log(failed, ["1", "2"]), |_| {}), "broken");
}

#[test]
fn a_read_that_failed_or_timed_out_says_nothing() {
    for ending in [":fail :read :timed-out", ":info :read :timed-out"] {
        let text = format!(
            "INFO  jepsen.util - 0 :invoke :write 1\nINFO  jepsen.util - 0 :ok :write 1\n\
             INFO  jepsen.util - 1 :invoke :read nil\nINFO  jepsen.util - 1 {ending}\n"
        );
        assert_eq!(judge(&text, |_| {}), "holds", "{ending}");
    }
}

#[test]
fn an_unwritten_key_reads_as_the_empty_text_in_key_value_files() {
    let text = "{:process 0, :type :invoke, :f :get, :key \"7\", :value nil}\n\
                {:process 0, :type :ok, :f :get, :key \"7\", :value \"\"}\n\
                {:process 0, :type :invoke, :f :append, :key \"7\", :value \"x\"}\n\
                {:process 0, :type :ok, :f :append, :key \"7\", :value \"x\"}\n\
                {:process 0, :type :invoke, :f :get, :key \"7\", :value nil}\n\
                {:process 0, :type :ok, :f :get, :key \"7\", :value \"x\"}\n";
    assert_eq!(read(text, None).unwrap().format, Format::Kv);
    assert_eq!(judge(text, |_| {}), "holds");
    assert_eq!(judge(text, |reading| reading.initial = Default::default()), "broken");
}

#[test]
fn a_counter_of_jepsen_begins_at_zero_and_a_register_with_nothing() {
    let counter = "{:process 0, :type :invoke, :f :read, :value nil}\n{:process 0, :type :ok, :f :read, :value 0}\n\
                   {:process 0, :type :invoke, :f :add, :value 2}\n{:process 0, :type :ok, :f :add, :value 2}\n\
                   {:process 0, :type :invoke, :f :read, :value nil}\n{:process 0, :type :ok, :f :read, :value 2}\n";
    assert_eq!(judge(counter, |_| {}), "holds");
    let register = counter.replace(":add", ":write");
    assert_eq!(judge(&register, |_| {}), "broken");
}

#[test]
fn tuples_part_the_keys_of_independent_tests() {
    // One register would have lost a write; two registers have not.
    let text = "{:process 0, :type :invoke, :f :write, :value [1 5]}\n{:process 0, :type :ok, :f :write, :value [1 5]}\n\
                {:process 0, :type :invoke, :f :cas, :value [2 [nil 6]]}\n{:process 0, :type :ok, :f :cas, :value [2 [nil 6]]}\n\
                {:process 1, :type :invoke, :f :read, :value [1 nil]}\n{:process 1, :type :ok, :f :read, :value [1 5]}\n\
                {:process 1, :type :invoke, :f :read, :value [2 nil]}\n{:process 1, :type :ok, :f :read, :value [2 6]}\n";
    assert_eq!(read(text, None).unwrap().log.keys, ["1", "2"]);
    assert_eq!(judge(text, |_| {}), "holds");
    assert_eq!(judge(&text.replace(":read, :value [1 5]", ":read, :value [1 6]"), |_| {}), "broken");
}
