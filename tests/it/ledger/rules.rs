//! What operations do to the money, one rule of the page on ledger semantics at a time.
//! Longer than other files, since each rule is a short test of its own.

use aqueduct::ledger::ids::{HopId, Place, Reference};
use aqueduct::ledger::operation::Decision::{Dismissed, Upheld};
use aqueduct::ledger::operation::{Deduction, LossSubject};
use aqueduct::ledger::refusal::Refusal;
use aqueduct::ledger::registry::PartyKind;
use aqueduct::ledger::token::{HopKind, HopState, Token, TokenState};

use super::acts::*;
use super::refusals::{Stage, stage};
use super::world::{World, deduction, line};

/// In transit, booked, confirmed, disputed, deducted and missing money of a hop, as text:
/// `transit 40 confirmed 60`; a surplus after a plus.
fn on_hop(w: &World, hop: Reference) -> String {
    let id = hop_id(w, hop);
    let names = [
        (TokenState::InTransit, "transit"),
        (TokenState::Booked, "booked"),
        (TokenState::Confirmed, "confirmed"),
        (TokenState::Disputed, "disputed"),
        (TokenState::Deducted, "deducted"),
        (TokenState::Missing, "missing"),
    ];
    let mut parts = Vec::new();
    let live: Vec<&Token> = w.tables.hops[&id].live.iter().map(|id| w.tables.tokens[id].as_ref()).collect();
    for (state, name) in names {
        let of = |surplus: bool| -> i64 {
            let own = live.iter().filter(|t| t.state == state && (t.origin.number() == 1) == surplus);
            own.map(|t| t.amount).sum()
        };
        match (of(false), of(true)) {
            (0, 0) => {}
            (plain, 0) => parts.push(format!("{name} {plain}")),
            (plain, surplus) => parts.push(format!("{name} {plain}+{surplus}")),
        }
    }
    parts.join(" ")
}

fn hop_id(w: &World, hop: Reference) -> HopId {
    let recorded = w.books().referred(&hop).unwrap();
    HopId(Place::new(recorded.entry, hop.output).unwrap())
}

fn state(w: &World, hop: Reference) -> HopState {
    w.tables.hops[&hop_id(w, hop)].state
}

#[track_caller]
fn not_reversible(answer: Result<u64, Refusal>, part: &str) {
    match answer {
        Err(Refusal::NotReversible { why }) => assert!(why.contains(part), "{why}"),
        other => panic!("{other:?} is no refusal to reverse because {part}"),
    }
}

#[test]
fn words_go_up_and_down_and_the_latest_stands() {
    // Word, then what is on the hop of 100.
    let steps = [
        (60, "confirmed 60 disputed 40"),
        (75, "confirmed 75 disputed 25"),
        (120, "confirmed 100+20"),
        (110, "confirmed 100+10"),
        (95, "confirmed 95 disputed 5"),
        (0, "disputed 100"),
        (100, "confirmed 100"),
        (101, "confirmed 100+1"),
    ];
    let mut s = stage();
    let hop = s.to_r();
    let mut before = i64::MAX;
    for (said, expected) in steps {
        let act = if said < before { dispute(hop, said) } else { confirm(hop, said) };
        s.w.must(s.r, act);
        assert_eq!(on_hop(&s.w, hop), expected, "after the word {said}");
        before = said;
    }
    assert_eq!(state(&s.w, hop), HopState::Acknowledged);
    assert_eq!(s.w.identity(s.r), [101, 0, 0, 0, 101]);
}

#[test]
fn a_first_word_may_be_a_confirmation_of_less_or_a_dispute_of_more() {
    for act in [confirm, dispute] {
        let mut s = stage();
        let hop = s.to_r();
        s.w.must(s.r, act(hop, 60));
        assert_eq!((on_hop(&s.w, hop).as_str(), state(&s.w, hop)), ("confirmed 60 disputed 40", HopState::Disputed));
    }
}

#[test]
fn bank_evidence_moves_money_before_the_word_and_is_only_evidence_after_it() {
    let mut s = stage();
    let hop = s.to_r();
    for (credited, expected) in [
        (40, "transit 60 booked 40"),
        (130, "booked 100+30"),
        (110, "booked 100+10"),
        (90, "transit 10 booked 90"),
        (0, "transit 100"),
        (120, "booked 100+20"),
    ] {
        s.w.must(s.bank, evidence(hop, Some(credited), None, &[]));
        assert_eq!(on_hop(&s.w, hop), expected, "credited {credited} in all");
    }
    assert_eq!(state(&s.w, hop), HopState::Booked);
    // The word replaces the surplus that the bank claimed.
    s.w.must(s.r, confirm(hop, 105));
    assert_eq!(on_hop(&s.w, hop), "confirmed 100+5");
    s.w.must(s.bank, evidence(hop, Some(100), None, &[]));
    assert_eq!(on_hop(&s.w, hop), "confirmed 100+5");
    assert_eq!(s.w.tables.hops[&hop_id(&s.w, hop)].credited, Some(100));
    assert_eq!(s.w.statement(|_| true).surplus, 5);
}

#[test]
fn a_bank_may_take_a_fee_on_the_way() {
    let mut s = stage();
    let hop = s.to_r();
    s.w.must(s.bank, evidence(hop, Some(97), None, &[deduction("TRANSIT_FEE", 3)]));
    assert_eq!(on_hop(&s.w, hop), "booked 97 deducted 3");
    s.w.must(s.r, confirm(hop, 97));
    assert_eq!(s.w.tables.hops[&hop_id(&s.w, hop)].shortfall(), Some(0));
}

#[test]
fn a_bounce_of_several_tokens_opens_a_return_hop_for_each() {
    let mut s = stage();
    let hop = s.to_r();
    s.w.must(s.bank, evidence(hop, Some(30), None, &[]));
    let bounce = s.w.must(s.bank, evidence(hop, None, Some(80), &[]));
    // From what is in transit first, then from what is booked; the rest stays.
    assert_eq!(on_hop(&s.w, hop), "booked 20");
    let amounts: Vec<i64> = s.w.books().hops_of_entry(bounce).iter().map(|hop| hop.sent).collect();
    assert_eq!(amounts, [70, 10]);
    for (number, amount) in [(0, 70), (1, 10)] {
        let back = s.at(bounce, number);
        assert_eq!(on_hop(&s.w, back), format!("transit {amount}"));
        s.w.must(s.b, acknowledge(back, amount, &[]));
    }
    // What bounced was never the receiver's, and comes back as held money.
    assert_eq!(s.w.tables.hops[&hop_id(&s.w, hop)].refused, 80);
    assert_eq!(s.w.identity(s.b), [570, 150, 0, 0, 420]);
}

#[test]
fn a_bounce_never_takes_confirmed_money() {
    let mut s = stage();
    let hop = s.to_r();
    s.w.must(s.r, dispute(hop, 60));
    assert_eq!(s.w.try_to(s.bank, evidence(hop, None, Some(41), &[])).unwrap_err().code(), "UNFUNDED");
    s.w.must(s.bank, evidence(hop, None, Some(40), &[]));
    assert_eq!((on_hop(&s.w, hop).as_str(), state(&s.w, hop)), ("confirmed 60", HopState::Acknowledged));
    assert_eq!(s.w.tables.hops[&hop_id(&s.w, hop)].shortfall(), Some(0));
}

#[test]
fn a_whole_bounce_makes_the_hop_returned() {
    let mut s = stage();
    let hop = s.to_r();
    s.w.must(s.bank, evidence(hop, None, Some(100), &[]));
    assert_eq!(state(&s.w, hop), HopState::Returned);
    assert!(s.w.tables.hops[&hop_id(&s.w, hop)].is_judged(s.w.now));
}

#[test]
fn a_bank_that_is_the_sender_has_a_bounce_back_at_once() {
    let mut s = stage();
    let to_bank = s.w.must(s.b, dispatch(s.at(s.short, 0), &[], &[line(s.bank, 90)]));
    let at = s.w.must(s.bank, acknowledge(s.at(to_bank, 0), 90, &[]));
    let paid = s.w.must(s.bank, dispatch(s.at(at, 0), &[], &[line(s.r, 90)]));
    let bounce = s.w.must(s.bank, evidence(s.at(paid, 0), None, Some(25), &[]));
    let back = s.w.token(bounce, 0).clone();
    assert_eq!((back.amount, back.state), (25, TokenState::Held));
    assert_eq!(back.accountable, s.w.party_key(s.bank));
    assert_eq!(s.w.identity(s.bank), [90, 65, 0, 0, 25]);
    // It came by the hop that the money first came by, so B is upstream of it.
    s.w.must(s.bank, give_back(s.at(bounce, 0), s.b, 25));
}

#[test]
fn an_end_payee_acknowledges_and_its_shortfall_is_missing() {
    let mut s = stage();
    let hop = s.to_school();
    let first = s.w.must(s.school, acknowledge(hop, 45, &[]));
    assert_eq!((on_hop(&s.w, hop).as_str(), state(&s.w, hop)), ("confirmed 45 missing 5", HopState::Short));
    assert_eq!(s.w.token(first, 0).accountable, s.w.party_key(s.b), "an end payee is never accountable");
    s.w.must(s.school, acknowledge(hop, 53, &[]));
    assert_eq!(on_hop(&s.w, hop), "confirmed 50+3");
    assert_eq!(s.w.tables.hops[&hop_id(&s.w, hop)].shortfall(), Some(-3));
    assert_eq!(s.w.identity(s.school), [53, 0, 0, 0, 53]);
}

#[test]
fn what_a_payee_gave_back_and_nobody_wanted_comes_to_it_again() {
    let mut s = stage();
    let said = s.w.must(s.r, confirm(s.to_r(), 100));
    let back = s.w.must(s.r, give_back(s.at(said, 0), s.b, 30));
    let refused = s.w.must(s.b, refuse(s.at(back, 0), 30));
    let hop = s.at(refused, 0);
    s.w.must(s.r, confirm(hop, 30));
    assert_eq!(on_hop(&s.w, hop), "confirmed 30");
    assert_eq!(s.w.identity(s.r), [130, 30, 0, 0, 100]);
    let at_school = s.w.must(s.school, acknowledge(s.to_school(), 50, &[]));
    let back = s.w.must(s.school, give_back(s.at(at_school, 0), s.t, 20));
    let refused = s.w.must(s.t, refuse(s.at(back, 0), 20));
    let again = s.w.must(s.school, acknowledge(s.at(refused, 0), 20, &[]));
    let token = s.w.token(again, 0);
    assert_eq!((token.state, token.accountable), (TokenState::Confirmed, s.w.party_key(s.t)));
    assert_eq!(s.w.identity(s.school), [70, 20, 0, 0, 50]);
}

/// Deductions on a hop of 100, as (code, amount), then what is lawful of them and what is not.
#[test]
fn caps_are_per_code_and_hop_and_of_the_lower_kind() {
    type Row = (&'static [(&'static str, i64)], i64, i64);
    let table: &[Row] = &[
        (&[("TRANSIT_FEE", 60)], 60, 0),
        (&[("TEA", 5)], 0, 5),
        (&[("ADMIN", 20)], 20, 0),
        (&[("ADMIN", 21)], 20, 1),
        // 1 % of 100; BOTH is 10, or 5 % of 100.
        (&[("SHARE", 3)], 1, 2),
        (&[("BOTH", 7)], 5, 2),
        (&[("ADMIN", 30), ("TEA", 1), ("SHARE", 1)], 21, 11),
    ];
    for (list, lawful, beyond) in table {
        let mut s = stage();
        let mut line = line(s.c, 100);
        line.deductions = list.iter().map(|(code, amount)| deduction(code, *amount)).collect();
        let sent = s.w.must(s.t, dispatch(s.held(), &[], &[line]));
        let total = s.w.statement(|_| true);
        assert_eq!((total.deducted, total.unaccounted), (i128::from(*lawful), 10 + i128::from(*beyond)), "{list:?}");
        let hop = s.at(sent, 0);
        assert_eq!(state(&s.w, hop), HopState::Sent);
        assert_eq!(s.w.tables.hops[&hop_id(&s.w, hop)].figures.deducted, lawful + beyond);
    }
}

#[test]
fn a_cap_counts_all_that_was_declared_under_a_code_on_a_hop() {
    let mut s = stage();
    let mut line = line(s.c, 199);
    // 1 % of 199, rounded down, is 1.
    line.deductions = vec![deduction("ADMIN", 15), deduction("SHARE", 2)];
    let sent = s.w.must(s.t, dispatch(s.held(), &[], &[line]));
    let hop = s.at(sent, 0);
    assert_eq!(on_hop(&s.w, hop), "transit 182 deducted 16 missing 1");
    s.w.must(s.c, acknowledge(hop, 150, &[deduction("ADMIN", 8), deduction("SHARE", 1)]));
    // ADMIN 5 more up to 20, then 3 beyond; SHARE 1 beyond; 23 did not arrive.
    assert_eq!(on_hop(&s.w, hop), "deducted 21 missing 28");
    assert_eq!(s.w.tables.hops[&hop_id(&s.w, hop)].shortfall(), Some(23));
    // A later deduction explains a part of what is missing.
    s.w.must(s.c, acknowledge(hop, 150, &[deduction("TRANSIT_FEE", 20)]));
    assert_eq!(on_hop(&s.w, hop), "deducted 41 missing 8");
    assert_eq!(s.w.tables.hops[&hop_id(&s.w, hop)].shortfall(), Some(3));
}

#[test]
fn what_is_kept_is_capped_by_dispatch_and_can_be_given_back() {
    let mut s = stage();
    // The share cap is of the token consumed, 400 or what is left of it: 250.
    let rest = s.at(s.paid, 2);
    assert_eq!(s.w.token(s.paid, 2).amount, 250);
    let kept: Vec<Deduction> = vec![deduction("SHARE", 4), deduction("ADMIN", 20)];
    let sent = s.w.must(s.b, dispatch(rest, &kept, &[line(s.c, 100)]));
    let amounts: Vec<(i64, TokenState)> = (0..5).map(|n| s.w.token(sent, n)).map(|t| (t.amount, t.state)).collect();
    use TokenState::{Deducted, Held, InTransit, Missing};
    assert_eq!(amounts, [(100, InTransit), (2, Deducted), (2, Missing), (20, Deducted), (126, Held)]);
    assert_eq!(s.w.identity(s.b), [490, 250, 24, 0, 216]);
    // Lawful or not, it is the keeper's to give back; it never came from the balance.
    for (token, amount) in [(1, 2), (2, 2), (3, 15)] {
        let back = s.w.must(s.b, give_back(s.at(sent, token), s.t, amount));
        s.w.must(s.t, acknowledge(s.at(back, 0), amount, &[]));
    }
    let total = s.w.statement(|_| true);
    assert_eq!((total.deducted, total.returned, total.unaccounted), (5, 19, 10));
    assert_eq!(s.w.identity(s.b), [490, 250, 24, 0, 216]);
    assert_eq!(s.w.identity(s.t), [1019, 500, 0, 0, 519]);
}

#[test]
fn a_recovery_is_at_most_what_is_missing_and_comes_back_as_returned() {
    let mut s = stage();
    s.w.must(s.r, dispute(s.to_r(), 60));
    let upheld = s.w.must(s.supervisor, decide(s.to_r(), Upheld));
    assert_eq!(on_hop(&s.w, s.to_r()), "confirmed 60 missing 40");
    assert_eq!(s.w.try_to(s.b, recover(s.at(upheld, 0), 41)).unwrap_err().code(), "UNFUNDED");
    let paid = s.w.must(s.b, recover(s.at(upheld, 0), 25));
    assert_eq!(on_hop(&s.w, s.to_r()), "confirmed 60 missing 15");
    let hop = s.w.tables.hops[&hop_id(&s.w, s.at(paid, 0))].clone();
    assert_eq!((hop.kind, hop.from_balance, hop.accountable), (HopKind::Recovery, false, s.w.party_key(s.b)));
    s.w.must(s.t, acknowledge(s.at(paid, 0), 25, &[]));
    let back = s.w.statement(|_| true);
    assert_eq!((back.returned, back.unaccounted), (25, 25));
    // It can be sent out again.
    let last = s.w.history.len() as u64 - 1;
    s.w.must(s.t, dispatch(s.at(last, 0), &[], &[line(s.c, 25)]));
}

#[test]
fn a_reopened_case_may_decide_again() {
    let mut s = stage();
    let hop = s.to_r();
    s.w.must(s.r, dispute(hop, 60));
    for (decision, expected) in [
        (Upheld, "confirmed 60 missing 40"),
        (Dismissed, "booked 40 confirmed 60"),
        (Upheld, "confirmed 60 missing 40"),
    ] {
        s.w.must(s.supervisor, decide(hop, decision));
        assert_eq!(on_hop(&s.w, hop), expected);
        assert_eq!(s.w.try_to(s.supervisor, decide(hop, decision)).unwrap_err().code(), "NOTHING_DISPUTED");
    }
    // A later word finds what was missing.
    s.w.must(s.r, confirm(hop, 90));
    assert_eq!(on_hop(&s.w, hop), "confirmed 90 missing 10");
}

#[test]
fn a_write_off_marks_and_moves_nothing() {
    let mut s = stage();
    let before = s.w.statement(|_| true);
    let written = s.w.must(s.supervisor, write_off(s.at(s.short, 1)));
    assert_eq!(s.w.statement(|_| true), before);
    assert!(s.w.token(written, 0).written_off);
    assert_eq!(s.w.try_to(s.supervisor, write_off(s.at(written, 0))).unwrap_err().code(), "WRONG_TOKEN_STATE");
    // What arrives later is found all the same.
    s.w.must(s.b, acknowledge(s.at(s.sent, 0), 96, &[]));
    assert_eq!(on_hop(&s.w, s.at(s.sent, 0)), "missing 4");
}

#[test]
fn lost_money_is_found_when_it_arrives_after_all() {
    let mut s = stage();
    s.w.pass_days(9);
    s.w.must(s.b, lose(LossSubject::Hop(s.to_r()), 70));
    assert_eq!((on_hop(&s.w, s.to_r()).as_str(), state(&s.w, s.to_r())), ("transit 30 missing 70", HopState::Short));
    s.w.must(s.r, confirm(s.to_r(), 80));
    assert_eq!(on_hop(&s.w, s.to_r()), "confirmed 80 missing 20");
    // Lost by its holder: declared lost, not dispatched.
    s.w.must(s.b, lose(LossSubject::Token(s.at(s.short, 0)), 15));
    assert_eq!(s.w.identity(s.b), [490, 150, 0, 15, 325]);
}

#[test]
fn money_that_nobody_sent_is_a_surplus_of_an_empty_allocation() {
    let mut s = stage();
    let got = s.w.must(s.c, unsent("PENSION", "INR", 70));
    let allocation = s.w.tables.allocations.values().next_back().unwrap().clone();
    assert!(allocation.unsent && allocation.amount == 0);
    let statement = s.w.statement(|token| token.allocation == allocation.id);
    assert_eq!((statement.allocated, statement.surplus, statement.held), (0, 70, 70));
    let more = s.w.must(s.c, acknowledge(s.at(got, 0), 75, &[]));
    // The later acknowledgement is undone, then stands no more; the first one does.
    s.w.must(s.c, reverse(s.at(more, 0)));
    assert_eq!(s.w.identity(s.c), [70, 0, 0, 0, 70]);
    assert_eq!(state(&s.w, s.at(got, 0)), HopState::Acknowledged);
}

#[test]
fn reversing_the_acknowledgement_of_unsent_money_leaves_nothing() {
    let mut s = stage();
    let got = s.w.must(s.school, unsent("PENSION", "INR", 70));
    let before = s.w.statement(|_| true).surplus;
    s.w.must(s.school, reverse(s.at(got, 0)));
    assert_eq!((before, s.w.statement(|_| true).surplus), (70, 0));
    assert_eq!(state(&s.w, s.at(got, 0)), HopState::Reversed);
    not_reversible(s.w.try_to(s.school, reverse(s.at(got, 0))), "reversed before");
}

#[test]
fn an_acknowledgement_is_undone_with_its_deductions_and_surplus() {
    let mut s = stage();
    let sent = s.on_its_way();
    let hop = s.at(sent, 0);
    let due = s.w.token(sent, 0).due;
    let taken = s.w.must(s.b, acknowledge(hop, 44, &[deduction("TEA", 6)]));
    assert_eq!(on_hop(&s.w, hop), "missing 6");
    assert_eq!(s.w.statement(|_| true).surplus, 10);
    let undone = s.w.must(s.b, reverse(s.at(taken, 0)));
    assert_eq!((on_hop(&s.w, hop).as_str(), state(&s.w, hop)), ("transit 40", HopState::Sent));
    let anew = s.w.token(undone, 0);
    assert_eq!((anew.due, anew.parent), (due, Some(s.w.token(sent, 0).id)), "the same due time; parent: the consumed");
    assert_eq!(s.w.statement(|_| true).surplus, 0);
    not_reversible(s.w.try_to(s.b, reverse(s.at(taken, 0))), "reversed before");
    // Unanswered again, the hop itself may be reversed.
    s.w.must(s.t, reverse(hop));
    assert_eq!(s.w.identity(s.t), [1000, 500, 0, 0, 500]);
}

#[test]
fn what_stands_on_money_that_moved_is_not_reversed() {
    let mut s = stage();
    // The 90 of B are untouched, but of the 400 a part went on.
    not_reversible(s.w.try_to(s.b, reverse(s.at(s.whole, 0))), "spent");
    not_reversible(s.w.try_to(s.t, reverse(s.at(s.sent, 1))), "answered");
    not_reversible(s.w.try_to(s.t, reverse(s.at(s.allocated, 0))), "moved");
    not_reversible(s.w.try_to(s.t, reverse(s.at(s.parts, 0))), "new fact");
    let later = s.w.must(s.b, acknowledge(s.at(s.sent, 0), 95, &[]));
    not_reversible(s.w.try_to(s.b, reverse(s.at(s.short, 0))), "latest");
    s.w.must(s.b, reverse(s.at(later, 0)));
    assert_eq!(on_hop(&s.w, s.at(s.sent, 0)), "missing 10");
    s.w.must(s.bank, evidence(s.to_r(), Some(0), None, &[]));
    not_reversible(s.w.try_to(s.b, reverse(s.to_r())), "evidence");
}

#[test]
fn a_reversed_dispatch_gives_the_sender_its_money_again() {
    let mut s = stage();
    s.w.must(s.b, reverse(s.to_r()));
    s.w.must(s.b, reverse(s.to_school()));
    assert_eq!(s.w.identity(s.b), [490, 0, 0, 0, 490]);
    let hop = &s.w.tables.hops[&hop_id(&s.w, s.to_r())];
    assert_eq!((hop.sent, hop.figures.deducted, hop.state), (0, 0, HopState::Reversed));
    not_reversible(s.w.try_to(s.b, reverse(s.to_r())), "reversed before");
}

#[test]
fn a_reversed_return_or_recovery_lies_where_it_lay() {
    let mut s = stage();
    let said = s.w.must(s.r, dispute(s.to_r(), 60));
    let back = s.w.must(s.r, give_back(s.at(said, 0), s.b, 50));
    assert_eq!(on_hop(&s.w, s.to_r()), "confirmed 10 disputed 40");
    s.w.must(s.r, reverse(s.at(back, 0)));
    assert_eq!(on_hop(&s.w, s.to_r()), "confirmed 60 disputed 40");
    s.w.must(s.r, dispute(s.to_r(), 5));
    assert_eq!(on_hop(&s.w, s.to_r()), "confirmed 5 disputed 95");
    let upheld = s.w.must(s.supervisor, decide(s.to_r(), Upheld));
    let paid = s.w.must(s.b, recover(s.at(upheld, 0), 40));
    s.w.must(s.b, reverse(s.at(paid, 0)));
    assert_eq!(on_hop(&s.w, s.to_r()), "confirmed 5 missing 95");
}

#[test]
fn a_reversed_allocation_frees_its_budget() {
    let mut s = stage();
    let more = s.w.must(s.t, allocate("PENSION", "INR", "2026-11", "BASIC", 4_000));
    s.w.must(s.t, reverse(s.at(more, 0)));
    assert_eq!(s.w.statement(|_| true).allocated, 1_000);
    s.w.must(s.t, allocate("PENSION", "INR", "2026-11", "BASIC", 4_000));
    not_reversible(s.w.try_to(s.t, reverse(s.at(more, 0))), "moved");
}

#[test]
fn later_rules_change_neither_due_times_nor_deductions() {
    let mut s = stage();
    let sent = s.on_its_way();
    let due = s.w.tables.hops[&hop_id(&s.w, s.at(sent, 0))].due;
    let mut define = match s.w.history.iter().find_map(|a| match &a.stated.operation {
        aqueduct::ledger::operation::Operation::ProgrammeDefine(body) => Some(body.clone()),
        _ => None,
    }) {
        Some(define) => define,
        None => unreachable!("the stage defines a programme"),
    };
    define.allowed_days.transfer = 30;
    define.deductions.clear();
    s.w.must(s.t, aqueduct::ledger::operation::Operation::ProgrammeDefine(define));
    assert_eq!(s.w.tables.hops[&hop_id(&s.w, s.at(sent, 0))].due, due);
    s.w.must(s.b, acknowledge(s.at(sent, 0), 35, &[deduction("TRANSIT_FEE", 5)]));
    assert_eq!(on_hop(&s.w, s.at(sent, 0)), "missing 5", "no longer on the schedule");
}

#[test]
fn a_delivery_booked_in_full_is_not_judged_however_late() {
    let mut s = stage();
    s.w.must(s.bank, evidence(s.to_r(), Some(100), None, &[]));
    s.w.pass_days(60);
    let hop = s.w.tables.hops[&hop_id(&s.w, s.to_r())].clone();
    assert!(!hop.is_judged(s.w.now), "booked money waits for the word");
    s.w.must(s.bank, evidence(s.to_r(), Some(99), None, &[]));
    let hop = s.w.tables.hops[&hop_id(&s.w, s.to_r())].clone();
    assert!(hop.is_judged(s.w.now), "a unit of it is overdue");
}

#[test]
fn anybody_may_be_named_but_only_a_registrar_registers_who_is_on_the_route() {
    let mut s = stage();
    let stranger = |kind| {
        aqueduct::ledger::operation::Operation::PartyRegister(aqueduct::ledger::operation::PartyRegister {
            area: String::new(),
            kind,
            label: "Stranger".to_owned(),
            level: String::new(),
            party: uuid::Uuid::from_u128(77),
        })
    };
    assert_eq!(s.w.try_to(s.b, stranger(PartyKind::Intermediary)).unwrap_err().code(), "PARTY_KIND_WRONG");
    s.w.must(s.b, stranger(PartyKind::Outside));
}

/// The stage itself holds what its comments say.
#[test]
fn the_stage_is_as_described() {
    let s: Stage = stage();
    assert_eq!(s.w.token(s.short, 0).amount, 90);
    assert_eq!(on_hop(&s.w, s.at(s.sent, 0)), "missing 10");
    assert_eq!((on_hop(&s.w, s.to_r()).as_str(), on_hop(&s.w, s.to_school()).as_str()), ("transit 100", "transit 50"));
}
