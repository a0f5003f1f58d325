//! The lines of a bulk operation: their form, and the Merkle tree whose root
//! is signed, so that a receipt for one line shows no other.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::digest::Digest;
use super::merkle::{self, Peaks};
use super::payload::ListHeader;
use super::proof::{self, ProofFault};
use crate::limits;

/// What a leaf begins with, so that it cannot be anything else.
const LEAF_TAG: &[u8] = b"aqueduct/line/v1\0";

/// Length of a salt as text.
const SALT_CHARS: usize = 22;

/// Sixteen random bytes in front of a line's content. Without them, who holds
/// the digest of a short line could find its content by trying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Salt(pub [u8; 16]);

/// Why lines are not the list of an operation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListFault {
    /// No line, or more lines than an operation may have.
    #[error("a list has 1 to {max} lines, not {0}", max = limits::LIST_LINES_MAX)]
    Count(usize),
    /// More bytes than an operation's lines may have together.
    #[error(
        "the lines of a list have at most {max} bytes together, not {0}",
        max = limits::LIST_BYTES_MAX
    )]
    Bytes(usize),
    /// One line has the wrong form.
    #[error("line {position}: {fault}")]
    Line {
        /// Its position, counted from 0.
        position: u32,
        /// What is wrong with it.
        fault: LineFault,
    },
}

/// Why a text is not a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// More bytes than a line may have.
    #[error("a line has at most {max} bytes, not {0}", max = limits::LINE_BYTES_MAX)]
    TooLong(usize),
    /// It holds a control character other than TAB.
    #[error("a line holds no control characters but TAB")]
    ControlCharacter,
    /// It does not begin with a salt and a TAB.
    #[error("a line begins with a salt of {SALT_CHARS} Base64url characters and a TAB")]
    Salt,
}

/// Writes a line: the salt, a TAB, the content.
/// `AAAAAAAAAAAAAAAAAAAAAA<TAB>R-17<TAB>12000`.
pub fn salted(salt: Salt, content: &str) -> Result<String, LineFault> {
    let line = format!("{}\t{content}", URL_SAFE_NO_PAD.encode(salt.0));
    split(&line)?;
    Ok(line)
}

/// Reads a line into its salt and its content.
pub fn split(line: &str) -> Result<(Salt, &str), LineFault> {
    if line.len() > limits::LINE_BYTES_MAX {
        return Err(LineFault::TooLong(line.len()));
    }
    let is_forbidden = |c: char| c.is_control() && c != '\t';
    let has_forbidden = match line.is_ascii() {
        true => line.bytes().any(|byte| is_forbidden(byte.into())),
        false => line.chars().any(is_forbidden),
    };
    if has_forbidden {
        return Err(LineFault::ControlCharacter);
    }
    let (salt, content) = line.split_once('\t').ok_or(LineFault::Salt)?;
    if salt.len() != SALT_CHARS {
        return Err(LineFault::Salt);
    }
    let mut bytes = [0; 16];
    URL_SAFE_NO_PAD.decode_slice(salt, &mut bytes).map_err(|_| LineFault::Salt)?;
    Ok((Salt(bytes), content))
}

/// The content of a line whose form was checked; nothing of any other.
pub fn content(line: &str) -> &str {
    line.split_once('\t').map_or("", |(_, content)| content)
}

/// Checks the number, the size and the form of lines.
pub fn check_form<S: AsRef<str>>(lines: &[S]) -> Result<(), ListFault> {
    if !(1..=limits::LIST_LINES_MAX).contains(&lines.len()) {
        return Err(ListFault::Count(lines.len()));
    }
    let bytes = lines.iter().map(|line| line.as_ref().len()).sum();
    if bytes > limits::LIST_BYTES_MAX {
        return Err(ListFault::Bytes(bytes));
    }
    for (position, line) in positions(lines) {
        split(line).map_err(|fault| ListFault::Line { position, fault })?;
    }
    Ok(())
}

/// The root over the lines of this operation; their form is checked first.
pub fn root<S: AsRef<str>>(operation: Uuid, lines: &[S]) -> Result<Digest, ListFault> {
    check_form(lines)?;
    let mut peaks = Peaks::new();
    for (position, line) in positions(lines) {
        peaks.push(line_hash(operation, position, line), |_, _| {});
    }
    Ok(peaks.root())
}

/// The path from one line to the root; none if there is no such line.
pub fn prove_line<S: AsRef<str>>(operation: Uuid, lines: &[S], position: u32) -> Option<Vec<Digest>> {
    let index = usize::try_from(position).ok()?;
    if index >= lines.len() {
        return None;
    }
    let hashes: Vec<Digest> = positions(lines).map(|(position, line)| line_hash(operation, position, line)).collect();
    Some(merkle::path(&hashes, index))
}

/// Checks that this line stands at this position of the operation's list.
pub fn check_line(
    operation: Uuid,
    header: &ListHeader,
    position: u32,
    line: &str,
    path: &[Digest],
) -> Result<(), ProofFault> {
    let claim = proof::Inclusion { index: u64::from(position), size: u64::from(header.count), root: header.root };
    proof::check_inclusion(&line_hash(operation, position, line), &claim, path)
}

/// The hash of a line in its list's tree: RFC 6962's hash of a leaf over
/// `"aqueduct/line/v1\0" || operation id || position (u32, big-endian) || line`.
pub fn line_hash(operation: Uuid, position: u32, line: &str) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update([merkle::LEAF_PREFIX]);
    hasher.update(LEAF_TAG);
    hasher.update(operation.as_bytes());
    hasher.update(position.to_be_bytes());
    hasher.update(line.as_bytes());
    Digest(hasher.finalize().into())
}

/// Lines with their positions. No list is longer than a `u32` can count: the
/// callers have checked it, or their lines were read from a bounded block.
fn positions<S: AsRef<str>>(lines: &[S]) -> impl Iterator<Item = (u32, &str)> {
    (0_u32..).zip(lines.iter().map(AsRef::as_ref))
}
