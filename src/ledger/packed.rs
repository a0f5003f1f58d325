//! Records in a compact form, for memory alone: what the committed books keep of a token, a hop
//! or a recorded operation, and of a change until the views hold it. Nothing that is signed,
//! stored or sent has this form, so it may change with any release.
//!
//! Numbers are base-128 varints, the lowest seven bits first; numbers that may be negative have
//! their sign in the lowest bit. A place is the difference to the place of the record that names
//! it, which is small for what one entry made. Fields that a record seldom has are announced by
//! a bit of its flags.

use std::sync::Arc;

use super::admit::Change;
use super::fact::Fact;
use super::hop::{Hop, HopFigures};
use super::ids::{AllocationId, AreaId, HopId, KeyId, PartyKey, PayloadDigest, Place, TokenId};
use super::operation::{Basis, Kind};
use super::registry::Recorded;
use super::time::Millis;
use super::token::{Claim, HopKind, HopState, MissingReason, Origin, Token, TokenState};
use uuid::Uuid;

/// A record that has a compact form; its key is kept beside it.
pub trait Packed: Sized {
    /// What it is found by.
    type Key: Copy + Ord;

    /// Its key.
    fn key(&self) -> Self::Key;

    /// The last entry that changed it.
    fn changed_by(&self) -> u64;

    /// Appends the compact form.
    fn pack(&self, out: &mut Vec<u8>);

    /// Reads the compact form of the record with this key.
    fn unpack(key: Self::Key, bytes: &mut Reader<'_>) -> Self;
}

/// What an entry changed, until the views hold it: tokens and hops in compact form, all else as
/// it is.
#[derive(Clone, Debug, Default)]
pub struct PackedChange {
    money: Box<[u8]>,
    others: Vec<Fact>,
    facts: usize,
}

/// What a fact of a [`PackedChange`] is.
#[repr(u8)]
enum Tag {
    TokenMade,
    TokenSpent,
    HopOpened,
    HopChanged,
    Other,
}

impl PackedChange {
    /// How many facts it has.
    pub fn facts(&self) -> usize {
        self.facts
    }

    /// What it takes in memory, about, in bytes.
    pub fn bytes(&self) -> usize {
        /// A record of an operation with a signature or two, a party, a programme.
        const OTHER_BYTES: usize = 256;
        self.money.len() + self.others.len() * OTHER_BYTES
    }

    /// The facts, in order, as they were.
    pub fn unpack(&self) -> Change {
        let mut reader = Reader(&self.money);
        let mut others = self.others.iter();
        let fact = |_| match reader.byte() {
            tag if tag == Tag::TokenMade as u8 => Fact::TokenMade(reader.keyed(TokenId)),
            tag if tag == Tag::TokenSpent as u8 => Fact::TokenSpent(reader.keyed(TokenId)),
            tag if tag == Tag::HopOpened as u8 => Fact::HopSet(reader.keyed(HopId), None),
            tag if tag == Tag::HopChanged as u8 => {
                let hop = reader.keyed(HopId);
                Fact::HopSet(hop, Some(reader.keyed(HopId)))
            }
            _ => others.next().expect("one for each tag").clone(),
        };
        Change { facts: (0..self.facts).map(fact).collect() }
    }
}

/// A change being packed.
pub(super) struct Packing {
    bytes: Vec<u8>,
    others: Vec<Fact>,
}

impl Packing {
    pub fn of(facts: usize) -> Self {
        /// About what a token or a hop takes.
        const FACT_BYTES: usize = 48;
        Self { bytes: Vec::with_capacity(facts * FACT_BYTES), others: Vec::new() }
    }

    /// Adds a token; its compact form without the key.
    pub fn token(&mut self, token: &Token, is_made: bool) -> &[u8] {
        self.bytes.push(if is_made { Tag::TokenMade } else { Tag::TokenSpent } as u8);
        self.keyed(token, token.id.0)
    }

    /// Adds a hop with the version it replaces; its compact form without the key.
    pub fn hop(&mut self, hop: &Hop, before: Option<&Hop>) -> &[u8] {
        self.bytes.push(if before.is_some() { Tag::HopChanged } else { Tag::HopOpened } as u8);
        let length = self.keyed(hop, hop.id.0).len();
        let end = self.bytes.len();
        if let Some(before) = before {
            self.keyed(before, before.id.0);
        }
        &self.bytes[end - length..end]
    }

    /// Adds any other fact.
    pub fn other(&mut self, fact: &Fact) {
        self.bytes.push(Tag::Other as u8);
        self.others.push(fact.clone());
    }

    pub fn finish(self, facts: usize) -> PackedChange {
        PackedChange { money: self.bytes.into_boxed_slice(), others: self.others, facts }
    }

    fn keyed<R: Packed>(&mut self, record: &R, place: Place) -> &[u8] {
        uint(&mut self.bytes, key_bits(place));
        let start = self.bytes.len();
        record.pack(&mut self.bytes);
        &self.bytes[start..]
    }
}

/// The compact form of one record.
pub(super) fn packed<R: Packed>(record: &R) -> Vec<u8> {
    let mut bytes = Vec::new();
    record.pack(&mut bytes);
    bytes
}

fn key_bits(place: Place) -> u64 {
    u64::try_from(place.to_key()).expect("no place is negative")
}

impl Packed for Token {
    type Key = TokenId;

    fn key(&self) -> TokenId {
        self.id
    }

    fn changed_by(&self) -> u64 {
        self.spent_by.unwrap_or(self.id.0.entry())
    }

    fn pack(&self, out: &mut Vec<u8>) {
        let has = [
            self.origin == Origin::Surplus,
            self.written_off,
            self.reason.is_some(),
            self.claim.is_some(),
            self.holder.is_some(),
            self.hop.is_some(),
            self.hop_kind.is_some(),
            self.parent.is_some(),
            self.due.is_some(),
            self.spent_by.is_some(),
        ];
        uint(out, u64::from(self.state.number()) | flags(has) << 3);
        let id = self.id.0;
        near(out, id, self.allocation.0);
        int(out, self.amount);
        near(out, id, self.accountable.0);
        uint(out, self.area.0.into());
        maybe(out, self.reason, |out, reason| out.push(reason.number()));
        maybe(out, self.claim, |out, claim| out.push(claim.number()));
        maybe(out, self.holder, |out, holder| near(out, id, holder.0));
        maybe(out, self.hop, |out, hop| near(out, id, hop.0));
        maybe(out, self.hop_kind, |out, kind| out.push(kind.number()));
        maybe(out, self.parent, |out, parent| near(out, id, parent.0));
        maybe(out, self.due, |out, due| int(out, due.0));
        maybe(out, self.spent_by, uint);
    }

    fn unpack(key: TokenId, bytes: &mut Reader<'_>) -> Self {
        let head = bytes.uint();
        let [surplus, written_off, reason, claim, holder, hop, hop_kind, parent, due, spent_by] = bits(head >> 3);
        let id = key.0;
        Self {
            id: key,
            // The low three bits fit a byte.
            state: bytes.name((head & 7) as u8, TokenState::from_number),
            origin: if surplus { Origin::Surplus } else { Origin::Allocation },
            written_off,
            allocation: AllocationId(bytes.near(id)),
            amount: bytes.int(),
            accountable: PartyKey(bytes.near(id)),
            area: bytes.area(),
            reason: bytes.maybe(reason, |bytes| bytes.next_name(MissingReason::from_number)),
            claim: bytes.maybe(claim, |bytes| bytes.next_name(Claim::from_number)),
            holder: bytes.maybe(holder, |bytes| PartyKey(bytes.near(id))),
            hop: bytes.maybe(hop, |bytes| HopId(bytes.near(id))),
            hop_kind: bytes.maybe(hop_kind, |bytes| bytes.next_name(HopKind::from_number)),
            parent: bytes.maybe(parent, |bytes| TokenId(bytes.near(id))),
            due: bytes.maybe(due, |bytes| Millis(bytes.int())),
            spent_by: bytes.maybe(spent_by, Reader::uint),
        }
    }
}

impl Packed for Hop {
    type Key = HopId;

    fn key(&self) -> HopId {
        self.id
    }

    fn changed_by(&self) -> u64 {
        self.version
    }

    fn pack(&self, out: &mut Vec<u8>) {
        let is_old = self.version != self.id.0.entry();
        let has = [
            self.reported,
            self.from_balance,
            self.from.is_some(),
            self.via.is_some(),
            self.token.is_some(),
            self.refused != 0,
            self.bounced_home != 0,
            self.credited.is_some(),
            self.payment.is_some(),
            self.purpose.is_some(),
            self.for_cycle.is_some(),
            self.official_quantity.is_some(),
            self.verified_quantity.is_some(),
            self.latest.is_some(),
            is_old,
        ];
        uint(out, u64::from(self.kind.number()) | u64::from(self.state.number()) << 2 | flags(has) << 5);
        let id = self.id.0;
        near(out, id, self.to.0);
        near(out, id, self.allocation.0);
        int(out, self.sent);
        int(out, self.sent_at.0);
        int(out, self.due.0.wrapping_sub(self.sent_at.0));
        near(out, id, self.accountable.0);
        uint(out, self.area.0.into());
        figures(out, &self.figures);
        count(out, self.live.len());
        for token in &self.live {
            near(out, id, token.0);
        }
        maybe(out, self.from, |out, from| near(out, id, from.0));
        maybe(out, self.via, |out, via| near(out, id, via.0));
        maybe(out, self.token, |out, token| near(out, id, token.0));
        for amount in [self.refused, self.bounced_home] {
            maybe(out, (amount != 0).then_some(amount), int);
        }
        maybe(out, self.credited, int);
        for words in [&self.payment, &self.purpose, &self.for_cycle] {
            maybe(out, words.as_deref(), text);
        }
        maybe(out, self.official_quantity, int);
        maybe(out, self.verified_quantity, int);
        maybe(out, self.latest.as_ref(), |out, (entry, before)| {
            uint(out, *entry);
            figures(out, before);
        });
        maybe(out, is_old.then_some(self.version), uint);
    }

    fn unpack(key: HopId, bytes: &mut Reader<'_>) -> Self {
        let head = bytes.uint();
        let [
            reported,
            from_balance,
            from,
            via,
            token,
            refused,
            bounced_home,
            credited,
            payment,
            purpose,
            for_cycle,
            official_quantity,
            verified_quantity,
            latest,
            is_old,
        ] = bits(head >> 5);
        let id = key.0;
        let (to, allocation) = (PartyKey(bytes.near(id)), AllocationId(bytes.near(id)));
        let (sent, sent_at) = (bytes.int(), Millis(bytes.int()));
        Self {
            id: key,
            // Masked, they fit a byte.
            kind: bytes.name((head & 3) as u8, HopKind::from_number),
            state: bytes.name((head >> 2 & 7) as u8, HopState::from_number),
            reported,
            from_balance,
            to,
            allocation,
            sent,
            sent_at,
            due: Millis(sent_at.0.wrapping_add(bytes.int())),
            accountable: PartyKey(bytes.near(id)),
            area: bytes.area(),
            figures: bytes.figures(),
            live: (0..bytes.uint()).map(|_| TokenId(bytes.near(id))).collect(),
            from: bytes.maybe(from, |bytes| PartyKey(bytes.near(id))),
            via: bytes.maybe(via, |bytes| PartyKey(bytes.near(id))),
            token: bytes.maybe(token, |bytes| TokenId(bytes.near(id))),
            refused: bytes.maybe(refused, Reader::int).unwrap_or(0),
            bounced_home: bytes.maybe(bounced_home, Reader::int).unwrap_or(0),
            credited: bytes.maybe(credited, Reader::int),
            payment: bytes.maybe(payment, Reader::text),
            purpose: bytes.maybe(purpose, Reader::text),
            for_cycle: bytes.maybe(for_cycle, Reader::text),
            official_quantity: bytes.maybe(official_quantity, Reader::int),
            verified_quantity: bytes.maybe(verified_quantity, Reader::int),
            latest: bytes.maybe(latest, |bytes| (bytes.uint(), Box::new(bytes.figures()))),
            version: bytes.maybe(is_old, Reader::uint).unwrap_or(id.entry()),
        }
    }
}

impl Packed for Recorded {
    type Key = (Uuid, PartyKey);

    fn key(&self) -> (Uuid, PartyKey) {
        (self.id, self.party)
    }

    fn changed_by(&self) -> u64 {
        self.entry
    }

    fn pack(&self, out: &mut Vec<u8>) {
        uint(out, self.entry);
        out.extend_from_slice(&self.digest.0);
        let kind = Kind::ALL.iter().position(|kind| *kind == self.kind).expect("every kind is in the list");
        count(out, kind);
        out.push(u8::from(self.basis == Basis::Reported));
        int(out, self.recorded_at.0);
        int(out, self.recorded_at.0.wrapping_sub(self.occurred_at.0));
        count(out, self.signers.len());
        for signer in &self.signers {
            out.extend_from_slice(&signer.0);
        }
        out.push(u8::from(self.subject.is_some()));
        maybe(out, self.subject, |out, subject| uint(out, key_bits(subject)));
    }

    fn unpack((id, party): Self::Key, bytes: &mut Reader<'_>) -> Self {
        let (entry, digest) = (bytes.uint(), PayloadDigest(bytes.array()));
        let kind = Kind::ALL[bytes.count()];
        let basis = if bytes.flag() { Basis::Reported } else { Basis::Own };
        let recorded_at = Millis(bytes.int());
        Self {
            entry,
            id,
            party,
            digest,
            kind,
            basis,
            recorded_at,
            occurred_at: Millis(recorded_at.0.wrapping_sub(bytes.int())),
            signers: (0..bytes.count()).map(|_| KeyId(bytes.array())).collect(),
            subject: bytes.flag().then(|| bytes.place()),
        }
    }
}

fn uint(out: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        // Masked, it fits a byte.
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    // What is left is below 128.
    out.push(value as u8);
}

fn int(out: &mut Vec<u8>, value: i64) {
    // The bits are kept, the sign goes to the lowest.
    uint(out, ((value << 1) ^ (value >> 63)) as u64);
}

fn count(out: &mut Vec<u8>, count: usize) {
    // A length in memory always fits into 64 bits.
    uint(out, count as u64);
}

fn near(out: &mut Vec<u8>, from: Place, to: Place) {
    // Both have 63 bits.
    int(out, to.to_key() - from.to_key());
}

fn text(out: &mut Vec<u8>, text: &str) {
    count(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

fn figures(out: &mut Vec<u8>, figures: &HopFigures) {
    let has = [
        figures.deducted != 0,
        figures.arrived.is_some(),
        figures.answered_at.is_some(),
        !figures.deductions.is_empty(),
    ];
    uint(out, flags(has));
    maybe(out, has[0].then_some(figures.deducted), int);
    maybe(out, figures.arrived, int);
    maybe(out, figures.answered_at, |out, at| int(out, at.0));
    maybe(out, has[3].then_some(&figures.deductions), |out, deductions| {
        count(out, deductions.len());
        for (code, amount) in deductions {
            text(out, code);
            int(out, *amount);
        }
    });
}

fn maybe<T>(out: &mut Vec<u8>, value: Option<T>, write: impl FnOnce(&mut Vec<u8>, T)) {
    if let Some(value) = value {
        write(out, value);
    }
}

/// Yes or no each, the first in the lowest bit.
fn flags<const N: usize>(set: [bool; N]) -> u64 {
    set.iter().rev().fold(0, |bits, flag| bits << 1 | u64::from(*flag))
}

fn bits<const N: usize>(flags: u64) -> [bool; N] {
    std::array::from_fn(|at| flags >> at & 1 == 1)
}

/// Reads compact forms, which this process made: one that ends early is a mistake of ours.
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// A reader of these bytes.
    pub fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    fn keyed<R: Packed>(&mut self, key: impl FnOnce(Place) -> R::Key) -> Arc<R> {
        let key = key(self.place());
        Arc::new(R::unpack(key, self))
    }

    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().expect("the compact form is whole");
        self.0 = rest;
        *first
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        self.take(N).try_into().expect("as many were taken")
    }

    fn uint(&mut self) -> u64 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = self.byte();
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return value;
            }
            shift += 7;
        }
    }

    fn int(&mut self) -> i64 {
        let bits = self.uint();
        // The inverse of moving the sign to the lowest bit.
        (bits >> 1) as i64 ^ -((bits & 1) as i64)
    }

    fn count(&mut self) -> usize {
        usize::try_from(self.uint()).expect("it was the length of something in memory")
    }

    fn flag(&mut self) -> bool {
        self.byte() == 1
    }

    fn place(&mut self) -> Place {
        let key = i64::try_from(self.uint()).expect("places have 63 bits");
        Place::from_key(key).expect("it is not negative")
    }

    fn near(&mut self, from: Place) -> Place {
        Place::from_key(from.to_key() + self.int()).expect("it is not negative")
    }

    fn area(&mut self) -> AreaId {
        AreaId(u32::try_from(self.uint()).expect("areas have 32 bits"))
    }

    fn text(&mut self) -> String {
        let length = self.count();
        str::from_utf8(self.take(length)).expect("it was text").to_owned()
    }

    fn name<T>(&self, number: u8, read: impl Fn(u8) -> Option<T>) -> T {
        read(number).expect("it was the number of a name")
    }

    fn next_name<T>(&mut self, read: impl Fn(u8) -> Option<T>) -> T {
        let number = self.byte();
        self.name(number, read)
    }

    fn maybe<T>(&mut self, is_there: bool, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        is_there.then(|| read(self))
    }

    fn figures(&mut self) -> HopFigures {
        let [deducted, arrived, answered_at, deductions] = bits(self.uint());
        HopFigures {
            deducted: self.maybe(deducted, Self::int).unwrap_or(0),
            arrived: self.maybe(arrived, Self::int),
            answered_at: self.maybe(answered_at, |bytes| Millis(bytes.int())),
            deductions: self
                .maybe(deductions, |bytes| (0..bytes.count()).map(|_| (bytes.text(), bytes.int())).collect())
                .unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        let numbers = [0, 1, -1, 63, 64, -64, -65, 1 << 40, i64::MAX, i64::MIN];
        let mut bytes = Vec::new();
        numbers.iter().for_each(|number| int(&mut bytes, *number));
        uint(&mut bytes, u64::MAX);
        let mut reader = Reader(&bytes);
        assert_eq!(numbers.map(|_| reader.int()), numbers);
        assert_eq!(reader.uint(), u64::MAX);
        assert!(reader.0.is_empty());
    }

    #[test]
    fn flags_come_back_in_order() {
        let set = [true, false, false, true, true];
        assert_eq!(flags(set), 0b11001);
        assert_eq!(bits(flags(set)), set);
    }
}
