//! Every bound of the file formats, with its unit in the name and its reason above it.

/// The largest amount of one row and purpose. The ledger allows no larger amount either.
pub const AMOUNT_MINOR_MAX: i64 = 1_000_000_000_000_000;

/// The largest quantity in millionths: 10^12 whole units, more than any programme has person days,
/// and a sum of nine of them still fits 64 bits.
pub const QUANTITY_MICROS_MAX: i64 = 1_000_000_000_000_000_000;

/// Decimals of a quantity, as the ledger keeps them.
pub const QUANTITY_DECIMALS: u8 = 6;

/// Most decimals that are rounded: more fit no exact sum of differences, and nobody pays them.
pub const ROUNDED_DECIMALS_MAX: usize = 18;

/// Most minor digits that a currency may have. ISO 4217 knows none above four.
pub const MINOR_DIGITS_MAX: u8 = 6;

/// Longest name of a party, programme or purpose; line forms of the ledger hold no longer one.
pub const NAME_BYTES_MAX: usize = 80;

/// Longest route, its names joined by `/`; a line of a bulk operation has 256 bytes in all.
pub const ROUTE_BYTES_MAX: usize = 150;

/// Longest record of a file. A stray quotation mark would otherwise read a whole file as one field.
pub const RECORD_BYTES_MAX: usize = 1024 * 1024;

/// Bytes read from the file at once, and again between the decoder and the CSV reader.
pub const CHUNK_BYTES: usize = 8 * 1024;

/// How much of a rejected value is quoted, so that a report of many stays readable.
pub const QUOTED_CHARS_MAX: usize = 100;

/// Data rows of one file. Each distinct row takes up to 42 bytes of memory, by which repeats are
/// told apart: about 200 MB for the largest file.
pub const ROWS_MAX: u64 = 5_000_000;

/// Bytes of a mapping. A real one has about two thousand.
pub const MAPPING_BYTES_MAX: usize = 64 * 1024;

/// Purposes of one mapping: no programme has more than a few.
pub const PURPOSES_MAX: usize = 100;

/// Names of a route, as the ledger takes them: a treasury and somebody below it at least.
pub const ROUTE_NAMES_MIN: usize = 2;

/// The most names of a route, as the ledger takes them.
pub const ROUTE_NAMES_MAX: usize = 8;

/// Longest code of a purpose, as the ledger takes it.
pub const CODE_BYTES_MAX: usize = 64;

/// Of so many numbers that show how decimals are written, one that is written the other way is
/// taken for a slip of its row; more of them leave it open how the file writes its numbers.
pub const NUMBERS_PER_SLIP_MIN: u64 = 100;

/// Of so many bytes at least one is 0 in a table in UTF-16: half of every digit, comma and line end.
pub const UTF_16_BYTES_PER_NUL_MAX: usize = 20;

/// With so many characters in UTF-8 for each fault, a file is UTF-8 that was damaged, and not text
/// in another encoding: there, a fault comes with nearly every character.
pub const UTF_8_PER_FAULT_MIN: u64 = 10;
