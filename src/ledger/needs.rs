//! What admission of an operation reads from the tables that the bottom layer holds in part.
//!
//! The caller asks [`lacking`], fetches what is named, inserts what it found, and asks again,
//! until nothing is named that it has not asked for before: what was asked for and not found
//! does not exist. Only then may it admit, since to admission a record that was not fetched is
//! one that does not exist. Parties, keys, programmes, appropriations, areas and totals stay
//! resident and are never named here.

use std::collections::BTreeSet;
use std::sync::Arc;

use uuid::Uuid;

use super::hop::Hop;
use super::ids::{AllocationId, HopId, Place, Reference, TokenId};
use super::lines::EvidenceLine;
use super::operation::{CaseStep, EvidenceRecord, FlagClose, Kind, LossSubject, Operation, Stated};
use super::registry::Recorded;
use super::state::Layer;
use super::token::Token;

/// Records to fetch; each set is fetched whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Recorded operations with these ids, of whatever party.
    pub operations: BTreeSet<Uuid>,
    /// Tokens.
    pub tokens: BTreeSet<TokenId>,
    /// Hops.
    pub hops: BTreeSet<HopId>,
    /// Allocations.
    pub allocations: BTreeSet<AllocationId>,
    /// Imported rows. A row that was never imported is not found, and stays named.
    pub rows: BTreeSet<[u8; 16]>,
    /// Entries of which all tokens, hops and allocations are needed. They stay named, since
    /// the books cannot tell whether they hold all.
    pub entries: BTreeSet<u64>,
}

impl Needs {
    /// Whether nothing is lacking.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what another operation needs.
    pub fn add(&mut self, other: Self) {
        self.operations.extend(other.operations);
        self.tokens.extend(other.tokens);
        self.hops.extend(other.hops);
        self.allocations.extend(other.allocations);
        self.rows.extend(other.rows);
        self.entries.extend(other.entries);
    }

    /// Removes what was asked for before; what is left is new.
    pub fn remove(&mut self, asked: &Self) {
        self.operations.retain(|id| !asked.operations.contains(id));
        self.tokens.retain(|id| !asked.tokens.contains(id));
        self.hops.retain(|id| !asked.hops.contains(id));
        self.allocations.retain(|id| !asked.allocations.contains(id));
        self.rows.retain(|key| !asked.rows.contains(key));
        self.entries.retain(|entry| !asked.entries.contains(entry));
    }
}

/// What admission and the replay check of this operation would read and the books lack, as far
/// as the books can tell by now.
pub fn lacking(books: &Layer<'_>, stated: &Stated) -> Needs {
    let mut search = Search { books, needs: Needs::default() };
    search.replay(stated);
    search.operation(stated);
    search.needs
}

struct Search<'a> {
    books: &'a Layer<'a>,
    needs: Needs,
}

impl<'a> Search<'a> {
    fn replay(&mut self, stated: &Stated) {
        let known = self.books.party_key(&stated.party).and_then(|party| self.books.operation(&(stated.id, party)));
        if known.is_none() {
            self.needs.operations.insert(stated.id);
        }
    }

    fn operation(&mut self, stated: &Stated) {
        match &stated.operation {
            Operation::TokenSplit(body) => self.token_named(&body.token, Reach::Token),
            Operation::TokenDispatch(body, _) => self.token_named(&body.token, Reach::Token),
            Operation::TokenReturn(body) => self.token_named(&body.token, Reach::Hop),
            Operation::RecoveryRecord(body) => {
                self.token_named(&body.token, Reach::Hop);
                body.case.iter().for_each(|case| drop(self.referred(case)));
            }
            Operation::LossWriteOff(body) => self.token_named(&body.token, Reach::Hop),
            Operation::LossDeclare(body) => match &body.subject {
                LossSubject::Token(token) => self.token_named(token, Reach::Token),
                LossSubject::Hop(hop) => self.hop_named(hop, Reach::Hop),
            },
            Operation::HopAcknowledge(body) => self.hop_named(&body.hop, Reach::Hop),
            Operation::HopRefuse(body) => self.hop_named(&body.hop, Reach::Token),
            Operation::ReceiptConfirm(body) => self.hop_named(&body.hop, Reach::Hop),
            Operation::ReceiptDispute(body) => self.hop_named(&body.hop, Reach::Hop),
            Operation::BankEvidenceRecord(body) => self.hop_named(&body.hop, Reach::Token),
            Operation::DisputeDecide(body) => self.hop_named(&body.hop, Reach::Hop),
            Operation::EntryReverse(body) => self.reversal(stated, &body.entry),
            Operation::TrackingImport(_, lines) => lines.iter().for_each(|line| self.row(line.key)),
            Operation::EvidenceRecord(body, lines) => self.evidence(body, lines),
            Operation::FlagReview(body) => body.hops.iter().for_each(|hop| {
                if let Some(place) = self.place(hop) {
                    self.known_hop(HopId(place));
                }
            }),
            Operation::CaseStep(CaseStep { case, .. }) | Operation::FlagClose(FlagClose { case, .. }) => {
                drop(self.referred(case));
            }
            Operation::RecipientRecord(..)
            | Operation::EntitlementSet(..)
            | Operation::RulesSet(_)
            | Operation::ChainBegin(_)
            | Operation::PartyRegister(_)
            | Operation::RecipientEnrol(..)
            | Operation::KeyRegister(_)
            | Operation::KeyRevoke(_)
            | Operation::ProgrammeDefine(_)
            | Operation::BudgetAppropriate(_)
            | Operation::AllocationCreate(_)
            | Operation::UnsentAcknowledge(_) => {}
        }
    }

    fn referred(&mut self, reference: &Reference) -> Option<Arc<Recorded>> {
        let recorded = self.books.referred(reference);
        if recorded.is_none() {
            self.needs.operations.insert(reference.operation);
        }
        recorded
    }

    fn place(&mut self, reference: &Reference) -> Option<Place> {
        let entry = self.referred(reference)?.entry;
        Place::new(entry, reference.output)
    }

    fn evidence(&mut self, body: &EvidenceRecord, lines: &[EvidenceLine]) {
        let entries: Vec<_> = body.entries.iter().map(|entry| self.referred(&entry.output(0))).collect();
        for (entry, output) in lines.iter().filter_map(|line| line.hop) {
            let recorded = entries.get(usize::from(entry)).and_then(Option::as_ref);
            if let Some(place) = recorded.and_then(|recorded| Place::new(recorded.entry, output)) {
                self.known_hop(HopId(place));
            }
        }
    }

    /// A hop of which only is asked whether it is there, and between whom.
    fn known_hop(&mut self, id: HopId) {
        if self.books.hop(&id).is_none() {
            self.needs.hops.insert(id);
        }
    }

    fn token_named(&mut self, reference: &Reference, reach: Reach) {
        let Some(token) = self.place(reference).and_then(|place| self.token(TokenId(place))) else { return };
        self.allocation(token.allocation);
        if let (Reach::Hop, Some(hop)) = (reach, token.hop) {
            self.hop(hop);
        }
    }

    fn hop_named(&mut self, reference: &Reference, reach: Reach) {
        let Some(hop) = self.place(reference).and_then(|place| self.hop(HopId(place))) else { return };
        if let (Reach::Token, Some(sent)) = (reach, hop.token) {
            self.token(sent);
        }
    }

    fn reversal(&mut self, stated: &Stated, reference: &Reference) {
        let Some(recorded) = self.referred(reference) else { return };
        let entry = recorded.entry;
        let own = self.books.party_key(&stated.party) == Some(recorded.party);
        match recorded.kind {
            Kind::TokenDispatch | Kind::TokenReturn | Kind::RecoveryRecord if own => {
                let hop = Place::new(entry, reference.output).and_then(|place| self.hop(HopId(place)));
                // Made anew, the token lies on its own hop again.
                let sent = hop.and_then(|hop| hop.token).and_then(|sent| self.token(sent));
                if let Some(on) = sent.and_then(|sent| sent.hop) {
                    self.hop(on);
                }
            }
            // The hop names the other side, which signs: it is read before anything else.
            Kind::HopAcknowledge | Kind::UnsentAcknowledge => {
                if let Some(subject) = recorded.subject {
                    self.hop(HopId(subject));
                }
                if own {
                    self.needs.entries.insert(entry);
                    for parent in self.books.tokens_of_entry(entry).into_iter().filter_map(|token| token.parent) {
                        self.token(parent);
                    }
                }
            }
            Kind::AllocationCreate if own => {
                self.needs.entries.insert(entry);
            }
            Kind::TrackingImport if own => {
                self.needs.entries.insert(entry);
                for hop in self.books.hops_of_entry(entry) {
                    if let Some(row) = hop.payment.as_deref().and_then(super::admit::row_key) {
                        self.row(row);
                    }
                }
            }
            _ => {}
        }
    }

    fn token(&mut self, id: TokenId) -> Option<Arc<Token>> {
        let token = self.books.token(&id);
        if token.is_none() {
            self.needs.tokens.insert(id);
        }
        token
    }

    /// A hop with its allocation and its live tokens, from which its state follows.
    fn hop(&mut self, id: HopId) -> Option<Arc<Hop>> {
        let Some(hop) = self.books.hop(&id) else {
            self.needs.hops.insert(id);
            return None;
        };
        self.allocation(hop.allocation);
        hop.live.iter().for_each(|token| {
            self.token(*token);
        });
        Some(hop)
    }

    fn allocation(&mut self, id: AllocationId) {
        if self.books.allocation(&id).is_none() {
            self.needs.allocations.insert(id);
        }
    }

    fn row(&mut self, key: [u8; 16]) {
        if self.books.row(&key).is_none() {
            self.needs.rows.insert(key);
        }
    }
}

/// How far admission follows a reference.
#[derive(Clone, Copy)]
enum Reach {
    /// From a token no further; from a hop to the token it was sent with.
    Token,
    /// From a token to the hop it came by or lies on; from a hop no further.
    Hop,
}
