//! The rule that turns a month's use into a bill.

use super::meter::METERS;
use super::platform::{Plan, Platform};

/// The days of a month, as in the worked examples of Cloudflare's pages.
pub const MONTH_DAYS: f64 = 30.0;

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

/// The bill for a month's use on the paid plan, by the names of meters; names that are in no table are left out.
pub fn bill(platform: &Platform, used: &[(&str, f64)]) -> Bill {
    let plan = &platform.paid;
    let mut items = vec![Item {
        meter: "plan".into(),
        label: format!("{} plan", Plan::Paid.label()),
        quantity: 1.0,
        unit: "month".into(),
        included: 0.0,
        usd_month: plan.usd_month,
    }];
    for (row, price) in METERS.iter().zip(&platform.prices) {
        let quantity: f64 = used.iter().filter(|(name, _)| *name == row.name).map(|(_, quantity)| quantity).sum();
        if quantity > 0.0 {
            items.push(Item {
                meter: row.name.into(),
                label: row.label.into(),
                quantity,
                unit: row.unit.into(),
                included: price.included,
                usd_month: price.of(quantity),
            });
        }
    }
    Bill { total_usd_month: items.iter().map(|item| item.usd_month).sum(), items }
}
