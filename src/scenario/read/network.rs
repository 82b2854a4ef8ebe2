//! Places, edges and the round-trip times between them.

use std::cell::RefCell;

use crate::model::{Location, Span};
use crate::network::table::{self, Known};
use crate::network::{NetworkConfig, Place as NetworkPlace};
use crate::random::Law;
use crate::scenario::codes;
use crate::scenario::diagnostic::{Fault, quoted};
use crate::scenario::form::Form;
use crate::scenario::section::{Desk, Draft, Section};
use crate::scenario::tree::{Entry, Node, Place, Value};
use crate::scenario::values::{self, ANY, POSITIVE, wrong_type};

/// The most edges: round-trip times are kept for every pair.
const EDGES_MOST: usize = 1000;

/// A place of the scenario's own.
struct Own {
    code: String,
    city: String,
    position: Option<(f64, f64)>,
    rtt: Vec<Toward>,
    place: Place,
}

/// A round-trip time to another place, and where the file says so.
struct Toward {
    code: String,
    rtt: Span,
    place: Place,
}

#[derive(Clone, Copy, PartialEq)]
enum Spot {
    Known(&'static Known),
    Own(usize),
}

/// The places that a scenario can name, and those that it has named so far.
pub(in crate::scenario) struct Places {
    own: Vec<Own>,
    used: RefCell<Vec<Spot>>,
    pub edges: u16,
}

impl Places {
    /// The location of a code, which from now on belongs to the scenario.
    pub fn locate(&self, desk: &Desk, key: &str, node: &Node) -> Option<Location> {
        let spot = self.spot(desk, key, node)?;
        let mut used = self.used.borrow_mut();
        let at = used.iter().position(|other| *other == spot).unwrap_or_else(|| {
            used.push(spot);
            used.len() - 1
        });
        u16::try_from(at).ok().map(Location)
    }

    /// An edge's location.
    pub fn edge(&self, desk: &Desk, entry: &Entry) -> Option<Location> {
        let used = self.used.borrow();
        let edges = &used[..usize::from(self.edges)];
        let at = edges.iter().position(|spot| self.code(*spot) == entry.key);
        if at.is_none() {
            let codes = edges.iter().map(|spot| self.code(*spot));
            let fault = Fault::new(codes::UNKNOWN_PLACE, format!("{} is no edge of this scenario", quoted(&entry.key)));
            desk.report(entry.key_place, fault.label("not an edge").choices(&entry.key, "the edges are", codes));
        }
        at.and_then(|at| u16::try_from(at).ok()).map(Location)
    }

    pub fn len(&self) -> usize {
        self.used.borrow().len()
    }

    fn spot(&self, desk: &Desk, key: &str, node: &Node) -> Option<Spot> {
        let Value::Text(code) = &node.value else {
            wrong_type(desk, key, node, "the code of a place, as in \"FRA\"", None);
            return None;
        };
        let spot = self.find(code);
        if spot.is_none() {
            desk.report(node.place, self.unknown(code));
        }
        spot
    }

    fn find(&self, code: &str) -> Option<Spot> {
        let own = self.own.iter().position(|own| own.code == code).map(Spot::Own);
        own.or_else(|| table::find(code).map(Spot::Known))
    }

    fn unknown(&self, code: &str) -> Fault {
        let own = self.own.iter().map(|own| own.code.as_str());
        let codes: Vec<&str> = own.chain(table::all().iter().map(|known| known.code)).collect();
        let city = table::all().iter().find(|known| known.city.eq_ignore_ascii_case(code.trim()));
        let fault = Fault::new(codes::UNKNOWN_PLACE, format!("unknown place {}", quoted(code))).label("no such place");
        match city {
            Some(known) => fault.help(format!("{} is `{}`", known.city, known.code)),
            None if codes.len() <= 40 => fault.choices(code, "the places are", codes),
            None => {
                let near = super::super::diagnostic::nearest(code, &codes);
                let fault = near.map_or(fault.clone(), |near| fault.help(format!("did you mean `{near}`?")));
                fault.help(format!(
                    "{} airport codes are built in, such as {}; others need a [[place]]",
                    codes.len(),
                    codes[..8].join(", ")
                ))
            }
        }
    }

    fn code(&self, spot: Spot) -> &str {
        match spot {
            Spot::Known(known) => known.code,
            Spot::Own(own) => &self.own[own].code,
        }
    }

    fn position(&self, spot: Spot) -> Option<(f64, f64)> {
        match spot {
            Spot::Known(known) => Some((known.lat, known.lon)),
            Spot::Own(own) => self.own[own].position,
        }
    }

    fn named(&self, spot: Spot) -> NetworkPlace {
        let (code, city) = match spot {
            Spot::Known(known) => (known.code, known.city),
            Spot::Own(own) => (self.own[own].code.as_str(), self.own[own].city.as_str()),
        };
        NetworkPlace { code: code.into(), city: city.into() }
    }
}

/// Reads the scenario's own places, and the edges.
pub(in crate::scenario) fn places(top: &mut Section<'_>) -> Places {
    let mut own: Vec<Own> = Vec::new();
    for place in top.tables("place", "A place that the built-in table does not have.", |s, _| own_place(s)) {
        let first = own.iter().any(|other| other.code == place.code);
        let built_in = table::find(&place.code).is_some();
        if (first || built_in) && !place.code.is_empty() {
            let message = if built_in { "is a place of the built-in table" } else { "is the code of another place" };
            let fault = Fault::new(codes::DUPLICATE_PLACE, format!("`{}` {message}", place.code));
            top.desk.report(place.place, fault.help("choose another code"));
            continue;
        }
        own.push(place);
    }
    let mut places = Places { own, used: RefCell::default(), edges: 0 };
    let spots = top
        .field(
            "edges",
            "The locations with clients: a number of places from the built-in table, in its order, or a list of codes.",
        )
        .default(6)
        .take(Form::Edges, |desk, key, node| edges(desk, key, node, &places))
        .unwrap_or_default();
    // Further reading needs at least one edge; this one is never simulated, for without any the scenario is refused.
    let spots = if spots.is_empty() { vec![Spot::Known(&table::all()[0])] } else { spots };
    places.edges = u16::try_from(spots.len()).unwrap_or(u16::MAX);
    places.used = RefCell::new(spots);
    places
}

fn own_place(s: &mut Section<'_>) -> Own {
    let code = s.field("code", "The code, for lists of places: letters, digits, - and _.").required().name_if_any();
    let city = s.field("city", "The words for tables and charts; the code where there are none.").text_if_any();
    let lat = s.field("lat", "Degrees north.").number_if_any(-90.0..=90.0);
    let lon = s.field("lon", "Degrees east.").number_if_any(-180.0..=180.0);
    if let (true, Some(one)) =
        (lat.is_some() != lon.is_some() && s.good(&["lat", "lon"]), lat.map(|_| "lat").or(lon.map(|_| "lon")))
    {
        let other = if one == "lat" { "lon" } else { "lat" };
        s.fault(
            one,
            Fault::new(codes::MISSING_FIELD, format!("`{one}` needs `{other}` beside it")).label("half a position"),
        );
    }
    let doc = "Round-trip times to other places; those that are missing are computed from the coordinates.";
    let rtt = s.field("rtt", doc).take(Form::ByPlace(Box::new(Form::Span)), towards).unwrap_or_default();
    let code = code.unwrap_or_default();
    Own { city: city.unwrap_or_else(|| code.clone()), code, position: lat.zip(lon), rtt, place: s.place_of("code") }
}

/// Spans by the codes of places, which are looked up later.
fn towards(desk: &Desk, key: &str, node: &Node) -> Option<Vec<Toward>> {
    let Value::Table(table) = &node.value else {
        wrong_type(desk, key, node, "a table such as { LHR = \"20 ms\" }", None);
        return None;
    };
    let toward = |entry: &Entry| {
        let rtt = values::span(desk, &entry.key, &entry.node, &POSITIVE)?;
        Some(Toward { code: entry.key.clone(), rtt, place: entry.key_place })
    };
    let towards: Vec<Toward> = table.entries.iter().filter_map(toward).collect();
    (towards.len() == table.entries.len()).then_some(towards)
}

fn edges(desk: &Desk, key: &str, node: &Node, places: &Places) -> Option<Vec<Spot>> {
    let wrong = |place: Place, message: String| {
        desk.report(place, Fault::new(codes::EDGES_COUNT, message).label("how many?"));
        None
    };
    let list = match &node.value {
        Value::Integer(_) | Value::Float(_) => {
            let count = values::count(desk, key, node, 0, u64::MAX)?;
            let most = table::all().len();
            return match usize::try_from(count) {
                Ok(0) => wrong(node.place, "a scenario needs at least one edge".into()),
                Ok(count) if count <= most.min(EDGES_MOST) => {
                    Some(table::all()[..count].iter().map(Spot::Known).collect())
                }
                _ => wrong(node.place, format!("the built-in table has {most} places, not {}", values::grouped(count))),
            };
        }
        Value::List(list) => list,
        _ => {
            wrong_type(
                desk,
                key,
                node,
                "a number of places or a list of their codes",
                Some("write edges = 6, or edges = [\"LHR\", \"IAD\"]".into()),
            );
            return None;
        }
    };
    if list.is_empty() {
        return wrong(node.place, "a scenario needs at least one edge".into());
    }
    if list.len() > EDGES_MOST {
        return wrong(
            node.place,
            format!("a scenario has at most 1,000 edges, not {}", values::grouped(list.len() as u64)),
        );
    }
    let mut spots = Vec::new();
    let mut good = true;
    for code in list {
        match places.spot(desk, key, code) {
            Some(spot) if spots.contains(&spot) => {
                let fault = Fault::new(codes::DUPLICATE_PLACE, format!("`{}` is listed twice", places.code(spot)));
                desk.report(code.place, fault.label("the second time"));
                good = false;
            }
            Some(spot) => spots.push(spot),
            None => good = false,
        }
    }
    good.then_some(spots)
}

/// `[network]`, before the list of places is complete.
pub(in crate::scenario) struct Links {
    zero: bool,
    jitter: Law,
    all: Option<Span>,
    pairs: Vec<(String, Toward)>,
    /// Where a missing round-trip time is reported, if no place of the scenario's own is to blame.
    place: Place,
}

/// Reads `[network]`.
pub(in crate::scenario) fn links(top: &mut Section<'_>) -> Links {
    top.table("network", "Round-trip times and what is added to them.", |s| {
        let zero = s.field("zero", "No network time at all, whatever else is said: for comparing with formulas.").default(false).flag();
        let jitter = s
            .field("jitter", "What is added to half the round-trip time, on each way.")
            .default_toml(r#"{ lognormal = { median = "0.5 ms", p99 = "5 ms" } }"#)
            .assumed("Cloudflare publishes no figures of the network's jitter")
            .law();
        let doc = "One round-trip time between any two places, or figures for some pairs, as in { LHR = { IAD = \"75 ms\" } }; the rest come from the built-in table.";
        let pairs = Form::ByPlace(Box::new(Form::ByPlace(Box::new(Form::Span))));
        let rtt = s.field("rtt", doc).take(Form::Either(vec![Form::Span, pairs]), rtts).unwrap_or_default();
        Links { zero, jitter, all: rtt.0, pairs: rtt.1, place: s.place }
    })
}

type Rtts = (Option<Span>, Vec<(String, Toward)>);

fn rtts(desk: &Desk, key: &str, node: &Node) -> Option<Rtts> {
    let table = match &node.value {
        Value::Text(_) => return values::span(desk, key, node, &ANY).map(|span| (Some(span), Vec::new())),
        Value::Table(table) => table,
        _ => {
            wrong_type(desk, key, node, "a span of time, or a table such as { LHR = { IAD = \"75 ms\" } }", None);
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
    for a in 0..n {
        let mut missing: Vec<(&str, Place)> = Vec::new();
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
                let own = [used[a], used[b]].into_iter().find_map(|spot| match spot {
                    Spot::Own(own) if places.own[own].position.is_none() => Some(places.own[own].place),
                    _ => None,
                });
                missing.push((places.code(used[b]), own.unwrap_or(links.place)));
            }
            matrix[a * n + b] = Some((span.unwrap_or_default(), None));
            matrix[b * n + a] = matrix[a * n + b];
        }
        if let Some((_, place)) = missing.first() {
            let codes: Vec<&str> = missing.iter().take(12).map(|(code, _)| *code).collect();
            let message = format!("no round-trip time between `{}` and {}", places.code(used[a]), codes.join(", "));
            let help = format!("give lat and lon, or rtt = {{ {} = \"20 ms\" }}", codes.join(" = \"20 ms\", "));
            desk.report(*place, Fault::new(codes::MISSING_RTT, message).label("how far away?").help(help));
        }
    }
    from_table
}

impl Draft<'_, '_> {
    /// A place, which from now on belongs to the scenario.
    pub fn place_if_any(self, places: &Places) -> Option<Location> {
        self.take(Form::Place, |desk, key, node| places.locate(desk, key, node))
    }

    /// A list of places.
    pub fn places(self, places: &Places) -> Vec<Location> {
        let read = self.take(Form::Places, |desk, key, node| {
            let Value::List(list) = &node.value else {
                wrong_type(desk, key, node, "a list of places, as in [\"LHR\", \"IAD\"]", None);
                return None;
            };
            if list.len() > EDGES_MOST {
                desk.report(
                    node.place,
                    Fault::new(codes::EDGES_COUNT, format!("`{key}` lists more than 1,000 places")),
                );
                return None;
            }
            let mut locations: Vec<Location> = Vec::new();
            for code in list {
                let location = places.locate(desk, key, code)?;
                if locations.contains(&location) {
                    let fault = Fault::new(codes::DUPLICATE_PLACE, format!("a place is listed twice in `{key}`"));
                    desk.report(code.place, fault.label("the second time"));
                    return None;
                }
                locations.push(location);
            }
            Some(locations)
        });
        read.unwrap_or_default()
    }

    /// The clock skew of edges in nanoseconds, as long as the list of edges.
    pub fn clock_skew(self, places: &Places) -> Vec<i64> {
        let read = self.take(Form::ByPlace(Box::new(Form::SignedSpan)), |desk, key, node| {
            let Value::Table(table) = &node.value else {
                wrong_type(desk, key, node, "a table such as { SYD = \"-20 ms\" }", None);
                return None;
            };
            let mut skews = vec![0; usize::from(places.edges)];
            for entry in &table.entries {
                let edge = places.edge(desk, entry)?;
                skews[edge.index()] = values::signed_span(desk, &entry.key, &entry.node)?;
            }
            Some(skews)
        });
        read.unwrap_or_default()
    }
}
