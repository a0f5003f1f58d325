//! Numbers and places in the log as public ids write them: in Crockford's Base32, without leading
//! zeros, so that each has exactly one form.

use crate::ledger::ids::Place;

const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A number in Crockford's Base32, as ids and cursors hold it.
pub fn number_text(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        // Below 32, so it fits.
        digits.push(DIGITS[(number % 32) as usize]);
        number /= 32;
        if number == 0 {
            break;
        }
    }
    digits.reverse();
    String::from_utf8(digits).expect("the digits are ASCII")
}

/// Reads what [`number_text`] writes, and nothing else.
pub fn read_number(text: &str) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    let number = text.bytes().try_fold(0_u64, |number, byte| {
        let digit = DIGITS.iter().position(|digit| *digit == byte)?;
        number.checked_mul(32)?.checked_add(u64::try_from(digit).ok()?)
    })?;
    (number_text(number) == text).then_some(number)
}

/// A place in the log, as ids hold it.
pub fn place_text(place: Place) -> String {
    // Places have 63 bits and are never negative.
    number_text(u64::try_from(place.to_key()).unwrap_or(0))
}
