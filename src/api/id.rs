//! Node ids: opaque to clients, unique over the whole chain, with a prefix that says what they
//! name. A place in the log is written in Crockford's Base32 without leading zeros, a UUID as
//! 32 hexadecimal digits. Each thing has exactly one id.

use async_graphql::ID;
use uuid::Uuid;

use crate::ledger::ids::{AllocationId, CaseId, HopId, Place, ProgrammeId, TokenId};

/// What a node id names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeId {
    /// `tok_`: a token.
    Token(TokenId),
    /// `hop_`: a hop.
    Hop(HopId),
    /// `prt_`: a party, by its public id.
    Party(Uuid),
    /// `rcp_`: a recipient, by the public id of the party that it is.
    Recipient(Uuid),
    /// `prg_`: a programme.
    Programme(ProgrammeId),
    /// `alc_`: an allocation.
    Allocation(AllocationId),
    /// `case_`: a case.
    Case(CaseId),
    /// `flg_`: a finding.
    Flag(Uuid),
    /// `ent_`: an entry of the log.
    Entry(u64),
    /// `opn_`: an operation, by its party and its own id.
    Operation {
        /// The party that states it.
        party: Uuid,
        /// The id its maker gave it.
        id: Uuid,
    },
}

/// The text is not the id of what is asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not the id of {expected}")]
pub struct NotAnId {
    text: String,
    expected: &'static str,
}

const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl NodeId {
    /// Reads any id.
    pub fn parse(text: &str) -> Result<Self, NotAnId> {
        read(text).filter(|id| id.print() == text).ok_or_else(|| not("anything", text))
    }

    /// The id as text.
    pub fn print(self) -> String {
        match self {
            Self::Token(id) => format!("tok_{}", place_text(id.0)),
            Self::Hop(id) => format!("hop_{}", place_text(id.0)),
            Self::Party(id) => format!("prt_{}", id.simple()),
            Self::Recipient(id) => format!("rcp_{}", id.simple()),
            Self::Programme(id) => format!("prg_{}", place_text(id.0)),
            Self::Allocation(id) => format!("alc_{}", place_text(id.0)),
            Self::Case(id) => format!("case_{}", place_text(id.0)),
            Self::Flag(id) => format!("flg_{}", id.simple()),
            Self::Entry(index) => format!("ent_{}", number_text(index)),
            Self::Operation { party, id } => format!("opn_{}_{}", party.simple(), id.simple()),
        }
    }

    /// The id as the schema's scalar.
    pub fn to_id(self) -> ID {
        ID(self.print())
    }
}

/// Reads the id of a token.
pub fn token(text: &str) -> Result<TokenId, NotAnId> {
    match NodeId::parse(text) {
        Ok(NodeId::Token(id)) => Ok(id),
        _ => Err(not("a token (tok_...)", text)),
    }
}

/// Reads the id of a hop.
pub fn hop(text: &str) -> Result<HopId, NotAnId> {
    match NodeId::parse(text) {
        Ok(NodeId::Hop(id)) => Ok(id),
        _ => Err(not("a hop (hop_...)", text)),
    }
}

/// Reads the id of a party or recipient, or its UUID: both name it in signed bytes and files.
pub fn party(text: &str) -> Result<Uuid, NotAnId> {
    match (NodeId::parse(text), Uuid::try_parse(text)) {
        (Ok(NodeId::Party(id) | NodeId::Recipient(id)), _) | (_, Ok(id)) => Ok(id),
        _ => Err(not("a party (prt_...)", text)),
    }
}

/// Reads the id of a programme.
pub fn programme(text: &str) -> Result<ProgrammeId, NotAnId> {
    match NodeId::parse(text) {
        Ok(NodeId::Programme(id)) => Ok(id),
        _ => Err(not("a programme (prg_...)", text)),
    }
}

/// Reads the id of an allocation.
pub fn allocation(text: &str) -> Result<AllocationId, NotAnId> {
    match NodeId::parse(text) {
        Ok(NodeId::Allocation(id)) => Ok(id),
        _ => Err(not("an allocation (alc_...)", text)),
    }
}

/// Reads the id of a case.
pub fn case(text: &str) -> Result<CaseId, NotAnId> {
    match NodeId::parse(text) {
        Ok(NodeId::Case(id)) => Ok(id),
        _ => Err(not("a case (case_...)", text)),
    }
}

/// Reads the id of a finding, or its UUID.
pub fn flag(text: &str) -> Result<Uuid, NotAnId> {
    match (NodeId::parse(text), Uuid::try_parse(text)) {
        (Ok(NodeId::Flag(id)), _) | (_, Ok(id)) => Ok(id),
        _ => Err(not("a flag (flg_...)", text)),
    }
}

/// Reads the id of an entry.
pub fn entry(text: &str) -> Result<u64, NotAnId> {
    match NodeId::parse(text) {
        Ok(NodeId::Entry(index)) => Ok(index),
        _ => Err(not("an entry (ent_...)", text)),
    }
}

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

fn read(text: &str) -> Option<NodeId> {
    let (prefix, rest) = text.split_once('_')?;
    let place = || Place::from_key(i64::try_from(read_number(rest)?).ok()?);
    let uuid = |text: &str| Uuid::try_parse(text).ok();
    Some(match prefix {
        "tok" => NodeId::Token(TokenId(place()?)),
        "hop" => NodeId::Hop(HopId(place()?)),
        "prt" => NodeId::Party(uuid(rest)?),
        "rcp" => NodeId::Recipient(uuid(rest)?),
        "prg" => NodeId::Programme(ProgrammeId(place()?)),
        "alc" => NodeId::Allocation(AllocationId(place()?)),
        "case" => NodeId::Case(CaseId(place()?)),
        "flg" => NodeId::Flag(uuid(rest)?),
        "ent" => NodeId::Entry(read_number(rest)?),
        "opn" => {
            let (party, id) = rest.split_once('_')?;
            NodeId::Operation { party: uuid(party)?, id: uuid(id)? }
        }
        _ => return None,
    })
}

fn place_text(place: Place) -> String {
    // Places have 63 bits and are never negative.
    number_text(u64::try_from(place.to_key()).unwrap_or(0))
}

fn not(expected: &'static str, text: &str) -> NotAnId {
    // A client may send megabytes; the answer repeats a line of it.
    NotAnId { text: text.chars().take(80).collect(), expected }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_reads_back_and_has_one_form() {
        let place = Place::new(1234, 7).unwrap();
        let uuid = Uuid::from_u128(0x0193_5a2b_7c01_7000_8000_0000_0000_0001);
        let ids = [
            NodeId::Token(TokenId(place)),
            NodeId::Hop(HopId(place)),
            NodeId::Party(uuid),
            NodeId::Recipient(uuid),
            NodeId::Programme(ProgrammeId(place)),
            NodeId::Allocation(AllocationId(place)),
            NodeId::Case(CaseId(place)),
            NodeId::Flag(uuid),
            NodeId::Entry(0),
            NodeId::Entry(u64::MAX),
            NodeId::Operation { party: uuid, id: uuid },
        ];
        for id in ids {
            assert_eq!(NodeId::parse(&id.print()), Ok(id));
            assert!(NodeId::parse(&id.print().to_uppercase()).is_err());
        }
        for text in ["", "tok_", "tok_00", "tok_u", "abc_1", "tok_fffffffffffff", "prt_1", "opn_1_2", "ent_-1"] {
            assert!(NodeId::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_id_of_another_kind_is_refused_by_name() {
        let text = NodeId::Entry(3).print();
        assert_eq!(token(&text).unwrap_err().to_string(), "\"ent_3\" is not the id of a token (tok_...)");
    }
}
