//! A small world to state things in: parties with keys, a clock, and the books they make.

use std::cell::RefCell;
use std::collections::BTreeMap;

use aqueduct::chain::key::SecretKey;
use aqueduct::ledger::admit::{self, Change, Context};
use aqueduct::ledger::ids::{HopId, KeyId, PartyKey, PayloadDigest, Place, Reference, TokenId};
use aqueduct::ledger::lines::OutputLine;
use aqueduct::ledger::money::{Currency, Minor};
use aqueduct::ledger::operation::*;
use aqueduct::ledger::refusal::Refusal;
use aqueduct::ledger::registry::{Custody, PartyKind, Role};
use aqueduct::ledger::state::Layer;
use aqueduct::ledger::statement::{HopSums, Statement};
use aqueduct::ledger::time::{Cycle, Millis};
use aqueduct::ledger::token::{Token, TokenState};
use uuid::Uuid;

use crate::books::Books;

/// One recorded operation: what was stated, where, and what it changed.
#[derive(Clone)]
pub struct Admitted {
    pub stated: Stated,
    pub context: Context,
    pub change: Change,
}

/// The books with the clock and everything that was recorded.
#[derive(Clone)]
pub struct World {
    pub tables: Books,
    pub now: Millis,
    pub history: Vec<Admitted>,
    pub parties: BTreeMap<Uuid, PartyKind>,
    serial: u128,
}

pub const REGISTRAR: Uuid = Uuid::from_u128(1);

pub fn minor(amount: i64) -> Minor {
    Minor::new(amount).unwrap()
}

pub fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}

/// The public key of a party's officer number 0, 1, ...
pub fn key(party: Uuid, officer: u8) -> KeyId {
    thread_local!(static KEYS: RefCell<BTreeMap<(Uuid, u8), KeyId>> = const { RefCell::new(BTreeMap::new()) });
    let make = || {
        let mut seed = [0; 32];
        seed[..16].copy_from_slice(party.as_bytes());
        seed[31] = officer;
        KeyId(SecretKey::from_bytes(&seed).public().0)
    };
    // Histories ask for the same keys thousands of times.
    KEYS.with_borrow_mut(|keys| *keys.entry((party, officer)).or_insert_with(make))
}

/// The id of a party's officer.
pub fn officer(party: Uuid, officer: u8) -> Uuid {
    Uuid::from_u128((u128::from(officer) + 1) << 100 | party.as_u128())
}

pub fn cycle(label: &str) -> Cycle {
    Cycle { first_day: "2026-11-01".parse().unwrap(), label: label.to_owned(), last_day: "2026-11-30".parse().unwrap() }
}

pub fn deduction(code: &str, amount: i64) -> Deduction {
    Deduction { amount: minor(amount), code: code.to_owned() }
}

/// A dispatch line without anything special.
pub fn line(to: Uuid, amount: i64) -> OutputLine {
    OutputLine {
        to,
        amount: minor(amount),
        deductions: Vec::new(),
        purpose: None,
        for_cycle: None,
        payment: None,
        via: None,
        commitment: None,
    }
}

impl World {
    /// A chain with its registrar, at a fixed moment.
    pub fn begin() -> Self {
        let mut world = Self {
            tables: Books::default(),
            now: Millis::parse("2026-11-02T08:00:00Z").unwrap(),
            history: Vec::new(),
            parties: BTreeMap::new(),
            serial: 1000,
        };
        let begin = ChainBegin {
            demonstration: true,
            key: world.key_body(REGISTRAR, 0, Role::ALL),
            registrar: PartyRegister {
                area: String::new(),
                kind: PartyKind::Registrar,
                label: "Registrar".to_owned(),
                level: String::new(),
                party: REGISTRAR,
            },
        };
        let mut stated = world.state(REGISTRAR, Operation::ChainBegin(begin));
        stated.signers = vec![key(REGISTRAR, 0)];
        world.parties.insert(REGISTRAR, PartyKind::Registrar);
        world.record(&stated).unwrap();
        let second = world.key_body(REGISTRAR, 1, Role::ALL);
        world.must(REGISTRAR, Operation::KeyRegister(second));
        world
    }

    pub fn books(&self) -> Layer<'_> {
        Layer::bottom(&self.tables)
    }

    /// A new number, for ids.
    pub fn number(&mut self) -> u128 {
        self.serial += 1;
        self.serial
    }

    pub fn key_body(&self, party: Uuid, number: u8, roles: &[Role]) -> KeyRegister {
        KeyRegister {
            custody: Custody::Holder,
            key: key(party, number),
            officer: officer(party, number),
            party,
            roles: roles.to_vec(),
        }
    }

    /// Registers a party with two officers who may sign everything.
    pub fn party(&mut self, label: &str, kind: PartyKind, area: &str) -> Uuid {
        let party = Uuid::from_u128(self.number());
        let body = PartyRegister { area: area.to_owned(), kind, label: label.to_owned(), level: String::new(), party };
        self.must(REGISTRAR, Operation::PartyRegister(body));
        for number in [0, 1] {
            let body = self.key_body(party, number, Role::ALL);
            self.must(REGISTRAR, Operation::KeyRegister(body));
        }
        self.parties.insert(party, kind);
        party
    }

    /// Defines a programme with a schedule `TRANSIT_FEE` (no cap), `ADMIN` (20), `SHARE` (1 %),
    /// `BOTH` (10, 5 %), and appropriates to cycle `2026-11`.
    pub fn programme(&mut self, treasury: Uuid, code: &str, money: &str, appropriated: i64) {
        let rule = |code: &str, amount: Option<i64>, millionths| ScheduledDeduction {
            cap_amount: amount.map(minor),
            cap_millionths: millionths,
            code: code.to_owned(),
        };
        let define = ProgrammeDefine {
            allowed_days: AllowedDays { delivery: 5, recovery: 10, giving_back: 4, transfer: 3 },
            code: code.to_owned(),
            currency: currency(money),
            deductions: vec![
                rule("TRANSIT_FEE", None, None),
                rule("ADMIN", Some(20), None),
                rule("SHARE", None, Some(10_000)),
                rule("BOTH", Some(10), Some(50_000)),
            ],
            label: code.to_owned(),
            utc_offset_minutes: 480,
        };
        self.must(treasury, Operation::ProgrammeDefine(define));
        self.appropriate(treasury, code, money, "2026-11", appropriated);
    }

    pub fn appropriate(&mut self, treasury: Uuid, code: &str, money: &str, label: &str, amount: i64) {
        let body = BudgetAppropriate {
            amount: minor(amount),
            currency: currency(money),
            cycle: cycle(label),
            programme: code.to_owned(),
        };
        self.must(treasury, Operation::BudgetAppropriate(body));
    }

    /// A statement of this moment, signed by as many officers as it needs.
    pub fn state(&mut self, party: Uuid, operation: Operation) -> Stated {
        let number = self.number();
        let mut digest = [7; 32];
        digest[..16].copy_from_slice(&number.to_be_bytes());
        let basis = match operation {
            Operation::TrackingImport(..) => Basis::Reported,
            _ => Basis::Own,
        };
        let mut stated = Stated {
            id: Uuid::from_u128(number),
            digest: PayloadDigest(digest),
            party,
            basis,
            issued_at: self.now,
            expires_at: self.now.plus(7 * 86_400_000),
            occurred_at: None,
            signers: Vec::new(),
            operation,
        };
        stated.signers = self.signers(&stated);
        stated
    }

    fn signers(&self, stated: &Stated) -> Vec<KeyId> {
        let books = self.books();
        let Some(party) = books.party_by_id(&stated.party) else { return Vec::new() };
        let needed = admit::requirement(&books, stated, &party);
        let second = needed.second_party.map_or(stated.party, |key| books.party(&key).unwrap().id);
        let mut signers = vec![key(stated.party, 0)];
        if needed.roles.len() == 2 {
            signers.push(key(second, 1));
        }
        signers.sort();
        signers
    }

    /// The context of the next entry.
    pub fn context(&self) -> Context {
        Context { entry: self.history.len() as u64, now: self.now }
    }

    /// Admits and applies, a second after the entry before.
    pub fn record(&mut self, stated: &Stated) -> Result<u64, Refusal> {
        self.now = self.now.plus(1000);
        let context = self.context();
        let change = admit::admit(&self.books(), stated, context)?.change;
        self.tables.commit(&change);
        self.history.push(Admitted { stated: stated.clone(), context, change });
        Ok(context.entry)
    }

    /// States and records; the entry or the refusal.
    pub fn try_to(&mut self, party: Uuid, operation: Operation) -> Result<u64, Refusal> {
        let stated = self.state(party, operation);
        self.record(&stated)
    }

    /// States and records what must be admitted.
    pub fn must(&mut self, party: Uuid, operation: Operation) -> u64 {
        let kind = operation.kind();
        match self.try_to(party, operation) {
            Ok(entry) => entry,
            Err(refusal) => panic!("{} was refused: {refusal} ({})", kind.name(), refusal.code()),
        }
    }

    /// A reference to something that an entry made.
    pub fn reference(&self, entry: u64, output: u32) -> Reference {
        let stated = &self.history[entry as usize].stated;
        Reference { digest: stated.digest, operation: stated.id, output }
    }

    pub fn of_token(&self, id: TokenId) -> Reference {
        self.reference(id.0.entry(), id.0.position())
    }

    pub fn of_hop(&self, id: HopId) -> Reference {
        self.reference(id.0.entry(), id.0.position())
    }

    pub fn party_key(&self, party: Uuid) -> PartyKey {
        self.tables.party_ids[&party]
    }

    pub fn token(&self, entry: u64, position: u32) -> &Token {
        &self.tables.tokens[&TokenId(Place::new(entry, position).unwrap())]
    }

    /// Lets days pass without an entry.
    pub fn pass_days(&mut self, days: i64) {
        self.now = self.now.plus(days * 86_400_000);
    }

    /// The tokens that are unspent now.
    pub fn unspent(&self) -> impl Iterator<Item = &Token> {
        self.tables.tokens.values().map(|token| token.as_ref()).filter(|token| token.spent_by.is_none())
    }

    /// The statement of the tokens wanted.
    pub fn statement(&self, wanted: impl Fn(&Token) -> bool) -> Statement {
        let mut statement = Statement::default();
        self.unspent().filter(|token| wanted(token)).for_each(|token| statement.add_token(token, self.now));
        statement
    }

    /// The sums of the hops that a party sent; of all without one.
    pub fn hop_sums(&self, party: Option<Uuid>) -> HopSums {
        let from = party.map(|party| self.party_key(party));
        let mut sums = HopSums::default();
        let hops = self.tables.hops.values().filter(|hop| from.is_none() || hop.from == from);
        hops.for_each(|hop| sums.add_hop(hop, self.now));
        sums
    }

    /// In, out, kept, declared lost and balance of a party, from hops, tokens and allocations.
    pub fn identity(&self, party: Uuid) -> [i64; 5] {
        let me = self.party_key(party);
        let tokens = || self.tables.tokens.values();
        let allocated: i64 = self.tables.allocations.values().filter(|a| a.treasury == me).map(|a| a.amount).sum();
        let arrived: i64 = self.tables.hops.values().filter(|h| h.to == me).filter_map(|h| h.figures.arrived).sum();
        let out: i64 = (self.tables.hops.values())
            .filter(|h| h.from == Some(me) && h.from_balance)
            .map(|h| h.sent - h.bounced_home)
            .sum();
        // What was kept or lost left the balance at one entry: there the token's parent was held.
        let from_held = |token: &Token| {
            let parent = token.parent.map(|parent| &self.tables.tokens[&parent]);
            parent.is_some_and(|p| matches!(p.state, TokenState::Held | TokenState::Returned))
        };
        let left = |wanted: &dyn Fn(&Token) -> bool| -> i64 {
            let mine = tokens().filter(|t| t.holder == Some(me) && from_held(t) && wanted(t));
            mine.map(|t| t.amount).sum()
        };
        let lost = |t: &Token| t.reason == Some(aqueduct::ledger::token::MissingReason::Lost);
        let kept = left(&|t| matches!(t.state, TokenState::Deducted | TokenState::Missing) && !lost(t));
        let declared_lost = left(&|t| t.state == TokenState::Missing && lost(t));
        let in_hand = |t: &&Token| matches!(t.state, TokenState::Held | TokenState::Returned | TokenState::Confirmed);
        let balance = self.unspent().filter(|t| t.holder == Some(me)).filter(in_hand).map(|t| t.amount).sum();
        [allocated + arrived, out, kept, declared_lost, balance]
    }
}
