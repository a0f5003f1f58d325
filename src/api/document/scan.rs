//! A first look at a document's text, byte by byte, before the parser: its size, its tokens and
//! how deep its brackets nest. The parser calls itself for each bracket, so this must not.
//!
//! It is no parser: what is wrong otherwise goes on, and the parser says so.

use async_graphql::ServerError;

use crate::limits;

use super::super::error::{PARSE_FAILED, TOO_COMPLEX};
use super::refusal;

/// Refuses a text that is too long, has too many tokens or directives, too long names, or
/// brackets too deep within each other.
pub fn check(text: &str) -> Result<(), ServerError> {
    let bytes = limits::DOCUMENT_BYTES_MAX;
    if text.len() > bytes {
        return Err(too_much(format!("a document has at most {bytes} bytes; send long values as variables")));
    }
    if text.contains('\0') {
        return Err(refusal(PARSE_FAILED, "the document holds the character U+0000", None));
    }
    let mut count = Count::default();
    let mut rest = text.as_bytes();
    while let Some(token) = next(&mut rest) {
        count.take(token)?;
    }
    Ok(())
}

fn too_much(message: String) -> ServerError {
    refusal(TOO_COMPLEX, message, None)
}

enum Token {
    Open,
    Close,
    Directive,
    /// With its length in bytes.
    Name(usize),
    Text {
        has_nul: bool,
    },
    Other,
}

#[derive(Default)]
struct Count {
    tokens: usize,
    nesting: usize,
    directives: usize,
}

impl Count {
    fn take(&mut self, token: Token) -> Result<(), ServerError> {
        self.tokens += 1;
        match token {
            Token::Open => self.nesting += 1,
            Token::Close => self.nesting = self.nesting.saturating_sub(1),
            Token::Directive => self.directives += 1,
            Token::Name(length) if length > limits::DOCUMENT_NAME_BYTES_MAX => {
                return Err(too_much(format!("a name has at most {} letters", limits::DOCUMENT_NAME_BYTES_MAX)));
            }
            Token::Text { has_nul: true } => {
                return Err(refusal(PARSE_FAILED, "a string holds the character U+0000, which no text here may", None));
            }
            Token::Name(_) | Token::Text { .. } | Token::Other => {}
        }
        if self.tokens > limits::DOCUMENT_TOKENS_MAX {
            let most = limits::DOCUMENT_TOKENS_MAX;
            return Err(too_much(format!(
                "a document has at most {most} words and signs; send long values as variables"
            )));
        }
        if self.nesting > limits::DOCUMENT_NESTING_MAX {
            let most = limits::DOCUMENT_NESTING_MAX;
            return Err(too_much(format!("brackets nest at most {most} deep")));
        }
        if self.directives > limits::DOCUMENT_DIRECTIVES_MAX {
            return Err(too_much(format!("a document has at most {} directives", limits::DOCUMENT_DIRECTIVES_MAX)));
        }
        Ok(())
    }
}

/// Takes the next token off the text (GraphQL, section 2.1.6).
fn next(rest: &mut &[u8]) -> Option<Token> {
    loop {
        let first = *rest.first()?;
        match first {
            b' ' | b'\t' | b'\r' | b'\n' | b',' => skip(rest, 1),
            b'#' => {
                let line = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(rest.len());
                skip(rest, line);
            }
            b'{' | b'(' | b'[' => return Some(taken(rest, 1, Token::Open)),
            b'}' | b')' | b']' => return Some(taken(rest, 1, Token::Close)),
            b'@' => return Some(taken(rest, 1, Token::Directive)),
            b'"' => return Some(string(rest)),
            b'.' => {
                let dots = rest.iter().take(3).take_while(|byte| **byte == b'.').count();
                return Some(taken(rest, dots, Token::Other));
            }
            _ if is_word(first) => {
                let length = rest.iter().take_while(|byte| is_word(**byte)).count();
                return Some(taken(rest, length, Token::Name(length)));
            }
            _ => return Some(taken(rest, 1, Token::Other)),
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn skip(rest: &mut &[u8], length: usize) {
    *rest = &rest[length..];
}

fn taken(rest: &mut &[u8], length: usize, token: Token) -> Token {
    skip(rest, length);
    token
}

/// Takes a string, or what there is of it.
fn string(rest: &mut &[u8]) -> Token {
    if rest.starts_with(b"\"\"\"") {
        skip(rest, 3);
        while !rest.is_empty() && !rest.starts_with(b"\"\"\"") {
            let length = if rest.starts_with(b"\\\"\"\"") { 4 } else { 1 };
            skip(rest, length);
        }
        let length = rest.len().min(3);
        return taken(rest, length, Token::Text { has_nul: false });
    }
    skip(rest, 1);
    let mut has_nul = false;
    while let Some(byte) = rest.first() {
        match byte {
            b'"' | b'\r' | b'\n' => break,
            b'\\' => {
                has_nul |= rest.starts_with(b"\\u0000");
                let length = rest.len().min(2);
                skip(rest, length);
            }
            _ => skip(rest, 1),
        }
    }
    let length = rest.len().min(1);
    taken(rest, length, Token::Text { has_nul })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> usize {
        let mut rest = text.as_bytes();
        std::iter::from_fn(|| next(&mut rest)).count()
    }

    #[test]
    fn tokens_are_counted_as_the_language_counts_them() {
        assert_eq!(tokens(""), 0);
        assert_eq!(tokens(" ,\t\r\n# a { comment\n"), 0);
        assert_eq!(tokens("{ a(b: \"c { \\\" d\") ...E @f }"), 12);
        assert_eq!(tokens("\"\"\" a \\\"\"\" { \"\"\" b"), 2);
        assert_eq!(tokens("\"no end"), 1);
        assert_eq!(tokens("\"no end\\"), 1);
        assert_eq!(tokens("\"\"\"no end\""), 1);
        assert_eq!(tokens("\u{e9}"), 2, "each byte of what is no token");
    }

    #[test]
    fn brackets_in_strings_and_comments_do_not_nest() {
        let deep = "{".repeat(limits::DOCUMENT_NESTING_MAX + 1);
        assert!(check(&deep).is_err());
        assert!(check(&format!("\"{deep}\"")).is_ok());
        assert!(check(&format!("#{deep}\n")).is_ok());
        assert!(check(&"{}".repeat(1_000)).is_ok());
    }
}
