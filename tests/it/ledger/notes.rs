//! Notes: what is recorded and moves no money, and the lines that state it.

use std::sync::Arc;

use aqueduct::ledger::case::{CaseMove, CaseOutcome};
use aqueduct::ledger::fact::Fact;
use aqueduct::ledger::ids::NoteId;
use aqueduct::ledger::lines::{EntitlementLine, EvidenceLine, ParticularLine};
use aqueduct::ledger::note::{EvidenceKind, Note, Noted, Particular, Person, PersonDigest, RecipientStatus};
use aqueduct::ledger::operation::*;
use aqueduct::ledger::parameter::Parameter;
use aqueduct::ledger::refusal::Refusal;
use aqueduct::ledger::registry::PartyKind;
use aqueduct::ledger::time::{DAY_MS, Millis};
use uuid::Uuid;

use super::acts::*;
use super::refusals::{Stage, stage};
use super::world::{REGISTRAR, minor, officer};

const DIGEST: PersonDigest = PersonDigest([0xab; 32]);

fn hex(byte: &str) -> String {
    byte.repeat(32)
}

fn particulars(of: Uuid) -> Vec<ParticularLine> {
    vec![
        particular(of, Particular::Status(RecipientStatus::Suspended), Some("2026-10-01")),
        particular(of, Particular::Identity(DIGEST), None),
        particular(of, Particular::Account(DIGEST), Some("2026-10-02")),
        particular(of, Particular::Household(Uuid::from_u128(77)), None),
        particular(of, Particular::Guardian(DIGEST), None),
        particular(of, Particular::Collector(DIGEST), None),
    ]
}

/// Evidence of every kind that names all it may, of the recipient's hop and of B's account.
fn evidence_of(s: &Stage) -> Vec<EvidenceLine> {
    let account = |kind| EvidenceLine {
        party: Some(s.b),
        programme: Some("PENSION".to_owned()),
        amount: Some(minor(5)),
        at: Some(s.w.now.plus(-DAY_MS)),
        ..bare(kind)
    };
    let person = |kind| EvidenceLine { party: Some(s.r), reference: Some("REF-1".to_owned()), ..bare(kind) };
    let hop = |kind| EvidenceLine { hop: Some((0, 0)), ..bare(kind) };
    vec![
        EvidenceLine { digest: Some(DIGEST), agent: Some(PersonDigest([1; 32])), ..hop(EvidenceKind::Collected) },
        EvidenceLine { digest: Some(DIGEST), amount: Some(minor(40)), ..hop(EvidenceKind::Document) },
        hop(EvidenceKind::ConfirmationRequested),
        person(EvidenceKind::Authenticated),
        person(EvidenceKind::RegistryMatch),
        person(EvidenceKind::FieldVisit),
        account(EvidenceKind::Balance),
        account(EvidenceKind::BankDebit),
        account(EvidenceKind::BankCredit),
    ]
}

fn notes(s: &Stage) -> Vec<Arc<Note>> {
    let facts = &s.w.history.last().unwrap().change.facts;
    let of = |fact: &Fact| match fact {
        Fact::Noted(note) => Some(note.clone()),
        _ => None,
    };
    facts.iter().filter_map(of).collect()
}

#[test]
fn every_line_has_one_form_and_reads_back() {
    let s = stage();
    macro_rules! both_ways {
        ($line:ident, $lines:expr) => {
            for line in $lines {
                let text = line.print();
                assert_eq!($line::read_all(&[&text]), Ok(vec![line]), "{text:?}");
                for wrong in [format!("{text}\t"), format!(" {text}"), text.replacen('\t', "\t ", 1)] {
                    assert!($line::read_all(&[&wrong]).is_err(), "{wrong:?}");
                }
            }
        };
    }
    both_ways!(ParticularLine, particulars(s.r));
    both_ways!(EvidenceLine, evidence_of(&s));
    let due = "2026-11-15".parse().unwrap();
    both_ways!(EntitlementLine, [0, 5].map(|amount| EntitlementLine { recipient: s.r, amount: minor(amount), due }));
    let id = "00000000-0000-0000-0000-0000000000ab";
    let line = particular(Uuid::from_u128(0xab), Particular::Status(RecipientStatus::Deceased), Some("2026-10-01"));
    assert_eq!(line.print(), format!("{id}\tSTATUS\tDECEASED\t2026-10-01"));
    let line = EvidenceLine { agent: Some(PersonDigest([1; 32])), ..evidence_of(&s)[0].clone() };
    assert_eq!(line.print(), format!("COLLECTED\t0:0\t\t\t\t\t{}\t{}\t", hex("ab"), hex("01")));
}

#[test]
fn what_no_line_holds_is_not_read() {
    let id = Uuid::from_u128(5);
    let bad = [
        format!("{id}\tNAME\tAsha\t"),
        format!("{id}\tSTATUS\tGONE\t2026-10-01"),
        format!("{id}\tSTATUS\tACTIVE\t2026-10-32"),
        format!("{id}\tIDENTITY\t123456789012\t"),
        format!("{id}\tIDENTITY\t{}\t", hex("AB")),
        format!("{id}\tHOUSEHOLD\t{}\t", hex("ab")),
    ];
    for line in &bad {
        assert!(ParticularLine::read_all(&[line]).is_err(), "{line:?}");
    }
    let bad = ["0:0", "COLLECTED\t0\t\t\t\t\t\t\t", "COLLECTED\t0:-1\t\t\t\t\t\t\t", "COLLECTED\t00:1\t\t\t\t\t\t\t"];
    for line in bad.into_iter().chain(["SEEN\t\t\t\t\t\t\t\t", "BALANCE\t\t\t\t\t2026-11-01T00:00:00Z\t\t\t"]) {
        assert!(EvidenceLine::read_all(&[line]).is_err(), "{line:?}");
    }
}

#[test]
fn every_new_body_reads_back_and_holds_nothing_else() {
    let s = stage();
    let deadline = s.w.now.plus(DAY_MS);
    let rules = Rules {
        exclusive: vec!["PENSION".to_owned()],
        purposes: vec![PurposeRule { of: "A".to_owned(), to: vec!["B".to_owned()] }],
        route: vec![RouteStep { from: "state".to_owned(), to: vec!["RECIPIENT".to_owned()] }],
        thresholds: vec![Threshold { name: "L05.days".to_owned(), value: 9 }],
    };
    let Operation::AllocationCreate(allocation) = allocate("PENSION", "INR", "2026-11", "BASIC", 5) else { panic!() };
    let declared =
        AllocationCreate { declared_recipients: Some(3), declared_total: Some(minor(4)), ..allocation.clone() };
    let Operation::BankEvidenceRecord(bank) = evidence(s.to_r(), Some(1), None, &[]) else { panic!() };
    let reason_code = Some("AC04".to_owned());
    let said = BankEvidenceRecord { reason_code, value_date: "2026-11-01".parse().ok(), ..bank.clone() };
    let all = [
        know(&particulars(s.r)),
        entitle("PENSION", &[(s.r, 5)]),
        show(&[s.to_r()], &evidence_of(&s)),
        Operation::RulesSet(RulesSet { programme: "PENSION".to_owned(), rules }),
        review(1, Some(s.b), &[s.to_r()], 0, deadline),
        review(1, None, &[], 0, deadline),
        step(s.to_r(), CaseMove::Ordered, Some(5), deadline),
        step(s.to_r(), CaseMove::Traced, None, deadline),
        close(s.to_r(), CaseOutcome::Corrected),
        recover_for(s.to_r(), s.held(), 4),
        recover(s.held(), 4),
        Operation::AllocationCreate(allocation),
        Operation::AllocationCreate(declared),
        Operation::BankEvidenceRecord(bank),
        Operation::BankEvidenceRecord(said),
    ];
    for operation in all {
        let lines: Vec<String> = match &operation {
            Operation::RecipientRecord(_, lines) => lines.iter().map(ParticularLine::print).collect(),
            Operation::EntitlementSet(_, lines) => lines.iter().map(EntitlementLine::print).collect(),
            Operation::EvidenceRecord(_, lines) => lines.iter().map(EvidenceLine::print).collect(),
            _ => Vec::new(),
        };
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let (name, mut body) = (operation.kind().name(), operation.body());
        assert!(!body.to_string().contains("null"), "what is left out is not there: {body}");
        assert_eq!(Operation::read(name, 1, &body, &lines).as_ref(), Ok(&operation), "{body}");
        body["surprise"] = serde_json::json!("x");
        assert!(Operation::read(name, 1, &body, &lines).is_err(), "{name}");
    }
}

#[test]
fn a_registrar_states_what_it_knows_of_recipients_and_officers() {
    let mut s = stage();
    let mut lines = particulars(s.r);
    let of_officer = officer(s.b, 0);
    lines.push(particular(of_officer, Particular::Identity(DIGEST), None));
    let entry = s.w.must(REGISTRAR, know(&lines));
    let found = notes(&s);
    assert_eq!(found.len(), 7);
    let today = "2026-11-02".parse().unwrap();
    for (number, (note, line)) in found.iter().zip(&lines).enumerate() {
        let person = match number {
            6 => Person::Officer(of_officer),
            _ => Person::Recipient(s.w.party_key(s.r)),
        };
        let since = line.since.unwrap_or(today);
        assert_eq!(note.fact, Noted::Of { person, particular: line.particular, since });
        assert_eq!((note.id.0.entry(), note.id.0.position()), (entry, number as u32));
        assert_eq!(note.by, s.w.party_key(REGISTRAR));
    }
    assert_eq!(found[0].subject(), Some(s.w.party_key(s.r).0));
    assert_eq!(found[6].subject(), None);
    let refused = [
        (particular(Uuid::from_u128(4), Particular::Identity(DIGEST), None), "UNKNOWN_RECEIVER"),
        (particular(of_officer, Particular::Account(DIGEST), None), "UNKNOWN_RECEIVER"),
        (particular(s.b, Particular::Account(DIGEST), None), "PARTY_KIND_WRONG"),
        (particular(s.r, Particular::Status(RecipientStatus::Active), None), "MALFORMED"),
        (particular(s.r, Particular::Account(DIGEST), Some("+12345-01-01")), "MALFORMED"),
    ];
    for (line, code) in refused {
        let lines = [lines[1].clone(), line];
        assert_eq!(s.w.try_to(REGISTRAR, know(&lines)).unwrap_err().code(), code, "{:?}", lines[1]);
    }
    assert_eq!(s.w.try_to(s.t, know(&lines)).unwrap_err().code(), "PARTY_KIND_WRONG");
}

#[test]
fn an_entitlement_is_due_at_the_end_of_its_day_where_the_programme_is() {
    let mut s = stage();
    s.w.must(s.t, entitle("PENSION", &[(s.r, 500)]));
    let Noted::Entitled { recipient, amount, due, cycle, .. } = &notes(&s)[0].fact else { panic!() };
    assert_eq!((*recipient, *amount, cycle.as_str()), (s.w.party_key(s.r), 500, "2026-11"));
    assert_eq!(*due, Millis::parse("2026-11-15T15:59:59.999Z").unwrap(), "the programme is at +08:00");
    s.w.must(REGISTRAR, entitle("PENSION", &[(s.r, 0)]));
    let other = s.w.party("T2", PartyKind::Treasury, "");
    let refused = [
        (s.t, entitle("X", &[(s.r, 1)]), "UNKNOWN_PROGRAMME"),
        (s.t, entitle("PENSION", &[(Uuid::from_u128(4), 1)]), "UNKNOWN_RECEIVER"),
        (s.t, entitle("PENSION", &[(s.b, 1)]), "PARTY_KIND_WRONG"),
        (other, entitle("PENSION", &[(s.r, 1)]), "NOT_YOURS"),
        (s.b, entitle("PENSION", &[(s.r, 1)]), "PARTY_KIND_WRONG"),
    ];
    for (party, act, code) in refused {
        assert_eq!(s.w.try_to(party, act).unwrap_err().code(), code);
    }
    let altered = |alter: fn(&mut EntitlementSet)| {
        let Operation::EntitlementSet(mut body, lines) = entitle("PENSION", &[(s.r, 1)]) else { panic!() };
        alter(&mut body);
        Operation::EntitlementSet(body, lines)
    };
    let cycle = altered(|body| body.cycle = "1999".to_owned());
    let money = altered(|body| body.currency = super::world::currency("USD"));
    assert_eq!(s.w.try_to(s.t, cycle).unwrap_err().code(), "UNKNOWN_CYCLE");
    assert_eq!(s.w.try_to(s.t, money).unwrap_err().code(), "WRONG_CURRENCY");
}

#[test]
fn evidence_of_each_kind_names_what_it_is_about() {
    let mut s = stage();
    let lines = evidence_of(&s);
    s.w.must(s.bank, show(&[s.to_r()], &lines));
    let found = notes(&s);
    let hop = s.w.books().referred(&s.to_r()).unwrap().entry;
    for (note, line) in found.iter().zip(&lines) {
        let Noted::Evidence(evidence) = &note.fact else { panic!() };
        assert_eq!((evidence.kind, evidence.digest, evidence.agent), (line.kind, line.digest, line.agent));
        assert_eq!(evidence.hop.map(|hop| (hop.0.entry(), hop.0.position())), line.hop.map(|_| (hop, 0)));
        assert_eq!(evidence.party, line.party.map(|party| s.w.party_key(party)));
        assert_eq!(evidence.at, line.at.unwrap_or(s.w.now));
    }
    // Whatever is taken away from a line or given to it besides, it is no such evidence any more.
    let changes: Vec<fn(&mut EvidenceLine)> = vec![
        |l| l.hop = if l.hop.is_some() { None } else { Some((0, 0)) },
        |l| l.party = if l.party.is_some() { None } else { Some(REGISTRAR) },
        |l| l.programme = if l.programme.is_some() { None } else { Some("PENSION".to_owned()) },
        |l| l.amount = if l.amount.is_some() { None } else { Some(minor(1)) },
        |l| l.digest = if l.digest.is_some() { None } else { Some(DIGEST) },
        |l| l.agent = Some(DIGEST),
        |l| l.hop = l.hop.map_or(Some((0, 0)), |_| Some((1, 0))),
    ];
    for line in &lines {
        for (number, change) in changes.iter().enumerate() {
            let mut changed = line.clone();
            change(&mut changed);
            if changed == *line || (number == 5 && line.kind == EvidenceKind::Collected) {
                continue;
            }
            let answer = s.w.try_to(s.bank, show(&[s.to_r()], &[changed.clone()]));
            assert_eq!(answer.unwrap_err().code(), "MALFORMED", "change {number}: {changed:?}");
        }
    }
}

#[test]
fn accounts_are_for_banks_to_speak_of_and_balances_also_for_their_owner() {
    let mut s = stage();
    let of = |kind: EvidenceKind| evidence_of(&stage()).into_iter().find(|line| line.kind == kind).unwrap();
    let answer = |s: &mut Stage, party: Uuid, line: &EvidenceLine| {
        let line = EvidenceLine { at: None, ..line.clone() };
        s.w.try_to(party, show(&[], &[line])).map_or_else(|refusal| refusal.code(), |_| "ADMITTED")
    };
    let (b, c, bank, supervisor) = (s.b, s.c, s.bank, s.supervisor);
    let balance = of(EvidenceKind::Balance);
    for (party, code) in [(b, "ADMITTED"), (bank, "ADMITTED"), (c, "NOT_YOURS"), (supervisor, "NOT_YOURS")] {
        assert_eq!(answer(&mut s, party, &balance), code);
    }
    for kind in [EvidenceKind::BankDebit, EvidenceKind::BankCredit] {
        assert_eq!(answer(&mut s, bank, &of(kind)), "ADMITTED");
        assert_eq!(answer(&mut s, b, &of(kind)), "PARTY_KIND_WRONG", "not even of the own account");
    }
    let visit = of(EvidenceKind::FieldVisit);
    assert_eq!(answer(&mut s, supervisor, &visit), "ADMITTED");
    assert_eq!(answer(&mut s, supervisor, &EvidenceLine { party: Some(b), ..visit }), "PARTY_KIND_WRONG");
    let unknown = EvidenceLine { programme: Some("X".to_owned()), ..balance.clone() };
    assert_eq!(answer(&mut s, b, &unknown), "UNKNOWN_PROGRAMME");
    let ahead = EvidenceLine { at: Some(s.w.now.plus(DAY_MS)), ..balance };
    assert_eq!(s.w.try_to(b, show(&[], &[ahead])).unwrap_err().code(), "OCCURRED_AHEAD");
}

#[test]
fn thresholds_are_taken_within_their_ranges_and_no_further() {
    let mut s = stage();
    for parameter in Parameter::ALL {
        let (name, (min, max)) = (parameter.name(), parameter.range());
        assert!((min..=max).contains(&parameter.default()), "{name}");
        assert_eq!(Parameter::parse(name), Some(*parameter));
        for value in [min, max] {
            s.w.must(s.t, thresholds("PENSION", &[(name, value)]));
        }
        for value in [min - 1, max + 1, i64::MIN, i64::MAX] {
            let expected = Refusal::ThresholdOutOfRange { name: name.to_owned(), value, min, max };
            assert_eq!(s.w.try_to(s.t, thresholds("PENSION", &[(name, value)])), Err(expected));
        }
    }
}

#[test]
fn rules_are_set_by_two_officers_of_the_owner_and_name_programmes_that_are_there() {
    let mut s = stage();
    s.w.must(s.t, thresholds("PENSION", &[("L05.days", 9)]));
    let Noted::Rules { rules, .. } = &notes(&s)[0].fact else { panic!() };
    assert_eq!(rules.thresholds, [Threshold { name: "L05.days".to_owned(), value: 9 }]);
    let other = s.w.party("T2", PartyKind::Treasury, "");
    assert_eq!(s.w.try_to(other, thresholds("PENSION", &[])).unwrap_err().code(), "NOT_YOURS");
    assert_eq!(s.w.try_to(s.t, thresholds("X", &[])).unwrap_err().code(), "UNKNOWN_PROGRAMME");
    let mut stated = s.w.state(s.t, thresholds("PENSION", &[]));
    stated.signers.truncate(1);
    assert_eq!(s.w.record(&stated).unwrap_err().code(), "SIGNATURE_COUNT");
    let with = |alter: &dyn Fn(&mut Rules)| {
        let mut rules = Rules::default();
        alter(&mut rules);
        Operation::RulesSet(RulesSet { programme: "PENSION".to_owned(), rules })
    };
    let unknown = with(&|rules| rules.exclusive = vec!["X".to_owned()]);
    assert_eq!(s.w.try_to(s.t, unknown).unwrap_err().code(), "UNKNOWN_PROGRAMME");
    let many = with(&|rules| rules.exclusive = vec!["PENSION".to_owned(); 65]);
    assert_eq!(s.w.try_to(s.t, many).unwrap_err().code(), "MALFORMED");
    s.w.must(s.t, with(&|rules| rules.exclusive = vec!["PENSION".to_owned(); 64]));
}

#[test]
fn what_an_allocation_declares_and_a_bank_adds_is_noted_and_nothing_otherwise() {
    let mut s = stage();
    s.w.must(s.t, allocate("PENSION", "INR", "2026-11", "BASIC", 5));
    assert!(notes(&s).is_empty());
    let Operation::AllocationCreate(body) = allocate("PENSION", "INR", "2026-11", "BASIC", 5) else { panic!() };
    let declared = AllocationCreate { declared_recipients: Some(3), ..body.clone() };
    s.w.must(s.t, Operation::AllocationCreate(declared));
    assert!(matches!(notes(&s)[0].fact, Noted::Declared { recipients: Some(3), total: None, .. }));
    let none = AllocationCreate { declared_recipients: Some(0), ..body };
    assert_eq!(s.w.try_to(s.t, Operation::AllocationCreate(none)).unwrap_err().code(), "MALFORMED");

    s.w.must(s.bank, evidence(s.to_r(), Some(1), None, &[]));
    assert!(notes(&s).is_empty());
    let Operation::BankEvidenceRecord(body) = evidence(s.to_r(), Some(2), None, &[]) else { panic!() };
    let reason_code = Some("AC04".to_owned());
    let said = BankEvidenceRecord { value_date: "2026-11-01".parse().ok(), reason_code, ..body };
    s.w.must(s.bank, Operation::BankEvidenceRecord(said));
    let Noted::Bank { credited, value_date, reason, .. } = &notes(&s)[0].fact else { panic!() };
    assert_eq!((*credited, reason.as_deref()), (Some(2), Some("AC04")));
    assert_eq!(*value_date, "2026-11-01".parse().ok());
}

#[test]
fn a_note_reads_back_and_its_bytes_are_its_own() {
    let mut s = stage();
    let mut all: Vec<Arc<Note>> = Vec::new();
    s.w.must(REGISTRAR, know(&particulars(s.r)));
    all.extend(notes(&s));
    s.w.must(s.t, entitle("PENSION", &[(s.r, 5)]));
    all.extend(notes(&s));
    let lines = evidence_of(&s);
    s.w.must(s.bank, show(&[s.to_r()], &lines));
    all.extend(notes(&s));
    s.w.must(s.t, thresholds("PENSION", &[("L05.days", 9)]));
    all.extend(notes(&s));
    let encoded = |note: &Note| {
        let mut bytes = Vec::new();
        Fact::Noted(Arc::new(note.clone())).encode(&mut bytes);
        bytes
    };
    let mut seen = std::collections::BTreeSet::new();
    for note in &all {
        assert_eq!(Note::from_json(&note.to_json()).as_ref(), Some(note.as_ref()));
        assert!(seen.insert(encoded(note)), "{note:?}");
        let others: [fn(&mut Note); 3] = [
            |note| note.id = NoteId(aqueduct::ledger::ids::Place::new(1, 1).unwrap()),
            |note| note.by = aqueduct::ledger::ids::PartyKey(note.id.0),
            |note| note.at.0 += 1,
        ];
        for change in others {
            let mut changed = note.as_ref().clone();
            change(&mut changed);
            assert_ne!(encoded(&changed), encoded(note));
        }
    }
}
