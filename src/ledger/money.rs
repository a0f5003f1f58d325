//! Amounts and currencies; the one file that reads and prints decimal text.
//!
//! Money is an integer count of the currency's smallest unit. Floats never appear; rates are
//! `rust_decimal` values with six places, rounded half to even.

use std::fmt;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

/// The largest amount a signed operation may state, in minor units (10^15).
pub const AMOUNT_MINOR_MAX: i64 = 1_000_000_000_000_000;

/// The most that all money of one currency on a chain may come to, in minor units (2^62).
pub const TOTAL_MINOR_MAX: i64 = 1 << 62;

/// An ISO 4217 currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    code: [u8; 3],
}

/// Currencies by code with their number of minor digits (ISO 4217, list one). Funds codes and
/// metals are left out: nobody is paid in them.
const CURRENCIES: &[(u8, &str)] = &[
    (
        2,
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD \
         CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP \
         GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD \
         LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB \
         PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC \
         SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG",
    ),
    (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"),
    (3, "BHD IQD JOD KWD LYD OMR TND"),
];

impl Currency {
    /// Reads a code such as `INR`; `None` when ISO 4217 has no such currency.
    pub fn parse(code: &str) -> Option<Self> {
        let bytes: [u8; 3] = code.as_bytes().try_into().ok()?;
        let known = CURRENCIES.iter().any(|(_, codes)| codes.split_whitespace().any(|c| c == code));
        known.then_some(Self { code: bytes })
    }

    /// The code, such as `INR`.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).expect("only ASCII codes are parsed")
    }

    /// How many decimal digits the minor unit stands for (2 for `INR`, 0 for `JPY`).
    pub fn minor_digits(&self) -> u32 {
        CURRENCIES
            .iter()
            .find(|(_, codes)| codes.split_whitespace().any(|c| c == self.code()))
            .map(|(digits, _)| u32::from(*digits))
            .expect("only listed codes are parsed")
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("{text:?} is not an ISO 4217 currency")))
    }
}

/// An amount in a signed body: minor units from 0 to 10^15, written as a string of digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Minor(i64);

impl Minor {
    /// An amount; `None` when it is negative or above 10^15.
    pub fn new(minor: i64) -> Option<Self> {
        (0..=AMOUNT_MINOR_MAX).contains(&minor).then_some(Self(minor))
    }

    /// The count of minor units.
    pub fn get(self) -> i64 {
        self.0
    }

    /// Reads digits without sign or leading zeros.
    pub fn parse(text: &str) -> Option<Self> {
        let canonical = text == "0" || (!text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit()));
        if !canonical {
            return None;
        }
        text.parse().ok().and_then(Self::new)
    }
}

impl fmt::Display for Minor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Minor {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Minor {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "{text:?} is not an amount: minor units as digits, 0 to {AMOUNT_MINOR_MAX}"
            ))
        })
    }
}

/// Why decimal text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Not digits with at most one point, or with zeros before them.
    #[error("it is not a decimal number such as 1250.50, without leading zeros")]
    NotANumber,
    /// Below zero.
    #[error("it is negative")]
    Negative,
    /// More decimals than the currency has.
    #[error("it has more decimals than the currency's {0}")]
    TooManyDecimals(u32),
    /// Above 10^15 minor units.
    #[error("it is above 10^15 minor units")]
    TooLarge,
}

/// Reads a person's decimal text (`1250.5`) as minor units of a currency.
pub fn parse_decimal(text: &str, currency: Currency) -> Result<Minor, AmountError> {
    let digits = currency.minor_digits();
    let (unsigned, negative) = match text.strip_prefix('-') {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let padded = whole.len() > 1 && whole.starts_with('0');
    if whole.is_empty() || padded || !all_digits(whole) || !all_digits(fraction) || unsigned.ends_with('.') {
        return Err(AmountError::NotANumber);
    }
    if negative {
        return Err(AmountError::Negative);
    }
    // Counted as written: who writes 1.000 for rupees may mean another currency, or a thousand.
    // The currency has at most three digits, so the length comparison cannot overflow.
    if fraction.len() > digits as usize {
        return Err(AmountError::TooManyDecimals(digits));
    }
    let whole = whole.trim_start_matches('0');
    if whole.len() > 18 {
        return Err(AmountError::TooLarge);
    }
    let text = format!("{whole}{fraction:0<width$}", width = digits as usize);
    let minor: i64 = if text.is_empty() { 0 } else { text.parse().map_err(|_| AmountError::TooLarge)? };
    Minor::new(minor).ok_or(AmountError::TooLarge)
}

/// Reads a quantity (person days, meals) as millionths; none when it is not a plain decimal number
/// with at most six places, or too large.
pub fn parse_quantity(text: &str) -> Option<Minor> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    // Ten to the ninth, in millionths, is the largest amount; longer digits could not be one.
    if !is_digits(whole) || !is_digits(fraction) || whole.len() > 10 || fraction.len() > 6 {
        return None;
    }
    format!("{whole}{fraction:0<6}").parse().ok().and_then(Minor::new)
}

/// Prints a quantity of millionths: `296`, `12.5`.
pub fn print_quantity(micros: Minor) -> String {
    Decimal::from_i128_with_scale(i128::from(micros.get()), 6).normalize().to_string()
}

/// Prints minor units as decimal text with the currency's digits: `1250.50`, `-0.05`.
pub fn print_decimal(minor: i64, currency: Currency) -> String {
    Decimal::from_i128_with_scale(i128::from(minor), currency.minor_digits()).to_string()
}

/// Prints a sum that may pass 64 bits, as [`print_decimal`] does.
pub fn print_decimal_wide(minor: i128, currency: Currency) -> String {
    Decimal::from_i128_with_scale(minor, currency.minor_digits()).to_string()
}

/// `numerator / denominator` with six places, half to even; `None` without a denominator.
pub fn ratio(numerator: i128, denominator: i128) -> Option<Decimal> {
    if denominator == 0 {
        return None;
    }
    let quotient = Decimal::try_from_i128_with_scale(numerator, 0).ok()?
        / Decimal::try_from_i128_with_scale(denominator, 0).ok()?;
    Some(six_places(quotient))
}

/// Rounds half to even and shows exactly six places.
pub fn six_places(value: Decimal) -> Decimal {
    let mut rounded = value.round_dp_with_strategy(6, RoundingStrategy::MidpointNearestEven);
    rounded.rescale(6);
    rounded
}

/// Shares an amount by weights without losing a unit: largest remainder, ties to the earlier.
///
/// Returns an empty list when the weights add up to nothing.
pub fn share(amount: Minor, weights: &[u64]) -> Vec<Minor> {
    let total: u128 = weights.iter().map(|w| u128::from(*w)).sum();
    if total == 0 {
        return Vec::new();
    }
    // Amounts are never negative.
    let amount = amount.get() as u128;
    let mut parts: Vec<(usize, u128, u128)> = weights
        .iter()
        .enumerate()
        .map(|(at, w)| (at, amount * u128::from(*w) / total, amount * u128::from(*w) % total))
        .collect();
    let mut left = amount - parts.iter().map(|p| p.1).sum::<u128>();
    parts.sort_by(|a, b| b.2.cmp(&a.2).then(a.0.cmp(&b.0)));
    for part in &mut parts {
        if left == 0 {
            break;
        }
        part.1 += 1;
        left -= 1;
    }
    parts.sort_by_key(|p| p.0);
    // Each part is at most the amount, which fits.
    parts.into_iter().map(|p| Minor(p.1 as i64)).collect()
}
