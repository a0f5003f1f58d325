//! Names of things: where the log put them, and how signers refer to them.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A place in the log: the entry's index and a position within what that entry made.
///
/// Printed `17.3`. Packed into 64 bits (43 for the entry, 20 for the position), so that
/// database keys are small and rise with the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(u64);

impl Place {
    /// Positions run from 0 to this, exclusive: one entry makes fewer things than that.
    pub const POSITIONS: u32 = 1 << 20;
    const ENTRIES: u64 = 1 << 43;

    /// The place of `position` in `entry`; `None` when either is out of range.
    pub fn new(entry: u64, position: u32) -> Option<Self> {
        (entry < Self::ENTRIES && position < Self::POSITIONS).then_some(Self((entry << 20) | u64::from(position)))
    }

    /// The first and last place of an entry; `None` when the index is out of range.
    pub fn range_of(entry: u64) -> Option<(Self, Self)> {
        Some((Self::new(entry, 0)?, Self::new(entry, Self::POSITIONS - 1)?))
    }

    /// The index of the entry in the log.
    pub fn entry(self) -> u64 {
        self.0 >> 20
    }

    /// The position within what the entry made.
    pub fn position(self) -> u32 {
        // The low 20 bits always fit.
        (self.0 & u64::from(Self::POSITIONS - 1)) as u32
    }

    /// As a database key; never negative, since 63 bits are used.
    pub fn to_key(self) -> i64 {
        // 63 bits always fit.
        self.0 as i64
    }

    /// From a database key; `None` when it is negative.
    pub fn from_key(key: i64) -> Option<Self> {
        u64::try_from(key).ok().map(Self)
    }
}

impl Serialize for Place {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_i64(self.to_key())
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::from_key(i64::deserialize(d)?).ok_or_else(|| serde::de::Error::custom("no place is negative"))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.entry(), self.position())
    }
}

macro_rules! places {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub Place);

        impl $name {
            /// The lowest.
            pub const MIN: Self = Self(Place(0));
            /// The highest.
            pub const MAX: Self = Self(Place(i64::MAX as u64));
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

places! {
    /// A token: an exact amount of one allocation's money in one place.
    TokenId
    /// A hop: one pass of hands.
    HopId
    /// An allocation.
    AllocationId
    /// A party, by the place of its registration.
    PartyKey
    /// A programme, by the place of its first definition.
    ProgrammeId
    /// A note: a fact that moves no money.
    NoteId
    /// A case, by the place of the entry that opened it.
    CaseId
}

/// An area: a path of names (`province/county/township`), numbered in order of first use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AreaId(pub u32);

/// A public key: what a signature names its signer by (RFC 8032, 32 bytes).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 32]);

/// SHA-256 of an operation's signed payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PayloadDigest(pub [u8; 32]);

impl Serialize for PayloadDigest {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&hex::encode(self.0))
    }
}

impl<'de> Deserialize<'de> for PayloadDigest {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        hex32(d).map(Self)
    }
}

impl Serialize for KeyId {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&hex::encode(self.0))
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        hex32(d).map(Self)
    }
}

/// How a signer refers to something an earlier operation made: the operation's id, the digest
/// of its payload, and the number of the output (the position of a token, the number of a hop).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// SHA-256 of the payload, as 64 hexadecimal digits.
    pub digest: PayloadDigest,
    /// The operation's id, made by its signer.
    pub operation: Uuid,
    /// Which of its outputs.
    pub output: u32,
}

pub(super) fn hex32<'de, D: serde::Deserializer<'de>>(d: D) -> Result<[u8; 32], D::Error> {
    let text = String::deserialize(d)?;
    let mut bytes = [0; 32];
    hex::decode_to_slice(&text, &mut bytes).map_err(serde::de::Error::custom)?;
    if hex::encode(bytes) != text {
        return Err(serde::de::Error::custom("digits must be lower case"));
    }
    Ok(bytes)
}
