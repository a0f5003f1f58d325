//! Cases: who may take them how far, and what comes back under them.

use std::sync::Arc;

use aqueduct::ledger::admit;
use aqueduct::ledger::case::{Case, CaseMove, CaseOutcome, CaseState};
use aqueduct::ledger::fact::Fact;
use aqueduct::ledger::ids::{CaseId, Place, Reference};
use aqueduct::ledger::operation::{LossSubject, Operation};
use aqueduct::ledger::refusal::Refusal;
use aqueduct::ledger::registry::{PartyKind, Role};
use aqueduct::ledger::time::{DAY_MS, Millis};
use uuid::Uuid;

use super::acts::*;
use super::refusals::{Stage, stage};
use super::world::{REGISTRAR, World, key, officer};

/// The stage with a loss of 30 at B, whose token is `missing`, and a case of it.
struct Taken {
    s: Stage,
    missing: Reference,
    case: Reference,
}

fn in_days(w: &World, days: i64) -> Millis {
    w.now.plus(days * DAY_MS)
}

fn taken() -> Taken {
    let mut s = stage();
    let lost = s.w.must(s.b, lose(LossSubject::Token(s.at(s.short, 0)), 30));
    let missing = s.w.unspent().find(|token| token.id.0.entry() == lost && token.reason.is_some()).unwrap().id;
    let missing = s.w.of_token(missing);
    let deadline = in_days(&s.w, 30);
    let entry = s.w.must(s.supervisor, review(1, Some(s.b), &[s.to_r()], 30, deadline));
    let case = s.at(entry, 0);
    Taken { s, missing, case }
}

impl Taken {
    fn step(&mut self, which: CaseMove, amount: Option<i64>) -> Result<u64, Refusal> {
        let deadline = in_days(&self.s.w, 10);
        self.s.w.try_to(self.s.supervisor, step(self.case, which, amount, deadline))
    }

    fn close(&mut self, outcome: CaseOutcome) -> Result<u64, Refusal> {
        self.s.w.try_to(self.s.supervisor, close(self.case, outcome))
    }

    fn pay_back(&mut self, amount: i64) -> Result<u64, Refusal> {
        let act = recover_for(self.case, self.missing(), amount);
        self.s.w.try_to(self.s.b, act)
    }

    /// What is still missing of the loss.
    fn missing(&self) -> Reference {
        let first = self.s.w.books().referred(&self.missing).unwrap().entry;
        let is_left = |token: &&aqueduct::ledger::token::Token| {
            token.reason == Some(aqueduct::ledger::token::MissingReason::Lost) && token.id.0.entry() >= first
        };
        self.s.w.unspent().find(is_left).map_or(self.missing, |token| self.s.w.of_token(token.id))
    }

    fn case(&self) -> &Case {
        let entry = self.s.w.books().referred(&self.case).unwrap().entry;
        &self.s.w.tables.cases[&CaseId(Place::new(entry, 0).unwrap())]
    }
}

fn code(answer: Result<u64, Refusal>) -> &'static str {
    answer.map_or_else(|refusal| refusal.code(), |_| "ADMITTED")
}

#[test]
fn a_finding_goes_from_review_to_its_end() {
    let mut t = taken();
    let [from, to, bank, treasury] = [t.s.b, t.s.r, t.s.bank, t.s.t].map(|party| t.s.w.party_key(party));
    let opened = t.case().clone();
    assert_eq!((opened.state, opened.reported, opened.decided), (CaseState::UnderReview, 30, None));
    assert_eq!((opened.accused, opened.by), (Some(from), t.s.w.party_key(t.s.supervisor)));
    let mut parties = vec![from, to, bank];
    parties.sort();
    assert_eq!(opened.parties, parties, "the hop's parties and the accused, once each");
    assert!(!opened.parties.contains(&treasury));
    t.step(CaseMove::Traced, None).unwrap();
    t.step(CaseMove::Decided, Some(25)).unwrap();
    t.step(CaseMove::Ordered, Some(20)).unwrap();
    let before = t.case().deadline;
    t.step(CaseMove::Extended, None).unwrap();
    let case = t.case();
    assert_eq!((case.state, case.decided, case.ordered), (CaseState::Traced, Some(25), Some(20)));
    assert!(case.deadline > before);
    let ended = t.close(CaseOutcome::Corrected).unwrap();
    let case = t.case();
    assert_eq!((case.state, case.version, case.reason.as_str()), (CaseState::Closed, ended, "done"));
    assert_eq!((case.id, case.opened_at), (opened.id, opened.opened_at));
}

#[test]
fn a_missed_deadline_shows_until_the_end() {
    let mut t = taken();
    let deadline = t.case().deadline;
    assert!(!t.case().is_overdue(deadline) && t.case().is_overdue(deadline.plus(1)));
    t.close(CaseOutcome::Dismissed).unwrap();
    assert!(!t.case().is_overdue(deadline.plus(1)));
}

#[test]
fn a_finding_that_was_dismissed_may_be_taken_up_again() {
    let mut t = taken();
    let first = t.case().id;
    let again = |t: &mut Taken| {
        let act = review(1, None, &[t.s.to_r()], 30, in_days(&t.s.w, 1));
        t.s.w.try_to(t.s.supervisor, act)
    };
    assert_eq!(again(&mut t), Err(Refusal::CaseOpen { entry: first.0.entry() }));
    t.close(CaseOutcome::Dismissed).unwrap();
    let second = again(&mut t).unwrap();
    assert_eq!(t.s.w.tables.taken_up[&Uuid::from_u128(1)].0.entry(), second);
    assert_eq!(t.s.w.tables.cases[&first].state, CaseState::Dismissed, "the first keeps its end");
}

#[test]
fn ending_a_case_takes_two_officers_of_the_supervisor_that_opened_it() {
    let mut t = taken();
    let other = t.s.w.party("Other audit", PartyKind::Supervisor, "");
    let by = |t: &mut Taken, party: Uuid, signers: &[(Uuid, u8)]| {
        let mut stated = t.s.w.state(party, close(t.case, CaseOutcome::Dismissed));
        stated.signers = signers.iter().map(|(party, number)| key(*party, *number)).collect();
        code(t.s.w.record(&stated))
    };
    let own = t.s.supervisor;
    assert_eq!(by(&mut t, own, &[(own, 0)]), "SIGNATURE_COUNT");
    assert_eq!(by(&mut t, own, &[(own, 0), (own, 0)]), "SAME_OFFICER");
    assert_eq!(by(&mut t, own, &[(own, 0), (other, 1)]), "FOREIGN_KEY");
    assert_eq!(by(&mut t, other, &[(other, 0), (other, 1)]), "NOT_YOURS");
    let accused = t.s.b;
    assert_eq!(by(&mut t, accused, &[(accused, 0), (accused, 1)]), "PARTY_KIND_WRONG");
    assert_eq!(by(&mut t, own, &[(own, 0), (own, 1)]), "ADMITTED");
}

/// Gives an officer of the supervisor a key of another party as well.
fn also_of(w: &mut World, supervisor: Uuid, number: u8, party: Uuid) {
    let mut body = w.key_body(party, 40 + number, Role::ALL);
    body.officer = officer(supervisor, number);
    w.must(REGISTRAR, Operation::KeyRegister(body));
}

#[test]
fn nobody_with_a_key_of_a_party_to_the_case_touches_it() {
    for number in [0, 1] {
        let mut t = taken();
        also_of(&mut t.s.w, t.s.supervisor, number, t.s.b);
        assert_eq!(code(t.close(CaseOutcome::Dismissed)), "PARTY_TO_THE_CASE", "officer {number} closes");
        let expected = if number == 0 { "PARTY_TO_THE_CASE" } else { "ADMITTED" };
        assert_eq!(code(t.step(CaseMove::Traced, None)), expected, "officer {number} does not sign a step alone");
    }
    // Also with a key that was revoked since, and of the recipient or the bank of the hop.
    for of in [|s: &Stage| s.r, |s: &Stage| s.bank, |s: &Stage| s.b] {
        let mut t = taken();
        let party = of(&t.s);
        also_of(&mut t.s.w, t.s.supervisor, 1, party);
        let revoke = aqueduct::ledger::operation::KeyRevoke { key: key(party, 41), reason: "left".to_owned() };
        t.s.w.must(REGISTRAR, Operation::KeyRevoke(revoke));
        assert_eq!(code(t.close(CaseOutcome::Dismissed)), "PARTY_TO_THE_CASE");
    }
    // A key of somebody else is no matter.
    let mut t = taken();
    also_of(&mut t.s.w, t.s.supervisor, 0, t.s.c);
    assert_eq!(code(t.close(CaseOutcome::Dismissed)), "ADMITTED");
}

#[test]
fn recoveries_are_booked_up_to_the_loss() {
    let mut t = taken();
    t.step(CaseMove::Decided, Some(20)).unwrap();
    let first = t.pay_back(12).unwrap();
    assert_eq!(t.pay_back(9), Err(Refusal::AboveTheLoss { loss: 20, booked: 12, stated: 9 }));
    t.pay_back(8).unwrap();
    assert_eq!((t.case().booked, t.case().recoveries.len()), (20, 2));
    assert_eq!(t.case().recoveries[0].0.entry(), first, "the hop is of the recovery");
    assert_eq!(code(t.pay_back(1)), "ABOVE_THE_LOSS");
    let below = Refusal::AboveTheLoss { loss: 30, booked: 20, stated: 19 };
    assert_eq!(t.step(CaseMove::Decided, Some(19)), Err(below), "what came back is not decided away");
    t.step(CaseMove::Decided, Some(21)).unwrap();
    t.pay_back(1).unwrap();
    t.close(CaseOutcome::Dismissed).unwrap();
    assert_eq!(t.pay_back(1), Err(Refusal::WrongCaseState { state: CaseState::Dismissed }));
}

#[test]
fn a_recovery_that_goes_back_is_taken_off_its_case() {
    let mut t = taken();
    let refused = t.pay_back(30).unwrap();
    t.s.w.must(t.s.t, refuse(t.s.at(refused, 0), 30));
    assert_eq!(t.case().booked, 0);
    assert_eq!(t.case().recoveries.len(), 1, "what was tried stays to be seen");

    let mut t = taken();
    let reversed = t.pay_back(10).unwrap();
    t.pay_back(5).unwrap();
    t.s.w.must(t.s.b, reverse(t.s.at(reversed, 0)));
    assert_eq!(t.case().booked, 5);
    t.pay_back(15).unwrap();
    t.pay_back(10).unwrap();
    assert_eq!(t.case().booked, 30, "all but five could be booked again");
}

#[test]
fn a_recovery_without_a_case_or_in_another_currency_is_not_booked() {
    let mut t = taken();
    let act = recover(t.missing(), 5);
    t.s.w.must(t.s.b, act);
    assert_eq!((t.case().booked, t.case().recoveries.len()), (0, 0));
    let mut act = review(2, None, &[t.s.to_r()], 30, in_days(&t.s.w, 1));
    if let Operation::FlagReview(body) = &mut act {
        body.currency = super::world::currency("USD");
    }
    let entry = t.s.w.must(t.s.supervisor, act);
    let act = recover_for(t.s.at(entry, 0), t.missing(), 5);
    assert_eq!(code(t.s.w.try_to(t.s.b, act)), "WRONG_CURRENCY");
}

#[test]
fn the_same_operation_gets_the_first_answer_and_other_bytes_none() {
    let mut t = taken();
    let entry = t.step(CaseMove::Traced, None).unwrap();
    t.close(CaseOutcome::Corrected).unwrap();
    let mut stated = t.s.w.history[entry as usize].stated.clone();
    let first = admit::replay(&t.s.w.books(), &stated).unwrap().unwrap();
    assert_eq!(first.entry, entry, "though the case has ended since");
    stated.digest.0[0] ^= 1;
    assert_eq!(admit::replay(&t.s.w.books(), &stated), Err(Refusal::IdReused { entry }));
}

#[test]
fn a_case_reads_back_and_every_field_of_it_is_in_its_bytes() {
    let mut t = taken();
    t.step(CaseMove::Decided, Some(20)).unwrap();
    t.step(CaseMove::Ordered, Some(10)).unwrap();
    t.pay_back(3).unwrap();
    let case = t.case().clone();
    assert_eq!(Case::from_json(&case.to_json()).as_ref(), Some(&case));
    let encoded = |case: &Case| {
        let mut bytes = Vec::new();
        Fact::CaseSet(Arc::new(case.clone())).encode(&mut bytes);
        bytes
    };
    let changes: Vec<fn(&mut Case)> = vec![
        |c| c.id = CaseId(Place::new(9, 9).unwrap()),
        |c| c.finding = Uuid::from_u128(2),
        |c| c.rule.push('x'),
        |c| c.rule_version += 1,
        |c| c.accused = None,
        |c| c.hops.clear(),
        |c| c.parties.clear(),
        |c| c.reported += 1,
        |c| c.currency = super::world::currency("USD"),
        |c| c.decided = None,
        |c| c.ordered = None,
        |c| c.booked += 1,
        |c| c.recoveries.clear(),
        |c| c.state = CaseState::Traced,
        |c| c.by = c.parties[0],
        |c| c.opened_at.0 += 1,
        |c| c.deadline.0 += 1,
        |c| c.reason.push('x'),
        |c| c.version += 1,
    ];
    for (number, change) in changes.iter().enumerate() {
        let mut changed = case.clone();
        change(&mut changed);
        assert_ne!(encoded(&changed), encoded(&case), "change {number}");
        assert_eq!(Case::from_json(&changed.to_json()), Some(changed), "change {number} reads back");
    }
}
