//! What the platform charges: figures with their source and date, and the rule that turns use into a bill.
//!
//! To change a price or add a meter: `prices.toml`; what fills a meter is in `run/cost.rs`.

use std::sync::LazyLock;

use serde::Deserialize;

/// The days of a month, as in the worked examples of Cloudflare's pages.
pub const MONTH_DAYS: f64 = 30.0;
/// A Durable Object is billed as if it held 128 MB, whatever it holds (durable-objects/platform/pricing, 2026-10).
pub const OBJECT_GB: f64 = 0.128;

/// What is paid whatever is used.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    pub label: String,
    pub usd_month: f64,
    pub source: String,
    pub date: String,
}

/// Something that is counted and charged by the month.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meter {
    /// As in `kv.reads`.
    pub name: String,
    pub label: String,
    pub unit: String,
    /// So much a month costs nothing.
    pub included: f64,
    /// The price of a million units beyond.
    pub usd_per_million: f64,
    /// Whether what is beyond is rounded up to whole millions.
    #[serde(default)]
    pub whole_millions: bool,
    pub source: String,
    pub date: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Prices {
    plan: Plan,
    meter: Vec<Meter>,
}

static PRICES: LazyLock<Prices> =
    LazyLock::new(|| toml::from_str(include_str!("prices.toml")).expect("the embedded prices are whole"));

/// The plan that all prices belong to.
pub fn plan() -> &'static Plan {
    &PRICES.plan
}

/// Every meter, in the order of the table.
pub fn meters() -> &'static [Meter] {
    &PRICES.meter
}

/// One line of a bill.
#[derive(Clone, PartialEq, Debug)]
pub struct Item {
    /// The meter's name, or `plan`.
    pub meter: String,
    pub label: String,
    /// Used in a month, in the meter's unit; 1 for the plan.
    pub quantity: f64,
    pub unit: String,
    pub included: f64,
    pub usd_month: f64,
}

/// What a month costs.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Bill {
    pub total_usd_month: f64,
    /// The plan first, then every meter that was used, in the order of the table.
    pub items: Vec<Item>,
}

/// The bill for a month's use, by the names of meters; names that are in no table are left out.
pub fn bill(used: &[(&str, f64)]) -> Bill {
    let plan = plan();
    let mut items = vec![Item {
        meter: "plan".into(),
        label: plan.label.clone(),
        quantity: 1.0,
        unit: "month".into(),
        included: 0.0,
        usd_month: plan.usd_month,
    }];
    for meter in meters() {
        let quantity: f64 = used.iter().filter(|(name, _)| *name == meter.name).map(|(_, quantity)| quantity).sum();
        if quantity > 0.0 {
            items.push(Item {
                meter: meter.name.clone(),
                label: meter.label.clone(),
                quantity,
                unit: meter.unit.clone(),
                included: meter.included,
                usd_month: meter.price(quantity),
            });
        }
    }
    Bill { total_usd_month: items.iter().map(|item| item.usd_month).sum(), items }
}

impl Meter {
    /// What so much in a month costs.
    pub fn price(&self, quantity: f64) -> f64 {
        let millions = (quantity - self.included).max(0.0) / 1e6;
        let billed = if self.whole_millions { libm::ceil(millions) } else { millions };
        billed * self.usd_per_million
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(requests: f64, seconds: f64) -> f64 {
        let bill = bill(&[("durable_object.requests", requests), ("durable_object.duration", seconds * OBJECT_GB)]);
        libm::round(bill.total_usd_month * 100.0) / 100.0
    }

    /// The four worked examples of durable-objects/platform/pricing.
    #[test]
    fn the_worked_examples_cost_what_they_say() {
        assert_eq!(objects(1.5e6, 1e6), 5.15);
        assert_eq!(objects(3.75e6, 86.4e6), 142.95);
        assert_eq!(objects(12_960_100.0, 259.2e6), 419.30);
        assert_eq!(objects(21_610_000.0, 4.32e6), 20.65);
    }

    #[test]
    fn what_is_included_costs_nothing_and_each_line_is_named() {
        let bill = bill(&[("kv.reads", 12e6), ("kv.writes", 1e6), ("no such meter", 1e12)]);
        assert_eq!(
            bill.items.iter().map(|item| item.meter.as_str()).collect::<Vec<_>>(),
            ["plan", "kv.reads", "kv.writes"]
        );
        assert_eq!(bill.total_usd_month, 6.0);
    }

    #[test]
    fn every_figure_has_a_source_and_a_date_and_a_name_of_its_own() {
        for (n, meter) in meters().iter().enumerate() {
            assert!(!meter.source.is_empty() && meter.date.starts_with("20"), "{}", meter.name);
            assert!(meters()[..n].iter().all(|other| other.name != meter.name), "{}", meter.name);
        }
        assert!(meters().len() > 9 && plan().usd_month > 0.0);
    }
}
