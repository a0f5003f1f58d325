//! Every refusal at least once, and which comes first where two apply. Longer than other files:
//! it is one table, and a test counts its cases against the list of refusals.

use std::collections::BTreeSet;

use aqueduct::ledger::admit;
use aqueduct::ledger::case::{CaseMove, CaseOutcome};
use aqueduct::ledger::ids::{KeyId, PayloadDigest, Reference};
use aqueduct::ledger::lines::EvidenceLine;
use aqueduct::ledger::note::EvidenceKind;
use aqueduct::ledger::operation::Decision::{Dismissed, Upheld};
use aqueduct::ledger::operation::*;
use aqueduct::ledger::refusal::Refusal;
use aqueduct::ledger::registry::{PartyKind, Role};
use aqueduct::ledger::time::{Cycle, DAY_MS};
use uuid::Uuid;

use super::acts::*;
use super::world::{REGISTRAR, World, currency, cycle, deduction, key, line, minor};

/// A world with a little of everything.
pub struct Stage {
    pub w: World,
    pub t: Uuid,
    pub b: Uuid,
    pub c: Uuid,
    pub bank: Uuid,
    pub other_bank: Uuid,
    pub r: Uuid,
    pub school: Uuid,
    pub supervisor: Uuid,
    /// Allocated: 1000, of which only the split's parts are left.
    pub allocated: u64,
    /// Split of it: 500 (spent by the next two), 300 and 200 at the treasury.
    pub parts: u64,
    /// T to B 100 and T to B 400.
    pub sent: u64,
    /// B acknowledged 90 of the 100 (10 missing) and all of the 400.
    pub short: u64,
    pub whole: u64,
    /// B to R 100 through the bank, B to the school 50.
    pub paid: u64,
}

pub fn stage() -> Stage {
    use PartyKind::*;
    let mut w = World::begin();
    let t = w.party("T", Treasury, "");
    let b = w.party("B", Intermediary, "north");
    let c = w.party("C", Intermediary, "north/a");
    let bank = w.party("Bank", Provider, "");
    let other_bank = w.party("Other bank", Provider, "");
    let r = w.party("R", Recipient, "north/a");
    let school = w.party("School", EndPayee, "north/a");
    let supervisor = w.party("Audit", Supervisor, "");
    w.programme(t, "PENSION", "INR", 5_000);
    let allocated = w.must(t, allocate("PENSION", "INR", "2026-11", "BASIC", 1_000));
    let parts = w.must(t, split(w.reference(allocated, 0), &[500, 300, 200]));
    let sent = w.must(t, dispatch(w.reference(parts, 0), &[], &[line(b, 100), line(b, 400)]));
    let short = w.must(b, acknowledge(w.reference(sent, 0), 90, &[]));
    let whole = w.must(b, acknowledge(w.reference(sent, 1), 400, &[]));
    let mut to_r = line(r, 100);
    to_r.via = Some(bank);
    let paid = w.must(b, dispatch(w.reference(whole, 0), &[], &[to_r, line(school, 50)]));
    Stage { w, t, b, c, bank, other_bank, r, school, supervisor, allocated, parts, sent, short, whole, paid }
}

impl Stage {
    pub fn at(&self, entry: u64, output: u32) -> Reference {
        self.w.reference(entry, output)
    }

    /// 300 held by the treasury.
    pub fn held(&self) -> Reference {
        self.at(self.parts, 1)
    }

    /// The hop of 100 from B to the recipient.
    pub fn to_r(&self) -> Reference {
        self.at(self.paid, 0)
    }

    pub fn to_school(&self) -> Reference {
        self.at(self.paid, 1)
    }

    /// A transfer of 40 from the treasury to B, not answered.
    pub fn on_its_way(&mut self) -> u64 {
        let (t, b, from) = (self.t, self.b, self.at(self.parts, 2));
        self.w.must(t, dispatch(from, &[], &[line(b, 40)]))
    }

    /// States with a change to the header.
    fn altered(&mut self, party: Uuid, act: Operation, alter: impl FnOnce(&mut Stated)) -> Answer {
        let mut stated = self.w.state(party, act);
        alter(&mut stated);
        self.w.record(&stated)
    }

    /// A case of 10 about the hop to the recipient.
    fn taken_up(&mut self) -> Reference {
        let entry = self.w.must(self.supervisor, review(1, None, &[self.to_r()], 10, self.w.now.plus(DAY_MS)));
        self.at(entry, 0)
    }

    fn give(&mut self) -> Operation {
        dispatch(self.held(), &[], &[line(self.b, 10)])
    }
}

type Answer = Result<u64, Refusal>;
type Case = (&'static str, &'static str, fn(&mut Stage) -> Answer);

const UNKNOWN: Uuid = Uuid::from_u128(4);

fn define(code: &str) -> ProgrammeDefine {
    ProgrammeDefine {
        allowed_days: AllowedDays { delivery: 1, recovery: 1, giving_back: 1, transfer: 1 },
        code: code.to_owned(),
        currency: currency("INR"),
        deductions: Vec::new(),
        label: code.to_owned(),
        utc_offset_minutes: 0,
    }
}

fn register(party: Uuid, kind: PartyKind) -> Operation {
    let (area, label, level) = (String::new(), "X".to_owned(), String::new());
    Operation::PartyRegister(PartyRegister { area, kind, label, level, party })
}

fn import_of(row: u128, official: i64, verified: i64) -> Operation {
    let line = aqueduct::ledger::lines::RowLine {
        number: 1,
        key: row.to_be_bytes(),
        route: ["State", "D", "B"].map(str::to_owned).to_vec(),
        cycle: 0,
        date: None,
        purpose: 0,
        official: minor(official),
        verified: minor(verified),
        official_quantity: None,
        verified_quantity: None,
    };
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
    Operation::TrackingImport(body, vec![line])
}

fn appropriate_days(s: &mut Stage, first_day: &str, last_day: &str) -> Answer {
    let (first_day, last_day) = (first_day.parse().unwrap(), last_day.parse().unwrap());
    let body = BudgetAppropriate {
        amount: minor(1),
        currency: currency("INR"),
        cycle: Cycle { first_day, label: "2026-12".to_owned(), last_day },
        programme: "PENSION".to_owned(),
    };
    s.w.try_to(s.t, Operation::BudgetAppropriate(body))
}

fn register_key(s: &mut Stage, bytes: [u8; 32]) -> Answer {
    let mut body = s.w.key_body(s.b, 9, &[Role::Dispatcher]);
    body.key = KeyId(bytes);
    s.w.try_to(REGISTRAR, Operation::KeyRegister(body))
}

/// Code, what is tried, how.
#[rustfmt::skip]
const CASES: &[Case] = &[
    ("MALFORMED", "a dispatch of nothing", |s| s.w.try_to(s.t, dispatch(s.held(), &[], &[line(s.b, 0)]))),
    ("MALFORMED", "a dispatch without lines", |s| s.w.try_to(s.t, dispatch(s.held(), &[], &[]))),
    ("MALFORMED", "a split into one part", |s| s.w.try_to(s.t, split(s.held(), &[300]))),
    ("MALFORMED", "a split with an empty part", |s| s.w.try_to(s.t, split(s.held(), &[300, 0]))),
    ("MALFORMED", "an allocation of nothing", |s| s.w.try_to(s.t, allocate("PENSION", "INR", "2026-11", "BASIC", 0))),
    ("MALFORMED", "evidence of nothing", |s| s.w.try_to(s.bank, evidence(s.to_r(), None, None, &[]))),
    ("MALFORMED", "deductions that leave nothing", |s| {
        let mut line = line(s.b, 10);
        line.deductions = vec![deduction("ADMIN", 10)];
        s.w.try_to(s.t, dispatch(s.held(), &[], &[line]))
    }),
    ("MALFORMED", "a code declared twice", |s| {
        s.w.try_to(s.b, acknowledge(s.at(s.sent, 0), 95, &[deduction("ADMIN", 1), deduction("ADMIN", 2)]))
    }),
    ("MALFORMED", "a cycle that begins before the year 0", |s| appropriate_days(s, "-0001-01-01", "2026-12-31")),
    ("MALFORMED", "a cycle that ends after the year 9999", |s| appropriate_days(s, "2026-12-01", "+12345-01-01")),
    ("MALFORMED", "a row of a day after the year 9999", |s| {
        let Operation::TrackingImport(body, mut lines) = import_of(1, 10, 10) else { unreachable!() };
        lines[0].date = "+12345-01-01".parse().ok();
        s.w.try_to(s.t, Operation::TrackingImport(body, lines))
    }),
    ("MALFORMED", "a key that is no point", |s| register_key(s, [2; 32])),
    ("MALFORMED", "a key of small order", |s| register_key(s, [0; 32])),
    ("MALFORMED", "a key that is not in its one form", |s| {
        // The point whose y is 3, with the field's prime added to it.
        let mut bytes = [0xff; 32];
        (bytes[0], bytes[31]) = (0xf0, 0x7f);
        register_key(s, bytes)
    }),
    ("MALFORMED", "a report on the own basis", |s| {
        let act = s.give();
        s.altered(s.t, act, |stated| stated.basis = Basis::Reported)
    }),
    ("MALFORMED", "a second beginning", |s| {
        let act = s.w.history[0].stated.operation.clone();
        s.w.try_to(REGISTRAR, act)
    }),
    ("MALFORMED", "valid for more than 7 days", |s| {
        let act = s.give();
        s.altered(s.t, act, |stated| stated.expires_at = stated.issued_at.plus(7 * DAY_MS + 1))
    }),
    ("MALFORMED", "expired before it was issued", |s| {
        let act = s.give();
        s.altered(s.t, act, |stated| stated.expires_at = stated.issued_at.plus(-1))
    }),
    ("OPERATION_ID_REUSED", "other bytes under a recorded id", |s| {
        let (act, id) = (s.give(), s.w.history[s.parts as usize].stated.id);
        s.altered(s.t, act, |stated| stated.id = id)
    }),
    ("EXPIRED", "after its expiry", |s| {
        let act = s.give();
        s.altered(s.t, act, |stated| stated.expires_at = stated.issued_at)
    }),
    ("ISSUED_AHEAD", "issued in an hour", |s| {
        let act = s.give();
        s.altered(s.t, act, |stated| stated.issued_at = stated.issued_at.plus(3_600_000))
    }),
    ("OCCURRED_AHEAD", "happened tomorrow", |s| {
        let act = s.give();
        s.altered(s.t, act, |stated| stated.occurred_at = Some(stated.issued_at.plus(DAY_MS)))
    }),
    ("UNKNOWN_PARTY", "by nobody", |s| { let act = s.give(); s.altered(s.t, act, |stated| stated.party = UNKNOWN) }),
    ("UNKNOWN_KEY", "a key nobody registered", |s| {
        let act = s.give();
        s.altered(s.t, act, |stated| stated.signers = vec![KeyId([9; 32])])
    }),
    ("REVOKED_KEY", "a revoked key", |s| {
        let revoke = KeyRevoke { key: key(s.t, 0), reason: "lost".to_owned() };
        s.w.must(s.t, Operation::KeyRevoke(revoke));
        let act = s.give();
        s.w.try_to(s.t, act)
    }),
    ("REVOKED_KEY", "revoked while the second signature was awaited", |s| {
        let stated = s.w.state(s.t, allocate("PENSION", "INR", "2026-11", "BASIC", 1));
        let revoke = KeyRevoke { key: key(s.t, 1), reason: "left".to_owned() };
        s.w.must(REGISTRAR, Operation::KeyRevoke(revoke));
        s.w.record(&stated)
    }),
    ("FOREIGN_KEY", "a key of another party", |s| {
        let (act, b) = (s.give(), s.b);
        s.altered(s.t, act, |stated| stated.signers = vec![key(b, 0)])
    }),
    ("SIGNATURE_COUNT", "one signature where two are needed", |s| {
        let act = allocate("PENSION", "INR", "2026-11", "BASIC", 1);
        s.altered(s.t, act, |stated| stated.signers.truncate(1))
    }),
    ("SIGNATURE_COUNT", "one signature too many", |s| {
        let (act, t) = (s.give(), s.t);
        s.altered(s.t, act, |stated| stated.signers.push(key(t, 1)))
    }),
    ("SAME_OFFICER", "two keys of one officer", |s| {
        let mut second = s.w.key_body(s.t, 2, Role::ALL);
        second.officer = super::world::officer(s.t, 0);
        s.w.must(REGISTRAR, Operation::KeyRegister(second));
        let (act, t) = (allocate("PENSION", "INR", "2026-11", "BASIC", 1), s.t);
        s.altered(s.t, act, |stated| stated.signers = vec![key(t, 0), key(t, 2)])
    }),
    ("SAME_OFFICER", "one key twice", |s| {
        let (act, t) = (allocate("PENSION", "INR", "2026-11", "BASIC", 1), s.t);
        s.altered(s.t, act, |stated| stated.signers = vec![key(t, 0), key(t, 0)])
    }),
    ("ROLE_MISSING", "a receiver cannot dispatch", |s| {
        let body = s.w.key_body(s.t, 3, &[Role::Receiver]);
        s.w.must(REGISTRAR, Operation::KeyRegister(body));
        let (act, t) = (s.give(), s.t);
        s.altered(s.t, act, |stated| stated.signers = vec![key(t, 3)])
    }),
    ("ROLE_MISSING", "both sides of an acknowledgement sign its reversal", |s| {
        let (act, b) = (reverse(s.at(s.short, 0)), s.b);
        s.altered(s.b, act, |stated| stated.signers = vec![key(b, 0), key(b, 1)])
    }),
    ("PARTY_KIND_WRONG", "a bureau appropriates", |s| {
        let body = BudgetAppropriate { amount: minor(1), currency: currency("INR"), cycle: cycle("2026-11"), programme: "PENSION".to_owned() };
        s.w.try_to(s.b, Operation::BudgetAppropriate(body))
    }),
    ("PARTY_KIND_WRONG", "through somebody who is no bank", |s| {
        let mut line = line(s.r, 10);
        line.via = Some(s.c);
        s.w.try_to(s.t, dispatch(s.held(), &[], &[line]))
    }),
    ("PARTY_KIND_WRONG", "a key for a party known from an import", |s| {
        let act = import_of(1, 10, 10);
        s.w.must(s.supervisor, act);
        let reported = s.w.tables.parties.values().find(|party| party.reported).unwrap().id;
        let body = s.w.key_body(reported, 0, Role::ALL);
        s.w.try_to(REGISTRAR, Operation::KeyRegister(body))
    }),
    ("UNKNOWN_RECEIVER", "to nobody", |s| s.w.try_to(s.t, dispatch(s.held(), &[], &[line(UNKNOWN, 1)]))),
    ("UNKNOWN_RECEIVER", "back to nobody", |s| s.w.try_to(s.b, give_back(s.at(s.short, 0), UNKNOWN, 1))),
    ("UNKNOWN_PROGRAMME", "for a programme nobody defined", |s| s.w.try_to(s.t, allocate("X", "INR", "2026-11", "BASIC", 1))),
    ("UNKNOWN_CYCLE", "for a cycle without a budget", |s| s.w.try_to(s.t, allocate("PENSION", "INR", "1999", "BASIC", 1))),
    ("UNKNOWN_REFERENCE", "an output that was not made", |s| s.w.try_to(s.t, split(s.at(s.parts, 9), &[1, 1]))),
    ("UNKNOWN_REFERENCE", "an output beyond any", |s| s.w.try_to(s.t, split(s.at(s.parts, u32::MAX), &[1, 1]))),
    ("UNKNOWN_REFERENCE", "an id with another digest", |s| {
        let reference = Reference { digest: PayloadDigest([1; 32]), ..s.held() };
        s.w.try_to(s.t, split(reference, &[1, 299]))
    }),
    ("ALREADY_REGISTERED", "a party twice", |s| s.w.try_to(REGISTRAR, register(s.b, PartyKind::Intermediary))),
    ("ALREADY_REGISTERED", "a key twice", |s| {
        let body = s.w.key_body(s.b, 0, Role::ALL);
        s.w.try_to(REGISTRAR, Operation::KeyRegister(body))
    }),
    ("ALREADY_REGISTERED", "a cycle with other days", |s| {
        let mut other = cycle("2026-11");
        other.first_day = "2026-10-31".parse().unwrap();
        let body = BudgetAppropriate { amount: minor(1), currency: currency("INR"), cycle: other, programme: "PENSION".to_owned() };
        s.w.try_to(s.t, Operation::BudgetAppropriate(body))
    }),
    ("ALREADY_REGISTERED", "another treasury's programme", |s| {
        let other = s.w.party("T2", PartyKind::Treasury, "");
        s.w.try_to(other, Operation::ProgrammeDefine(define("PENSION")))
    }),
    ("WRONG_CURRENCY", "rupees in dollars", |s| s.w.try_to(s.t, in_money(split(s.held(), &[100, 200]), "USD"))),
    ("WRONG_CURRENCY", "a programme changes its currency", |s| {
        let body = ProgrammeDefine { currency: currency("USD"), ..define("PENSION") };
        s.w.try_to(s.t, Operation::ProgrammeDefine(body))
    }),
    ("NOT_YOURS", "somebody else's token", |s| s.w.try_to(s.b, split(s.held(), &[100, 200]))),
    ("NOT_YOURS", "somebody else's hop", |s| s.w.try_to(s.c, acknowledge(s.at(s.sent, 0), 95, &[]))),
    ("NOT_YOURS", "somebody else's entry", |s| s.w.try_to(s.b, reverse(s.at(s.sent, 0)))),
    ("NOT_YOURS", "a loss on somebody else's hop", |s| s.w.try_to(s.c, lose(LossSubject::Hop(s.to_r()), 1))),
    ("NOT_YOURS", "what a hop lost is not the receiver's to pay back", |s| s.w.try_to(s.b, recover(s.at(s.short, 1), 1))),
    ("TO_ITSELF", "to itself", |s| s.w.try_to(s.t, dispatch(s.held(), &[], &[line(s.t, 1)]))),
    ("NOT_THE_PROVIDER", "another bank than the one named", |s| s.w.try_to(s.other_bank, evidence(s.to_r(), Some(1), None, &[]))),
    ("NOT_UPSTREAM", "back to somebody off the way", |s| s.w.try_to(s.b, give_back(s.at(s.short, 0), s.c, 1))),
    ("WRONG_HOP_KIND", "a bank speaks of a transfer", |s| s.w.try_to(s.bank, evidence(s.at(s.sent, 0), Some(1), None, &[]))),
    ("WRONG_HOP_KIND", "a bank speaks of an end payee", |s| s.w.try_to(s.bank, evidence(s.to_school(), Some(1), None, &[]))),
    ("WRONG_ANSWER", "a recipient acknowledges", |s| s.w.try_to(s.r, acknowledge(s.to_r(), 100, &[]))),
    ("WRONG_ANSWER", "a school gives a word", |s| s.w.try_to(s.school, confirm(s.to_school(), 50))),
    ("WRONG_ANSWER", "a recipient has money that nobody sent", |s| s.w.try_to(s.r, unsent("PENSION", "INR", 5))),
    ("WRONG_HOP_STATE", "a word on a reversed hop", |s| {
        s.w.must(s.b, reverse(s.to_r()));
        s.w.try_to(s.r, confirm(s.to_r(), 100))
    }),
    ("WRONG_HOP_STATE", "evidence on a reversed hop", |s| {
        s.w.must(s.b, reverse(s.to_r()));
        s.w.try_to(s.bank, evidence(s.to_r(), Some(1), None, &[]))
    }),
    ("WRONG_TOKEN_STATE", "money on its way is nobody's to write off", |s| s.w.try_to(s.supervisor, write_off(s.at(s.paid, 0)))),
    ("WRONG_TOKEN_STATE", "held money is not paid back as missing", |s| s.w.try_to(s.b, recover(s.at(s.short, 0), 1))),
    ("WRONG_TOKEN_STATE", "what is confirmed is not sent on", |s| {
        let said = s.w.must(s.school, acknowledge(s.to_school(), 50, &[]));
        s.w.try_to(s.school, dispatch(s.at(said, 0), &[], &[line(s.b, 1)]))
    }),
    ("WRONG_DIRECTION", "a lower word as a confirmation", |s| {
        s.w.must(s.r, confirm(s.to_r(), 100));
        s.w.try_to(s.r, confirm(s.to_r(), 90))
    }),
    ("WRONG_DIRECTION", "a higher word as a dispute", |s| {
        s.w.must(s.r, dispute(s.to_r(), 60));
        s.w.try_to(s.r, dispute(s.to_r(), 70))
    }),
    ("NOTHING_NEW", "the same total acknowledged", |s| s.w.try_to(s.b, acknowledge(s.at(s.sent, 0), 90, &[]))),
    ("NOTHING_NEW", "the same word", |s| {
        s.w.must(s.r, confirm(s.to_r(), 0));
        s.w.try_to(s.r, dispute(s.to_r(), 0))
    }),
    ("NOTHING_NEW", "the same evidence", |s| {
        s.w.must(s.bank, evidence(s.to_r(), Some(7), None, &[]));
        s.w.try_to(s.bank, evidence(s.to_r(), Some(7), None, &[]))
    }),
    ("LOWER_THAN_BEFORE", "a slip is reversed, not lowered", |s| s.w.try_to(s.b, acknowledge(s.at(s.sent, 0), 80, &[]))),
    ("BELOW_RETURNED", "below what was sent back", |s| {
        let said = s.w.must(s.r, confirm(s.to_r(), 100));
        s.w.must(s.r, give_back(s.at(said, 0), s.b, 30));
        s.w.try_to(s.r, dispute(s.to_r(), 29))
    }),
    ("NOT_OVERDUE", "lost before its time", |s| s.w.try_to(s.b, lose(LossSubject::Hop(s.to_r()), 1))),
    ("NOT_REVERSIBLE", "what was answered", |s| s.w.try_to(s.t, reverse(s.at(s.sent, 0)))),
    ("PARTY_TO_THE_HOP", "a supervisor decides about itself", |s| {
        let sent = s.w.must(s.t, dispatch(s.held(), &[], &[line(s.supervisor, 20)]));
        let at = s.w.must(s.supervisor, acknowledge(s.at(sent, 0), 20, &[]));
        let paid = s.w.must(s.supervisor, dispatch(s.at(at, 0), &[], &[line(s.r, 20)]));
        s.w.must(s.r, dispute(s.at(paid, 0), 0));
        s.w.try_to(s.supervisor, decide(s.at(paid, 0), Dismissed))
    }),
    ("NOTHING_DISPUTED", "nobody disputed it", |s| s.w.try_to(s.supervisor, decide(s.to_r(), Upheld))),
    ("MALFORMED", "a case of 101 hops", |s| {
        let (hops, deadline) = (vec![s.to_r(); 101], s.w.now.plus(DAY_MS));
        s.w.try_to(s.supervisor, review(1, None, &hops, 1, deadline))
    }),
    ("MALFORMED", "a decision without an amount", |s| {
        let case = s.taken_up();
        s.w.try_to(s.supervisor, step(case, CaseMove::Decided, None, s.w.now.plus(DAY_MS)))
    }),
    ("MALFORMED", "a threshold that nobody knows", |s| s.w.try_to(s.t, thresholds("PENSION", &[("L99.days", 1)]))),
    ("MALFORMED", "a threshold twice", |s| s.w.try_to(s.t, thresholds("PENSION", &[("L05.days", 1), ("L05.days", 2)]))),
    ("UNKNOWN_REFERENCE", "evidence for a hop that does not exist", |s| {
        let line = EvidenceLine { hop: Some((0, 7)), ..bare(EvidenceKind::ConfirmationRequested) };
        s.w.try_to(s.b, show(&[s.to_r()], &[line]))
    }),
    ("UNKNOWN_REFERENCE", "evidence of an operation that does not exist", |s| {
        let line = EvidenceLine { hop: Some((0, 0)), ..bare(EvidenceKind::ConfirmationRequested) };
        let nobody = Reference { operation: UNKNOWN, ..s.to_r() };
        s.w.try_to(s.b, show(&[nobody], &[line]))
    }),
    ("UNKNOWN_REFERENCE", "a step of what is no case", |s| {
        s.w.try_to(s.supervisor, step(s.to_r(), CaseMove::Traced, None, s.w.now.plus(DAY_MS)))
    }),
    ("THRESHOLD_OUT_OF_RANGE", "a threshold below its range", |s| s.w.try_to(s.t, thresholds("PENSION", &[("L05.days", 0)]))),
    ("CASE_OPEN", "a finding taken up twice", |s| {
        s.taken_up();
        s.w.try_to(s.supervisor, review(1, None, &[s.to_r()], 10, s.w.now.plus(DAY_MS)))
    }),
    ("WRONG_CASE_STATE", "put right before it is traced", |s| {
        let case = s.taken_up();
        s.w.try_to(s.supervisor, close(case, CaseOutcome::Corrected))
    }),
    ("WRONG_CASE_STATE", "a step after the end", |s| {
        let case = s.taken_up();
        s.w.must(s.supervisor, close(case, CaseOutcome::Dismissed));
        s.w.try_to(s.supervisor, step(case, CaseMove::Traced, None, s.w.now.plus(DAY_MS)))
    }),
    ("PARTY_TO_THE_CASE", "a supervisor takes up what it is accused of", |s| {
        s.w.try_to(s.supervisor, review(1, Some(s.supervisor), &[s.to_r()], 10, s.w.now.plus(DAY_MS)))
    }),
    ("BAD_DEADLINE", "a deadline that is over", |s| {
        s.w.try_to(s.supervisor, review(1, None, &[s.to_r()], 10, s.w.now))
    }),
    ("BAD_DEADLINE", "a deadline in three years", |s| {
        s.w.try_to(s.supervisor, review(1, None, &[s.to_r()], 10, s.w.now.plus(3 * 365 * DAY_MS)))
    }),
    ("ABOVE_THE_LOSS", "more decided than was reported", |s| {
        let case = s.taken_up();
        s.w.try_to(s.supervisor, step(case, CaseMove::Decided, Some(11), s.w.now.plus(DAY_MS)))
    }),
    ("ROW_REPEATED", "a row twice", |s| {
        let act = import_of(5, 10, 8);
        s.w.must(s.supervisor, act.clone());
        s.w.try_to(s.supervisor, act)
    }),
    ("TOKEN_SPENT", "a spent token", |s| s.w.try_to(s.t, split(s.at(s.parts, 0), &[250, 250]))),
    ("TOKEN_SPENT", "a spent token written off", |s| {
        s.w.must(s.b, acknowledge(s.at(s.sent, 0), 100, &[]));
        s.w.try_to(s.supervisor, write_off(s.at(s.short, 1)))
    }),
    ("UNFUNDED", "more than the token", |s| s.w.try_to(s.t, dispatch(s.held(), &[deduction("ADMIN", 1)], &[line(s.b, 300)]))),
    ("UNFUNDED", "sums that pass 64 bits", |s| {
        let most = 1_000_000_000_000_000;
        let lines: Vec<_> = (0..9_900).map(|_| line(s.b, most)).collect();
        s.w.try_to(s.t, dispatch(s.held(), &[], &lines))
    }),
    ("UNFUNDED", "more than the budget", |s| s.w.try_to(s.t, allocate("PENSION", "INR", "2026-11", "BASIC", 4_001))),
    ("UNFUNDED", "more refused than is on its way", |s| s.w.try_to(s.r, refuse(s.to_r(), 101))),
    ("UNFUNDED", "more bounced than is there", |s| s.w.try_to(s.bank, evidence(s.to_r(), None, Some(101), &[]))),
    ("UNFUNDED", "more deducted than is open", |s| {
        s.w.try_to(s.b, acknowledge(s.at(s.sent, 0), 90, &[deduction("ADMIN", 11)]))
    }),
    ("UNFUNDED", "more lost than is held", |s| s.w.try_to(s.t, lose(LossSubject::Token(s.held()), 301))),
    ("SUM_DIFFERS", "parts that lose a unit", |s| s.w.try_to(s.t, split(s.held(), &[100, 199]))),
    ("SUM_DIFFERS", "parts as large as can be written", |s| {
        let most = 1_000_000_000_000_000;
        s.w.try_to(s.t, split(s.held(), &[most; 1_000]))
    }),
    ("TOTAL_TOO_LARGE", "more than 2^62 of a currency", |s| {
        let most = 1_000_000_000_000_000;
        (0..4_700).try_fold(0, |_, _| s.w.try_to(s.b, unsent("PENSION", "INR", most)))
    }),
];

#[test]
fn each_refusal_is_given_for_what_it_says() {
    let stage = stage();
    for (code, what, act) in CASES {
        let mut s = Stage { w: stage.w.clone(), ..stage };
        match act(&mut s) {
            Ok(entry) => panic!("{what}: admitted as entry {entry}, not refused as {code}"),
            Err(refusal) => assert_eq!(refusal.code(), *code, "{what}: {refusal}"),
        }
    }
    let seen: BTreeSet<&str> = CASES.iter().map(|case| case.0).collect();
    let all: BTreeSet<&str> = Refusal::CODES.iter().copied().collect();
    assert_eq!(seen, all, "every refusal has a case");
    assert_eq!(all.len(), Refusal::CODES.len(), "codes are unique");
}

/// What is tried, and the codes that apply, in the order in which they are given once the
/// first is put right.
#[test]
fn of_two_rules_the_earlier_one_is_named() {
    let rank = |code: &str| Refusal::CODES.iter().position(|known| *known == code).unwrap();
    // Everything is wrong with it; faults are taken away one by one.
    let faults = [
        "MALFORMED",
        "EXPIRED",
        "UNKNOWN_PARTY",
        "UNKNOWN_KEY",
        "UNKNOWN_RECEIVER",
        "UNKNOWN_REFERENCE",
        "WRONG_CURRENCY",
        "NOT_YOURS",
        "TO_ITSELF",
        "TOKEN_SPENT",
        "UNFUNDED",
    ];
    assert!(faults.windows(2).all(|pair| rank(pair[0]) < rank(pair[1])));
    let stage = stage();
    for (put_right, expected) in faults.iter().enumerate() {
        let mut s = Stage { w: stage.w.clone(), ..stage };
        let wrong = |fault: &str| faults.iter().position(|f| *f == fault).unwrap() >= put_right;
        let speaker = if wrong("NOT_YOURS") { s.b } else { s.t };
        let spent = s.at(s.parts, 0);
        let token = match (wrong("UNKNOWN_REFERENCE"), wrong("TOKEN_SPENT")) {
            (true, _) => Reference { output: 99, ..spent },
            (_, true) => spent,
            _ => s.held(),
        };
        let mut lines = vec![line(if wrong("TO_ITSELF") { speaker } else { s.c }, 9_999)];
        if wrong("UNKNOWN_RECEIVER") {
            lines.push(line(UNKNOWN, 1));
        }
        if wrong("MALFORMED") {
            lines.push(line(s.c, 0));
        }
        let money = if wrong("WRONG_CURRENCY") { "USD" } else { "INR" };
        let mut stated = s.w.state(speaker, in_money(dispatch(token, &[], &lines), money));
        if wrong("EXPIRED") {
            stated.expires_at = stated.issued_at;
        }
        if wrong("UNKNOWN_KEY") {
            stated.signers = vec![KeyId([9; 32])];
        }
        if wrong("UNKNOWN_PARTY") {
            stated.party = UNKNOWN;
        }
        assert_eq!(s.w.record(&stated).unwrap_err().code(), *expected);
    }
}

#[test]
fn a_replay_gets_the_first_answer_for_ever() {
    let mut s = stage();
    let mut stated = s.w.history[s.parts as usize].stated.clone();
    // Even with another signature, after expiry, and after the key was revoked.
    let revoke = KeyRevoke { key: key(s.t, 0), reason: "lost".to_owned() };
    s.w.must(s.t, Operation::KeyRevoke(revoke));
    s.w.pass_days(400);
    stated.signers = vec![key(s.t, 1)];
    let first = admit::replay(&s.w.books(), &stated).unwrap().unwrap();
    assert_eq!(first.entry, s.parts);
    // The same id by another party is another operation.
    stated.party = s.b;
    assert_eq!(admit::replay(&s.w.books(), &stated), Ok(None));
    stated.party = s.t;
    stated.digest = PayloadDigest([8; 32]);
    assert_eq!(admit::replay(&s.w.books(), &stated), Err(Refusal::IdReused { entry: s.parts }));
    // A refused operation keeps its id: the corrected attempt is admitted.
    let mut again = s.w.state(s.b, split(s.at(s.short, 0), &[1, 1]));
    assert_eq!(s.w.record(&again).unwrap_err().code(), "SUM_DIFFERS");
    again.operation = split(s.at(s.short, 0), &[1, 89]);
    again.digest = PayloadDigest([7; 32]);
    assert!(s.w.record(&again).is_ok());
}
