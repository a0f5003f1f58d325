//! A second set of books, kept with plain numbers by the page on ledger semantics.
//!
//! It knows no tokens: for each hop and each party there is one number for each class, and
//! each operation moves amounts between them. Where the page leaves open which of several
//! equal units move (a bounce of booked money of which a part is a surplus), it asks the
//! ledger once, through `settle_ties`. Longer than other files: it is one set of books.

use std::collections::BTreeMap;

use aqueduct::ledger::ids::{AllocationId, HopId, Place};
use aqueduct::ledger::token::{HopKind, HopState};
use uuid::Uuid;

/// What a party has or kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purse {
    Held,
    Returned,
    Kept,
    KeptBeyond,
    Lost,
}

/// Where an operation takes money from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pot {
    With(Uuid, Purse),
    /// Confirmed on a hop; whether by a surplus of the recipient's own word.
    Confirmed(HopId, bool),
    /// Missing on a hop and to be found; whether upheld by a decision.
    Missing(HopId, bool),
    /// Missing on a hop by a deduction.
    Beyond(HopId),
}

/// A deduction schedule: code to (cap in units, cap in millionths).
pub type Schedule = BTreeMap<String, (Option<i64>, Option<i64>)>;

/// How much of a code is lawful on a gross amount.
pub fn cap(schedule: &Schedule, code: &str, gross: i64) -> i64 {
    match schedule.get(code) {
        None => 0,
        Some((units, share)) => {
            let of_share = share.map_or(i64::MAX, |millionths| gross * millionths / 1_000_000);
            of_share.min(units.unwrap_or(i64::MAX))
        }
    }
}

/// What one acknowledgement did, so that it can be undone.
#[derive(Clone, Debug)]
struct Undo {
    entry: u64,
    before: HopBook,
    after: HopBook,
    rise: i64,
    surplus: i64,
}

/// One hop in numbers.
#[derive(Clone, Debug)]
pub struct HopBook {
    pub kind: HopKind,
    pub from: Option<Uuid>,
    pub to: Uuid,
    /// Whether the receiver is a recipient or an end payee.
    pub payee: bool,
    pub accountable: Uuid,
    pub allocation: AllocationId,
    pub from_balance: bool,
    pub due: i64,
    pub s: i64,
    pub f: i64,
    pub q: i64,
    pub r: Option<i64>,
    pub x: Option<i64>,
    pub bounced_home: i64,
    pub reversed: bool,
    pub in_transit: i64,
    pub booked: i64,
    pub bank_surplus: i64,
    pub confirmed: i64,
    pub word_surplus: i64,
    pub disputed: i64,
    pub deducted: i64,
    pub beyond: i64,
    pub missing: i64,
    pub upheld: i64,
    codes: BTreeMap<String, i64>,
    source: Option<Pot>,
    undo: Option<Box<Undo>>,
}

/// What a new hop is, in words.
pub struct Pass {
    pub kind: HopKind,
    pub from: Option<Uuid>,
    pub to: Uuid,
    /// Whether the receiver is a recipient or an end payee.
    pub payee: bool,
    pub accountable: Uuid,
    pub allocation: AllocationId,
    pub from_balance: bool,
    pub due: i64,
    pub s: i64,
    pub source: Option<Pot>,
}

impl HopBook {
    fn open(pass: Pass) -> Self {
        Self {
            kind: pass.kind,
            from: pass.from,
            to: pass.to,
            payee: pass.payee,
            accountable: pass.accountable,
            allocation: pass.allocation,
            from_balance: pass.from_balance,
            due: pass.due,
            s: pass.s,
            f: 0,
            q: 0,
            r: None,
            x: None,
            bounced_home: 0,
            reversed: false,
            in_transit: pass.s,
            booked: 0,
            bank_surplus: 0,
            confirmed: 0,
            word_surplus: 0,
            disputed: 0,
            deducted: 0,
            beyond: 0,
            missing: 0,
            upheld: 0,
            codes: BTreeMap::new(),
            source: pass.source,
            undo: None,
        }
    }

    /// `s - r - f - q`.
    pub fn shortfall(&self) -> Option<i64> {
        self.r.map(|r| self.s - r - self.f - self.q)
    }

    /// The state that the table of states gives.
    pub fn state(&self) -> HopState {
        let answered = self.r.is_some();
        if self.reversed {
            HopState::Reversed
        } else if self.q > 0 && self.q == self.s - self.f {
            HopState::Returned
        } else if self.disputed > 0 {
            HopState::Disputed
        } else if self.missing > 0 || (answered && self.beyond > 0) {
            HopState::Short
        } else if self.booked > 0 {
            HopState::Booked
        } else if answered {
            HopState::Acknowledged
        } else {
            HopState::Sent
        }
    }

    /// Whether nobody said anything about it and nothing of it moved.
    pub fn untouched(&self) -> bool {
        let whole = self.in_transit + self.deducted + self.beyond == self.s;
        !self.reversed && self.r.is_none() && self.q == 0 && self.x.is_none() && self.missing == 0 && whole
    }

    /// Declares a deduction: out of what is in transit first, then out of what is missing.
    fn deduct(&mut self, schedule: &Schedule, code: &str, amount: i64) {
        let from_transit = amount.min(self.in_transit);
        self.in_transit -= from_transit;
        self.missing -= amount - from_transit;
        let limit = cap(schedule, code, self.s);
        let declared = self.codes.entry(code.to_owned()).or_default();
        let lawful = (*declared + amount).min(limit) - (*declared).min(limit);
        *declared += amount;
        self.f += amount;
        self.deducted += lawful;
        self.beyond += amount - lawful;
    }

    /// Counts as nothing from now on.
    fn close(&mut self) {
        let pass = Pass {
            kind: self.kind,
            from: self.from,
            to: self.to,
            payee: self.payee,
            accountable: self.accountable,
            allocation: self.allocation,
            from_balance: self.from_balance,
            due: self.due,
            s: 0,
            source: None,
        };
        *self = Self { reversed: true, ..Self::open(pass) };
    }
}

/// One output of a dispatch.
pub struct Output {
    pub to: Uuid,
    pub kind: HopKind,
    pub s: i64,
    pub deductions: Vec<(String, i64)>,
    pub due: i64,
}

/// All books.
#[derive(Clone, Debug, Default)]
pub struct Book {
    pub hops: BTreeMap<HopId, HopBook>,
    pub purses: BTreeMap<(Uuid, Purse), i64>,
    /// Treasury, allocated, surplus.
    pub allocations: BTreeMap<AllocationId, (Uuid, i64, i64)>,
    pub kept: BTreeMap<Uuid, i64>,
    pub lost: BTreeMap<Uuid, i64>,
}

fn hop_id(entry: u64, number: usize) -> HopId {
    HopId(Place::new(entry, number as u32).unwrap())
}

impl Book {
    pub fn hop(&mut self, id: HopId) -> &mut HopBook {
        self.hops.get_mut(&id).expect("the bookkeeper heard of this hop")
    }

    fn put(&mut self, pot: Pot, amount: i64) {
        match pot {
            Pot::With(party, purse) => *self.purses.entry((party, purse)).or_default() += amount,
            Pot::Confirmed(hop, word) => {
                let hop = self.hop(hop);
                hop.confirmed += amount;
                hop.word_surplus += if word { amount } else { 0 };
            }
            Pot::Missing(hop, upheld) => {
                let hop = self.hop(hop);
                hop.missing += amount;
                hop.upheld += if upheld { amount } else { 0 };
            }
            Pot::Beyond(hop) => self.hop(hop).beyond += amount,
        }
    }

    fn surplus(&mut self, allocation: AllocationId, amount: i64) {
        self.allocations.get_mut(&allocation).unwrap().2 += amount;
    }

    pub fn allocate(&mut self, id: AllocationId, treasury: Uuid, amount: i64) {
        self.allocations.insert(id, (treasury, amount, 0));
        self.put(Pot::With(treasury, Purse::Held), amount);
    }

    pub fn dispatch(
        &mut self,
        entry: u64,
        sender: Uuid,
        (pot, amount): (Pot, i64),
        (allocation, schedule): (AllocationId, &Schedule),
        keep: &[(String, i64)],
        outputs: &[Output],
    ) {
        for (number, output) in outputs.iter().enumerate() {
            let mut hop = HopBook::open(Pass {
                kind: output.kind,
                from: Some(sender),
                to: output.to,
                payee: output.kind == HopKind::Delivery,
                accountable: sender,
                allocation,
                from_balance: true,
                due: output.due,
                s: output.s,
                source: Some(pot),
            });
            for (code, amount) in &output.deductions {
                hop.deduct(schedule, code, *amount);
            }
            self.hops.insert(hop_id(entry, number), hop);
            self.put(pot, -output.s);
        }
        for (code, kept) in keep {
            let lawful = (*kept).min(cap(schedule, code, amount));
            self.put(pot, -kept);
            self.put(Pot::With(sender, Purse::Kept), lawful);
            self.put(Pot::With(sender, Purse::KeptBeyond), kept - lawful);
            *self.kept.entry(sender).or_default() += kept;
        }
    }

    /// Where what arrives by a hop is.
    fn arrival(&self, id: HopId) -> Pot {
        let hop = &self.hops[&id];
        let treasury = self.allocations[&hop.allocation].0;
        match hop.kind {
            _ if hop.payee => Pot::Confirmed(id, false),
            HopKind::Return | HopKind::Recovery if hop.to == treasury => Pot::With(hop.to, Purse::Returned),
            _ => Pot::With(hop.to, Purse::Held),
        }
    }

    pub fn acknowledge(
        &mut self,
        entry: u64,
        id: HopId,
        arrived: i64,
        schedule: &Schedule,
        deductions: &[(String, i64)],
    ) {
        let arrival = self.arrival(id);
        let hop = self.hop(id);
        let before = HopBook { undo: None, ..hop.clone() };
        for (code, amount) in deductions {
            hop.deduct(schedule, code, *amount);
        }
        let rise = arrived - hop.r.unwrap_or(0);
        let from_transit = rise.min(hop.in_transit);
        let from_missing = (rise - from_transit).min(hop.missing);
        let surplus = rise - from_transit - from_missing;
        hop.in_transit -= from_transit;
        hop.missing -= from_missing;
        if hop.r.is_none() {
            hop.missing += hop.in_transit;
            hop.in_transit = 0;
        }
        hop.r = Some(arrived);
        let after = HopBook { undo: None, ..hop.clone() };
        hop.undo = Some(Box::new(Undo { entry, before, after, rise, surplus }));
        let allocation = hop.allocation;
        self.put(arrival, rise);
        self.surplus(allocation, surplus);
    }

    pub fn unsent(&mut self, entry: u64, treasury: Uuid, pass: Pass, arrived: i64) {
        let allocation = pass.allocation;
        self.allocations.insert(allocation, (treasury, 0, 0));
        let id = hop_id(entry, 0);
        self.hops.insert(id, HopBook::open(pass));
        self.acknowledge(entry, id, arrived, &Schedule::new(), &[]);
    }

    pub fn word(&mut self, id: HopId, stated: i64) {
        let hop = self.hop(id);
        let mut surplus = 0;
        match hop.r {
            None => {
                surplus -= hop.bank_surplus;
                hop.booked -= hop.bank_surplus;
                hop.bank_surplus = 0;
                let mut rest = stated;
                for from in [&mut hop.in_transit, &mut hop.booked, &mut hop.missing] {
                    let part = rest.min(*from);
                    *from -= part;
                    rest -= part;
                }
                hop.confirmed += stated;
                hop.word_surplus += rest;
                surplus += rest;
                hop.disputed += hop.in_transit + hop.booked;
                hop.in_transit = 0;
                hop.booked = 0;
            }
            Some(before) if stated > before => {
                let mut rest = stated - before;
                for from in [&mut hop.disputed, &mut hop.booked, &mut hop.missing] {
                    let part = rest.min(*from);
                    *from -= part;
                    rest -= part;
                }
                hop.confirmed += stated - before;
                hop.word_surplus += rest;
                surplus += rest;
            }
            Some(before) => {
                let cancelled = (before - stated).min(hop.word_surplus);
                hop.word_surplus -= cancelled;
                hop.confirmed -= before - stated;
                hop.disputed += before - stated - cancelled;
                surplus -= cancelled;
            }
        }
        hop.r = Some(stated);
        let allocation = hop.allocation;
        self.surplus(allocation, surplus);
    }

    /// Bank evidence but for what was credited, or a refusal by the receiver.
    pub fn evidence(&mut self, id: HopId, schedule: &Schedule, deductions: &[(String, i64)], returned: i64) {
        let hop = self.hop(id);
        for (code, amount) in deductions {
            hop.deduct(schedule, code, *amount);
        }
        let mut rest = returned;
        for from in [&mut hop.in_transit, &mut hop.booked, &mut hop.disputed] {
            let part = rest.min(*from);
            *from -= part;
            rest -= part;
        }
        assert_eq!(rest, 0, "more bounced than there was");
        hop.q += returned;
    }

    /// The second half of evidence: the total credited, once ties are settled.
    pub fn credit(&mut self, id: HopId, total: i64) {
        let hop = self.hop(id);
        hop.x = Some(total);
        if hop.r.is_some() {
            return;
        }
        let change = total - hop.booked;
        let surplus = if change >= 0 {
            let from_transit = change.min(hop.in_transit);
            hop.in_transit -= from_transit;
            hop.bank_surplus += change - from_transit;
            change - from_transit
        } else {
            let cancelled = (-change).min(hop.bank_surplus);
            hop.bank_surplus -= cancelled;
            hop.in_transit += -change - cancelled;
            -cancelled
        };
        hop.booked = total;
        let allocation = hop.allocation;
        self.surplus(allocation, surplus);
    }

    /// Money that the bank, being the sender, had back at once.
    pub fn bounced_home(&mut self, id: HopId, bank: Uuid, amount: i64) {
        self.hop(id).bounced_home += amount;
        self.put(Pot::With(bank, Purse::Held), amount);
    }

    /// A hop opened by giving back, refusing, bouncing or paying back.
    pub fn send(&mut self, entry: u64, number: usize, pass: Pass) {
        if let Some(pot) = pass.source {
            self.put(pot, -pass.s);
        }
        self.hops.insert(hop_id(entry, number), HopBook::open(pass));
    }

    pub fn decide(&mut self, id: HopId, upheld: bool) {
        let hop = self.hop(id);
        if upheld {
            let booked = if hop.r.is_some() { hop.booked } else { 0 };
            hop.missing += hop.disputed + booked;
            hop.upheld += hop.disputed + booked;
            hop.booked -= booked;
        } else {
            hop.booked += hop.disputed + hop.upheld;
            hop.missing -= hop.upheld;
            hop.upheld = 0;
        }
        hop.disputed = 0;
    }

    pub fn lose_held(&mut self, party: Uuid, amount: i64) {
        self.put(Pot::With(party, Purse::Held), -amount);
        self.put(Pot::With(party, Purse::Lost), amount);
        *self.lost.entry(party).or_default() += amount;
    }

    pub fn lose_on(&mut self, id: HopId, amount: i64) {
        let hop = self.hop(id);
        hop.in_transit -= amount;
        hop.missing += amount;
    }

    pub fn reverse_hop(&mut self, id: HopId) {
        let (pot, s) = (self.hops[&id].source.expect("it was sent"), self.hops[&id].s);
        self.hop(id).close();
        self.put(pot, s);
    }

    pub fn reverse_acknowledgement(&mut self, id: HopId, entry: u64) {
        let arrival = self.arrival(id);
        let undo = self.hop(id).undo.take().expect("there is one to undo");
        assert_eq!(undo.entry, entry, "only the latest is reversed");
        self.put(arrival, -undo.rise);
        let allocation = self.hops[&id].allocation;
        self.surplus(allocation, -undo.surplus);
        // Other money of the hop may have moved since: what it did is undone, nothing else.
        let (hop, before, after) = (self.hop(id), undo.before, undo.after);
        hop.in_transit += before.in_transit - after.in_transit;
        hop.missing += before.missing - after.missing;
        hop.deducted += before.deducted - after.deducted;
        hop.beyond += before.beyond - after.beyond;
        (hop.f, hop.r, hop.codes) = (before.f, before.r, before.codes);
        if self.hops[&id].from.is_none() && self.hops[&id].r.is_none() {
            self.hop(id).close();
        }
    }

    pub fn reverse_allocation(&mut self, id: AllocationId) {
        let (treasury, amount, _) = self.allocations[&id];
        self.allocations.insert(id, (treasury, 0, 0));
        self.put(Pot::With(treasury, Purse::Held), -amount);
    }

    /// A whole import: everything it made is gone.
    pub fn reverse_import(&mut self, entry: u64) {
        self.hops.iter_mut().filter(|(id, _)| id.0.entry() == entry).for_each(|(_, hop)| hop.close());
        let own = self.allocations.iter_mut().filter(|(id, _)| id.0.entry() == entry);
        own.for_each(|(_, numbers)| (numbers.1, numbers.2) = (0, 0));
    }

    /// A row of an import: `hops` are those of its route, the delivery last.
    pub fn import_row(&mut self, id: AllocationId, treasury: Uuid, hops: Vec<(HopId, Pass)>, (o, v): (i64, i64)) {
        self.allocations.insert(id, (treasury, o, (v - o).max(0)));
        for (id, pass) in hops {
            let mut hop = HopBook::open(pass);
            hop.in_transit = 0;
            if hop.kind == HopKind::Delivery {
                (hop.r, hop.confirmed, hop.missing) = (Some(v), v, (o - v).max(0));
            } else {
                hop.r = Some(o);
            }
            self.hops.insert(id, hop);
        }
    }

    /// Acknowledged in, dispatched out, kept, declared lost.
    pub fn flows(&self, party: Uuid) -> [i64; 4] {
        let allocated: i64 = self.allocations.values().filter(|a| a.0 == party).map(|a| a.1).sum();
        let arrived: i64 = self.hops.values().filter(|h| h.to == party).filter_map(|h| h.r).sum();
        let sent = self.hops.values().filter(|h| h.from == Some(party) && h.from_balance);
        let out = sent.map(|h| h.s - h.bounced_home).sum();
        let of = |map: &BTreeMap<Uuid, i64>| map.get(&party).copied().unwrap_or(0);
        [allocated + arrived, out, of(&self.kept), of(&self.lost)]
    }

    /// Held, returned and confirmed.
    pub fn balance(&self, party: Uuid) -> i64 {
        let purse = |purse| self.purses.get(&(party, purse)).copied().unwrap_or(0);
        let confirmed: i64 = self.hops.values().filter(|h| h.to == party).map(|h| h.confirmed).sum();
        purse(Purse::Held) + purse(Purse::Returned) + confirmed
    }
}
