//! Amounts as text, shares, rates, deadlines, and the canonical bytes of facts.

use std::collections::BTreeMap;
use std::sync::Arc;

use aqueduct::ledger::fact::Fact;
use aqueduct::ledger::hop::Hop;
use aqueduct::ledger::ids::{AllocationId, AreaId, HopId, PartyKey, Place, TokenId};
use aqueduct::ledger::lines::RowLine;
use aqueduct::ledger::money::{AmountError, Currency, parse_decimal, print_decimal, print_decimal_wide, ratio, share};
use aqueduct::ledger::operation::Operation;
use aqueduct::ledger::statement::Quantities;
use aqueduct::ledger::time::{DAY_MS, Millis, read_day};
use aqueduct::ledger::token::{Claim, HopKind, MissingReason, Origin, Token, TokenState};

use super::history::History;
use super::world::{currency, minor};

#[test]
fn decimal_text_is_read_as_minor_units() {
    use AmountError::{Negative, NotANumber, TooLarge, TooManyDecimals};
    let table = [
        ("1250.5", "INR", Ok(125_050)),
        ("0", "INR", Ok(0)),
        ("0.00", "INR", Ok(0)),
        ("007", "INR", Err(NotANumber)),
        ("1.50", "INR", Ok(150)),
        ("0.01", "INR", Ok(1)),
        ("12", "JPY", Ok(12)),
        ("12.0", "JPY", Err(TooManyDecimals(0))),
        ("1.234", "KWD", Ok(1234)),
        ("10000000000000", "INR", Ok(1_000_000_000_000_000)),
        ("10000000000000.01", "INR", Err(TooLarge)),
        ("99999999999999999999999999", "INR", Err(TooLarge)),
        ("00", "INR", Err(NotANumber)),
        ("000001.00", "INR", Err(NotANumber)),
        ("1.000", "INR", Err(TooManyDecimals(2))),
        ("0.001", "INR", Err(TooManyDecimals(2))),
        ("12.5", "JPY", Err(TooManyDecimals(0))),
        ("-1", "INR", Err(Negative)),
        ("-x", "INR", Err(NotANumber)),
        ("", "INR", Err(NotANumber)),
        ("-", "INR", Err(NotANumber)),
        (".5", "INR", Err(NotANumber)),
        ("5.", "INR", Err(NotANumber)),
        ("1.2.3", "INR", Err(NotANumber)),
        ("+1", "INR", Err(NotANumber)),
        (" 1", "INR", Err(NotANumber)),
        ("1,000", "INR", Err(NotANumber)),
        ("1e3", "INR", Err(NotANumber)),
        ("\u{661}", "INR", Err(NotANumber)),
    ];
    for (text, money, expected) in table {
        assert_eq!(parse_decimal(text, currency(money)).map(|amount| amount.get()), expected, "{text:?} {money}");
    }
}

#[test]
fn minor_units_print_with_the_digits_of_the_currency() {
    let table =
        [(125_050, "INR", "1250.50"), (-5, "INR", "-0.05"), (0, "INR", "0.00"), (7, "JPY", "7"), (7, "KWD", "0.007")];
    for (amount, money, expected) in table {
        assert_eq!(print_decimal(amount, currency(money)), expected);
    }
    assert_eq!(print_decimal(i64::MIN, currency("JPY")), i64::MIN.to_string());
    assert_eq!(print_decimal_wide(i128::from(i64::MAX) * 4, currency("INR")), "368934881474191032.28");
    for amount in [0, 1, 99, 100, 12_345, 1_000_000_000_000_000] {
        for money in ["INR", "JPY", "KWD"] {
            let text = print_decimal(amount, currency(money));
            assert_eq!(parse_decimal(&text, currency(money)).unwrap().get(), amount, "{text} reads back");
        }
    }
}

#[test]
fn a_day_has_one_form() {
    for text in ["2026-11-21", "0000-01-01", "9999-12-31", "2024-02-29"] {
        assert_eq!(read_day(text).map(|day| day.to_string()).as_deref(), Some(text));
    }
    let bad =
        ["2026-1-1", " 2026-01-01", "2026-01-01 ", "+12345-01-01", "+2026-01-01", "-0001-01-01", "2026-02-30", ""];
    for text in bad {
        assert_eq!(read_day(text), None, "{text:?}");
    }
    // Signed bodies and lines have the same form.
    let body = |first_day: &str| {
        serde_json::json!({
            "amount": "1", "currency": "INR", "programme": "P",
            "cycle": { "firstDay": first_day, "label": "2026", "lastDay": "2026-12-31" },
        })
    };
    let read = |first_day: &str| Operation::read("BUDGET_APPROPRIATE", 1, &body(first_day), &[]);
    assert!(read("2026-01-01").is_ok());
    for text in ["2026-1-1", " 2026-01-01", "2026-01-01 ", "+2026-01-01"] {
        assert!(read(text).is_err(), "{text:?}");
    }
    let row = |date: &str| format!("1\t{}\tA/B\t0\t{date}\t0\t5\t5\t\t", "00".repeat(16));
    assert!(RowLine::read_all(&[&row("2026-01-01")]).is_ok());
    for text in bad.into_iter().filter(|text| !text.is_empty()) {
        assert!(RowLine::read_all(&[&row(text)]).is_err(), "{text:?}");
    }
}

#[test]
fn rates_have_six_places_rounded_half_to_even() {
    let table = [
        (305, 740, Some("0.412162")),
        (1, 3, Some("0.333333")),
        (2, 3, Some("0.666667")),
        (0, 5, Some("0.000000")),
        (5, 5, Some("1.000000")),
        (-1, 8, Some("-0.125000")),
        (1, 2_000_000, Some("0.000000")),
        (3, 2_000_000, Some("0.000002")),
        (5, 2_000_000, Some("0.000002")),
        (1, 0, None),
        (0, 0, None),
    ];
    for (numerator, denominator, expected) in table {
        let found = ratio(numerator, denominator).map(|rate| rate.to_string());
        assert_eq!(found.as_deref(), expected, "{numerator}/{denominator}");
    }
}

#[test]
fn shares_lose_no_unit_and_ties_go_to_the_earlier() {
    let table: &[(i64, &[u64], &[i64])] = &[
        (100, &[1, 1, 1], &[34, 33, 33]),
        (2, &[1, 1, 1], &[1, 1, 0]),
        (10, &[3, 0, 7], &[3, 0, 7]),
        (7, &[1, 2], &[2, 5]),
        (0, &[1, 2], &[0, 0]),
        (5, &[0, 0], &[]),
        (5, &[], &[]),
        (1_000_000_000_000_000, &[u64::MAX, u64::MAX, 1], &[500_000_000_000_000, 500_000_000_000_000, 0]),
    ];
    for (amount, weights, expected) in table {
        let parts: Vec<i64> = share(minor(*amount), weights).iter().map(|part| part.get()).collect();
        assert_eq!(parts, *expected, "{amount} by {weights:?}");
    }
}

#[test]
fn due_is_the_last_millisecond_of_the_local_day() {
    let moment = |text: &str| Millis::parse(text).unwrap();
    let table = [
        ("2026-11-02T08:00:00Z", 3, 0, "2026-11-05T23:59:59.999Z"),
        ("2026-11-02T08:00:00Z", 0, 0, "2026-11-02T23:59:59.999Z"),
        // At +08:00 the day ends at 16:00 UTC; 17:00 UTC is the next day there.
        ("2026-11-02T08:00:00Z", 1, 480, "2026-11-03T15:59:59.999Z"),
        ("2026-11-02T17:00:00Z", 1, 480, "2026-11-04T15:59:59.999Z"),
        ("2026-11-02T02:00:00Z", 0, -300, "2026-11-02T04:59:59.999Z"),
        ("2026-11-02T15:59:59.999Z", 0, 480, "2026-11-02T15:59:59.999Z"),
        ("2026-11-02T16:00:00Z", 0, 480, "2026-11-03T15:59:59.999Z"),
        ("1969-12-31T23:00:00Z", 0, 0, "1969-12-31T23:59:59.999Z"),
    ];
    for (at, days, offset, expected) in table {
        assert_eq!(moment(at).end_of_day(days, offset), moment(expected), "{at} + {days} at {offset}");
    }
    // No moment overflows.
    for at in [i64::MIN, i64::MAX, i64::MAX - DAY_MS] {
        for offset in [-840, 0, 840] {
            Millis(at).end_of_day(u16::MAX, offset);
        }
    }
}

#[test]
fn a_loss_splits_into_underpayment_and_over_reporting() {
    let of = |official, verified, official_quantity, verified_quantity, lacking| {
        Quantities { official, verified, official_quantity, verified_quantity, lacking }.split()
    };
    // Wages of 1000 for 10 days; 600 for 8 days verified: p = 800.
    assert_eq!(of(1000, 600, 10_000_000, 8_000_000, 0), Some((200, 200)));
    // Rounded once, half to even: p = 2.5 and 3.5.
    assert_eq!(of(5, 0, 2, 1, 0), Some((2, 3)));
    assert_eq!(of(7, 0, 2, 1, 0), Some((4, 3)));
    assert_eq!(of(1000, 600, 0, 8, 0), None);
    assert_eq!(of(1000, 600, 10, 8, 1), None);
    // More was verified than is official: both parts may be negative.
    assert_eq!(of(100, 150, 10, 12, 0), Some((-30, -20)));
    assert_eq!(of(i128::MAX, 0, 1, 2, 0), None);
}

fn encoded(fact: &Fact) -> Vec<u8> {
    let mut bytes = Vec::new();
    fact.encode(&mut bytes);
    bytes
}

/// A fact as it must be told from others: what a spent token and a changed hop repeat of
/// earlier facts is left out.
fn told(fact: &Fact) -> String {
    match fact {
        Fact::TokenSpent(token) => format!("spent {:?} {:?}", token.id, token.spent_by),
        Fact::HopSet(hop, _) => format!("hop {hop:?}"),
        other => format!("{other:?}"),
    }
}

#[test]
fn different_facts_have_different_bytes_and_none_begins_another() {
    let mut seen: BTreeMap<Vec<u8>, String> = BTreeMap::new();
    for seed in 900..920 {
        let mut history = History::begin(seed);
        (0..80).for_each(|_| history.step());
        for fact in history.world.history.iter().flat_map(|admitted| &admitted.change.facts) {
            let (bytes, told) = (encoded(fact), told(fact));
            let before = seen.entry(bytes).or_insert_with(|| told.clone());
            assert_eq!(*before, told, "two facts with the same bytes");
        }
    }
    let all: Vec<&Vec<u8>> = seen.keys().collect();
    assert!(all.len() > 2_000);
    // In sorted order, a prefix stands right before what it begins.
    assert!(all.windows(2).all(|pair| !pair[1].starts_with(pair[0])), "facts can be told apart in a row");
}

#[test]
fn each_field_of_a_token_and_a_hop_is_in_their_bytes() {
    let mut history = History::begin(7);
    (0..100).for_each(|_| history.step());
    let place = Place::new(1_234, 5).unwrap();
    let token: Token = history.world.tables.tokens.values().next_back().unwrap().as_ref().clone();
    let changes: Vec<fn(&mut Token, Place)> = vec![
        |t, p| t.id = TokenId(p),
        |t, p| t.allocation = AllocationId(p),
        |t, _| t.amount += 1,
        |t, _| t.origin = other(Origin::ALL, t.origin),
        |t, _| t.state = other(TokenState::ALL, t.state),
        |t, _| t.reason = Some(MissingReason::ALL[t.reason.map_or(0, |r| (usize::from(r.number()) + 1) % 4)]),
        |t, _| t.claim = Some(Claim::ALL[t.claim.map_or(0, |c| (usize::from(c.number()) + 1) % 3)]),
        |t, _| t.written_off ^= true,
        |t, p| t.holder = Some(PartyKey(p)),
        |t, p| t.hop = Some(HopId(p)),
        |t, p| t.parent = Some(TokenId(p)),
        |t, p| t.accountable = PartyKey(p),
        |t, _| t.area = AreaId(t.area.0 + 1),
        |t, _| t.due = Some(Millis(t.due.map_or(0, |due| due.0 + 1))),
    ];
    let before = encoded(&Fact::TokenMade(Arc::new(token.clone())));
    for (number, change) in changes.iter().enumerate() {
        let mut changed = token.clone();
        change(&mut changed, place);
        assert_ne!(encoded(&Fact::TokenMade(Arc::new(changed))), before, "change {number} of a token");
    }
    let hop: Hop = history.world.tables.hops.values().next_back().unwrap().as_ref().clone();
    let changes: Vec<fn(&mut Hop, Place)> = vec![
        |h, p| h.id = HopId(p),
        |h, _| h.kind = other(HopKind::ALL, h.kind),
        |h, p| h.from = Some(PartyKey(p)),
        |h, p| h.to = PartyKey(p),
        |h, p| h.via = Some(PartyKey(p)),
        |h, p| h.allocation = AllocationId(p),
        |h, p| h.token = Some(TokenId(p)),
        |h, _| h.sent += 1,
        |h, _| h.figures.deducted += 1,
        |h, _| h.figures.arrived = Some(h.figures.arrived.map_or(0, |r| r + 1)),
        |h, _| h.figures.answered_at = Some(Millis(h.figures.answered_at.map_or(0, |t| t.0 + 1))),
        |h, _| h.figures.deductions.push(("X".to_owned(), 1)),
        |h, _| h.refused += 1,
        |h, _| h.bounced_home += 1,
        |h, _| h.credited = Some(h.credited.map_or(0, |x| x + 1)),
        |h, _| h.sent_at.0 += 1,
        |h, _| h.due.0 += 1,
        |h, _| h.payment = Some("another payment".to_owned()),
        |h, _| h.purpose = Some("another purpose".to_owned()),
        |h, _| h.for_cycle = Some("another cycle".to_owned()),
        |h, _| h.reported ^= true,
        |h, _| h.official_quantity = Some(h.official_quantity.map_or(0, |q| q + 1)),
        |h, _| h.verified_quantity = Some(h.verified_quantity.map_or(0, |q| q + 1)),
        |h, p| h.accountable = PartyKey(p),
        |h, _| h.area = AreaId(h.area.0 + 1),
        |h, _| h.from_balance ^= true,
        |h, _| h.state = other(aqueduct::ledger::token::HopState::ALL, h.state),
        |h, p| h.live.push(TokenId(p)),
        |h, _| h.latest = Some((h.latest.as_ref().map_or(0, |l| l.0 + 1), Box::new(h.figures.clone()))),
        |h, _| h.version += 1,
    ];
    let before = encoded(&Fact::HopSet(Arc::new(hop.clone()), None));
    for (number, change) in changes.iter().enumerate() {
        let mut changed = hop.clone();
        change(&mut changed, place);
        assert_ne!(encoded(&Fact::HopSet(Arc::new(changed), None)), before, "change {number} of a hop");
    }
}

fn other<T: Copy + PartialEq>(all: &[T], than: T) -> T {
    *all.iter().find(|value| **value != than).unwrap()
}

#[test]
fn the_page_for_clients_names_every_currency_without_two_decimals() {
    let page = std::fs::read_to_string("docs/clients/README.md").unwrap();
    let amounts = page.split_once("## Amounts").unwrap().1.split_once("## ").unwrap().0;
    let list = amounts.split_once("none for ").unwrap().1.split_once(". ").unwrap().0;
    let (none, three) = list.split_once(", and three for ").unwrap();
    let letters = || 'A'..='Z';
    let codes = letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| format!("{a}{b}{c}"))));
    let known: Vec<Currency> = codes.filter_map(|code| Currency::parse(&code)).collect();
    assert!(known.len() > 150);
    for currency in known {
        let is_in = |list: &str| list.split_whitespace().any(|code| code == currency.code());
        let told = if is_in(none) {
            0
        } else if is_in(three) {
            3
        } else {
            2
        };
        assert_eq!(currency.minor_digits(), told, "{currency}");
    }
}
