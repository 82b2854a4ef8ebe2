//! What a limit for each window of time admits of one identity's requests, and what it should have.

use std::collections::VecDeque;

use crate::metrics::{CountId, DistributionId, Measurements, Window};
use crate::model::{Span, Time, Value, split_window_count};

use super::config::RateLimitConfig;

/// A window's decisions are all made this long after its end.
const SETTLED: Span = Span::from_secs(60);

/// The limit, and which windows are measured.
#[derive(Clone, Copy, Debug)]
pub struct RateRule {
    pub limit: u32,
    length: Span,
    measured: Window,
}

/// What happened in one window of one identity.
#[derive(Clone, Copy, Debug)]
pub struct Windowed {
    window: u32,
    offered: u32,
    admitted: u32,
}

/// The windows of one identity that are not settled, in their order.
#[derive(Clone, Debug, Default)]
pub struct RateWindows(VecDeque<Windowed>);

impl RateRule {
    /// From its plain data and the part of the run that is measured.
    pub fn new(config: &RateLimitConfig, measured: Window) -> RateRule {
        RateRule { limit: config.limit, length: config.window, measured }
    }

    /// The number of the window of a time.
    #[inline]
    pub fn window_at(&self, at: Time) -> u32 {
        (at.0 / self.length.0) as u32
    }

    /// Measures a window; one that the run cuts off shows only a part of what would have come.
    pub fn settle(&self, window: Windowed, measurements: &mut Measurements) {
        let start = Time(u64::from(window.window) * self.length.0);
        if start + self.length > self.measured.until || start < self.measured.from {
            return;
        }
        let within = window.offered.min(self.limit);
        let rejections = measurements.count_mut(CountId::FalseRejections);
        rejections.hits += u64::from(within.saturating_sub(window.admitted));
        rejections.of += u64::from(within);
        if window.offered > self.limit {
            let over = window.admitted.saturating_sub(self.limit);
            measurements.distribution_mut(DistributionId::Overshoot).add(u64::from(over));
            measurements.count_mut(CountId::OvershootWindows).add(over > 0);
        }
    }
}

impl RateWindows {
    /// A request was decided on, in the window that it was counted in.
    #[inline]
    pub fn decide(&mut self, window: u32, admit: bool) {
        // Mostly the last.
        let place = self.0.iter().rposition(|one| one.window <= window);
        let place = match place {
            Some(place) if self.0[place].window == window => place,
            before => {
                let place = before.map_or(0, |before| before + 1);
                self.0.insert(place, Windowed { window, offered: 0, admitted: 0 });
                place
            }
        };
        self.0[place].offered += 1;
        self.0[place].admitted += u32::from(admit);
    }

    /// The same of a request that was counted where that is done in one step.
    #[inline]
    pub fn decide_counted(&mut self, rule: &RateRule, counted: Value) {
        let (window, count) = split_window_count(counted);
        self.decide(window, count <= rule.limit);
    }

    /// The first window that is settled when a request arrives `now`, if one is; it goes.
    #[inline]
    pub fn settled(&mut self, rule: &RateRule, now: Time) -> Option<Windowed> {
        let front = self.0.front()?;
        (front.window < rule.window_at(now - rule.length - SETTLED)).then(|| self.0.pop_front()).flatten()
    }

    /// Nothing more will be decided: what is measured of the rest.
    pub fn end(&mut self, rule: &RateRule, measurements: &mut Measurements) {
        self.0.drain(..).for_each(|window| rule.settle(window, measurements));
    }
}
