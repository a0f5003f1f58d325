//! What an admitted operation changes: fixed records, the same bytes on every node.

use std::sync::Arc;

use super::case::Case;
use super::hop::{Hop, HopFigures};
use super::ids::{AreaId, PartyKey, Place};
use super::money::Currency;
use super::note::Note;
use super::operation::Basis;
use super::registry::{Allocation, Appropriation, OfficerKey, Party, Programme, Recorded};
use super::token::Token;

/// One changed fact. Records are given as they stand after the change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// An area was used for the first time.
    AreaNamed(AreaId, String),
    /// A party was registered.
    PartyRegistered(Arc<Party>),
    /// A key was registered or revoked.
    KeySet(Arc<OfficerKey>),
    /// A programme was defined or its rules replaced.
    ProgrammeSet(Arc<Programme>),
    /// An appropriation changed.
    AppropriationSet(Arc<Appropriation>),
    /// An allocation was opened or reversed.
    AllocationSet(Arc<Allocation>),
    /// A token was made.
    TokenMade(Arc<Token>),
    /// A token was consumed; its `spent_by` is set.
    TokenSpent(Arc<Token>),
    /// A hop was opened or changed; the version it replaces, if any.
    HopSet(Arc<Hop>, Option<Arc<Hop>>),
    /// A row of a tracking table was imported by an entry, or freed by its reversal.
    RowSet([u8; 16], Option<u64>),
    /// All money of a currency.
    TotalSet(Currency, i64),
    /// A fact that moves no money.
    Noted(Arc<Note>),
    /// A case was opened, went on or ended.
    CaseSet(Arc<Case>),
    /// The operation itself, last.
    Recorded(Arc<Recorded>),
}

impl Fact {
    /// Appends the canonical bytes: a tag, then the fields in order; numbers big-endian, texts
    /// and lists with a 32-bit length before them, optional fields with a byte before them.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut w = Writer(out);
        match self {
            Self::AreaNamed(id, path) => w.tag(1).u32(id.0).text(path),
            Self::PartyRegistered(p) => w.tag(2).party(p),
            Self::KeySet(k) => w.tag(3).key(k),
            Self::ProgrammeSet(p) => w.tag(4).programme(p),
            Self::AppropriationSet(a) => w
                .tag(5)
                .place(a.programme.0)
                .text(&a.cycle.label)
                .text(&a.cycle.first_day.to_string())
                .text(&a.cycle.last_day.to_string())
                .i64(a.appropriated)
                .i64(a.allocated),
            Self::AllocationSet(a) => w.tag(6).allocation(a),
            Self::TokenMade(t) => w.tag(7).token(t),
            Self::TokenSpent(t) => w.tag(8).place(t.id.0).option(t.spent_by, Writer::u64),
            Self::HopSet(h, _) => w.tag(9).hop(h),
            Self::RowSet(key, entry) => w.tag(10).bytes(key).option(*entry, Writer::u64),
            Self::TotalSet(currency, total) => w.tag(11).text(currency.code()).i64(*total),
            Self::Recorded(r) => w.tag(12).recorded(r),
            Self::Noted(note) => w.tag(13).text(&note.to_json()),
            Self::CaseSet(case) => w.tag(14).text(&case.to_json()),
        };
    }
}

struct Writer<'a>(&'a mut Vec<u8>);

impl Writer<'_> {
    fn tag(&mut self, tag: u8) -> &mut Self {
        self.0.push(tag);
        self
    }

    fn u32(&mut self, value: u32) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }

    fn u64(&mut self, value: u64) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }

    fn i64(&mut self, value: i64) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }

    fn place(&mut self, place: Place) -> &mut Self {
        self.i64(place.to_key())
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn count(&mut self, count: usize) -> &mut Self {
        self.u32(u32::try_from(count).expect("lists are bounded far below 2^32"))
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.count(text.len()).bytes(text.as_bytes())
    }

    fn flag(&mut self, flag: bool) -> &mut Self {
        self.tag(u8::from(flag))
    }

    fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T) -> &mut Self) -> &mut Self {
        match value {
            None => self.tag(0),
            Some(value) => write(self.tag(1), value),
        }
    }

    fn party_key(&mut self, key: PartyKey) -> &mut Self {
        self.place(key.0)
    }

    fn party(&mut self, p: &Party) -> &mut Self {
        self.party_key(p.key)
            .bytes(p.id.as_bytes())
            .tag(p.kind.number())
            .text(&p.label)
            .text(&p.level)
            .u32(p.area.0)
            .flag(p.reported)
    }

    fn key(&mut self, k: &OfficerKey) -> &mut Self {
        self.bytes(&k.key.0).bytes(k.officer.as_bytes()).party_key(k.party).count(k.roles.len());
        for role in &k.roles {
            self.tag(role.number());
        }
        self.tag(k.custody.number()).u64(k.registered_by).option(k.revoked_by, Self::u64)
    }

    fn programme(&mut self, p: &Programme) -> &mut Self {
        let days = p.allowed_days;
        self.place(p.id.0)
            .text(&p.code)
            .text(&p.label)
            .party_key(p.owner)
            .text(p.currency.code())
            .bytes(&p.utc_offset_minutes.to_be_bytes());
        for days in [days.transfer, days.delivery, days.giving_back, days.recovery] {
            self.bytes(&days.to_be_bytes());
        }
        self.count(p.deductions.len());
        for rule in &p.deductions {
            self.text(&rule.code)
                .option(rule.cap_amount, |w, cap| w.i64(cap.get()))
                .option(rule.cap_millionths, Self::u32);
        }
        self.u64(p.version)
    }

    fn allocation(&mut self, a: &Allocation) -> &mut Self {
        self.place(a.id.0)
            .place(a.programme.0)
            .text(&a.cycle)
            .text(&a.purpose)
            .text(a.currency.code())
            .party_key(a.treasury)
            .i64(a.amount)
            .flag(a.unsent)
            .option(a.reversed_by, Self::u64)
    }

    fn token(&mut self, t: &Token) -> &mut Self {
        self.place(t.id.0)
            .place(t.allocation.0)
            .i64(t.amount)
            .tag(t.origin.number())
            .tag(t.state.number())
            .option(t.reason, |w, r| w.tag(r.number()))
            .option(t.claim, |w, c| w.tag(c.number()))
            .flag(t.written_off)
            .option(t.holder, Self::party_key)
            .option(t.hop, |w, h| w.place(h.0))
            .option(t.parent, |w, p| w.place(p.0))
            .party_key(t.accountable)
            .u32(t.area.0)
            .option(t.due, |w, due| w.i64(due.0))
    }

    fn figures(&mut self, f: &HopFigures) -> &mut Self {
        self.i64(f.deducted)
            .option(f.arrived, Self::i64)
            .option(f.answered_at, |w, t| w.i64(t.0))
            .count(f.deductions.len());
        for (code, amount) in &f.deductions {
            self.text(code).i64(*amount);
        }
        self
    }

    fn hop(&mut self, h: &Hop) -> &mut Self {
        self.place(h.id.0)
            .tag(h.kind.number())
            .option(h.from, Self::party_key)
            .party_key(h.to)
            .option(h.via, Self::party_key)
            .place(h.allocation.0)
            .option(h.token, |w, t| w.place(t.0))
            .i64(h.sent)
            .figures(&h.figures)
            .i64(h.refused)
            .i64(h.bounced_home)
            .option(h.credited, Self::i64)
            .i64(h.sent_at.0)
            .i64(h.due.0)
            .option(h.payment.as_deref(), Self::text)
            .option(h.purpose.as_deref(), Self::text)
            .option(h.for_cycle.as_deref(), Self::text)
            .flag(h.reported)
            .option(h.official_quantity, Self::i64)
            .option(h.verified_quantity, Self::i64)
            .party_key(h.accountable)
            .u32(h.area.0)
            .flag(h.from_balance)
            .tag(h.state.number())
            .count(h.live.len());
        for token in &h.live {
            self.place(token.0);
        }
        self.option(h.latest.as_ref(), |w, (entry, figures)| w.u64(*entry).figures(figures)).u64(h.version)
    }

    fn recorded(&mut self, r: &Recorded) -> &mut Self {
        self.u64(r.entry)
            .bytes(r.id.as_bytes())
            .party_key(r.party)
            .bytes(&r.digest.0)
            .text(r.kind.name())
            .flag(r.basis == Basis::Reported)
            .i64(r.recorded_at.0)
            .i64(r.occurred_at.0)
            .count(r.signers.len());
        for signer in &r.signers {
            self.bytes(&signer.0);
        }
        self.option(r.subject, Self::place)
    }
}
