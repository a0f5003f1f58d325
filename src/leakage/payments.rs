//! Payments to recipients, as the detectors look at them: from the recipients' files.

use crate::ledger::hop::Hop;
use crate::ledger::ids::{HopId, PartyKey};
use crate::ledger::note::{Note, Noted};
use crate::ledger::token::HopKind;

use super::equation::Equation;
use super::event::Event;
use super::examine::Found;
use super::facts::Facts;
use super::files::{DueFile, Payment, RecipientFile, booked};
use super::finding::{Conclusion, Subject};
use super::rule::Rule;

/// A payment, with what it is of and whose it is.
#[derive(Clone, Copy, Debug)]
pub struct Paid<'a> {
    /// The recipient.
    pub recipient: PartyKey,
    /// What it is of.
    pub due: &'a DueFile,
    /// The payment.
    pub payment: &'a Payment,
}

/// What an event changed of the money that a recipient has.
#[derive(Clone, Copy, Debug)]
pub struct Moved<'a> {
    /// The recipient.
    pub recipient: PartyKey,
    /// The recipient's file, with the change in it.
    pub file: &'a RecipientFile,
    /// What the payment is of.
    pub due: &'a DueFile,
    /// The payment's hop.
    pub hop: HopId,
    /// Whether the recipient has less than before: only then may more than this be resolved.
    pub fell: bool,
}

/// `x` of a hop to a recipient: what is booked or confirmed of it, whichever is more.
pub fn settled(hop: &Hop) -> i64 {
    let booked = booked(hop.credited, hop.sent - hop.figures.deducted, hop.refused);
    booked.max(hop.figures.arrived.unwrap_or(0))
}

/// The payment that an event settled, or of which it took something away; none when the event
/// changes nothing of what a recipient has.
pub fn moved<'a>(event: &Event<'_>, facts: &'a Facts) -> Option<Moved<'a>> {
    let (hop, rise) = match event {
        Event::Opened(hop, _) if hop.kind == HopKind::Return => (*hop, hop.refused - hop.sent),
        Event::Opened(hop, _) => (*hop, settled(hop)),
        Event::Changed(hop, before) if hop.kind == HopKind::Return => {
            (*hop, (before.sent - before.refused) - (hop.sent - hop.refused))
        }
        Event::Changed(hop, before) => (*hop, settled(hop) - settled(before)),
        _ => return None,
    };
    if rise == 0 {
        return None;
    }
    let fell = rise < 0;
    if hop.kind == HopKind::Return {
        let recipient = hop.from?;
        let file = facts.recipient(recipient)?;
        let is = |payment: &&Payment| payment.returns.contains(&hop.id);
        return file.dues.iter().find_map(|due| {
            let hop = due.payments.iter().find(is)?.hop;
            Some(Moved { recipient, file, due, hop, fell })
        });
    }
    let (file, due) = due_of(hop, facts)?;
    Some(Moved { recipient: hop.to, file, due, hop: hop.id, fell })
}

/// What a delivery to a recipient is of; also of one that was reversed.
pub fn due_of<'a>(hop: &Hop, facts: &'a Facts) -> Option<(&'a RecipientFile, &'a DueFile)> {
    let file = facts.recipient(hop.to).filter(|_| facts.is_to_recipient(hop))?;
    let allocation = facts.allocation(hop)?;
    let cycle = hop.for_cycle.as_deref().unwrap_or(&allocation.cycle);
    let purpose = hop.purpose.as_deref().unwrap_or(&allocation.purpose);
    file.due(allocation.programme, cycle, purpose).map(|due| (file, due))
}

/// What a note of an entitlement is about, as it stands now.
pub fn entitled<'a>(note: &Note, facts: &'a Facts) -> Option<(PartyKey, &'a RecipientFile, &'a DueFile)> {
    let Noted::Entitled { recipient, programme, cycle, purpose, .. } = &note.fact else { return None };
    let file = facts.recipient(*recipient)?;
    file.due(*programme, cycle, purpose).map(|due| (*recipient, file, due))
}

/// The payments of one thing that is due.
pub fn of_due<'a>(recipient: PartyKey, due: &'a DueFile) -> impl Iterator<Item = Paid<'a>> {
    due.payments.iter().map(move |payment| Paid { recipient, due, payment })
}

/// Every payment of which some recipients have something left, in their order.
pub fn of_recipients<'a>(recipients: &[PartyKey], facts: &'a Facts) -> impl Iterator<Item = Paid<'a>> {
    let files = recipients.iter().filter_map(|recipient| Some((*recipient, facts.recipient(*recipient)?)));
    let dues = files.flat_map(|(recipient, file)| file.dues.iter().map(move |due| (recipient, due)));
    dues.flat_map(|(recipient, due)| of_due(recipient, due)).filter(|paid| paid.payment.kept() > 0)
}

/// The payments in the currency of the first: amounts of several currencies have no sum.
pub fn in_one_currency<'a>(mut paid: Vec<Paid<'a>>, facts: &Facts) -> Vec<Paid<'a>> {
    let currency = |paid: &Paid<'_>| facts.programme(paid.due.programme).map(|file| file.currency);
    let first = paid.first().and_then(currency);
    paid.retain(|paid| currency(paid) == first);
    paid
}

/// A sum over payments.
pub fn sum<'a>(paid: impl IntoIterator<Item = &'a Paid<'a>>, of: fn(&Payment) -> i64) -> i128 {
    paid.into_iter().map(|paid| i128::from(of(paid.payment))).sum()
}

/// The finding's subject: what is due.
pub fn subject(recipient: PartyKey, due: &DueFile) -> Subject {
    Subject::Due(recipient, due.programme, due.cycle.clone(), due.purpose.clone())
}

/// A conclusion about something that is due: whose, of what, and on which entitlement it rests.
pub fn about(rule: Rule, equation: Equation, recipient: PartyKey, due: &DueFile, facts: &Facts) -> Conclusion {
    Conclusion {
        currency: facts.programme(due.programme).map(|file| file.currency),
        programme: Some(due.programme),
        cycle: Some(due.cycle.clone()),
        purpose: Some(due.purpose.clone()),
        area: facts.party(recipient).map(|party| party.area),
        recipient: Some(recipient),
        entries: due.entitled.iter().map(|entitled| entitled.note.0.entry()).collect(),
        ..Conclusion::new(rule, equation)
    }
}

/// A conclusion that rests on payments: what they have in common, and the sender of the last.
pub fn over(rule: Rule, equation: Equation, paid: &[Paid<'_>], facts: &Facts) -> Conclusion {
    let recipient = common(paid.iter().map(|paid| paid.recipient));
    let programme = common(paid.iter().map(|paid| paid.due.programme));
    let conclusion = Conclusion {
        currency: paid.first().and_then(|paid| facts.programme(paid.due.programme)).map(|file| file.currency),
        programme,
        cycle: common(paid.iter().map(|paid| &paid.due.cycle)).cloned(),
        purpose: common(paid.iter().map(|paid| &paid.due.purpose)).cloned(),
        area: common(paid.iter().filter_map(|paid| facts.party(paid.recipient)).map(|party| party.area)),
        recipient,
        ..Conclusion::new(rule, equation)
    };
    resting_on(conclusion, paid)
}

/// The same conclusion, resting on payments too; its responsible party is the sender of the last.
pub fn resting_on(mut conclusion: Conclusion, paid: &[Paid<'_>]) -> Conclusion {
    conclusion.responsible = paid.last().and_then(|paid| paid.payment.from).or(conclusion.responsible);
    conclusion.hops.extend(paid.iter().map(|paid| paid.payment.hop));
    conclusion.entries.extend(paid.iter().map(|paid| paid.payment.hop.0.entry()));
    conclusion
}

/// Says that a rule holds; where it does not, only if it may have held before.
pub fn say(found: &mut Found, subject: Subject, conclusion: Option<Conclusion>, held: bool) {
    if conclusion.is_some() || held {
        found.judge(subject, conclusion);
    }
}

/// What all have in common; none when there are none, or they differ.
fn common<T: PartialEq>(mut all: impl Iterator<Item = T>) -> Option<T> {
    let first = all.next()?;
    all.all(|next| next == first).then_some(first)
}
