//! Random histories: what parties state, drawn from a seed, told to the ledger and to the
//! bookkeeper. Longer than other files: one method for each kind of operation, in which what is
//! stated, what is expected and what the bookkeeper hears stand side by side.

use aqueduct::ledger::admit::{Change, Context};
use aqueduct::ledger::hop::Hop;
use aqueduct::ledger::ids::{AllocationId, HopId, PayloadDigest, Reference};
use aqueduct::ledger::lines::RowLine;
use aqueduct::ledger::operation::*;
use aqueduct::ledger::refusal::Refusal;
use aqueduct::ledger::registry::{Allocation, PartyKind};
use aqueduct::ledger::statement::Statement;
use aqueduct::ledger::time::{DAY_MS, Millis};
use aqueduct::ledger::token::{Claim, HopKind, MissingReason, Token, TokenState};
use std::collections::BTreeMap;
use uuid::Uuid;

use super::acts::{self, in_money};
use super::bookkeeper::{Book, Output, Pass, Pot, Purse, Schedule};
use super::world::{World, currency, cycle, deduction, line, minor};

/// SplitMix64: small, and the same everywhere.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `low` to `high`, both inclusive.
    pub fn from(&mut self, low: i64, high: i64) -> i64 {
        if high <= low { low } else { low + (self.next() % ((high - low + 1) as u64)) as i64 }
    }

    pub fn one_in(&mut self, n: i64) -> bool {
        self.from(1, n) == 1
    }

    pub fn pick<T: Clone>(&mut self, list: &[T]) -> Option<T> {
        (!list.is_empty()).then(|| list[self.from(0, list.len() as i64 - 1) as usize].clone())
    }
}

/// What the bookkeeper expects of an attempt.
#[derive(Clone, Copy)]
enum Expect {
    Accepted,
    Refused(&'static str),
    /// It depends on tokens, which the bookkeeper does not know.
    Either,
}

fn expect(list: &[(bool, &'static str)]) -> Expect {
    list.iter().find(|(applies, _)| *applies).map_or(Expect::Accepted, |(_, code)| Expect::Refused(code))
}

/// One attempt with its answer.
pub struct Attempt {
    pub stated: Stated,
    pub context: Context,
    pub answer: Result<Change, Refusal>,
}

/// A statement as it was read at a moment.
pub struct Snapshot {
    pub at: Millis,
    pub entries: u64,
    pub statements: BTreeMap<&'static str, Statement>,
}

pub struct History {
    pub world: World,
    pub book: Book,
    pub dice: Dice,
    pub attempts: Vec<Attempt>,
    pub snapshots: Vec<Snapshot>,
    schedules: BTreeMap<String, Schedule>,
    parties: Vec<Uuid>,
    banks: Vec<Uuid>,
    treasuries: [Uuid; 2],
    supervisor: Uuid,
}

const PROGRAMMES: [(&str, &str, usize); 3] = [("PENSION", "INR", 0), ("GRAIN", "INR", 0), ("CASH", "USD", 1)];
pub const MONEY: [&str; 2] = ["INR", "USD"];
const CODES: [&str; 5] = ["TRANSIT_FEE", "ADMIN", "SHARE", "BOTH", "TEA"];
const CYCLES: [&str; 2] = ["2026-11", "2026-12"];

impl History {
    /// Parties, programmes and keys, before the first money.
    pub fn begin(seed: u64) -> Self {
        use PartyKind::*;
        let mut world = World::begin();
        let mut add = |label: &str, kind, area: &str| world.party(label, kind, area);
        let treasuries = [add("T1", Treasury, ""), add("T2", Treasury, "north")];
        let banks = vec![add("Bank 1", Provider, ""), add("Bank 2", Provider, "")];
        let supervisor = add("Audit", Supervisor, "");
        let mut parties: Vec<Uuid> = [treasuries.as_slice(), &banks].concat();
        for (label, kind, area) in [
            ("B", Intermediary, "north"),
            ("C", Intermediary, "north/a"),
            ("D", Intermediary, "south/b"),
            ("School", EndPayee, "north/a"),
            ("Village", EndPayee, "south/b/v"),
            ("R1", Recipient, "north/a/x"),
            ("R2", Recipient, "north/a/x"),
            ("R3", Recipient, "south/b/v"),
            ("R4", Recipient, "south/b/w"),
            ("Stranger", Outside, "abroad"),
        ] {
            parties.push(add(label, kind, area));
        }
        let mut schedules = BTreeMap::new();
        for (code, money, owner) in PROGRAMMES {
            world.programme(treasuries[owner], code, money, 20_000);
            world.appropriate(treasuries[owner], code, money, CYCLES[1], 5_000);
            schedules.insert(code.to_owned(), first_schedule());
        }
        schedules.insert("TRACKED".to_owned(), Schedule::new());
        let book = Book::default();
        let (attempts, snapshots) = (Vec::new(), Vec::new());
        let dice = Dice::new(seed);
        Self { world, book, dice, attempts, snapshots, schedules, parties, banks, treasuries, supervisor }
    }

    /// One step: something is stated, or time passes.
    pub fn step(&mut self) {
        let done = match self.dice.from(0, 24) {
            0 | 1 => self.allocate(),
            2 => self.split(),
            3..=6 => self.dispatch(),
            7..=9 => self.acknowledge(),
            10..=12 => self.word(),
            13 | 14 => self.evidence(),
            15 => self.refuse(),
            16 => self.give_back(),
            17 => self.decide(),
            18 => self.lose(),
            19 => self.recover(),
            20 | 21 => self.reverse(),
            22 => match self.dice.from(0, 3) {
                0 => self.import(),
                1 => self.unsent(),
                2 => self.redefine(),
                _ => self.write_off(),
            },
            23 => self.nonsense(),
            _ => None,
        };
        if done.is_none() {
            let hours = self.dice.from(1, 60);
            self.world.now = self.world.now.plus(hours * 3_600_000);
        }
        let statements = MONEY.map(|money| (money, self.statement(money)));
        let entries = self.world.history.len() as u64;
        self.snapshots.push(Snapshot { at: self.world.now, entries, statements: statements.into() });
    }

    fn statement(&self, money: &str) -> Statement {
        let allocations = &self.world.tables.allocations;
        self.world.statement(|token| allocations[&token.allocation].currency == currency(money))
    }

    /// States, records, and compares the answer with what was expected.
    fn attempt(&mut self, party: Uuid, operation: Operation, expected: Expect) -> Option<u64> {
        let mut stated = self.world.state(party, operation);
        if self.dice.one_in(4) {
            stated.occurred_at = Some(self.world.now.plus(-self.dice.from(0, 6 * DAY_MS)));
        }
        self.submit(stated, expected)
    }

    fn submit(&mut self, stated: Stated, expected: Expect) -> Option<u64> {
        let mut context = self.world.context();
        context.now = context.now.plus(1000);
        let answer = self.world.record(&stated);
        let kind = stated.operation.kind().name();
        match (expected, &answer) {
            (Expect::Accepted, Err(refusal)) => panic!("{kind} was refused: {} {refusal}: {stated:?}", refusal.code()),
            (Expect::Refused(code), Ok(_)) => panic!("{kind} was admitted, not refused as {code}: {stated:?}"),
            (Expect::Refused(code), Err(refusal)) => assert_eq!(refusal.code(), code, "{kind}: {stated:?}"),
            _ => {}
        }
        let change = answer.as_ref().map(|_| self.world.history.last().unwrap().change.clone());
        self.attempts.push(Attempt { stated, context, answer: change.map_err(Clone::clone) });
        answer.ok()
    }

    /// The stated time of the latest entry.
    fn occurred(&self) -> i64 {
        let last = self.world.history.last().unwrap();
        last.stated.occurred_at.unwrap_or(last.context.now).0
    }

    fn days(&self, allocation: &Allocation, kind: HopKind) -> (i64, i64) {
        let own = match kind {
            HopKind::Transfer => 3,
            HopKind::Delivery => 5,
            HopKind::Return => 4,
            HopKind::Recovery => 10,
        };
        let reported = self.world.tables.programmes[&allocation.programme].code == "TRACKED";
        if reported { (30, 0) } else { (own, 480) }
    }

    /// The end of the day on which the time allowed falls.
    fn due(&self, allocation: &Allocation, kind: HopKind) -> i64 {
        let (days, offset) = self.days(allocation, kind);
        let local = self.occurred() + offset * 60_000;
        let midnight = local - local.rem_euclid(DAY_MS);
        midnight + (days + 1) * DAY_MS - 1 - offset * 60_000
    }

    fn kind(&self, party: Uuid) -> PartyKind {
        self.world.tables.parties[&self.world.party_key(party)].kind
    }

    fn id_of(&self, key: aqueduct::ledger::ids::PartyKey) -> Uuid {
        self.world.tables.parties[&key].id
    }

    fn allocation(&self, id: AllocationId) -> Allocation {
        self.world.tables.allocations[&id].as_ref().clone()
    }

    fn schedule(&self, allocation: &Allocation) -> Schedule {
        self.schedules[&self.world.tables.programmes[&allocation.programme].code].clone()
    }

    /// An unspent token of a kind, whose holder or accountable party signs for itself.
    fn token(&mut self, wanted: impl Fn(&Token) -> bool) -> Option<(Token, Allocation)> {
        let all: Vec<Token> = self.world.unspent().filter(|t| wanted(t)).cloned().collect();
        let token = self.dice.pick(&all)?;
        let allocation = self.allocation(token.allocation);
        Some((token, allocation))
    }

    fn hop(&mut self, wanted: impl Fn(&History, &Hop) -> bool) -> Option<(Hop, Allocation)> {
        let all: Vec<Hop> =
            self.world.tables.hops.values().filter(|h| wanted(self, h)).map(|h| h.as_ref().clone()).collect();
        let hop = self.dice.pick(&all)?;
        let allocation = self.allocation(hop.allocation);
        Some((hop, allocation))
    }

    fn signs(&self, party: Uuid) -> bool {
        self.parties.contains(&party)
    }

    pub fn pot(&self, token: &Token) -> Pot {
        let holder = token.holder.map(|key| self.id_of(key));
        match (token.state, token.reason, holder) {
            (TokenState::Held, _, Some(party)) => Pot::With(party, Purse::Held),
            (TokenState::Returned, _, Some(party)) => Pot::With(party, Purse::Returned),
            (TokenState::Deducted, _, Some(party)) => Pot::With(party, Purse::Kept),
            (TokenState::Missing, Some(MissingReason::Deduction), Some(party)) => Pot::With(party, Purse::KeptBeyond),
            (TokenState::Missing, _, Some(party)) => Pot::With(party, Purse::Lost),
            (TokenState::Missing, Some(MissingReason::Deduction), None) => Pot::Beyond(token.hop.unwrap()),
            (TokenState::Missing, reason, None) => {
                Pot::Missing(token.hop.unwrap(), reason == Some(MissingReason::Upheld))
            }
            (TokenState::Confirmed, _, _) => Pot::Confirmed(token.hop.unwrap(), token.claim == Some(Claim::Word)),
            other => panic!("no pot for {other:?}"),
        }
    }

    fn some_deductions(&mut self, most: i64) -> Vec<(String, i64)> {
        let mut list = Vec::new();
        let mut left = most;
        for code in CODES {
            if left > 1 && self.dice.one_in(4) {
                let amount = self.dice.from(1, left.min(40));
                left -= amount;
                list.push((code.to_owned(), amount));
            }
        }
        list
    }

    fn allocate(&mut self) -> Option<u64> {
        let (code, money, owner) = self.dice.pick(&PROGRAMMES)?;
        let label = self.dice.pick(&CYCLES)?;
        let amount = self.dice.from(1, 2_000);
        let programme = self.world.tables.programme_codes[code];
        let budget = &self.world.tables.appropriations[&(programme, label.to_owned())];
        let available = budget.appropriated - budget.allocated;
        let treasury = self.treasuries[owner];
        let act = acts::allocate(code, money, label, "BASIC", amount);
        let entry = self.attempt(treasury, act, expect(&[(amount > available, "UNFUNDED")]))?;
        let id = *self.world.tables.allocations.keys().next_back().unwrap();
        self.book.allocate(id, treasury, amount);
        Some(entry)
    }

    fn split(&mut self) -> Option<u64> {
        let spendable = |t: &Token| matches!(t.state, TokenState::Held | TokenState::Returned) && t.amount > 1;
        let (token, allocation) = self.token(spendable)?;
        let party = self.id_of(token.holder?);
        let first = self.dice.from(1, token.amount - 1);
        let wrong = i64::from(self.dice.one_in(5));
        let act = acts::split(self.world.of_token(token.id), &[first, token.amount - first + wrong]);
        let act = in_money(act, allocation.currency.code());
        self.attempt(party, act, expect(&[(wrong > 0, "SUM_DIFFERS")]))
    }

    fn dispatch(&mut self) -> Option<u64> {
        let (token, allocation) = self.token(|t| matches!(t.state, TokenState::Held | TokenState::Returned))?;
        let party = self.id_of(token.holder?);
        let mut left = token.amount;
        let mut lines = Vec::new();
        for _ in 0..self.dice.from(1, 4) {
            let to = self.dice.pick(&self.parties.clone())?;
            if left == 0 || to == party {
                continue;
            }
            // Banks pay recipients.
            let paying = self.kind(party) == PartyKind::Provider && self.kind(to) != PartyKind::Recipient;
            if paying && self.dice.one_in(2) {
                continue;
            }
            let mut line = line(to, self.dice.from(1, left));
            left -= line.amount.get();
            let most = line.amount.get() - 1;
            line.deductions = self.some_deductions(most).iter().map(|(c, a)| deduction(c, *a)).collect();
            line.via = self.dice.one_in(3).then(|| self.banks[0]);
            lines.push(line);
        }
        if lines.is_empty() {
            return None;
        }
        let keep = if self.dice.one_in(3) { self.some_deductions(left + 1) } else { Vec::new() };
        let kept: Vec<Deduction> = keep.iter().map(|(c, a)| deduction(c, *a)).collect();
        let act = acts::dispatch(self.world.of_token(token.id), &kept, &lines);
        let total: i64 = keep.iter().map(|k| k.1).sum();
        let expected = expect(&[(total > left, "UNFUNDED")]);
        let entry = self.attempt(party, in_money(act, allocation.currency.code()), expected)?;
        let schedule = self.schedule(&allocation);
        let outputs: Vec<Output> = (lines.iter())
            .map(|line| {
                let kind = if self.kind(line.to).is_payee() { HopKind::Delivery } else { HopKind::Transfer };
                let deductions = line.deductions.iter().map(|d| (d.code.clone(), d.amount.get())).collect();
                Output { to: line.to, kind, s: line.amount.get(), deductions, due: self.due(&allocation, kind) }
            })
            .collect();
        let pot = (self.pot(&token), token.amount);
        self.book.dispatch(entry, party, pot, (allocation.id, &schedule), &keep, &outputs);
        Some(entry)
    }

    fn acknowledge(&mut self) -> Option<u64> {
        let (hop, allocation) = self.hop(|h, hop| {
            let to = h.id_of(hop.to);
            let book = &h.book.hops[&hop.id];
            h.signs(to) && h.kind(to) != PartyKind::Recipient && (book.in_transit > 0 || hop.id.0.position() == 0)
        })?;
        let to = self.id_of(hop.to);
        let book = self.book.hops[&hop.id].clone();
        let open = book.in_transit + book.missing;
        let deductions = if self.dice.one_in(4) { self.some_deductions(open + 2) } else { Vec::new() };
        let deducted: i64 = deductions.iter().map(|d| d.1).sum();
        let arrived = match self.dice.from(0, 3) {
            0 => self.dice.from(0, hop.sent + 20),
            1 => book.r.unwrap_or(0) + self.dice.from(0, open + 1),
            _ => (book.r.unwrap_or(0) + open - deducted).max(0),
        };
        let expected = expect(&[
            (book.reversed, "WRONG_HOP_STATE"),
            (book.r.is_some_and(|r| arrived < r), "LOWER_THAN_BEFORE"),
            (book.r == Some(arrived) && deductions.is_empty(), "NOTHING_NEW"),
            (deducted > open, "UNFUNDED"),
        ]);
        let declared: Vec<Deduction> = deductions.iter().map(|(c, a)| deduction(c, *a)).collect();
        let act = acts::acknowledge(self.world.of_hop(hop.id), arrived, &declared);
        let entry = self.attempt(to, in_money(act, allocation.currency.code()), expected)?;
        let schedule = self.schedule(&allocation);
        self.book.acknowledge(entry, hop.id, arrived, &schedule, &deductions);
        Some(entry)
    }

    fn unsent(&mut self) -> Option<u64> {
        let (code, money, owner) = self.dice.pick(&PROGRAMMES)?;
        let party = self.dice.pick(&self.parties.clone())?;
        let arrived = self.dice.from(1, 300);
        let expected = expect(&[(self.kind(party) == PartyKind::Recipient, "WRONG_ANSWER")]);
        let entry = self.attempt(party, acts::unsent(code, money, arrived), expected)?;
        let allocation = self.world.tables.allocations.values().next_back()?.as_ref().clone();
        let payee = self.kind(party).is_payee();
        let kind = if payee { HopKind::Delivery } else { HopKind::Transfer };
        let pass = Pass {
            kind,
            from: None,
            to: party,
            payee,
            accountable: if payee { self.treasuries[owner] } else { party },
            allocation: allocation.id,
            from_balance: false,
            due: self.due(&allocation, kind),
            s: 0,
            source: None,
        };
        self.book.unsent(entry, self.treasuries[owner], pass, arrived);
        Some(entry)
    }

    fn word(&mut self) -> Option<u64> {
        let (hop, allocation) = self.hop(|h, hop| h.kind(h.id_of(hop.to)) == PartyKind::Recipient)?;
        let book = self.book.hops[&hop.id].clone();
        let stated = match self.dice.from(0, 2) {
            0 => self.dice.from(0, book.s + 15),
            1 => (book.s - book.f - book.q).max(0),
            _ => book.r.unwrap_or(0) + self.dice.from(-30, 30).max(-book.r.unwrap_or(0)),
        };
        let before = book.r.unwrap_or(stated);
        let dispute = if stated == before { self.dice.one_in(2) } else { stated < before };
        let wrong_way = stated != before && self.dice.one_in(6);
        let reference = self.world.of_hop(hop.id);
        let act = match dispute != wrong_way {
            true => acts::dispute(reference, stated),
            false => acts::confirm(reference, stated),
        };
        let expected = expect(&[
            (book.reversed, "WRONG_HOP_STATE"),
            (wrong_way, "WRONG_DIRECTION"),
            (book.r == Some(stated), "NOTHING_NEW"),
            (before - stated > book.confirmed, "BELOW_RETURNED"),
        ]);
        let speaker = self.id_of(hop.to);
        let entry = self.attempt(speaker, in_money(act, allocation.currency.code()), expected)?;
        self.book.word(hop.id, stated);
        self.settle_ties(hop.id);
        Some(entry)
    }

    /// Of equal units the page does not say which move first: ask the ledger.
    fn settle_ties(&mut self, id: HopId) {
        let on = |wanted: &dyn Fn(&Token) -> bool| -> i64 {
            self.world
                .unspent()
                .filter(|t| t.hop == Some(id) && t.holder.is_none() && wanted(t))
                .map(|t| t.amount)
                .sum()
        };
        let bank = on(&|t| t.claim == Some(Claim::Bank) && t.state == TokenState::Booked);
        let upheld = on(&|t| t.reason == Some(MissingReason::Upheld));
        let hop = self.book.hop(id);
        assert!(bank <= hop.bank_surplus && upheld <= hop.upheld, "ties only shrink");
        (hop.bank_surplus, hop.upheld) = (bank, upheld);
    }

    fn evidence(&mut self) -> Option<u64> {
        // What a bank sends itself is rare: half of the time it is looked for.
        let of_bank = |h: &History, hop: &Hop| hop.from.is_some_and(|from| h.banks.contains(&h.id_of(from)));
        let to_recipient = |h: &History, hop: &Hop| h.kind(h.id_of(hop.to)) == PartyKind::Recipient;
        let found = match self.dice.one_in(2) {
            true => self.hop(|h, hop| to_recipient(h, hop) && of_bank(h, hop)),
            false => None,
        };
        let (hop, allocation) = match found {
            Some(found) => found,
            None => self.hop(to_recipient)?,
        };
        let bank = match hop.via {
            None if of_bank(self, &hop) => self.id_of(hop.from?),
            Some(via) if !self.dice.one_in(6) => self.id_of(via),
            _ => self.dice.pick(&self.banks.clone())?,
        };
        let book = self.book.hops[&hop.id].clone();
        let deductions = if self.dice.one_in(6) { self.some_deductions(book.in_transit + 1) } else { Vec::new() };
        let deducted: i64 = deductions.iter().map(|d| d.1).sum();
        let mut open = book.in_transit + book.booked + book.disputed - deducted;
        if self.dice.one_in(5) {
            open += 2;
        }
        let returned = self.dice.one_in(3).then(|| self.dice.from(0, open));
        let tie = book.bank_surplus > 0 && returned.is_some_and(|y| y > 0);
        let mut credited = match self.dice.from(0, 3) {
            0 => Some(self.dice.from(0, book.s + 15)),
            1 => None,
            _ => Some((book.in_transit + book.booked - deducted - returned.unwrap_or(0)).max(0)),
        };
        if tie {
            credited = None;
        }
        if returned.is_none() && credited.is_none() {
            credited = Some(self.dice.from(0, book.s));
        }
        let only = returned.is_none() && deductions.is_empty();
        let expected = expect(&[
            (hop.via.is_some_and(|via| self.id_of(via) != bank), "NOT_THE_PROVIDER"),
            (book.reversed, "WRONG_HOP_STATE"),
            (only && book.x.is_some() && book.x == credited, "NOTHING_NEW"),
            (deducted > book.in_transit, "UNFUNDED"),
            (returned.unwrap_or(0) > book.in_transit + book.booked + book.disputed - deducted, "UNFUNDED"),
        ]);
        let declared: Vec<Deduction> = deductions.iter().map(|(c, a)| deduction(c, *a)).collect();
        let act = acts::evidence(self.world.of_hop(hop.id), credited, returned, &declared);
        let entry = self.attempt(bank, in_money(act, allocation.currency.code()), expected)?;
        let schedule = self.schedule(&allocation);
        self.book.evidence(hop.id, &schedule, &deductions, returned.unwrap_or(0));
        if tie {
            self.settle_ties(hop.id);
        }
        if let Some(total) = credited {
            self.book.credit(hop.id, total);
        }
        let home = book.from == Some(bank);
        if home {
            self.book.bounced_home(hop.id, bank, returned.unwrap_or(0));
        }
        let opened = if home { 0 } else { returned.unwrap_or(0) };
        self.sent_back(entry, bank, bank, (opened, book.from?), &allocation);
        Some(entry)
    }

    /// Takes over the `RETURN` hops of an entry, one for each token; their sum must be right.
    fn sent_back(&mut self, entry: u64, by: Uuid, accountable: Uuid, (sum, to): (i64, Uuid), allocation: &Allocation) {
        let opened: Vec<Hop> =
            self.world.tables.hops.values().filter(|h| h.id.0.entry() == entry).map(|h| h.as_ref().clone()).collect();
        assert_eq!(opened.iter().map(|h| h.sent).sum::<i64>(), sum);
        for (number, hop) in opened.iter().enumerate() {
            let pass = Pass {
                kind: HopKind::Return,
                from: Some(by),
                to,
                payee: self.kind(to).is_payee(),
                accountable,
                allocation: allocation.id,
                from_balance: false,
                due: self.due(allocation, HopKind::Return),
                s: hop.sent,
                source: None,
            };
            self.book.send(entry, number, pass);
        }
    }

    fn refuse(&mut self) -> Option<u64> {
        let (hop, allocation) =
            self.hop(|h, hop| h.signs(h.id_of(hop.to)) && hop.from.is_some() && h.book.hops[&hop.id].in_transit > 0)?;
        let book = self.book.hops[&hop.id].clone();
        let amount = self.dice.from(1, book.in_transit + 3);
        let expected = expect(&[(amount > book.in_transit, "UNFUNDED")]);
        let act = acts::refuse(self.world.of_hop(hop.id), amount);
        let entry = self.attempt(book.to, in_money(act, allocation.currency.code()), expected)?;
        let schedule = self.schedule(&allocation);
        self.book.evidence(hop.id, &schedule, &[], amount);
        let accountable = if self.kind(book.to).is_payee() { book.accountable } else { book.to };
        self.sent_back(entry, book.to, accountable, (amount, book.from?), &allocation);
        Some(entry)
    }

    fn give_back(&mut self) -> Option<u64> {
        let me = |t: &Token| t.holder.is_some();
        let (token, allocation) = self.token(|t| me(t) && t.state != TokenState::Returned)?;
        let party = self.id_of(token.holder?);
        if !self.signs(party) {
            return None;
        }
        let treasury = self.id_of(allocation.treasury);
        let sender = token.hop.and_then(|hop| self.book.hops[&hop].from);
        let to = match self.dice.from(0, 4) {
            0 => self.dice.pick(&self.parties.clone())?,
            1 | 2 => treasury,
            _ => sender.unwrap_or(treasury),
        };
        let more = i64::from(self.dice.one_in(5));
        let amount = self.dice.from(1, token.amount + more);
        let lost = token.state == TokenState::Missing && token.reason != Some(MissingReason::Deduction);
        let expected = expect(&[
            (to == party, "TO_ITSELF"),
            (to != treasury && Some(to) != sender, "NOT_UPSTREAM"),
            (lost, "WRONG_TOKEN_STATE"),
            (amount > token.amount, "UNFUNDED"),
        ]);
        let act = acts::give_back(self.world.of_token(token.id), to, amount);
        let entry = self.attempt(party, in_money(act, allocation.currency.code()), expected)?;
        let source = self.pot(&token);
        let payee = self.kind(party).is_payee();
        let pass = Pass {
            kind: HopKind::Return,
            from: Some(party),
            to,
            payee: self.kind(to).is_payee(),
            accountable: if payee { self.id_of(token.accountable) } else { party },
            allocation: allocation.id,
            from_balance: matches!(source, Pot::Confirmed(..) | Pot::With(_, Purse::Held)),
            due: self.due(&allocation, HopKind::Return),
            s: amount,
            source: Some(source),
        };
        self.book.send(entry, 0, pass);
        Some(entry)
    }

    fn decide(&mut self) -> Option<u64> {
        let any = self.dice.one_in(5);
        let (hop, _) = self.hop(|h, hop| {
            let book = &h.book.hops[&hop.id];
            any || book.disputed > 0 || book.upheld > 0 || (book.r.is_some() && book.booked > 0)
        })?;
        let book = self.book.hops[&hop.id].clone();
        let upheld = self.dice.one_in(2);
        let booked = if book.r.is_some() { book.booked } else { 0 };
        let open = book.disputed + if upheld { booked } else { book.upheld };
        let decision = if upheld { Decision::Upheld } else { Decision::Dismissed };
        let expected = expect(&[(book.reversed, "WRONG_HOP_STATE"), (open == 0, "NOTHING_DISPUTED")]);
        let act = acts::decide(self.world.of_hop(hop.id), decision);
        let entry = self.attempt(self.supervisor, act, expected)?;
        self.book.decide(hop.id, upheld);
        Some(entry)
    }

    fn lose(&mut self) -> Option<u64> {
        if self.dice.one_in(2) {
            let (token, allocation) = self.token(|t| t.state == TokenState::Held)?;
            let amount = self.dice.from(1, token.amount + 1);
            let party = self.id_of(token.holder?);
            let act = acts::lose(LossSubject::Token(self.world.of_token(token.id)), amount);
            let expected = expect(&[(amount > token.amount, "UNFUNDED")]);
            let entry = self.attempt(party, in_money(act, allocation.currency.code()), expected)?;
            self.book.lose_held(party, amount);
            return Some(entry);
        }
        let (hop, allocation) = self.hop(|h, hop| h.book.hops[&hop.id].in_transit > 0 && hop.from.is_some())?;
        let book = self.book.hops[&hop.id].clone();
        let amount = self.dice.from(1, book.in_transit + 1);
        let early = self.world.now.0 + 1000 <= book.due;
        let expected = expect(&[(early, "NOT_OVERDUE"), (amount > book.in_transit, "UNFUNDED")]);
        let act = acts::lose(LossSubject::Hop(self.world.of_hop(hop.id)), amount);
        let entry = self.attempt(book.from?, in_money(act, allocation.currency.code()), expected)?;
        self.book.lose_on(hop.id, amount);
        Some(entry)
    }

    fn write_off(&mut self) -> Option<u64> {
        let (token, _) = self.token(|t| t.state == TokenState::Missing)?;
        let act = acts::write_off(self.world.of_token(token.id));
        self.attempt(self.supervisor, act, expect(&[(token.written_off, "WRONG_TOKEN_STATE")]))
    }

    fn recover(&mut self) -> Option<u64> {
        let (token, allocation) = self.token(|t| t.state == TokenState::Missing)?;
        let treasury = self.id_of(allocation.treasury);
        let payer = self.id_of(token.accountable);
        if !self.signs(payer) {
            return None;
        }
        let more = i64::from(self.dice.one_in(4));
        let amount = self.dice.from(1, token.amount + more);
        let expected = expect(&[(payer == treasury, "TO_ITSELF"), (amount > token.amount, "UNFUNDED")]);
        let act = acts::recover(self.world.of_token(token.id), amount);
        let entry = self.attempt(payer, in_money(act, allocation.currency.code()), expected)?;
        let pass = Pass {
            kind: HopKind::Recovery,
            from: Some(payer),
            to: treasury,
            payee: false,
            accountable: payer,
            allocation: allocation.id,
            from_balance: false,
            due: self.due(&allocation, HopKind::Recovery),
            s: amount,
            source: Some(self.pot(&token)),
        };
        self.book.send(entry, 0, pass);
        Some(entry)
    }

    fn reverse(&mut self) -> Option<u64> {
        let from = if self.dice.one_in(2) { self.world.history.len() as i64 - 12 } else { 0 };
        let last = self.world.history.len() as i64 - 1;
        let entry = self.dice.from(from.max(0), last) as u64;
        let target = &self.world.history[entry as usize];
        let (party, kind) = (target.stated.party, target.stated.operation.kind());
        let subject = target.change.recorded().subject;
        let outputs = self.world.tables.hops.keys().filter(|id| id.0.entry() == entry).count() as i64;
        let output = self.dice.from(0, outputs) as u32;
        let act = acts::reverse(self.world.reference(entry, output));
        let hop = self.world.books().hops_of_entry(entry).get(output as usize).map(|hop| hop.id);
        let expected = match (kind, hop) {
            (Kind::TokenDispatch | Kind::TokenReturn | Kind::RecoveryRecord, Some(hop)) => {
                expect(&[(!self.book.hops[&hop].untouched(), "NOT_REVERSIBLE")])
            }
            (Kind::TokenDispatch | Kind::TokenReturn | Kind::RecoveryRecord, None) => {
                Expect::Refused("UNKNOWN_REFERENCE")
            }
            (Kind::HopAcknowledge | Kind::UnsentAcknowledge | Kind::AllocationCreate | Kind::TrackingImport, _) => {
                Expect::Either
            }
            _ => Expect::Refused("NOT_REVERSIBLE"),
        };
        let recorded = self.attempt(party, act, expected)?;
        match kind {
            Kind::TokenDispatch | Kind::TokenReturn | Kind::RecoveryRecord => self.book.reverse_hop(hop?),
            Kind::HopAcknowledge | Kind::UnsentAcknowledge => {
                self.book.reverse_acknowledgement(HopId(subject?), entry);
            }
            Kind::AllocationCreate => self.book.reverse_allocation(AllocationId(subject?)),
            _ => self.book.reverse_import(entry),
        }
        Some(recorded)
    }

    /// Other caps from now on; deductions already made stay as they are.
    fn redefine(&mut self) -> Option<u64> {
        let (code, money, owner) = self.dice.pick(&PROGRAMMES)?;
        let mut schedule = first_schedule();
        schedule.insert("ADMIN".to_owned(), (Some(self.dice.from(1, 60)), None));
        schedule.insert("SHARE".to_owned(), (None, Some(self.dice.from(0, 200_000))));
        let rule = |(code, (units, share)): (&String, &(Option<i64>, Option<i64>))| ScheduledDeduction {
            cap_amount: units.map(minor),
            cap_millionths: share.map(|share| share as u32),
            code: code.clone(),
        };
        let define = ProgrammeDefine {
            allowed_days: AllowedDays { delivery: 5, recovery: 10, giving_back: 4, transfer: 3 },
            code: code.to_owned(),
            currency: currency(money),
            deductions: schedule.iter().map(rule).collect(),
            label: "other rules".to_owned(),
            utc_offset_minutes: 480,
        };
        let entry = self.attempt(self.treasuries[owner], Operation::ProgrammeDefine(define), Expect::Accepted)?;
        self.schedules.insert(code.to_owned(), schedule);
        Some(entry)
    }

    fn import(&mut self) -> Option<u64> {
        let count = self.dice.from(1, 4);
        let mut lines = Vec::new();
        for number in 1..=count {
            let (o, v) = match self.dice.from(0, 3) {
                0 => (0, self.dice.from(1, 50)),
                1 => (self.dice.from(1, 50), 0),
                _ => (self.dice.from(1, 90), self.dice.from(1, 90)),
            };
            let route =
                ["State".to_owned(), format!("D{}", self.dice.from(1, 2)), format!("B{}", self.dice.from(1, 2))];
            lines.push(RowLine {
                number: number as u64,
                key: self.world.number().to_be_bytes(),
                route: route.to_vec(),
                cycle: 0,
                date: None,
                purpose: 0,
                official: minor(o),
                verified: minor(v),
                official_quantity: None,
                verified_quantity: None,
            });
        }
        let body = TrackingImport {
            currency: currency("INR"),
            cycles: vec![cycle("2025")],
            file: PayloadDigest([3; 32]),
            mapping: PayloadDigest([4; 32]),
            payees: "payees".to_owned(),
            programme: "TRACKED".to_owned(),
            purposes: vec!["WORKS".to_owned()],
            route: ["state", "district", "block"].map(str::to_owned).to_vec(),
        };
        let act = Operation::TrackingImport(body, lines.clone());
        let entry = self.attempt(self.supervisor, act, Expect::Accepted)?;
        let allocations: Vec<Allocation> =
            self.world.books().allocations_of_entry(entry).iter().map(|a| a.as_ref().clone()).collect();
        assert_eq!(allocations.len(), lines.len());
        for (line, allocation) in lines.iter().zip(&allocations) {
            let (o, v) = (line.official.get(), line.verified.get());
            let key = hex::encode(line.key);
            let own = |hop: &&Hop| hop.id.0.entry() == entry && hop.payment.as_deref() == Some(key.as_str());
            let hops: Vec<Hop> = self.world.tables.hops.values().map(AsRef::as_ref).filter(own).cloned().collect();
            assert_eq!(hops.len(), if o > 0 { 3 } else { 1 }, "one hop for each pass of hands");
            let passes = hops.iter().map(|hop| {
                let from = hop.from.map(|key| self.id_of(key));
                let pass = Pass {
                    kind: hop.kind,
                    from,
                    to: self.id_of(hop.to),
                    payee: hop.kind == HopKind::Delivery,
                    accountable: from.unwrap(),
                    allocation: allocation.id,
                    from_balance: o > 0,
                    due: self.due(allocation, hop.kind),
                    s: o,
                    source: None,
                };
                (hop.id, pass)
            });
            let passes: Vec<(HopId, Pass)> = passes.collect();
            self.book.import_row(allocation.id, self.id_of(allocation.treasury), passes, (o, v));
        }
        Some(entry)
    }

    /// What must be refused, of many kinds.
    fn nonsense(&mut self) -> Option<u64> {
        let spent: Vec<Token> = (self.world.tables.tokens.values())
            .filter(|t| t.spent_by.is_some() && t.state == TokenState::Held && t.holder.is_some())
            .filter(|t| self.signs(self.id_of(t.holder.unwrap())))
            .map(|t| t.as_ref().clone())
            .collect();
        let spent = self.dice.pick(&spent)?;
        let holder = self.id_of(spent.holder?);
        let other = *self.parties.iter().find(|p| **p != holder)?;
        let money = self.allocation(spent.allocation).currency.code().to_owned();
        let reference = self.world.of_token(spent.id);
        let send = |reference: Reference, to: Uuid, amount: i64, money: &str| {
            in_money(acts::dispatch(reference, &[], &[line(to, amount)]), money)
        };
        let (speaker, act, code) = match self.dice.from(0, 7) {
            0 => (holder, send(reference, other, 1, &money), "TOKEN_SPENT"),
            1 => (other, send(reference, holder, 1, &money), "NOT_YOURS"),
            2 => (holder, send(reference, other, 1, "EUR"), "WRONG_CURRENCY"),
            3 => (holder, send(reference, Uuid::from_u128(9), 1, &money), "UNKNOWN_RECEIVER"),
            4 => (holder, send(Reference { output: 777, ..reference }, other, 1, &money), "UNKNOWN_REFERENCE"),
            5 => (holder, send(reference, other, 0, &money), "MALFORMED"),
            6 => (holder, send(reference, holder, 1, &money), "TO_ITSELF"),
            _ => (Uuid::from_u128(9), send(reference, other, 1, &money), "UNKNOWN_PARTY"),
        };
        let before = self.world.history.len();
        self.attempt(speaker, act, Expect::Refused(code));
        assert_eq!(self.world.history.len(), before, "a refusal leaves no trace");
        Some(0)
    }

    /// Every party that ever took part, those of imports too.
    pub fn everybody(&self) -> Vec<Uuid> {
        self.world.tables.parties.values().map(|party| party.id).collect()
    }
}

fn first_schedule() -> Schedule {
    let rules = [
        ("TRANSIT_FEE", (None, None)),
        ("ADMIN", (Some(20), None)),
        ("SHARE", (None, Some(10_000))),
        ("BOTH", (Some(10), Some(50_000))),
    ];
    rules.map(|(code, caps)| (code.to_owned(), caps)).into()
}
