//! A version of the platform: every figure and price, as plain data that a scenario carries.

use std::sync::Arc;

use serde::Serialize;

use crate::model::Span;

use super::figure::{FigureId, UNLIMITED};
use super::meter::Price;

/// The version that scenarios have where they name none.
pub const NEWEST: &str = "cf-2026-11";

/// The versions that are built in, newest first: the name, and the text of the file.
pub const VERSIONS: [(&str, &str); 2] =
    [(NEWEST, include_str!("cf-2026-11.toml")), ("brief-2026-01", include_str!("brief-2026-01.toml"))];

/// What the account pays for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub enum Plan {
    /// Workers Free: daily quotas.
    Free,
    /// Workers Paid: prices.
    #[default]
    Paid,
}

impl Plan {
    /// The name on Cloudflare's pages.
    pub fn label(self) -> &'static str {
        match self {
            Plan::Free => "Workers Free",
            Plan::Paid => "Workers Paid",
        }
    }
}

/// One figure, by plan, in the base unit of its row: things, bytes or nanoseconds; [`UNLIMITED`] where there is no bound.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Figure {
    pub free: u64,
    pub paid: u64,
    /// The page that says so.
    pub source: String,
    /// The page's own date, or when it was read.
    pub date: String,
    /// Whether this version states it, rather than the one that it extends.
    pub stated: bool,
}

/// What is paid whatever is used.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct PaidPlan {
    pub usd_month: f64,
    pub source: String,
    pub date: String,
}

/// A version of the platform.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Platform {
    /// As in `cf-2026-11`; of a file of the user's own, what it says.
    pub name: String,
    /// What it is, in a sentence.
    pub title: String,
    pub paid: PaidPlan,
    /// In the order of [`FigureId::ALL`].
    pub figures: Vec<Figure>,
    /// In the order of [`METERS`](super::meter::METERS).
    pub prices: Vec<Price>,
}

impl Platform {
    /// A figure with its source.
    #[inline]
    pub fn figure(&self, id: FigureId) -> &Figure {
        &self.figures[id as usize]
    }

    /// The bound on a plan, in the base unit of the figure's row; [`UNLIMITED`] where there is none.
    #[inline]
    pub fn bound(&self, id: FigureId, plan: Plan) -> u64 {
        let figure = self.figure(id);
        match plan {
            Plan::Free => figure.free,
            Plan::Paid => figure.paid,
        }
    }

    /// A figure that is a span of time.
    #[inline]
    pub fn span(&self, id: FigureId, plan: Plan) -> Span {
        Span(self.bound(id, plan))
    }

    /// The bound, where there is one.
    pub fn limit(&self, id: FigureId, plan: Plan) -> Option<u64> {
        Some(self.bound(id, plan)).filter(|bound| *bound != UNLIMITED)
    }
}

/// What a store is subject to: the platform's version and the account's plan.
#[derive(Clone, PartialEq, Debug)]
pub struct Terms {
    pub platform: Arc<Platform>,
    pub plan: Plan,
    /// The time of the day in UTC at which the run starts.
    pub starts_at: Span,
}

impl Terms {
    /// The bound, in the base unit of the figure's row; [`UNLIMITED`] where there is none.
    #[inline]
    pub fn bound(&self, id: FigureId) -> u64 {
        self.platform.bound(id, self.plan)
    }

    /// A figure that is a span of time.
    #[inline]
    pub fn span(&self, id: FigureId) -> Span {
        self.platform.span(id, self.plan)
    }
}
