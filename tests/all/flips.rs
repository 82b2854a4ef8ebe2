//! What is told of a flag's flips, against a sum by hand and against what the words say, in whatever order answers are told.

use consistency_sim::metrics::{DistributionId, Measurements};
use consistency_sim::model::{Location, Span, Time};
use consistency_sim::workloads::flips::Flips;
use proptest::prelude::*;

use crate::support::*;

/// An evaluation: at which edge, which flip's value it used, and when it started and ended.
type Evaluation = (u16, u32, u64, u64);

const FIGURES: [DistributionId; 3] = [DistributionId::FirstEdge, DistributionId::LastEdge, DistributionId::Exposure];

fn at(second: u64) -> Time {
    Time(second * 1_000_000_000)
}

/// All flips first, then evaluations in this order; no evaluation ends before the latest start of those told before it.
fn told(edges: u16, flips: &[Option<u64>], evaluations: &[Evaluation], from: u64) -> [Vec<u64>; 3] {
    let mut told = Flips::new(edges);
    told.flip();
    told.evaluated(Location(0), 1, (at(1), at(2)), at(1));
    // Of another flag nothing is left.
    told.begin();
    for complete in flips {
        let number = told.flip();
        if let Some(complete) = complete {
            told.complete(number, at(*complete));
        }
    }
    for (edge, shown, start, end) in evaluations {
        told.evaluated(Location(*edge), *shown, (at(*start), at(*end)), at(*start));
    }
    let mut measurements = Measurements::new(0);
    told.end(at(from), &mut measurements);
    FIGURES.map(|id| seconds(&measurements, id))
}

/// The values of a distribution, which are whole seconds below a minute and thus each in a bucket of its own.
fn seconds(measurements: &Measurements, id: DistributionId) -> Vec<u64> {
    let buckets = measurements.distribution(id).buckets();
    let nearest = |low: u64| (low + 500_000_000) / 1_000_000_000;
    buckets.flat_map(|(low, _, count)| std::iter::repeat_n(nearest(low), count as usize)).collect()
}

/// The same as the words say it.
fn said(edges: u16, flips: &[Option<u64>], evaluations: &[Evaluation], from: u64) -> [Vec<u64>; 3] {
    let mut figures = [const { Vec::new() }; 3];
    for (number, complete) in (1..).zip(flips) {
        let of_edge = |edge| {
            let shows = evaluations.iter().filter(|(at, shown, ..)| *at == edge && *shown >= number);
            shows.map(|(.., end)| *end).min()
        };
        let firsts: Option<Vec<u64>> = (0..edges).map(of_edge).collect();
        let (Some(complete), Some(firsts)) = (complete.filter(|at| *at >= from), firsts) else { continue };
        let since = |time: Option<u64>| time.unwrap_or(0).saturating_sub(complete);
        figures[0].push(since(firsts.iter().copied().min()));
        figures[1].push(since(firsts.iter().copied().max()));
        if number % 2 == 1 {
            let older = evaluations.iter().filter(|(_, shown, ..)| *shown < number);
            figures[2].push(since(older.map(|(.., start, _)| *start).max()));
        }
    }
    figures.iter_mut().for_each(|figure| figure.sort_unstable());
    figures
}

/// Two edges and three flips. The second edge's answer of 13 s overtakes that of 16 s; the third flip is never acknowledged
/// and the second one not shown everywhere.
#[test]
fn a_flip_is_first_shown_where_it_is_first_shown() {
    let flips = [Some(10), Some(20), None];
    let evaluations = [
        (0, 0, 9, 10),
        (0, 0, 11, 12),
        (1, 1, 11, 16),
        (1, 1, 12, 13),
        (0, 0, 14, 15),
        (0, 1, 15, 17),
        (0, 2, 21, 22),
        (1, 1, 30, 31),
    ];
    let [first, last, exposure] = told(2, &flips, &evaluations, 0);
    assert_eq!((first, last, exposure), (vec![3], vec![7], vec![4]));
    assert_eq!(told(2, &flips, &evaluations, 11), [const { Vec::<u64>::new() }; 3], "a flip of the time before");
    let [first, ..] = told(1, &flips, &evaluations.into_iter().filter(|one| one.0 == 0).collect::<Vec<_>>(), 0);
    assert_eq!(first, [2, 7], "one edge has shown both");
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn what_is_told_is_what_the_words_say(
        edges in 1_u16..4,
        flips in prop::collection::vec(prop::option::weighted(0.8, 0_u64..40), 0..6),
        mut evaluations in prop::collection::vec((0_u16..4, 0_u32..6, 0_u64..40, 0_u64..12), 0..40),
        from in 0_u64..20,
    ) {
        for (edge, shown, start, end) in &mut evaluations {
            *edge %= edges;
            *shown = (*shown).min(flips.len() as u32);
            *end += *start;
        }
        evaluations.sort_by_key(|(_, _, start, _)| *start);
        prop_assert_eq!(told(edges, &flips, &evaluations, from), said(edges, &flips, &evaluations, from));
        // In the order of the answers each is told when it is there.
        let mut in_turn = Flips::new(edges);
        for complete in &flips {
            let number = in_turn.flip();
            if let Some(complete) = complete {
                in_turn.complete(number, at(*complete));
            }
        }
        let mut answers = evaluations.clone();
        answers.sort_by_key(|(.., end)| *end);
        for (edge, shown, start, end) in answers {
            in_turn.evaluated(Location(edge), shown, (at(start), at(end)), at(end));
        }
        let mut measurements = Measurements::new(0);
        in_turn.end(at(from), &mut measurements);
        prop_assert_eq!(FIGURES.map(|id| seconds(&measurements, id)), said(edges, &flips, &evaluations, from));
    }
}

/// A second is told from its neighbours, or the tests above would compare less than they say.
#[test]
fn seconds_are_in_buckets_of_their_own() {
    let mut measurements = Measurements::new(0);
    let all: Vec<u64> = (0..60).collect();
    let id = DistributionId::FirstEdge;
    all.iter().for_each(|second| measurements.distribution_mut(id).add(Span::from_secs(*second).0));
    assert_eq!(seconds(&measurements, id), all);
}
