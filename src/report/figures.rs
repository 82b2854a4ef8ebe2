//! Numbers as people read them: sensible digits, sensible units.

use crate::metrics::table::Unit;

/// How a stored amount is printed: what it is multiplied by, and the sign behind it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Scale {
    pub factor: f64,
    pub sign: &'static str,
}

/// The scale that gives an amount of this size the fewest digits.
pub fn scale(unit: Unit, amount: f64) -> Scale {
    let amount = amount.abs();
    let (factor, sign) = match unit {
        Unit::Share => (100.0, "%"),
        Unit::Versions => (1.0, if amount == 1.0 { "version" } else { "versions" }),
        Unit::Requests => (1.0, if amount == 1.0 { "request" } else { "requests" }),
        // The bounds lie a little below the round number, so that rounding never prints "1,000 ms".
        Unit::Seconds if amount < 0.999_5e-3 => (1e6, "µs"),
        Unit::Seconds if amount < 0.999_5 => (1e3, "ms"),
        Unit::Seconds if amount < 600.0 => (1.0, "s"),
        Unit::Seconds if amount < 36_000.0 => (1.0 / 60.0, "min"),
        Unit::Seconds => (1.0 / 3600.0, "h"),
    };
    Scale { factor, sign }
}

/// A value with its unit, in three digits: `58.8 s`, `4.29 %`; an exact zero is `0`.
pub fn value(unit: Unit, value: f64) -> String {
    with_digits(unit, value, 3)
}

/// A value with its unit, in two digits, for sentences that say "about".
pub fn about(unit: Unit, value: f64) -> String {
    with_digits(unit, value, 2)
}

fn with_digits(unit: Unit, value: f64, digits: i32) -> String {
    if value == 0.0 {
        return "0".to_string();
    }
    let scale = scale(unit, value);
    let number = value * scale.factor;
    let text = share_bounds(unit, number, trimmed(number, decimals_for(unit, number, digits)));
    format!("{text} {}", scale.sign)
}

/// A value with half the width of its interval, as in `4.29 % ±0.11`.
///
/// Where the interval was cut off at what the quantity can be, the longer side counts.
pub fn value_with_interval(unit: Unit, amount: f64, interval: Option<[f64; 2]>) -> String {
    let Some([low, high]) = interval.filter(|[low, high]| high > low) else {
        return value(unit, amount);
    };
    let scale = scale(unit, amount);
    let number = amount * scale.factor;
    let half = (high - amount).max(amount - low) * scale.factor;
    // Two digits of the half-width, but no more than four of the value: further ones help nobody.
    let most = decimals(number, 4).max(decimals_for(unit, number, 2));
    let places = decimals(half, 2).min(most);
    let text = share_bounds(unit, number, fixed(number, places));
    let half_text = fixed(half, places);
    let half_text = if parses_to_zero(&half_text) {
        format!("<{}", fixed(libm::pow(10.0, -(places as f64)), places))
    } else {
        half_text
    };
    format!("{text} {} ±{half_text}", scale.sign)
}

/// Several figures of one distribution: `9 / 31 ms`, or `9 ms / 58 s` where one unit does not suit both.
pub fn several(unit: Unit, values: &[f64]) -> String {
    let largest = values.iter().copied().fold(0.0, f64::max);
    let scale = scale(unit, largest);
    let suits = |value: f64| value == 0.0 || value * scale.factor >= 0.095;
    if largest == 0.0 {
        return "0".to_string();
    }
    if values.iter().all(|value| suits(*value)) {
        let texts: Vec<String> = values.iter().map(|value| short(value * scale.factor, scale.sign)).collect();
        return format!("{} {}", texts.join(" / "), scale.sign);
    }
    let texts: Vec<String> = values.iter().map(|value| about(unit, *value)).collect();
    texts.join(" / ")
}

/// Shares one below the other, with the same number of decimals.
pub fn shares(shares: &[f64]) -> Vec<String> {
    let largest = shares.iter().copied().fold(0.0, f64::max) * 100.0;
    let places = decimals(largest, 3);
    let text = |share: &f64| match fixed(share * 100.0, places) {
        text if parses_to_zero(&text) || *share > 0.99 => value(Unit::Share, *share),
        text => format!("{text} %"),
    };
    shares.iter().map(text).collect()
}

/// A number on an axis whose steps are this wide.
pub fn tick(number: f64, step: f64) -> String {
    for (size, word) in [(1e9, " billion"), (1e6, " million")] {
        if step * 5.0 >= size && number.abs() < 1e15 {
            return if number == 0.0 { "0".to_string() } else { format!("{}{word}", trimmed(number / size, 3)) };
        }
    }
    if number == 0.0 { "0".to_string() } else { trimmed(number, decimals(step, 2)) }
}

/// A whole number with commas: `144,014`.
pub fn grouped(number: u64) -> String {
    group(&number.to_string())
}

/// Twelve digits are all that a figure carries: what follows is noise of binary fractions, as in 58.800000000000004.
pub fn tidy(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap_or(value)
}

/// Two digits, but tenths of seconds where they are few: a cache of 30 s and one of 30.4 s are not the same.
fn short(number: f64, sign: &str) -> String {
    let digits = if sign == "s" && number < 99.95 { 3 } else { 2 };
    trimmed(number, decimals(number, digits).min(2))
}

/// The decimals that show this many significant digits.
fn decimals(number: f64, digits: i32) -> usize {
    if number == 0.0 || !number.is_finite() {
        return 0;
    }
    let magnitude = libm::floor(libm::log10(number.abs())) as i32;
    (digits - 1 - magnitude).clamp(0, 8) as usize
}

/// As [`decimals`]; for a percentage near 100 the distance from 100 counts: 99.9996 % is not 100 %.
fn decimals_for(unit: Unit, number: f64, digits: i32) -> usize {
    let plain = decimals(number, digits);
    if unit == Unit::Share && number > 99.0 && number < 100.0 {
        return plain.max(decimals(100.0 - number, 2));
    }
    plain
}

/// A percentage that is not quite 0 or 100 is not printed as if it were.
fn share_bounds(unit: Unit, number: f64, text: String) -> String {
    match text.as_str() {
        _ if parses_to_zero(&text) && number > 0.0 => "< 0.00000001".to_string(),
        _ if unit == Unit::Share && number < 100.0 && text.starts_with("100") => "> 99.999999".to_string(),
        _ => text,
    }
}

fn parses_to_zero(text: &str) -> bool {
    !text.bytes().any(|byte| (b'1'..=b'9').contains(&byte))
}

fn fixed(number: f64, places: usize) -> String {
    if number.abs() >= 1e15 { format!("{number:.2e}") } else { group(&format!("{number:.places$}")) }
}

fn trimmed(number: f64, places: usize) -> String {
    let text = fixed(number, places);
    if text.contains('.') && !text.contains('e') {
        text.trim_end_matches('0').trim_end_matches('.').to_string()
    } else {
        text
    }
}

/// Commas between the thousands.
fn group(text: &str) -> String {
    let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = rest.find('.').map_or((rest, ""), |dot| rest.split_at(dot));
    let mut grouped = String::with_capacity(text.len() + whole.len() / 3);
    for (place, digit) in whole.char_indices() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}{fraction}")
}

/// A value without the signs that only its file needs: `exponential mean 2 min`.
pub fn plain(value: &str) -> String {
    let bare: String = value.chars().map(|letter| if "{}[]\"=".contains(letter) { ' ' } else { letter }).collect();
    bare.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_carry_sensible_digits_and_units() {
        assert_eq!(value(Unit::Seconds, 58.8), "58.8 s");
        assert_eq!(value(Unit::Seconds, 0.0092), "9.2 ms");
        assert_eq!(value(Unit::Seconds, 0.99999), "1 s");
        assert_eq!(value(Unit::Seconds, 3600.0), "60 min");
        assert_eq!(value(Unit::Seconds, 86_400.0), "24 h");
        assert_eq!(value(Unit::Seconds, 0.00035), "350 µs");
        assert_eq!(value(Unit::Share, 0.0), "0");
        assert_eq!(value(Unit::Share, 1.0), "100 %");
        assert_eq!(value(Unit::Share, 0.999996), "99.9996 %");
        assert_eq!(value(Unit::Share, 1.0 - 1e-13), "> 99.999999 %");
        assert_eq!(value(Unit::Share, 1e-14), "< 0.00000001 %");
        assert_eq!(value(Unit::Requests, 1.0), "1 request");
        assert_eq!(value(Unit::Requests, 123_456.0), "123,456 requests");
        assert_eq!(value(Unit::Versions, 1e20), "1.00e20 versions");
    }

    #[test]
    fn intervals_set_the_digits() {
        assert_eq!(value_with_interval(Unit::Share, 0.0429, Some([0.0418, 0.0440])), "4.29 % ±0.11");
        assert_eq!(value_with_interval(Unit::Share, 0.5, Some([0.5, 0.5])), "50 %");
        assert_eq!(value_with_interval(Unit::Share, 0.001, Some([0.0, 0.003])), "0.10 % ±0.20");
        assert_eq!(value_with_interval(Unit::Seconds, 58.8, Some([58.799_99, 58.800_01])), "58.80 s ±<0.01");
        assert_eq!(value_with_interval(Unit::Seconds, 58.8, None), "58.8 s");
    }

    #[test]
    fn several_figures_share_a_unit_where_it_suits_all() {
        assert_eq!(several(Unit::Seconds, &[0.009, 0.031]), "9 / 31 ms");
        assert_eq!(several(Unit::Seconds, &[0.0005, 0.214]), "0.5 / 214 ms");
        assert_eq!(several(Unit::Seconds, &[0.009, 58.0]), "9 ms / 58 s");
        assert_eq!(several(Unit::Requests, &[1.27, 4.0, 9.0]), "1.3 / 4 / 9 requests");
        assert_eq!(several(Unit::Seconds, &[30.14, 59.6, 60.31]), "30.1 / 59.6 / 60.3 s");
        assert_eq!(several(Unit::Seconds, &[0.0, 0.0]), "0");
    }

    #[test]
    fn shares_in_a_column_have_the_same_decimals() {
        assert_eq!(shares(&[0.423, 0.39, 0.0, 1e-9]), ["42.3 %", "39.0 %", "0", "0.0000001 %"]);
        assert_eq!(shares(&[0.9999, 0.5]), ["99.99 %", "50.0 %"]);
    }

    #[test]
    fn ticks_take_the_digits_of_their_step() {
        assert_eq!(tick(0.0, 5.0), "0");
        assert_eq!(tick(2.5, 2.5), "2.5");
        assert_eq!(tick(4_000_000.0, 1_000_000.0), "4 million");
        assert_eq!(tick(1_500.0, 500.0), "1,500");
    }

    #[test]
    fn noise_of_binary_fractions_is_dropped() {
        assert_eq!(tidy(58.800_000_000_000_004), 58.8);
        assert_eq!(tidy(0.0), 0.0);
    }
}
