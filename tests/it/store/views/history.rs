//! A hand-made history, admitted by the ledger and cut into blocks, with the books in memory.

use std::sync::Arc;

use aqueduct::chain::key::SecretKey;
use aqueduct::ledger::admit::{self, Change, Context};
use aqueduct::ledger::case::CaseOutcome;
use aqueduct::ledger::fact::Fact;
use aqueduct::ledger::ids::{KeyId, PayloadDigest, Reference};
use aqueduct::ledger::lines::{OutputLine, ParticularLine, RowLine};
use aqueduct::ledger::money::{Currency, Minor};
use aqueduct::ledger::note::{Particular, RecipientStatus};
use aqueduct::ledger::operation::*;
use aqueduct::ledger::registry::{Custody, PartyKind, Role};
use aqueduct::ledger::state::Layer;
use aqueduct::ledger::time::{Cycle, DAY_MS, Millis};
use aqueduct::store::views::project::ProjectedBlock;
use uuid::Uuid;

use crate::books::Books;

pub const REGISTRAR: Uuid = Uuid::from_u128(1);
pub const TREASURY: Uuid = Uuid::from_u128(2);
pub const BUREAU: Uuid = Uuid::from_u128(3);
pub const AGENCY: Uuid = Uuid::from_u128(4);
pub const BANK: Uuid = Uuid::from_u128(5);
pub const SUPERVISOR: Uuid = Uuid::from_u128(6);
pub const SCHOOL: Uuid = Uuid::from_u128(7);
pub const AUDITOR: Uuid = Uuid::from_u128(8);
pub const RECIPIENTS: [Uuid; 3] = [Uuid::from_u128(11), Uuid::from_u128(12), Uuid::from_u128(13)];

/// The books as a history makes them, and its blocks.
pub struct History {
    pub tables: Books,
    pub blocks: Vec<ProjectedBlock>,
    open: Vec<Arc<Change>>,
    now: Millis,
    entry: u64,
}

pub fn minor(amount: i64) -> Minor {
    Minor::new(amount).unwrap()
}

pub fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}

fn key(party: Uuid, officer: u8) -> KeyId {
    let mut seed = [officer; 32];
    seed[..16].copy_from_slice(party.as_bytes());
    KeyId(SecretKey::from_bytes(&seed).public().0)
}

fn cycle(label: &str) -> Cycle {
    Cycle { first_day: "2026-11-01".parse().unwrap(), label: label.to_owned(), last_day: "2026-11-30".parse().unwrap() }
}

fn deduction(code: &str, amount: i64) -> Deduction {
    Deduction { amount: minor(amount), code: code.to_owned() }
}

fn line(to: Uuid, amount: i64) -> OutputLine {
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

impl History {
    fn new() -> Self {
        Self {
            tables: Books::default(),
            blocks: Vec::new(),
            open: Vec::new(),
            now: Millis(1_790_000_000_000),
            entry: 0,
        }
    }

    /// How many entries it has.
    pub fn entries(&self) -> u64 {
        self.entry
    }

    /// The time of the last block.
    pub fn now(&self) -> Millis {
        self.blocks.last().unwrap().time
    }

    /// The books after so many entries.
    pub fn tables_at(&self, entries: u64) -> Books {
        let mut tables = Books::default();
        self.changes().take(usize::try_from(entries).unwrap()).for_each(|change| tables.commit(change));
        tables
    }

    /// Every change, in order.
    pub fn changes(&self) -> impl Iterator<Item = &Arc<Change>> {
        self.blocks.iter().flat_map(|block| &block.changes)
    }

    /// States an operation with the signatures that it needs; the answer refers to its first
    /// output.
    fn state(&mut self, party: Uuid, operation: Operation) -> Reference {
        let digest = PayloadDigest([u8::try_from(self.entry + 1).unwrap(); 32]);
        let basis = match &operation {
            Operation::TrackingImport(..) => Basis::Reported,
            _ => Basis::Own,
        };
        let mut stated = Stated {
            id: Uuid::from_u128(0x0190_0000_u128 << 96 | u128::from(self.entry)),
            digest,
            party,
            basis,
            issued_at: self.now,
            expires_at: self.now.plus(DAY_MS),
            occurred_at: None,
            signers: vec![key(party, 0)],
            operation,
        };
        let books = Layer::bottom(&self.tables);
        if let Some(of_party) = books.party_by_id(&party) {
            let needed = admit::requirement(&books, &stated, &of_party);
            let second = needed.second_party.map_or(party, |other| books.party(&other).unwrap().id);
            stated.signers.extend((1..needed.roles.len()).map(|_| key(second, 1)));
        }
        let context = Context { entry: self.entry, now: self.now };
        let change = admit::admit(&books, &stated, context).unwrap().change;
        self.tables.commit(&change);
        self.open.push(Arc::new(change));
        self.entry += 1;
        Reference { digest, operation: stated.id, output: 0 }
    }

    /// Ends a block and moves the clock.
    fn block(&mut self, after_ms: i64) {
        let height = u64::try_from(self.blocks.len()).unwrap();
        let changes = std::mem::take(&mut self.open);
        let count = u64::try_from(changes.len()).unwrap();
        let mark = u8::try_from(height).unwrap();
        self.blocks.push(ProjectedBlock {
            height,
            time: self.now,
            first_entry: self.entry - count,
            entry_count: count,
            digest: [mark; 32],
            tree_size: self.entry,
            tree_root: [mark ^ 0x55; 32],
            changes_digest: [mark ^ 0xaa; 32],
            leaves: (self.entry - count..self.entry).map(|entry| [u8::try_from(entry).unwrap(); 32]).collect(),
            changes,
            tiles: if count == 0 { Vec::new() } else { vec![(0, height, vec![mark; 8_192]), (1, 0, vec![mark; 32])] },
        });
        self.now = self.now.plus(after_ms);
    }

    fn register(&mut self, party: Uuid, kind: PartyKind, label: &str, area: &str) {
        let body = PartyRegister {
            area: area.to_owned(),
            kind,
            label: label.to_owned(),
            level: if kind == PartyKind::Recipient { String::new() } else { "county".to_owned() },
            party,
        };
        self.state(REGISTRAR, Operation::PartyRegister(body));
        for officer in 0..2 {
            self.state(REGISTRAR, Operation::KeyRegister(key_of(party, officer)));
        }
    }

    /// The tokens that the last entry made, as references, in order.
    fn made(&self) -> Vec<Reference> {
        let change = self.open.last().unwrap();
        let recorded = change.recorded();
        let refer = |output| Reference { digest: recorded.digest, operation: recorded.id, output };
        let tokens = change.facts.iter().filter_map(|fact| match fact {
            Fact::TokenMade(token) => Some(refer(token.id.0.position())),
            _ => None,
        });
        tokens.collect()
    }
}

fn key_of(party: Uuid, officer: u8) -> KeyRegister {
    KeyRegister {
        custody: if officer == 0 { Custody::Holder } else { Custody::Node },
        key: key(party, officer),
        officer: Uuid::from_u128(u128::from(officer) + 100),
        party,
        roles: Role::ALL.to_vec(),
    }
}

fn programme(transfer_days: u16) -> Operation {
    let rule = |code: &str, amount, millionths| ScheduledDeduction {
        cap_amount: amount,
        cap_millionths: millionths,
        code: code.to_owned(),
    };
    Operation::ProgrammeDefine(ProgrammeDefine {
        allowed_days: AllowedDays { delivery: 2, recovery: 9, giving_back: 3, transfer: transfer_days },
        code: "PENSION".to_owned(),
        currency: currency("INR"),
        deductions: vec![rule("FEE", None, Some(20_000)), rule("ADMIN", Some(minor(20)), None)],
        label: "Old-age pension".to_owned(),
        utc_offset_minutes: -330,
    })
}

fn output(reference: Reference, output: u32) -> Reference {
    Reference { output, ..reference }
}

/// The whole history: parties, rules, money on all kinds of ways, an import.
pub fn history() -> History {
    let mut h = History::new();
    begin(&mut h);
    let agency_money = down_to_the_agency(&mut h);
    to_the_payees(&mut h, agency_money);
    import(&mut h);
    noted(&mut h);
    h.state(REGISTRAR, Operation::KeyRevoke(KeyRevoke { key: key(BANK, 1), reason: "left".to_owned() }));
    h.block(DAY_MS);
    h.block(0);
    h
}

fn begin(h: &mut History) {
    let registrar = PartyRegister {
        area: String::new(),
        kind: PartyKind::Registrar,
        label: "Registrar".to_owned(),
        level: String::new(),
        party: REGISTRAR,
    };
    let begin = ChainBegin { demonstration: true, key: key_of(REGISTRAR, 0), registrar };
    h.state(REGISTRAR, Operation::ChainBegin(begin));
    h.block(1);
    h.block(1);
    h.register(TREASURY, PartyKind::Treasury, "Treasury", "north");
    h.register(BUREAU, PartyKind::Intermediary, "Bureau", "north/river");
    h.block(1);
    h.register(AGENCY, PartyKind::Intermediary, "Agency", "north/river/ford");
    h.register(BANK, PartyKind::Provider, "Bank", "north");
    h.register(SUPERVISOR, PartyKind::Supervisor, "Supervisor", "");
    h.register(SCHOOL, PartyKind::EndPayee, "School", "north/riverside");
    h.register(AUDITOR, PartyKind::Supervisor, "Auditor", "");
    for (at, party) in RECIPIENTS.into_iter().enumerate() {
        h.register(party, PartyKind::Recipient, &format!("R{at}"), &format!("north/river/ford/v{at}"));
    }
    h.block(1);
}

fn down_to_the_agency(h: &mut History) -> Reference {
    h.state(TREASURY, programme(3));
    h.state(TREASURY, programme(5));
    for label in ["2026-11", "2026-12"] {
        let body = BudgetAppropriate {
            amount: minor(5_000),
            currency: currency("INR"),
            cycle: cycle(label),
            programme: "PENSION".to_owned(),
        };
        h.state(TREASURY, Operation::BudgetAppropriate(body));
    }
    let allocate = |h: &mut History, cycle: &str, purpose: &str, amount| {
        let body = AllocationCreate {
            declared_recipients: None,
            declared_total: None,
            amount: minor(amount),
            currency: currency("INR"),
            cycle: cycle.to_owned(),
            programme: "PENSION".to_owned(),
            purpose: purpose.to_owned(),
        };
        h.state(TREASURY, Operation::AllocationCreate(body))
    };
    let first = allocate(h, "2026-11", "GRANT", 1_000);
    let second = allocate(h, "2026-12", "MEALS", 700);
    let slip = allocate(h, "2026-12", "SLIP", 50);
    h.block(1);
    reverse(h, TREASURY, slip);
    let sent = dispatch(h, TREASURY, first, vec![], vec![OutputLine { via: Some(BANK), ..line(BUREAU, 900) }]);
    acknowledge(h, BUREAU, sent, 880, vec![deduction("FEE", 5)]);
    h.block(1);
    acknowledge(h, BUREAU, sent, 890, vec![]);
    let late = h.made()[0];
    h.state(
        BUREAU,
        Operation::TokenReturn(TokenReturn {
            amount: minor(4),
            currency: currency("INR"),
            reason: "too much".to_owned(),
            to: TREASURY,
            token: late,
        }),
    );
    let overdue = dispatch(h, TREASURY, second, vec![], vec![line(BUREAU, 200), line(AGENCY, 500)]);
    acknowledge(h, AGENCY, output(overdue, 1), 520, vec![]);
    let agency_money = h.made()[0];
    reverse(h, TREASURY, output(overdue, 0));
    let kept = h.tables.tokens.values().find(|t| t.spent_by.is_none() && t.amount == 890 - 10).unwrap().id;
    let recorded = h.tables.operations.values().find(|r| r.entry == kept.0.entry()).unwrap();
    let kept = Reference { digest: recorded.digest, operation: recorded.id, output: kept.0.position() };
    dispatch(h, BUREAU, kept, vec![deduction("ADMIN", 30)], vec![line(AGENCY, 600)]);
    h.block(DAY_MS);
    agency_money
}

fn to_the_payees(h: &mut History, money: Reference) {
    let lines = vec![
        OutputLine {
            payment: Some("P1".to_owned()),
            purpose: Some("WINTER".to_owned()),
            for_cycle: Some("2026-11".to_owned()),
            ..line(RECIPIENTS[0], 100)
        },
        line(RECIPIENTS[1], 100),
        OutputLine { deductions: vec![deduction("FEE", 1)], via: Some(BANK), ..line(RECIPIENTS[2], 90) },
        line(SCHOOL, 80),
    ];
    let hops = dispatch(h, AGENCY, money, vec![], lines);
    let words = |received| (currency("INR"), minor(received));
    let (money, received) = words(100);
    let confirm = ReceiptConfirm { currency: money, hop: hops, issues: String::new(), received };
    h.state(RECIPIENTS[0], Operation::ReceiptConfirm(confirm));
    let (money, received) = words(60);
    let dispute = ReceiptDispute { currency: money, hop: output(hops, 1), reason: "less came".to_owned(), received };
    h.state(RECIPIENTS[1], Operation::ReceiptDispute(dispute));
    h.block(1);
    h.state(
        BANK,
        Operation::BankEvidenceRecord(BankEvidenceRecord {
            reason_code: None,
            value_date: None,
            credited: Some(minor(40)),
            currency: currency("INR"),
            deductions: Vec::new(),
            hop: output(hops, 2),
            reference: "AC04".to_owned(),
            returned: Some(minor(9)),
        }),
    );
    acknowledge(h, SCHOOL, output(hops, 3), 85, vec![]);
    h.state(
        SUPERVISOR,
        Operation::DisputeDecide(DisputeDecide {
            decision: Decision::Upheld,
            hop: output(hops, 1),
            reason: "heard both".to_owned(),
        }),
    );
    let missing = h.made()[0];
    h.state(SUPERVISOR, Operation::LossWriteOff(LossWriteOff { reason: "hopeless".to_owned(), token: missing }));
    h.block(20 * DAY_MS);
    h.block(1);
}

fn import(h: &mut History) {
    let row = |number: u64, route: [&str; 3], official, verified, quantity: Option<i64>| RowLine {
        number,
        key: [u8::try_from(number).unwrap(); 16],
        route: route.map(str::to_owned).to_vec(),
        cycle: 0,
        date: None,
        purpose: u16::try_from(number % 2).unwrap(),
        official: minor(official),
        verified: minor(verified),
        official_quantity: quantity.map(minor),
        verified_quantity: quantity.map(|q| minor(q / 2)),
    };
    let rows = vec![
        row(1, ["Land", "Dist", "Block"], 1_000, 700, Some(3_000_000)),
        row(2, ["Land", "Dist", "Other"], 0, 30, None),
        row(3, ["Land", "Dust", "Block"], 200, 260, Some(8_000_000)),
    ];
    let body = TrackingImport {
        currency: currency("KES"),
        cycles: vec![cycle("2025")],
        file: PayloadDigest([1; 32]),
        mapping: PayloadDigest([2; 32]),
        payees: "payees".to_owned(),
        programme: "WORKS".to_owned(),
        purposes: vec!["WAGES".to_owned(), "STUFF".to_owned()],
        route: ["state", "district", "block"].map(str::to_owned).to_vec(),
    };
    let first = h.state(AUDITOR, Operation::TrackingImport(body.clone(), rows));
    h.block(1);
    let again = vec![row(9, ["Land", "Dist", "Block"], 5, 5, None)];
    h.state(AUDITOR, Operation::TrackingImport(body, again));
    h.block(1);
    reverse(h, AUDITOR, output(first, 0));
}

/// What moves no money: a death, and a finding that names nobody, taken up and dismissed.
fn noted(h: &mut History) {
    let died = Particular::Status(RecipientStatus::Deceased);
    let line = ParticularLine { person: RECIPIENTS[0], particular: died, since: "2026-11-03".parse().ok() };
    h.state(REGISTRAR, Operation::RecipientRecord(RecipientRecord {}, vec![line]));
    let review = FlagReview {
        accused: None,
        amount: minor(5),
        currency: currency("INR"),
        deadline: h.now.plus(DAY_MS),
        finding: Uuid::from_u128(50),
        hops: Vec::new(),
        reason: "found".to_owned(),
        rule: "L15".to_owned(),
        rule_version: 1,
    };
    let case = h.state(SUPERVISOR, Operation::FlagReview(review));
    h.block(1);
    let (outcome, reason) = (CaseOutcome::Dismissed, "nothing to it".to_owned());
    h.state(SUPERVISOR, Operation::FlagClose(FlagClose { case, outcome, reason }));
    h.block(1);
}

fn dispatch(h: &mut History, party: Uuid, token: Reference, keep: Vec<Deduction>, to: Vec<OutputLine>) -> Reference {
    h.state(party, Operation::TokenDispatch(TokenDispatch { currency: currency("INR"), keep, token }, to))
}

fn acknowledge(h: &mut History, party: Uuid, hop: Reference, arrived: i64, deductions: Vec<Deduction>) {
    let body = HopAcknowledge { arrived: minor(arrived), currency: currency("INR"), deductions, hop };
    h.state(party, Operation::HopAcknowledge(body));
}

fn reverse(h: &mut History, party: Uuid, entry: Reference) {
    h.state(party, Operation::EntryReverse(EntryReverse { entry, reason: "a slip".to_owned() }));
}
