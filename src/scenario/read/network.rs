//! `[network]`: the round-trip times between the places of a scenario.

use crate::faults::Faults;
use crate::model::{Location, Span};
use crate::network::NetworkConfig;
use crate::network::table;
use crate::random::Law;
use crate::scenario::codes;
use crate::scenario::desk::Desk;
use crate::scenario::diagnostic::Fault;
use crate::scenario::form::Form;
use crate::scenario::section::Section;
use crate::scenario::tree::{Node, Place, Value};
use crate::scenario::values::{self, ANY};

use super::places::{Places, Spot, Toward, towards};

/// `[network]`, before the list of places is complete.
pub(in crate::scenario) struct Links {
    zero: bool,
    jitter: Law,
    all: Option<Span>,
    pairs: Vec<(String, Toward)>,
}

/// Reads `[network]`.
pub(in crate::scenario) fn links(top: &mut Section<'_>) -> Links {
    top.table("network", "Round-trip times and what is added to them.", |s| {
        let zero = s.field("zero", "No network time at all, whatever else is said: for comparing with formulas.").default(false).flag();
        let jitter = s
            .field("jitter", "What is added to half the round-trip time, on each way.")
            .default_toml(r#"{ lognormal = { median = "0.5 ms", p99 = "5 ms" } }"#)
            .assumed(if zero { "" } else { "Cloudflare publishes no figures of the network's jitter" })
            .law();
        let doc = "One round-trip time between any two places, or figures for some pairs, as in { LHR = { IAD = \"75 ms\" } }; the rest come from the built-in table.";
        let pairs = Form::ByPlace(Box::new(Form::ByPlace(Box::new(Form::Span))));
        let rtt = s.field("rtt", doc).take(Form::Either(vec![Form::Span, pairs]), rtts).unwrap_or_default();
        Links { zero, jitter, all: rtt.0, pairs: rtt.1 }
    })
}

type Rtts = (Option<Span>, Vec<(String, Toward)>);

fn rtts(desk: &Desk, key: &str, node: &Node) -> Option<Rtts> {
    let table = match &node.value {
        Value::Text(_) => return values::span(desk, key, node, &ANY).map(|span| (Some(span), Vec::new())),
        Value::Table(table) => table,
        _ => {
            desk.wrong_type(key, node, "a span of time, or a table such as { LHR = { IAD = \"75 ms\" } }", None);
            return None;
        }
    };
    let mut pairs = Vec::new();
    for entry in &table.entries {
        for toward in towards(desk, &entry.key, &entry.node)? {
            // The first code is checked like the second: a place of its own that stands before the pair.
            pairs.push((entry.key.clone(), Toward { place: entry.key_place.through(toward.place), ..toward }));
        }
    }
    Some((None, pairs))
}

/// The network, once every place is known.
pub(in crate::scenario) fn finish(desk: &Desk, places: &Places, links: Links, central: Location) -> NetworkConfig {
    let used = places.used.borrow();
    for (number, own) in places.own.iter().enumerate() {
        if !used.contains(&Spot::Own(number)) && !own.code.is_empty() {
            let fault = Fault::new(codes::UNUSED_PLACE, format!("`{}` is not used", own.code)).label("has no effect");
            let help = format!(
                "name it among the edges, as in edges = [\"{}\", \"LHR\"], or as central or a store's place",
                own.code
            );
            desk.report(own.place, fault.help(help));
        }
    }
    let n = used.len();
    let mut matrix: Vec<Option<(Span, Option<Place>)>> = vec![None; n * n];
    for (at, span) in matrix.iter_mut().enumerate() {
        if at / n == at % n || links.zero {
            *span = Some((Span::ZERO, None));
        }
    }
    if !links.zero {
        given(desk, places, &links, &used, &mut matrix);
        let from_table = computed(desk, places, &links, &used, &mut matrix);
        if from_table {
            let why = "Cloudflare publishes no round-trip times between its locations: these were measured between another cloud's regions in 2020, or computed from the distance by a formula fitted on those";
            desk.assume("network.rtt".into(), "built-in table".into(), why);
        }
    }
    NetworkConfig {
        places: used.iter().map(|spot| places.named(*spot)).collect(),
        edges: places.edges,
        central,
        rtt: matrix.into_iter().map(|span| span.map_or(Span::ZERO, |(span, _)| span)).collect(),
        jitter: if links.zero { Law::Constant(Span::ZERO) } else { links.jitter },
        faults: Faults::default(),
    }
}

type Matrix = [Option<(Span, Option<Place>)>];

/// Fills in what the scenario says.
fn given(desk: &Desk, places: &Places, links: &Links, used: &[Spot], matrix: &mut Matrix) {
    let own = places.own.iter().flat_map(|own| own.rtt.iter().map(|toward| (own.code.as_str(), toward)));
    let pairs = links.pairs.iter().map(|(code, toward)| (code.as_str(), toward));
    let n = used.len();
    for (from, toward) in own.chain(pairs) {
        let (Some(a), Some(b)) = (places.find(from), places.find(&toward.code)) else {
            let wrong = if places.find(from).is_none() { from } else { &toward.code };
            desk.report(toward.place, places.unknown(wrong));
            continue;
        };
        if a == b {
            let fault = Fault::new(codes::DUPLICATE_PLACE, format!("a round-trip time from `{from}` to itself"));
            desk.report(toward.place, fault.label("within one place there is no network"));
            continue;
        }
        // A pair of known places of which this scenario does not use both changes nothing.
        let at = |spot| used.iter().position(|other| *other == spot);
        let (Some(a), Some(b)) = (at(a), at(b)) else { continue };
        if let Some((before, Some(_))) = matrix[a * n + b]
            && before != toward.rtt
        {
            let message = format!("`{from}` to `{}` is given twice: {before} and {}", toward.code, toward.rtt);
            desk.report(toward.place, Fault::new(codes::RTT_TWICE, message).label("the second figure"));
        }
        matrix[a * n + b] = Some((toward.rtt, Some(toward.place)));
        matrix[b * n + a] = Some((toward.rtt, Some(toward.place)));
    }
}

/// Fills in the rest; says whether any figure came from the built-in table.
fn computed(desk: &Desk, places: &Places, links: &Links, used: &[Spot], matrix: &mut Matrix) -> bool {
    let n = used.len();
    let mut from_table = false;
    let mut missing: Vec<(usize, Vec<&str>)> = Vec::new();
    for a in 0..n {
        for b in a + 1..n {
            if matrix[a * n + b].is_some() {
                continue;
            }
            let span = match (used[a], used[b]) {
                _ if links.all.is_some() => links.all,
                (Spot::Known(a), Spot::Known(b)) => Some(table::rtt(a, b)),
                (a, b) => places
                    .position(a)
                    .zip(places.position(b))
                    .map(|((lat_a, lon_a), (lat_b, lon_b))| table::great_circle_rtt(lat_a, lon_a, lat_b, lon_b)),
            };
            from_table |= links.all.is_none() && span.is_some();
            if span.is_none() {
                let (own, other) = if places.position(used[a]).is_none() { (a, b) } else { (b, a) };
                match missing.iter_mut().find(|(place, _)| *place == own) {
                    Some((_, others)) => others.push(places.code(used[other])),
                    None => missing.push((own, vec![places.code(used[other])])),
                }
            }
            matrix[a * n + b] = Some((span.unwrap_or_default(), None));
            matrix[b * n + a] = matrix[a * n + b];
        }
    }
    for (own, others) in missing {
        let Spot::Own(number) = used[own] else { continue };
        let own = &places.own[number];
        // Where a figure is wrong, that was said; the one that is missing for it needs no further message.
        if own.good {
            let (few, more) = (&others[..others.len().min(8)], if others.len() > 8 { " …" } else { "" });
            let message = format!("no round-trip time between `{}` and {}{more}", own.code, few.join(", "));
            let help = format!("give lat and lon, or rtt = {{ {} = \"20 ms\"{more} }}", few.join(" = \"20 ms\", "));
            desk.report(own.place, Fault::new(codes::MISSING_RTT, message).label("how far away?").help(help));
        }
    }
    from_table
}
