//! The worked example of the page on ledger semantics, every figure after every step.

use aqueduct::ledger::operation::Decision::{Dismissed, Upheld};
use aqueduct::ledger::registry::PartyKind::{Intermediary, Provider, Recipient, Supervisor, Treasury};
use aqueduct::ledger::token::Token;

use super::acts::*;
use super::world::{World, deduction, line};

/// Columns: allocated, surplus, held, in transit, overdue, booked, confirmed, deducted,
/// returned, disputed, unaccounted.
fn row(world: &World, wanted: impl Fn(&Token) -> bool) -> [i128; 11] {
    let s = world.statement(wanted);
    assert!(s.closes());
    [
        s.allocated,
        s.surplus,
        s.held,
        s.in_transit,
        s.overdue,
        s.booked,
        s.confirmed,
        s.deducted,
        s.returned,
        s.disputed,
        s.unaccounted,
    ]
}

#[track_caller]
fn check(world: &World, step: u8, expected: [i128; 11]) {
    assert_eq!(row(world, |_| true), expected, "after step {step}");
}

#[test]
fn every_figure_of_the_worked_example_after_every_step() {
    let mut w = World::begin();
    let t = w.party("Treasury", Treasury, "");
    let b = w.party("Bureau", Intermediary, "hebei");
    let c = w.party("County agency", Intermediary, "hebei/wei");
    let bank = w.party("Bank", Provider, "");
    let supervisor = w.party("Audit office", Supervisor, "");
    let r: Vec<_> = (1..=5).map(|n| w.party(&format!("R{n}"), Recipient, "hebei/wei/town")).collect();
    w.programme(t, "PENSION", "INR", 1000);

    let e = w.must(t, allocate("PENSION", "INR", "2026-11", "BASIC", 1000));
    let parts = w.must(t, split(w.reference(e, 0), &[900, 100]));
    check(&w, 1, [1000, 0, 1000, 0, 0, 0, 0, 0, 0, 0, 0]);

    let to_b = w.must(t, dispatch(w.reference(parts, 0), &[], &[line(b, 900)]));
    check(&w, 2, [1000, 0, 100, 900, 0, 0, 0, 0, 0, 0, 0]);

    let first = w.must(b, acknowledge(w.reference(to_b, 0), 880, &[deduction("TRANSIT_FEE", 5)]));
    check(&w, 3, [1000, 0, 980, 0, 0, 0, 0, 5, 0, 0, 15]);

    let late = w.must(b, acknowledge(w.reference(to_b, 0), 890, &[]));
    check(&w, 4, [1000, 0, 990, 0, 0, 0, 0, 5, 0, 0, 5]);

    // Deductions come out first, so the 880 is the second token of that entry.
    assert_eq!((w.token(first, 0).amount, w.token(first, 1).amount, w.token(first, 2).amount), (5, 880, 15));
    let to_c = w.must(b, dispatch(w.reference(first, 1), &[deduction("ADMIN", 30)], &[line(c, 600)]));
    check(&w, 5, [1000, 0, 360, 600, 0, 0, 0, 25, 0, 0, 15]);

    w.pass_days(5);
    check(&w, 6, [1000, 0, 360, 0, 600, 0, 0, 25, 0, 0, 15]);

    let at_c = w.must(c, acknowledge(w.reference(to_c, 0), 620, &[]));
    assert_eq!((w.token(at_c, 0).amount, w.token(at_c, 1).amount), (600, 20));
    check(&w, 7, [1000, 20, 980, 0, 0, 0, 0, 25, 0, 0, 15]);

    let amounts = [100, 100, 150, 150, 100];
    let lines: Vec<_> = r.iter().zip(amounts).map(|(r, amount)| line(*r, amount)).collect();
    let paid = w.must(c, dispatch(w.reference(at_c, 0), &[], &lines));
    check(&w, 8, [1000, 20, 380, 600, 0, 0, 0, 25, 0, 0, 15]);

    for (n, amount) in [(0, 100), (1, 100), (2, 150)] {
        w.must(bank, evidence(w.reference(paid, n), Some(amount), None, &[]));
    }
    let bounced = w.must(bank, evidence(w.reference(paid, 4), None, Some(100), &[]));
    check(&w, 9, [1000, 20, 380, 250, 0, 350, 0, 25, 0, 0, 15]);

    let back = w.must(c, acknowledge(w.reference(bounced, 0), 100, &[]));
    check(&w, 10, [1000, 20, 480, 150, 0, 350, 0, 25, 0, 0, 15]);

    w.must(r[0], confirm(w.reference(paid, 0), 100));
    w.must(r[1], dispute(w.reference(paid, 1), 60));
    w.must(r[3], dispute(w.reference(paid, 3), 0));
    check(&w, 11, [1000, 20, 480, 0, 0, 150, 160, 25, 0, 190, 15]);

    let upheld = w.must(supervisor, decide(w.reference(paid, 1), Upheld));
    w.must(supervisor, decide(w.reference(paid, 3), Dismissed));
    check(&w, 12, [1000, 20, 480, 0, 0, 300, 160, 25, 0, 0, 55]);

    let returned = w.must(c, give_back(w.reference(back, 0), t, 100));
    w.must(t, acknowledge(w.reference(returned, 0), 100, &[]));
    check(&w, 13, [1000, 20, 380, 0, 0, 300, 160, 25, 100, 0, 55]);

    let recovered = w.must(c, recover(w.reference(upheld, 0), 40));
    w.must(t, acknowledge(w.reference(recovered, 0), 40, &[]));
    check(&w, 14, [1000, 20, 380, 0, 0, 300, 160, 25, 140, 0, 15]);

    // Of the dispatch in step 5: 600, ADMIN 20 and 10, then the rest, 250.
    assert_eq!(w.token(to_c, 3).amount, 250);
    w.must(b, dispatch(w.reference(to_c, 3), &[], &[line(c, 250)]));
    w.pass_days(5);
    w.must(b, dispatch(w.reference(late, 0), &[], &[line(c, 10)]));
    w.must(r[2], dispute(w.reference(paid, 2), 110));
    check(&w, 15, [1000, 20, 120, 10, 250, 150, 270, 25, 140, 40, 15]);

    let of = |party| {
        let row = row(&w, |token| token.accountable == w.party_key(party));
        (row[0], row[1])
    };
    assert_eq!((of(t), of(b), of(c)), ((250, 0), (290, 0), (460, 20)));

    assert_eq!(w.identity(t), [1140, 900, 0, 0, 240]);
    assert_eq!(w.identity(b), [890, 860, 30, 0, 0]);
    assert_eq!(w.identity(c), [720, 700, 0, 0, 20]);

    assert_eq!(w.hop_sums(None).loss, 215);
    let rate = |rate: Option<rust_decimal::Decimal>| rate.unwrap().to_string();
    assert_eq!(rate(w.statement(|_| true).narrow_rate()), "0.412162");
    assert_eq!(rate(w.hop_sums(Some(t)).narrow_rate()), "0.005556");
    assert_eq!(rate(w.hop_sums(Some(b)).narrow_rate()), "0.270588");
    assert_eq!(rate(w.hop_sums(Some(c)).narrow_rate()), "0.383333");
    let sums = w.hop_sums(None);
    assert_eq!((sums.answered, sums.answerable), (500, 500));
    assert_eq!(rate(sums.coverage()), "1.000000");
}
