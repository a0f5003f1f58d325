//! How fast the pure rooms are on this machine: `cargo bench`.
//!
//! What one entry, one line or one output costs on one core, without any store. No test asserts
//! a figure.

use std::sync::Arc;

use aqueduct::chain::audit::check_entry;
use aqueduct::chain::digest::Digest;
use aqueduct::chain::envelope::Envelope;
use aqueduct::chain::key::SecretKey;
use aqueduct::chain::list;
use aqueduct::chain::merkle::Tree;
use aqueduct::chain::payload::{Basis, Payload};
use aqueduct::chain::time::Timestamp;
use aqueduct::ledger::admit::{self, Admitted, Context};
use aqueduct::ledger::fact::Fact;
use aqueduct::ledger::ids::TokenId;
use aqueduct::ledger::ids::{AllocationId, AreaId, KeyId, PartyKey, PayloadDigest, Place, ProgrammeId, Reference};
use aqueduct::ledger::lines::OutputLine;
use aqueduct::ledger::money::{Currency, Minor};
use aqueduct::ledger::operation::{self, AllowedDays, Kind, Operation, Stated, TokenDispatch};
use aqueduct::ledger::registry::{Allocation, Custody, OfficerKey, Party, PartyKind, Programme, Recorded, Role};
use aqueduct::ledger::state::{Layer, Tables};
use aqueduct::ledger::time::Millis;
use aqueduct::ledger::token::{Origin, Token, TokenState};
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use uuid::Uuid;

const LINES: u32 = 8_000;
const LEAVES: usize = 100_000;
const OPERATION: Uuid = Uuid::from_u128(0x0193_5f00_0000_7000_8000_0000_0000_0001);
const NOW: Millis = Millis(1_700_000_000_000);

fn main() {
    divan::main();
}

mod chain {
    use super::*;

    /// Form, canonical form and one signature.
    #[divan::bench]
    fn entry_with_one_signature(bencher: Bencher<'_, '_>) {
        let entry = entry();
        bencher.bench(|| check_entry(black_box(&entry), &[], &Digest::ZERO).expect("the entry is in order"));
    }

    /// The root that is signed, over the lines' form and hashes.
    #[divan::bench]
    fn root_of_lines(bencher: Bencher<'_, '_>) {
        let lines = lines();
        bencher.counter(ItemsCount::new(LINES)).bench(|| list::root(OPERATION, black_box(&lines)));
    }

    /// The log's tree: append and root.
    #[divan::bench]
    fn leaves_of_the_log(bencher: Bencher<'_, '_>) {
        let leaf = Digest::of(b"leaf");
        bencher.counter(ItemsCount::new(LEAVES)).bench(|| {
            let mut tree = Tree::new();
            (0..LEAVES).for_each(|_| tree.append(black_box(&leaf)));
            tree.root()
        });
    }
}

mod ledger {
    use super::*;

    /// Lines read, and compared with their canonical form.
    #[divan::bench]
    fn output_lines_read(bencher: Bencher<'_, '_>) {
        let lines = lines();
        let contents: Vec<&str> = lines.iter().map(|line| list::split(line).expect("in form").1).collect();
        bencher.counter(ItemsCount::new(LINES)).bench(|| OutputLine::read_all(black_box(&contents)));
    }

    /// A dispatch to many recipients admitted: its tokens and hops.
    #[divan::bench]
    fn outputs_admitted(bencher: Bencher<'_, '_>) {
        let (books, stated) = (books(), dispatch());
        bencher.counter(ItemsCount::new(LINES)).bench(|| admitted(black_box(&books), &stated));
    }

    /// The canonical bytes of what a dispatch changes, which the digest of changes is over.
    #[divan::bench]
    fn changes_encoded(bencher: Bencher<'_, '_>) {
        let change = admitted(&books(), &dispatch()).change;
        bencher.counter(ItemsCount::new(LINES)).bench(|| {
            let mut bytes = Vec::new();
            black_box(&change).facts.iter().for_each(|fact| fact.encode(&mut bytes));
            bytes
        });
    }

    /// The same taken into the committed books, in compact form.
    #[divan::bench]
    fn outputs_committed(bencher: Bencher<'_, '_>) {
        let books = books();
        let change = admitted(&books, &dispatch()).change;
        bencher.counter(ItemsCount::new(LINES)).with_inputs(|| books.clone()).bench_refs(|books| books.commit(&change));
    }

    /// The same read back for the views.
    #[divan::bench]
    fn outputs_unpacked(bencher: Bencher<'_, '_>) {
        let mut books = books();
        let change = admitted(&books, &dispatch()).change;
        let packed = books.commit(&change);
        bencher.counter(ItemsCount::new(LINES)).bench(|| black_box(&packed).unpack());
    }
}

fn entry() -> Vec<u8> {
    let at = |ms| Timestamp::from_millis(ms).expect("the time is in range");
    let payload = Payload {
        chain: Digest::ZERO,
        id: OPERATION,
        kind: "HOP_ACKNOWLEDGE".to_owned(),
        version: 1,
        basis: Basis::Own,
        party: Uuid::from_u128(2),
        issued_at: at(NOW.0),
        expires_at: at(NOW.0 + 600_000),
        occurred_at: None,
        body: serde_json::json!({ "arrived": "88000", "currency": "INR", "deductions": [] }),
        list: None,
    };
    let payload = payload.to_bytes().expect("the payload is in form");
    Envelope::sign(payload, &SecretKey::from_bytes(&[9; 32])).expect("one signature").to_entry_bytes()
}

fn recipient(number: u32) -> Uuid {
    Uuid::from_u128(0x0195_a000_0000_7000_8000_0000_0000_0000 | u128::from(number))
}

fn outputs() -> Vec<OutputLine> {
    let output = |number| OutputLine {
        to: recipient(number),
        amount: minor(100 + i64::from(number)),
        deductions: Vec::new(),
        purpose: None,
        for_cycle: None,
        payment: None,
        via: None,
        commitment: None,
    };
    (0..LINES).map(output).collect()
}

fn lines() -> Vec<String> {
    let salted = |line: &OutputLine| list::salted(list::Salt([7; 16]), &line.print()).expect("the line is in form");
    outputs().iter().map(salted).collect()
}

fn minor(amount: i64) -> Minor {
    Minor::new(amount).expect("a small amount")
}

fn place(entry: u64, position: u32) -> Place {
    Place::new(entry, position).expect("a small place")
}

const TREASURY: PartyKey = PartyKey::MIN;
const KEY: KeyId = KeyId([9; 32]);
const SENT: u64 = 3;
const DIGEST: PayloadDigest = PayloadDigest([3; 32]);

/// A treasury that holds one token, and recipients.
fn books() -> Tables {
    let currency = Currency::parse("KES").expect("a currency");
    let party = |key, id, kind, label: &str| {
        let (label, level, area) = (label.to_owned(), String::new(), AreaId(0));
        Fact::PartyRegistered(Arc::new(Party { key, id, kind, label, level, area, reported: false }))
    };
    let recipients = (0..LINES).map(|number| {
        party(PartyKey(place(1, number)), recipient(number), PartyKind::Recipient, &format!("R-{number}"))
    });
    let programme = ProgrammeId(place(2, 0));
    let allocation = AllocationId(place(SENT, 0));
    let facts = [
        Fact::AreaNamed(AreaId(0), String::new()),
        party(TREASURY, Uuid::from_u128(2), PartyKind::Treasury, "Treasury"),
        Fact::KeySet(Arc::new(OfficerKey {
            key: KEY,
            officer: Uuid::from_u128(3),
            party: TREASURY,
            roles: Role::ALL.to_vec(),
            custody: Custody::Holder,
            registered_by: 0,
            revoked_by: None,
        })),
        Fact::ProgrammeSet(Arc::new(Programme {
            id: programme,
            code: "PENSION".to_owned(),
            label: "Pension".to_owned(),
            owner: TREASURY,
            currency,
            utc_offset_minutes: 180,
            allowed_days: AllowedDays { delivery: 10, recovery: 30, giving_back: 30, transfer: 5 },
            deductions: Vec::new(),
            version: 2,
        })),
        Fact::AllocationSet(Arc::new(Allocation {
            id: allocation,
            programme,
            cycle: "2023-11".to_owned(),
            purpose: "GENERAL".to_owned(),
            currency,
            treasury: TREASURY,
            amount: 1 << 40,
            unsent: false,
            reversed_by: None,
        })),
        Fact::TokenMade(Arc::new(Token {
            id: TokenId(place(SENT, 0)),
            allocation,
            amount: 1 << 40,
            origin: Origin::Allocation,
            state: TokenState::Held,
            reason: None,
            claim: None,
            written_off: false,
            holder: Some(TREASURY),
            hop: None,
            hop_kind: None,
            parent: None,
            accountable: TREASURY,
            area: AreaId(0),
            due: None,
            spent_by: None,
        })),
        Fact::Recorded(Arc::new(Recorded {
            entry: SENT,
            id: Uuid::from_u128(4),
            party: TREASURY,
            digest: DIGEST,
            kind: Kind::AllocationCreate,
            basis: operation::Basis::Own,
            recorded_at: NOW,
            occurred_at: NOW,
            signers: vec![KEY],
            subject: None,
        })),
    ];
    let mut books = Tables::default();
    books.apply(&facts);
    books.apply(&recipients.collect::<Vec<_>>());
    books
}

fn dispatch() -> Stated {
    let body = TokenDispatch {
        currency: Currency::parse("KES").expect("a currency"),
        keep: Vec::new(),
        token: Reference { digest: DIGEST, operation: Uuid::from_u128(4), output: 0 },
    };
    Stated {
        id: OPERATION,
        digest: PayloadDigest([5; 32]),
        party: Uuid::from_u128(2),
        basis: operation::Basis::Own,
        issued_at: NOW,
        expires_at: NOW.plus(600_000),
        occurred_at: None,
        signers: vec![KEY],
        operation: Operation::TokenDispatch(body, outputs()),
    }
}

fn admitted(books: &Tables, stated: &Stated) -> Admitted {
    let context = Context { entry: SENT + 1, now: NOW };
    admit::admit(&Layer::bottom(books), stated, context).expect("it is in order")
}
