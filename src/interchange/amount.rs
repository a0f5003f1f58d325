//! Decimal text of a file as whole units of a fixed size, exactly and without floats.

use std::borrow::Cow;

use super::bounds::{AMOUNT_MINOR_MAX, ROUNDED_DECIMALS_MAX};
use super::rejection::RejectReason;

/// What happens to an amount with more decimals than its currency has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExtraDecimals {
    /// It is rejected as `TOO_MANY_DECIMALS`.
    #[default]
    Reject,
    /// It is rounded, half to even, counted, and the difference is kept.
    RoundHalfEven,
}

/// The separators of a file's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberForm {
    /// What stands before decimals.
    pub decimal: char,
    /// What stands between groups of digits, if anything.
    pub thousands: Option<char>,
}

/// How many decimals are kept and what the bound is.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    pub(super) decimals: u8,
    pub(super) max: i64,
    pub(super) extra: ExtraDecimals,
}

/// A number in whole units of its scale.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Scaled {
    pub(super) units: i64,
    /// What rounding added, in 10^-18 of the whole (never of a minor) unit; 0 when exact.
    pub(super) added_e18: i128,
    /// Whether the text had more decimals than the scale.
    pub(super) rounded: bool,
}

/// Reads a plain decimal number: an optional minus sign, digits, and decimals after the separator.
/// Digits on both sides of the separator, no plus sign, no exponent: what could be read in two ways
/// is rejected.
pub(super) fn read_scaled(text: &str, form: NumberForm, scale: Scale) -> Result<Scaled, RejectReason> {
    let (negative, whole, fraction) = split_digits(text.trim(), form).ok_or(RejectReason::NotANumber)?;
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    if negative && !(whole.is_empty() && fraction.is_empty()) {
        return Err(RejectReason::Negative);
    }
    let kept = usize::from(scale.decimals);
    let rounded = fraction.len() > kept;
    if rounded && (scale.extra == ExtraDecimals::Reject || fraction.len() > ROUNDED_DECIMALS_MAX) {
        return Err(RejectReason::TooManyDecimals);
    }
    let (head, tail) = fraction.split_at(fraction.len().min(kept));
    // The zero in front keeps the digits of 0.00 from being none at all.
    let units: i128 = format!("0{whole}{head:0<kept$}").parse().map_err(|_| RejectReason::TooLarge)?;
    let (up, added_e18) = round_half_even(units, tail, fraction.len());
    let units = i64::try_from(units + i128::from(up)).map_err(|_| RejectReason::TooLarge)?;
    if units > scale.max {
        return Err(RejectReason::TooLarge);
    }
    Ok(Scaled { units, added_e18, rounded })
}

/// The number in 10^-18 of the whole, of either sign and with up to 18 decimals; none when the text
/// is no number of the form, or larger than any amount. Read apart from [`read_scaled`], so that the
/// control totals do not depend on how amounts are judged.
pub(super) fn read_exact(text: &str, form: NumberForm) -> Option<i128> {
    let (negative, whole, fraction) = split_digits(text.trim(), form)?;
    let fraction = fraction.trim_end_matches('0');
    let whole: i128 = whole.parse().ok()?;
    if whole > i128::from(AMOUNT_MINOR_MAX) || fraction.len() > ROUNDED_DECIMALS_MAX {
        return None;
    }
    let fraction: i128 = format!("{fraction:0<ROUNDED_DECIMALS_MAX$}").parse().ok()?;
    let units = whole * 10_i128.pow(18) + fraction;
    Some(if negative { -units } else { units })
}

/// The same number with a decimal point and without grouping, however it is written: what a row is
/// known by. A text that is no number stays as it stands.
pub(super) fn in_point_form(text: &str, form: NumberForm) -> Cow<'_, str> {
    if (form == NumberForm { decimal: '.', thousands: None }) || split_digits(text.trim(), form).is_none() {
        return Cow::Borrowed(text);
    }
    let character = |character: char| match character {
        mark if Some(mark) == form.thousands => None,
        mark if mark == form.decimal => Some('.'),
        other => Some(other),
    };
    let before = text.len() - text.trim_start().len();
    let (head, rest) = text.split_at(before);
    let (number, tail) = rest.split_at(rest.trim_end().len());
    Cow::Owned([head, &number.chars().filter_map(character).collect::<String>(), tail].concat())
}

/// The sign, the digits before the separator without grouping, and the digits after it.
fn split_digits(text: &str, form: NumberForm) -> Option<(bool, String, &str)> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = match unsigned.split_once(form.decimal) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (unsigned, None),
    };
    if !fraction.is_none_or(is_digits) {
        return None;
    }
    let whole = match form.thousands {
        Some(separator) => ungroup(whole, separator)?,
        None => whole.to_owned(),
    };
    is_digits(&whole).then_some((negative, whole, fraction.unwrap_or_default()))
}

/// Takes the separators out of `1,234,567` or, as in India, `12,34,567`. Groups of another shape
/// are not a number: `1,5` under an English mapping is more likely one and a half than fifteen.
pub(super) fn ungroup(whole: &str, separator: char) -> Option<String> {
    let groups: Vec<&str> = whole.split(separator).collect();
    let [first, middle @ .., last] = groups.as_slice() else {
        return Some(whole.to_owned());
    };
    let by = |digits: usize| (1..=digits).contains(&first.len()) && middle.iter().all(|group| group.len() == digits);
    (last.len() == 3 && (by(3) || by(2))).then(|| groups.concat())
}

pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether the dropped digits lift the last kept unit, and what that adds in 10^-18 wholes.
fn round_half_even(units: i128, dropped: &str, decimals: usize) -> (bool, i128) {
    if dropped.is_empty() {
        return (false, 0);
    }
    let power = |digits: usize| {
        let digits = u32::try_from(digits).expect("at most 18 decimals: checked by the caller");
        10_i128.pow(digits)
    };
    let value: i128 = dropped.parse().expect("at most 18 ASCII digits: checked by the caller");
    let one = power(dropped.len());
    let step = power(ROUNDED_DECIMALS_MAX - decimals);
    let up = match (value * 2).cmp(&one) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => units % 2 == 1,
        std::cmp::Ordering::Greater => true,
    };
    (up, step * if up { one - value } else { -value })
}
