//! Text that looks the same is the same: how headers and names are compared.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization as _, is_nfc};

/// Accents as combining characters: the block of Combining Diacritical Marks. Marks of other
/// scripts are left alone, since there they are vowels and not accents.
const ACCENTS: std::ops::RangeInclusive<char> = '\u{300}'..='\u{36f}';

/// Text in the composed form of Unicode (NFC), so that `é` is one text however it was typed.
pub(super) fn composed(text: &str) -> Cow<'_, str> {
    match is_nfc(text) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(text.nfc().collect()),
    }
}

/// Whether a character steers how a text is shown and is not seen itself: control characters, line
/// separators, and those that turn the direction of writing (Unicode Standard Annex 9). The ledger
/// refuses the same.
pub(super) fn is_control(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// How headers are compared: composed, without regard to case, blanks in a row being one.
pub(super) fn folded(header: &str) -> String {
    let words: Vec<&str> = header.split_whitespace().collect();
    // Upper case first, so that `ß` and `SS`, or the two small sigmas, are one.
    words.join(" ").nfc().collect::<String>().to_uppercase().to_lowercase().nfc().collect()
}

/// A folded header without its accents.
pub(super) fn plain(header: &str) -> String {
    folded(header).nfd().filter(|character| !ACCENTS.contains(character)).nfc().collect()
}
