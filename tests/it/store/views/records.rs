//! Every record comes back as it was written, at the ends of every range.

use std::collections::BTreeSet;
use std::sync::Arc;

use aqueduct::ledger::admit::Change;
use aqueduct::ledger::fact::Fact;
use aqueduct::ledger::hop::{Hop, HopFigures};
use aqueduct::ledger::ids::*;
use aqueduct::ledger::operation::{AllowedDays, Basis, Kind, ScheduledDeduction};
use aqueduct::ledger::records::Records;
use aqueduct::ledger::registry::*;
use aqueduct::ledger::selection::{GroupBy, MoneyFilter};
use aqueduct::ledger::state::Tables;
use aqueduct::ledger::time::{Cycle, Millis};
use aqueduct::ledger::token::*;
use aqueduct::store::views::Views;
use aqueduct::store::views::project::ProjectedBlock;
use uuid::Uuid;

use crate::books::Books;

use super::history::{currency, minor};
use super::{views, views_on_postgres};

pub const TEXT: &str = "\u{1f4a7} o'Brien \"x\" %_ \\ ; --";

/// A block of one entry, as it was changed.
pub fn block_of(height: u64, time: Millis, entry: u64, change: Arc<Change>) -> ProjectedBlock {
    ProjectedBlock { time, changes: vec![change], ..block(height, entry, vec![]) }
}

fn block(height: u64, entry: u64, facts: Vec<Fact>) -> ProjectedBlock {
    let recorded = Recorded {
        entry,
        id: Uuid::from_u128(u128::from(entry)),
        party: PartyKey::MAX,
        digest: PayloadDigest([u8::MAX; 32]),
        kind: *Kind::ALL.last().unwrap(),
        basis: if entry == 0 { Basis::Own } else { Basis::Reported },
        recorded_at: Millis(if entry == 0 { i64::MIN } else { i64::MAX }),
        occurred_at: Millis(if entry == 0 { i64::MAX } else { i64::MIN }),
        signers: (0..entry.min(9)).map(|at| KeyId([u8::try_from(at).unwrap(); 32])).collect(),
        subject: (entry > 0).then_some(TokenId::MAX.0),
    };
    let facts = facts.into_iter().chain([Fact::Recorded(Arc::new(recorded))]).collect();
    ProjectedBlock {
        height,
        time: Millis(i64::try_from(height).unwrap()),
        first_entry: entry,
        entry_count: 1,
        digest: [1; 32],
        tree_size: entry + 1,
        tree_root: [2; 32],
        changes_digest: [3; 32],
        leaves: vec![[4; 32]],
        changes: vec![Arc::new(Change { facts })],
        tiles: vec![(u8::MAX, u64::try_from(i64::MAX).unwrap(), vec![0, 255]), (0, 0, vec![])],
    }
}

/// Writes facts, with an operation each for the lists of signers.
pub async fn write(views: &Views, facts: &[Fact]) -> Books {
    let blocks = [block(0, 0, facts.to_vec()), block(1, 1, vec![]), block(2, 2, vec![])];
    views.project(&blocks).await.unwrap();
    let mut tables = Books::default();
    blocks.iter().flat_map(|block| &block.changes).for_each(|change| tables.commit(change));
    tables
}

fn tokens() -> Vec<Token> {
    let least = Token {
        id: TokenId::MIN,
        allocation: AllocationId::MIN,
        amount: i64::MIN,
        origin: Origin::Allocation,
        state: TokenState::Held,
        reason: None,
        claim: None,
        written_off: false,
        holder: None,
        hop: None,
        hop_kind: None,
        parent: None,
        accountable: PartyKey::MIN,
        area: AreaId(0),
        due: None,
        spent_by: None,
    };
    let most = Token {
        id: TokenId::MAX,
        allocation: AllocationId::MAX,
        amount: i64::MAX,
        origin: Origin::Surplus,
        state: TokenState::Missing,
        reason: Some(MissingReason::Lost),
        claim: Some(Claim::Bank),
        written_off: true,
        holder: Some(PartyKey::MAX),
        hop: Some(HopId::MAX),
        hop_kind: Some(HopKind::Recovery),
        parent: Some(TokenId::MAX),
        accountable: PartyKey::MAX,
        area: AreaId(u32::MAX),
        due: Some(Millis(i64::MAX)),
        spent_by: Some((1 << 43) - 1),
    };
    let mut tokens = vec![least.clone(), most];
    for (at, state) in (1_u32..).zip(TokenState::ALL) {
        tokens.push(Token {
            id: TokenId(Place::new(7, at).unwrap()),
            state: *state,
            due: Some(Millis(i64::MIN)),
            ..least.clone()
        });
    }
    for (at, reason) in (1_u32..).zip(MissingReason::ALL) {
        tokens.push(Token { id: TokenId(Place::new(8, at).unwrap()), reason: Some(*reason), ..least.clone() });
    }
    for (at, claim) in (1_u32..).zip(Claim::ALL) {
        tokens.push(Token { id: TokenId(Place::new(9, at).unwrap()), claim: Some(*claim), ..least.clone() });
    }
    tokens
}

/// Beyond every amount of the ledger, and within what its sums of four amounts hold.
const FAR: i64 = i64::MAX / 4;

pub fn hops() -> Vec<Hop> {
    let least = Hop {
        id: HopId::MIN,
        kind: HopKind::Transfer,
        from: None,
        to: PartyKey::MIN,
        via: None,
        allocation: AllocationId::MIN,
        token: None,
        sent: -FAR,
        figures: HopFigures { deducted: -FAR, arrived: None, answered_at: None, deductions: vec![] },
        refused: -FAR,
        bounced_home: -FAR,
        credited: None,
        sent_at: Millis(i64::MIN),
        due: Millis(i64::MIN),
        payment: None,
        purpose: None,
        for_cycle: None,
        reported: false,
        official_quantity: None,
        verified_quantity: None,
        accountable: PartyKey::MIN,
        area: AreaId(0),
        from_balance: false,
        state: HopState::Sent,
        live: vec![],
        latest: None,
        version: 0,
    };
    let figures = HopFigures {
        deducted: FAR,
        arrived: Some(FAR),
        answered_at: Some(Millis(i64::MAX)),
        deductions: vec![(TEXT.to_owned(), i64::MAX), (String::new(), i64::MIN)],
    };
    let most = Hop {
        id: HopId::MAX,
        kind: HopKind::Recovery,
        from: Some(PartyKey::MAX),
        to: PartyKey::MAX,
        via: Some(PartyKey::MIN),
        allocation: AllocationId::MAX,
        token: Some(TokenId::MAX),
        sent: FAR,
        figures: figures.clone(),
        refused: FAR,
        bounced_home: FAR,
        credited: Some(i64::MAX),
        sent_at: Millis(i64::MAX),
        due: Millis(i64::MAX),
        payment: Some(TEXT.to_owned()),
        purpose: Some(String::new()),
        for_cycle: Some(TEXT.to_owned()),
        reported: true,
        official_quantity: Some(i64::MAX),
        verified_quantity: Some(i64::MIN),
        accountable: PartyKey::MAX,
        area: AreaId(u32::MAX),
        from_balance: true,
        state: HopState::Reversed,
        live: vec![TokenId::MAX, TokenId::MIN],
        latest: Some((u64::MAX, Box::new(figures))),
        version: (1 << 43) - 1,
    };
    let unanswered = Some((0, Box::new(least.figures.clone())));
    let middle = Hop { id: HopId(Place::new(1, 1).unwrap()), latest: unanswered, ..least.clone() };
    let mut hops = vec![least.clone(), middle, most];
    for (at, state) in (1_u32..).zip(HopState::ALL) {
        hops.push(Hop { id: HopId(Place::new(2, at).unwrap()), state: *state, ..least.clone() });
    }
    hops
}

fn registry() -> Vec<Fact> {
    let mut facts = vec![Fact::AreaNamed(AreaId(0), String::new()), Fact::AreaNamed(AreaId(u32::MAX), TEXT.to_owned())];
    for (at, kind) in (0_u32..).zip(PartyKind::ALL) {
        facts.push(Fact::PartyRegistered(Arc::new(Party {
            key: PartyKey(Place::new(0, at).unwrap()),
            id: Uuid::from_u128(u128::MAX - u128::from(at)),
            kind: *kind,
            label: TEXT.to_owned(),
            level: String::new(),
            area: AreaId(u32::MAX),
            reported: at % 2 == 0,
        })));
    }
    for (at, roles) in (0_u8..).zip([&[][..], &[Role::Auditor], Role::ALL]) {
        facts.push(Fact::KeySet(Arc::new(OfficerKey {
            key: KeyId([at; 32]),
            officer: Uuid::nil(),
            party: PartyKey::MAX,
            roles: roles.to_vec(),
            custody: Custody::ALL[usize::from(at % 2)],
            registered_by: u64::from(at),
            revoked_by: (at > 0).then_some((1 << 43) - 1),
        })));
    }
    facts
}

fn programmes() -> Vec<Fact> {
    let days = |days| AllowedDays { delivery: days, recovery: 0, giving_back: days, transfer: 1 };
    let schedule =
        |amount, share| ScheduledDeduction { cap_amount: amount, cap_millionths: share, code: TEXT.to_owned() };
    let rules = [vec![], vec![schedule(None, None), schedule(Some(minor(1_000_000_000_000_000)), Some(u32::MAX))]];
    let mut facts = Vec::new();
    for (version, deductions) in (0..).zip(rules) {
        facts.push(Fact::ProgrammeSet(Arc::new(Programme {
            id: ProgrammeId::MAX,
            code: "P".to_owned(),
            label: TEXT.to_owned(),
            owner: PartyKey::MIN,
            currency: currency("INR"),
            utc_offset_minutes: if version == 0 { i16::MIN } else { i16::MAX },
            allowed_days: days(u16::MAX),
            deductions,
            version,
        })));
    }
    for (label, amount) in [(TEXT, i64::MAX), ("", i64::MIN)] {
        facts.push(Fact::AppropriationSet(Arc::new(Appropriation {
            programme: ProgrammeId::MAX,
            cycle: Cycle {
                first_day: "0001-01-01".parse().unwrap(),
                label: label.to_owned(),
                last_day: "9999-12-31".parse().unwrap(),
            },
            appropriated: amount,
            allocated: amount,
        })));
    }
    facts.extend([("INR", i64::MAX), ("JPY", i64::MIN)].map(|(code, total)| Fact::TotalSet(currency(code), total)));
    facts
}

pub fn allocations() -> Vec<Allocation> {
    let one = |id, amount, unsent, reversed_by| Allocation {
        id,
        programme: ProgrammeId::MAX,
        cycle: TEXT.to_owned(),
        purpose: String::new(),
        currency: currency("INR"),
        treasury: PartyKey::MAX,
        amount,
        unsent,
        reversed_by,
    };
    vec![one(AllocationId::MIN, i64::MAX, true, Some((1 << 43) - 1)), one(AllocationId::MAX, i64::MIN, false, None)]
}

/// What opens the allocations of some money.
fn opened(ids: impl Iterator<Item = AllocationId>) -> impl Iterator<Item = Fact> {
    let template = allocations().remove(0);
    let ids: BTreeSet<AllocationId> = ids.collect();
    ids.into_iter().map(move |id| Fact::AllocationSet(Arc::new(Allocation { id, ..template.clone() })))
}

#[tokio::test]
async fn tokens_come_back_as_they_were() {
    let (_folder, views) = views().await;
    let mut expected = tokens();
    let facts = expected.iter().cloned().map(|token| Fact::TokenMade(Arc::new(token)));
    write(&views, &opened(expected.iter().map(|token| token.allocation)).chain(facts).collect::<Vec<_>>()).await;
    expected.sort_by_key(|token| token.id);
    assert_eq!(views.tokens_after(None, 100).await.unwrap(), expected);
    let ids: Vec<TokenId> = expected.iter().map(|token| token.id).collect();
    let mut found = views.tokens(&ids).await.unwrap();
    found.sort_by_key(|token| token.id);
    assert_eq!(found, expected);
}

#[tokio::test]
async fn hops_come_back_as_they_were() {
    let (_folder, views) = views().await;
    let mut expected = hops();
    let facts = expected.iter().cloned().map(|hop| Fact::HopSet(Arc::new(hop), None));
    write(&views, &opened(expected.iter().map(|hop| hop.allocation)).chain(facts).collect::<Vec<_>>()).await;
    expected.sort_by_key(|hop| hop.id);
    let found = views.hop_versions_after(None, 100).await.unwrap();
    assert!(found.iter().all(|(_, ended)| ended.is_none()));
    assert_eq!(found.into_iter().map(|(hop, _)| hop).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn the_registry_comes_back_as_it_was() {
    let (_folder, views) = views().await;
    let facts: Vec<Fact> = registry().into_iter().chain(programmes()).collect();
    let tables = write(&views, &facts).await;
    let expected = Tables { operations: Records::default(), ..Tables::clone(&tables) };
    assert_eq!(format!("{:?}", views.load_resident().await.unwrap()), format!("{expected:?}"));
    let versions: Vec<Programme> = programmes()
        .iter()
        .filter_map(|fact| match fact {
            Fact::ProgrammeSet(programme) => Some(programme.as_ref().clone()),
            _ => None,
        })
        .collect();
    assert_eq!(views.programme_versions_after(None, 10).await.unwrap(), versions);
    assert_eq!(views.programmes().await.unwrap(), versions[1..]);
}

#[tokio::test]
async fn operations_tiles_allocations_and_rows_come_back_as_they_were() {
    let (_folder, views) = views().await;
    let mut facts: Vec<Fact> = allocations().into_iter().map(|a| Fact::AllocationSet(Arc::new(a))).collect();
    facts.extend([Fact::RowSet([0; 16], None), Fact::RowSet([255; 16], Some((1 << 43) - 1))]);
    let tables = write(&views, &facts).await;
    assert_eq!(views.allocations_after(None, 10).await.unwrap(), allocations());
    let found = views.operations_after(None, 10).await.unwrap();
    assert!(found.iter().all(|row| row.leaf == [4; 32]));
    let expected: Vec<Recorded> = tables.operations.values().map(|recorded| recorded.as_ref().clone()).collect();
    assert_eq!(found.into_iter().map(|row| row.recorded).collect::<Vec<_>>(), expected);
    let rows = vec![([0; 16], None), ([255; 16], Some((1 << 43) - 1))];
    assert_eq!(views.imported_rows_after(None, 10).await.unwrap(), rows);
    assert_eq!(views.imported_rows(&[[255; 16], [7; 16], [0; 16]]).await.unwrap().len(), 2);
    let highest = u64::try_from(i64::MAX).unwrap();
    assert_eq!(views.tile(u8::MAX, highest).await.unwrap().unwrap(), [0, 255]);
    assert_eq!(views.tile(0, 0).await.unwrap().unwrap(), Vec::<u8>::new());
    assert_eq!(views.tile(0, 1).await.unwrap(), None);
}

#[tokio::test]
async fn sums_above_64_bits_are_exact() {
    let (_folder, views) = views().await;
    let facts = allocations().into_iter().map(|a| Fact::AllocationSet(Arc::new(a)));
    let template = Token { amount: i64::MAX, ..tokens().remove(0) };
    let token = |at| Token { id: TokenId(Place::new(0, at).unwrap()), ..template.clone() };
    let first = Fact::TokenMade(Arc::new(token(0)));
    let parts = (1..=4).map(|at| Token { parent: Some(token(0).id), ..token(at) });
    let parts = parts.map(|token| Fact::TokenMade(Arc::new(token)));
    let facts: Vec<Fact> = facts.chain([first]).chain(parts).collect();
    write(&views, &facts).await;
    let expected = 5 * i128::from(i64::MAX);
    let sums = views.sums(&MoneyFilter::default(), GroupBy::Nothing, 0, Millis(0)).await.unwrap();
    assert_eq!(sums.into_values().map(|sums| sums.statement.allocated).collect::<Vec<_>>(), [expected]);
    let line = views.descendants_statement(token(0).id, 1, Millis(0)).await.unwrap();
    assert_eq!(line.allocated, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stays_in_memory_is_loaded_of_one_moment() {
    let (_folder, views) = views().await;
    let others = views_on_postgres().await;
    for views in [views].into_iter().chain(others) {
        let writer = views.clone();
        let writing = tokio::spawn(async move {
            for number in 0..100_u32 {
                let area = Fact::AreaNamed(AreaId(number), number.to_string());
                let party = Fact::PartyRegistered(Arc::new(Party {
                    key: PartyKey(Place::new(u64::from(number), 0).unwrap()),
                    id: Uuid::from_u128(u128::from(number)),
                    kind: PartyKind::Recipient,
                    label: String::new(),
                    level: String::new(),
                    area: AreaId(number),
                    reported: false,
                }));
                let at = u64::from(number);
                writer.project(&[block(at, at, vec![area, party])]).await.unwrap();
            }
        });
        while !writing.is_finished() {
            let tables = views.load_resident().await.unwrap();
            assert_eq!(tables.areas.len(), tables.parties.len());
        }
        writing.await.unwrap();
    }
}
