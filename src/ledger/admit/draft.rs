//! A change in the making: a layer of its own over the books, and the facts so far.

use std::sync::Arc;

use crate::ledger::fact::Fact;
use crate::ledger::hop::{Hop, HopFigures};
use crate::ledger::ids::{AllocationId, AreaId, HopId, NoteId, PartyKey, Place, ProgrammeId, Reference, TokenId};
use crate::ledger::money::{Currency, TOTAL_MINOR_MAX};
use crate::ledger::note::{Note, Noted};
use crate::ledger::operation::{Basis, Stated};
use crate::ledger::refusal::Refusal;
use crate::ledger::registry::{Allocation, Party, PartyKind, Programme, Recorded};
use crate::ledger::state::{Layer, Tables};
use crate::ledger::time::Millis;
use crate::ledger::token::{Claim, HopKind, HopState, MissingReason, Origin, Token, TokenState};

use super::{Admitted, Change, Context};

/// A change in the making.
pub(super) struct Draft<'a> {
    below: &'a Layer<'a>,
    tables: Tables,
    facts: Vec<Fact>,
    next_token: u32,
    next_hop: u32,
    next_allocation: u32,
    next_party: u32,
    next_note: u32,
    /// Where and when.
    pub context: Context,
    /// The party that speaks.
    pub party: Arc<Party>,
    /// When what it states happened.
    pub occurred_at: Millis,
    /// Whether documents speak, not the parties.
    pub reported: bool,
}

/// Where a new token's money is.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub state: TokenState,
    pub reason: Option<MissingReason>,
    pub claim: Option<Claim>,
    pub written_off: bool,
    pub holder: Option<PartyKey>,
    pub hop: Option<(HopId, HopKind)>,
    pub accountable: PartyKey,
    pub area: AreaId,
    pub due: Option<Millis>,
}

impl Shape {
    /// With a party, having come by `hop`.
    pub fn with_party(state: TokenState, party: &Party, hop: Option<(HopId, HopKind)>) -> Self {
        Self {
            state,
            reason: None,
            claim: None,
            written_off: false,
            holder: Some(party.key),
            hop,
            accountable: party.key,
            area: party.area,
            due: None,
        }
    }

    /// On a hop; due when the hop is, while in transit.
    pub fn on_hop(state: TokenState, hop: &Hop) -> Self {
        Self {
            state,
            reason: None,
            claim: None,
            written_off: false,
            holder: None,
            hop: Some((hop.id, hop.kind)),
            accountable: hop.accountable,
            area: hop.area,
            due: (state == TokenState::InTransit).then_some(hop.due),
        }
    }

    /// Missing on a hop.
    pub fn missing(reason: MissingReason, hop: &Hop) -> Self {
        Self { reason: Some(reason), ..Self::on_hop(TokenState::Missing, hop) }
    }

    /// Confirmed by the receiver of a delivery.
    pub fn confirmed(hop: &Hop) -> Self {
        Self { holder: Some(hop.to), ..Self::on_hop(TokenState::Confirmed, hop) }
    }

    /// As a token was.
    pub fn like(token: &Token) -> Self {
        Self {
            state: token.state,
            reason: token.reason,
            claim: token.claim,
            written_off: token.written_off,
            holder: token.holder,
            hop: token.hop.zip(token.hop_kind),
            accountable: token.accountable,
            area: token.area,
            due: token.due,
        }
    }

    /// Made by a statement of more than was sent.
    pub fn claimed(self, claim: Claim) -> Self {
        Self { claim: Some(claim), ..self }
    }

    /// Whether it stays with its hop: neither moved on nor kept by a party.
    pub fn stays_on(&self, hop: HopId) -> bool {
        let kept = self.holder.is_some() && matches!(self.state, TokenState::Deducted | TokenState::Missing);
        let moved = matches!(self.state, TokenState::Held | TokenState::Returned);
        self.hop.is_some_and(|(at, _)| at == hop) && !kept && !moved
    }
}

/// What a new hop is made of; the rest follows.
pub(super) struct NewHop<'a> {
    pub kind: HopKind,
    pub from: Option<&'a Party>,
    pub to: &'a Party,
    pub allocation: &'a Allocation,
    pub token: Option<TokenId>,
    pub sent: i64,
    /// Who is accountable for money on it, with the area that counts unless it is a delivery.
    pub accountable: &'a Party,
    pub from_balance: bool,
}

impl<'a> Draft<'a> {
    pub fn new(below: &'a Layer<'a>, stated: &Stated, party: Arc<Party>, context: Context) -> Self {
        Self {
            below,
            tables: Tables::default(),
            facts: Vec::new(),
            next_token: 0,
            next_hop: 0,
            next_allocation: 0,
            next_party: 0,
            next_note: 0,
            context,
            party,
            occurred_at: stated.occurred_at.unwrap_or(context.now),
            reported: stated.basis == Basis::Reported,
        }
    }

    /// The books with what the draft changed so far.
    pub fn books(&self) -> Layer<'_> {
        Layer::over(self.below, &self.tables)
    }

    /// Ends the change with the operation's record.
    pub fn finish(mut self, stated: &Stated, subject: Option<Place>) -> Admitted {
        let recorded = Recorded {
            entry: self.context.entry,
            id: stated.id,
            party: self.party.key,
            digest: stated.digest,
            kind: stated.operation.kind(),
            basis: stated.basis,
            recorded_at: self.context.now,
            occurred_at: self.occurred_at,
            signers: stated.signers.clone(),
            subject,
        };
        self.record(Fact::Recorded(Arc::new(recorded)));
        Admitted { change: Change { facts: self.facts }, layer: self.tables }
    }

    /// Records a fact.
    pub fn record(&mut self, fact: Fact) {
        self.tables.apply(std::slice::from_ref(&fact));
        self.facts.push(fact);
    }

    /// The place of the next thing of a sequence in this entry.
    fn place(&self, position: u32) -> Place {
        Place::new(self.context.entry, position).expect("list limits keep an entry's outputs below 2^20")
    }

    pub fn next_party(&mut self) -> PartyKey {
        let place = self.place(self.next_party);
        self.next_party += 1;
        PartyKey(place)
    }

    pub fn next_allocation(&mut self) -> AllocationId {
        let place = self.place(self.next_allocation);
        self.next_allocation += 1;
        AllocationId(place)
    }

    /// Notes a fact that moves no money.
    pub fn note(&mut self, fact: Noted) {
        let id = NoteId(self.place(self.next_note));
        self.next_note += 1;
        let note = Note { id, by: self.party.key, at: self.occurred_at, fact };
        self.record(Fact::Noted(Arc::new(note)));
    }

    /// Makes a token of `amount` above zero out of `parent`, or out of nothing.
    pub fn make(
        &mut self,
        amount: i64,
        allocation: AllocationId,
        origin: Origin,
        parent: Option<TokenId>,
        shape: &Shape,
    ) -> TokenId {
        debug_assert!(amount > 0, "no token is empty");
        let id = TokenId(self.place(self.next_token));
        self.next_token += 1;
        self.record(Fact::TokenMade(Arc::new(Token {
            id,
            allocation,
            amount,
            origin,
            state: shape.state,
            reason: shape.reason,
            claim: shape.claim,
            written_off: shape.written_off,
            holder: shape.holder,
            hop: shape.hop.map(|(id, _)| id),
            hop_kind: shape.hop.map(|(_, kind)| kind),
            parent,
            accountable: shape.accountable,
            area: shape.area,
            due: shape.due,
            spent_by: None,
        })));
        id
    }

    /// Consumes a token.
    pub fn spend(&mut self, token: &Token) {
        let spent = Token { spent_by: Some(self.context.entry), ..token.clone() };
        self.record(Fact::TokenSpent(Arc::new(spent)));
    }

    /// A hop of this entry, not yet recorded: [`Draft::set_hop`] does that once it is complete.
    pub fn new_hop(&mut self, new: &NewHop<'_>) -> Hop {
        let id = HopId(self.place(self.next_hop));
        self.next_hop += 1;
        let programme = self.programme_of(new.allocation);
        let due = self.occurred_at.end_of_day(programme.days(new.kind), programme.utc_offset_minutes);
        Hop {
            id,
            kind: new.kind,
            from: new.from.map(|p| p.key),
            to: new.to.key,
            via: None,
            allocation: new.allocation.id,
            token: new.token,
            sent: new.sent,
            figures: HopFigures { deducted: 0, arrived: None, answered_at: None, deductions: Vec::new() },
            refused: 0,
            bounced_home: 0,
            credited: None,
            sent_at: self.occurred_at,
            due,
            payment: None,
            purpose: None,
            for_cycle: None,
            reported: self.reported,
            official_quantity: None,
            verified_quantity: None,
            accountable: new.accountable.key,
            area: if new.kind == HopKind::Delivery { new.to.area } else { new.accountable.area },
            from_balance: new.from_balance,
            state: HopState::Sent,
            live: Vec::new(),
            latest: None,
            version: self.context.entry,
        }
    }

    /// Records a hop with the state that follows from its figures and its live tokens. Once
    /// for each hop and entry.
    pub fn set_hop(&mut self, mut hop: Hop) {
        hop.version = self.context.entry;
        hop.state = self.state_of(&hop);
        // Its own hops are nowhere below.
        let is_new = hop.id.0.entry() == self.context.entry;
        let before = if is_new { None } else { self.below.hop(&hop.id) };
        self.record(Fact::HopSet(Arc::new(hop), before));
    }

    fn state_of(&self, hop: &Hop) -> HopState {
        if hop.state == HopState::Reversed {
            return HopState::Reversed;
        }
        if hop.is_bounced_whole() {
            return HopState::Returned;
        }
        let books = self.books();
        let has = |wanted: &dyn Fn(&Token) -> bool| {
            hop.live.iter().any(|id| books.token(id).is_some_and(|token| wanted(&token)))
        };
        let answered = hop.figures.arrived.is_some();
        if has(&|t| t.state == TokenState::Disputed) {
            HopState::Disputed
        } else if has(&|t| t.is_findable() || (answered && t.state == TokenState::Missing)) {
            HopState::Short
        } else if has(&|t| t.state == TokenState::Booked) {
            HopState::Booked
        } else if answered {
            HopState::Acknowledged
        } else {
            HopState::Sent
        }
    }

    /// Adds to all money of a currency; refused above 2^62.
    pub fn add_total(&mut self, currency: Currency, amount: i64) -> Result<(), Refusal> {
        let before = self.books().total(&currency).copied().unwrap_or(0);
        match before.checked_add(amount) {
            Some(total) if total <= TOTAL_MINOR_MAX => {
                self.record(Fact::TotalSet(currency, total));
                Ok(())
            }
            _ => Err(Refusal::TotalTooLarge),
        }
    }

    /// The number of an area, named now if it is new.
    pub fn area(&mut self, path: &str) -> AreaId {
        if let Some(id) = self.books().area(path) {
            return *id;
        }
        let id = AreaId(self.books().area_count());
        self.record(Fact::AreaNamed(id, path.to_owned()));
        id
    }

    /// A registered party by its public id.
    pub fn party_by_id(&self, id: &uuid::Uuid) -> Result<Arc<Party>, Refusal> {
        self.books().party_by_id(id).ok_or_else(|| Refusal::UnknownParty { party: id.to_string() })
    }

    /// A party that a record names.
    pub fn party_of(&self, key: PartyKey) -> Arc<Party> {
        self.books().party(&key).expect("parties stay resident")
    }

    /// A programme by its code.
    pub fn programme_by_code(&self, code: &str) -> Result<Arc<Programme>, Refusal> {
        let books = self.books();
        books
            .programme_id(code)
            .and_then(|id| books.programme(id))
            .cloned()
            .ok_or_else(|| Refusal::UnknownProgramme { code: code.to_owned() })
    }

    /// The programme of an allocation.
    pub fn programme_of(&self, allocation: &Allocation) -> Arc<Programme> {
        self.programme(allocation.programme)
    }

    /// A programme that a record names.
    pub fn programme(&self, id: ProgrammeId) -> Arc<Programme> {
        self.books().programme(&id).cloned().expect("programmes stay resident")
    }

    /// An allocation that a record names.
    pub fn allocation(&self, id: AllocationId) -> Result<Arc<Allocation>, Refusal> {
        self.books().allocation(&id).cloned().ok_or(Refusal::UnknownReference { what: "allocation" })
    }

    /// The token that a reference names, spent or not, in the stated currency.
    pub fn token_for(
        &self,
        reference: &Reference,
        currency: Currency,
    ) -> Result<(Arc<Token>, Arc<Allocation>), Refusal> {
        let token = self.token_named(reference)?;
        let allocation = self.allocation(token.allocation)?;
        in_currency(currency, allocation.currency)?;
        Ok((token, allocation))
    }

    /// The token that a reference names, spent or not.
    pub fn token_named(&self, reference: &Reference) -> Result<Arc<Token>, Refusal> {
        let unknown = Refusal::UnknownReference { what: "token" };
        let books = self.books();
        let recorded = books.referred(reference).ok_or(unknown.clone())?;
        let place = Place::new(recorded.entry, reference.output).ok_or(unknown.clone())?;
        books.token(&TokenId(place)).ok_or(unknown)
    }

    /// The hop that a reference names, in the stated currency.
    pub fn hop_for(&self, reference: &Reference, currency: Currency) -> Result<(Hop, Arc<Allocation>), Refusal> {
        let hop = self.hop_named(reference)?;
        let allocation = self.allocation(hop.allocation)?;
        in_currency(currency, allocation.currency)?;
        Ok((hop, allocation))
    }

    /// The hop that a reference names.
    pub fn hop_named(&self, reference: &Reference) -> Result<Hop, Refusal> {
        let unknown = Refusal::UnknownReference { what: "hop" };
        let books = self.books();
        let recorded = books.referred(reference).ok_or(unknown.clone())?;
        let place = Place::new(recorded.entry, reference.output).ok_or(unknown.clone())?;
        books.hop(&HopId(place)).map(|hop| hop.as_ref().clone()).ok_or(unknown)
    }

    /// A hop whose receiver speaks.
    pub fn own_incoming(&self, hop: &Hop) -> Result<(), Refusal> {
        if hop.to == self.party.key { Ok(()) } else { Err(Refusal::NotYours { holder: Some(hop.to) }) }
    }

    /// A token that the party which speaks has or kept.
    pub fn own_token(&self, token: &Token) -> Result<(), Refusal> {
        if token.holder == Some(self.party.key) { Ok(()) } else { Err(Refusal::NotYours { holder: token.holder }) }
    }

    /// The kind of hop to a party.
    pub fn kind_to(&self, to: &Party) -> HopKind {
        if to.kind.is_payee() { HopKind::Delivery } else { HopKind::Transfer }
    }

    /// Who is accountable for money that the party sends: itself, unless it is a payee, who
    /// never is; then as before.
    pub fn accountable_sender(&self, token: &Token) -> Arc<Party> {
        match self.party.kind {
            PartyKind::Recipient | PartyKind::EndPayee => self.party_of(token.accountable),
            _ => self.party.clone(),
        }
    }
}

/// The stated currency must be the money's.
pub(super) fn in_currency(stated: Currency, needed: Currency) -> Result<(), Refusal> {
    if stated == needed { Ok(()) } else { Err(Refusal::WrongCurrency { stated, needed }) }
}

/// A token is consumed once.
pub(super) fn unspent(token: &Token) -> Result<(), Refusal> {
    token.spent_by.map_or(Ok(()), |by| Err(Refusal::TokenSpent { by }))
}

/// A reversed hop takes no further statement.
pub(super) fn not_reversed(hop: &Hop) -> Result<(), Refusal> {
    if hop.state == HopState::Reversed { Err(Refusal::WrongHopState { state: hop.state }) } else { Ok(()) }
}
