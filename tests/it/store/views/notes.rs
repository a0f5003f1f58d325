//! Notes and the versions of cases: written, read by what they are about, and kept as they were.

use std::sync::Arc;

use aqueduct::ledger::case::{Case, CaseState};
use aqueduct::ledger::fact::Fact;
use aqueduct::ledger::ids::{AllocationId, CaseId, HopId, NoteId, PartyKey, Place, ProgrammeId};
use aqueduct::ledger::note::{Evidence, EvidenceKind, Note, Noted, Particular, Person, PersonDigest, RecipientStatus};
use aqueduct::ledger::operation::{PurposeRule, RouteStep, Rules, Threshold};
use aqueduct::ledger::time::Millis;
use uuid::Uuid;

use super::history::currency;
use super::records::{TEXT, write};
use super::{views, views_on_postgres};

const LAST: u64 = (1 << 43) - 1;

fn place(entry: u64, position: u32) -> Place {
    Place::new(entry, position).unwrap()
}

/// Every kind of note, empty and full, at the ends of every range.
fn facts() -> Vec<Noted> {
    let recipient = Person::Recipient(PartyKey::MAX);
    let day = |text: &str| text.parse().unwrap();
    let of = |particular| Noted::Of { person: recipient, particular, since: day("9999-12-31") };
    let nothing = Evidence {
        kind: EvidenceKind::FieldVisit,
        hop: None,
        party: None,
        programme: None,
        amount: None,
        at: Millis(i64::MIN),
        digest: None,
        agent: None,
        reference: None,
    };
    let everything = Evidence {
        kind: EvidenceKind::Document,
        hop: Some(HopId::MAX),
        party: Some(PartyKey::MAX),
        programme: Some(ProgrammeId::MAX),
        amount: Some(i64::MAX),
        at: Millis(i64::MAX),
        digest: Some(PersonDigest([u8::MAX; 32])),
        agent: Some(PersonDigest([0; 32])),
        reference: Some(TEXT.to_owned()),
    };
    let rules = Rules {
        exclusive: vec![TEXT.to_owned()],
        purposes: vec![PurposeRule { of: TEXT.to_owned(), to: vec![String::new(), TEXT.to_owned()] }],
        route: vec![RouteStep { from: String::new(), to: vec![] }],
        thresholds: vec![Threshold { name: TEXT.to_owned(), value: i64::MIN }],
    };
    let mut all = vec![
        of(Particular::Status(RecipientStatus::Deceased)),
        of(Particular::Identity(PersonDigest([1; 32]))),
        of(Particular::Account(PersonDigest([2; 32]))),
        of(Particular::Household(Uuid::max())),
        of(Particular::Guardian(PersonDigest([3; 32]))),
        of(Particular::Collector(PersonDigest([4; 32]))),
        Noted::Of {
            person: Person::Officer(Uuid::nil()),
            particular: Particular::Identity(PersonDigest([5; 32])),
            since: day("0001-01-01"),
        },
        Noted::Evidence(nothing),
        Noted::Evidence(everything),
        Noted::Bank {
            hop: HopId::MAX,
            credited: Some(i64::MAX),
            returned: Some(0),
            value_date: Some(day("2026-02-28")),
            reason: Some(TEXT.to_owned()),
        },
        Noted::Bank { hop: HopId::MIN, credited: None, returned: None, value_date: None, reason: None },
        Noted::Declared { allocation: AllocationId::MAX, recipients: Some(u32::MAX), total: Some(i64::MAX) },
        Noted::Declared { allocation: AllocationId::MIN, recipients: None, total: None },
        Noted::Rules { programme: ProgrammeId::MAX, rules },
        Noted::Rules { programme: ProgrammeId::MIN, rules: Rules::default() },
    ];
    all.extend([i64::MAX, 0].map(|amount| Noted::Entitled {
        recipient: PartyKey(place(5, 1)),
        programme: ProgrammeId::MAX,
        cycle: TEXT.to_owned(),
        purpose: String::new(),
        amount,
        due: Millis(i64::MAX),
    }));
    all
}

fn notes() -> Vec<Note> {
    let note =
        |(at, fact): (u32, Noted)| Note { id: NoteId(place(7, at)), by: PartyKey::MAX, at: Millis(i64::MIN), fact };
    let mut all: Vec<Note> = (0..).zip(facts()).map(note).collect();
    all[0].id = NoteId::MIN;
    all.push(Note { id: NoteId::MAX, at: Millis(i64::MAX), ..all[16].clone() });
    all
}

/// A case in three versions, and another.
fn cases() -> Vec<Case> {
    let first = Case {
        id: CaseId(place(3, 0)),
        finding: Uuid::from_u128(9),
        rule: TEXT.to_owned(),
        rule_version: u32::MAX,
        accused: None,
        hops: vec![],
        parties: vec![],
        reported: i64::MAX,
        currency: currency("INR"),
        decided: None,
        ordered: None,
        booked: 0,
        recoveries: vec![],
        state: CaseState::UnderReview,
        by: PartyKey::MIN,
        opened_at: Millis(i64::MIN),
        deadline: Millis(i64::MAX),
        reason: TEXT.to_owned(),
        version: 3,
    };
    let second = Case {
        accused: Some(PartyKey::MAX),
        hops: vec![HopId::MAX, HopId::MIN],
        parties: vec![PartyKey::MIN, PartyKey::MAX],
        decided: Some(i64::MIN),
        ordered: Some(i64::MAX),
        booked: i64::MAX,
        recoveries: vec![HopId(place(8, 2))],
        state: CaseState::Traced,
        version: 8,
        ..first.clone()
    };
    let third = Case { state: CaseState::Dismissed, version: LAST, ..second.clone() };
    let other = Case { id: CaseId(place(9, 0)), version: 9, ..first.clone() };
    vec![first, second, third, other]
}

#[tokio::test]
async fn notes_come_back_as_they_were() {
    let (_folder, views) = views().await;
    for views in [views].into_iter().chain(views_on_postgres().await) {
        let expected = notes();
        let facts: Vec<Fact> = expected.iter().cloned().map(|note| Fact::Noted(Arc::new(note))).collect();
        write(&views, &facts).await;
        assert_eq!(views.notes_after(None, 100).await.unwrap(), expected);
        let (head, rest) = expected.split_at(4);
        assert_eq!(views.notes_after(None, 4).await.unwrap(), head);
        assert_eq!(views.notes_after(Some(head[3].id), 100).await.unwrap(), rest);
        assert_eq!(views.notes_of_entries(7, 7).await.unwrap(), expected[1..expected.len() - 1]);
        assert_eq!(views.notes_of_entries(0, LAST).await.unwrap(), expected);
        assert_eq!(views.notes_of_entries(8, LAST - 1).await.unwrap(), []);
    }
}

#[tokio::test]
async fn notes_are_found_by_what_they_are_about_the_newest_at_last() {
    let (_folder, views) = views().await;
    let all = notes();
    write(&views, &all.iter().cloned().map(|note| Fact::Noted(Arc::new(note))).collect::<Vec<_>>()).await;
    let subject = place(5, 1);
    let about: Vec<Note> = all.iter().filter(|note| note.subject() == Some(subject)).cloned().collect();
    assert_eq!(about.len(), 3);
    assert_eq!(views.notes_about(&[subject], 10).await.unwrap(), about);
    assert_eq!(views.notes_about(&[subject], 2).await.unwrap(), about[1..], "the newest two");
    assert_eq!(views.notes_about(&[place(5, 2)], 10).await.unwrap(), []);
    assert_eq!(views.notes_about(&[], 10).await.unwrap(), []);
    let two = views.notes_about(&[subject, HopId::MAX.0], 100).await.unwrap();
    assert!(two.len() > about.len() && two.is_sorted_by_key(|note| note.id));
}

#[tokio::test]
async fn every_version_of_a_case_comes_back_and_the_last_stays_in_memory() {
    let (_folder, views) = views().await;
    for views in [views].into_iter().chain(views_on_postgres().await) {
        let all = cases();
        let facts: Vec<Fact> = all.iter().cloned().map(|case| Fact::CaseSet(Arc::new(case))).collect();
        let books = write(&views, &facts).await;
        assert_eq!(views.case_versions_after(None, 10).await.unwrap(), all);
        assert_eq!(views.case_versions_after(Some((all[0].id, 8)), 10).await.unwrap(), all[2..]);
        assert_eq!(views.case_versions_after(None, 1).await.unwrap(), all[..1]);
        assert_eq!(views.case_versions(all[0].id).await.unwrap(), all[..3]);
        assert_eq!(views.versions_of_cases(&[all[3].id, all[0].id]).await.unwrap(), all);
        assert_eq!(views.cases_of_finding(Uuid::from_u128(9)).await.unwrap(), all);
        assert_eq!(views.cases_of_finding(Uuid::nil()).await.unwrap(), []);
        assert_eq!(views.cases_of_entries(8, 9).await.unwrap(), [all[1].clone(), all[3].clone()]);
        let loaded = views.load_resident().await.unwrap();
        assert_eq!(*loaded.cases[&all[0].id], all[2]);
        assert_eq!(loaded.cases, books.cases);
        assert_eq!((&loaded.taken_up, &loaded.recoveries), (&books.taken_up, &books.recoveries));
        assert_eq!(loaded.recoveries[&HopId(place(8, 2))], all[0].id);
    }
}

#[tokio::test]
async fn emptied_views_hold_no_note_and_no_case() {
    let (_folder, views) = views().await;
    let notes = notes().into_iter().map(|note| Fact::Noted(Arc::new(note)));
    let facts: Vec<Fact> = notes.chain(cases().into_iter().map(|case| Fact::CaseSet(Arc::new(case)))).collect();
    write(&views, &facts).await;
    views.clear().await.unwrap();
    assert_eq!(views.notes_after(None, 1).await.unwrap(), []);
    assert_eq!(views.case_versions_after(None, 1).await.unwrap(), []);
    assert!(views.load_resident().await.unwrap().cases.is_empty());
    write(&views, &facts).await;
    assert_eq!(views.notes_after(None, 100).await.unwrap().len(), facts.len() - 4);
}
