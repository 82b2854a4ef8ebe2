//! `[[place]]` and `edges`: the places that a scenario can name, and those that it has named.

use std::cell::RefCell;

use crate::model::{Location, Span};
use crate::network::Place as NetworkPlace;
use crate::network::table::{self, Known};
use crate::scenario::codes;
use crate::scenario::desk::Desk;
use crate::scenario::diagnostic::{Fault, nearest, quoted};
use crate::scenario::form::Form;
use crate::scenario::section::{Draft, Section};
use crate::scenario::tree::{Entry, Node, Place, Value};
use crate::scenario::values::{self, POSITIVE};

/// The most edges: round-trip times are kept for every pair.
const EDGES_MOST: usize = 1000;
/// The most places, edges and others.
const PLACES_MOST: usize = 2000;

/// A place of the scenario's own.
pub(super) struct Own {
    pub code: String,
    pub city: String,
    pub position: Option<(f64, f64)>,
    pub rtt: Vec<Toward>,
    pub place: Place,
    /// Whether its distances were read without a mistake.
    pub good: bool,
}

/// A round-trip time to another place, and where the file says so.
pub(super) struct Toward {
    pub code: String,
    pub rtt: Span,
    pub place: Place,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Spot {
    Known(&'static Known),
    Own(usize),
}

/// The places that a scenario can name, and those that it has named so far.
pub(in crate::scenario) struct Places {
    pub(super) own: Vec<Own>,
    pub(super) used: RefCell<Vec<Spot>>,
    pub edges: u16,
}

impl Places {
    /// The location of a code, which from now on belongs to the scenario.
    pub fn locate(&self, desk: &Desk, key: &str, node: &Node) -> Option<Location> {
        let spot = self.spot(desk, key, node)?;
        let mut used = self.used.borrow_mut();
        let before = used.iter().position(|other| *other == spot);
        if before.is_none() && used.len() == PLACES_MOST {
            let message = format!("the scenario uses more than {PLACES_MOST} places");
            desk.report(node.place, Fault::new(codes::EDGES_COUNT, message).label("one too many"));
            return None;
        }
        let at = before.unwrap_or_else(|| {
            used.push(spot);
            used.len() - 1
        });
        u16::try_from(at).ok().map(Location)
    }

    /// An edge's location, by its code as it is written at a place.
    pub fn edge(&self, desk: &Desk, code: &str, place: Place) -> Option<Location> {
        let used = self.used.borrow();
        let edges = &used[..usize::from(self.edges)];
        let at = edges.iter().position(|spot| self.code(*spot) == code);
        if at.is_none() {
            let codes = edges.iter().map(|spot| self.code(*spot));
            let fault = Fault::new(codes::UNKNOWN_PLACE, format!("{} is no edge of this scenario", quoted(code)));
            desk.report(place, fault.label("not an edge").choices(code, "the edges are", codes));
        }
        at.and_then(|at| u16::try_from(at).ok()).map(Location)
    }

    /// The location of a place that the scenario has already.
    pub fn in_use(&self, desk: &Desk, key: &str, node: &Node) -> Option<Location> {
        let spot = self.spot(desk, key, node)?;
        let used = self.used.borrow();
        let at = used.iter().position(|other| *other == spot);
        if at.is_none() {
            let code = self.code(spot);
            let fault = Fault::new(codes::UNKNOWN_PLACE, format!("`{code}` is no place of this scenario"));
            let fault = fault.label("nobody and nothing is there");
            desk.report(node.place, fault.choices(code, "its places are", used.iter().map(|spot| self.code(*spot))));
        }
        at.and_then(|at| u16::try_from(at).ok()).map(Location)
    }

    pub fn len(&self) -> usize {
        self.used.borrow().len()
    }

    fn spot(&self, desk: &Desk, key: &str, node: &Node) -> Option<Spot> {
        let Value::Text(code) = &node.value else {
            desk.wrong_type(key, node, "the code of a place, as in \"FRA\"", None);
            return None;
        };
        let spot = self.find(code);
        if spot.is_none() {
            desk.report(node.place, self.unknown(code));
        }
        spot
    }

    pub(super) fn find(&self, code: &str) -> Option<Spot> {
        let own = self.own.iter().position(|own| own.code == code).map(Spot::Own);
        own.or_else(|| table::find(code).map(Spot::Known))
    }

    pub(super) fn unknown(&self, code: &str) -> Fault {
        let own = self.own.iter().map(|own| own.code.as_str());
        let codes: Vec<&str> = own.chain(table::all().iter().map(|known| known.code)).collect();
        let city = table::all().iter().find(|known| known.city.eq_ignore_ascii_case(code.trim()));
        let fault = Fault::new(codes::UNKNOWN_PLACE, format!("unknown place {}", quoted(code))).label("no such place");
        match city {
            Some(known) => fault.help(format!("{} is `{}`", known.city, known.code)),
            None if codes.len() <= 40 => fault.choices(code, "the places are", codes),
            None => {
                let near = nearest(code, &codes);
                let fault = near.map_or(fault.clone(), |near| fault.help(format!("did you mean `{near}`?")));
                fault.help(format!(
                    "{} airport codes are built in, such as {}; others need a [[place]]",
                    codes.len(),
                    codes[..8].join(", ")
                ))
            }
        }
    }

    pub(super) fn code(&self, spot: Spot) -> &str {
        match spot {
            Spot::Known(known) => known.code,
            Spot::Own(own) => &self.own[own].code,
        }
    }

    pub(super) fn position(&self, spot: Spot) -> Option<(f64, f64)> {
        match spot {
            Spot::Known(known) => Some((known.lat, known.lon)),
            Spot::Own(own) => self.own[own].position,
        }
    }

    pub(super) fn named(&self, spot: Spot) -> NetworkPlace {
        let (code, city) = match spot {
            Spot::Known(known) => (known.code, known.city),
            Spot::Own(own) => (self.own[own].code.as_str(), self.own[own].city.as_str()),
        };
        NetworkPlace { code: code.into(), city: city.into() }
    }
}

/// Reads the scenario's own places, and the edges.
pub(in crate::scenario) fn read(top: &mut Section<'_>) -> Places {
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
    let (place, good) = (s.place_of("code"), s.good(&["code", "lat", "lon", "rtt"]));
    Own { city: city.unwrap_or_else(|| code.clone()), code, position: lat.zip(lon), rtt, place, good }
}

/// Spans by the codes of places, which are looked up later.
pub(super) fn towards(desk: &Desk, key: &str, node: &Node) -> Option<Vec<Toward>> {
    let Value::Table(table) = &node.value else {
        desk.wrong_type(key, node, "a table such as { LHR = \"20 ms\" }", None);
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
            desk.wrong_type(
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

impl Draft<'_, '_> {
    /// A place, which from now on belongs to the scenario.
    pub fn place_if_any(self, places: &Places) -> Option<Location> {
        self.take(Form::Place, |desk, key, node| places.locate(desk, key, node))
    }

    /// An edge; where none is named, the first one.
    pub fn edge_or_first(self, places: &Places) -> Location {
        let read = self.take(Form::Place, |desk, key, node| {
            let Value::Text(code) = &node.value else {
                desk.wrong_type(key, node, "the code of an edge, as in \"LHR\"", None);
                return None;
            };
            places.edge(desk, code, node.place)
        });
        read.unwrap_or_default()
    }

    /// A list of places.
    pub fn places(self, places: &Places) -> Vec<Location> {
        let read = self.take(Form::Places, |desk, key, node| {
            let Value::List(list) = &node.value else {
                desk.wrong_type(key, node, "a list of places, as in [\"LHR\", \"IAD\"]", None);
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
                desk.wrong_type(key, node, "a table such as { SYD = \"-20 ms\" }", None);
                return None;
            };
            let mut skews = vec![0; usize::from(places.edges)];
            for entry in &table.entries {
                let edge = places.edge(desk, &entry.key, entry.key_place)?;
                skews[edge.index()] = values::signed_span(desk, &entry.key, &entry.node)?;
            }
            Some(skews)
        });
        read.unwrap_or_default()
    }
}
