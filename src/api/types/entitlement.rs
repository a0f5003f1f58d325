//! What recipients are due.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_graphql::{Context, Object, Result};

use crate::api::request::api;
use crate::api::scalar::DateTime;
use crate::ledger::ids::{PartyKey, ProgrammeId};
use crate::ledger::note::{Note, Noted};
use crate::ledger::time::Millis;

use super::entry::Entry;
use super::money::Money;
use super::party::Party;
use super::programme::Programme;
use super::recipient::Recipient;

/// What a recipient is due, with the note that states it.
pub struct Entitlement {
    note: Arc<Note>,
    recipient: PartyKey,
    programme: ProgrammeId,
    cycle: String,
    purpose: String,
    amount: i64,
    due: Millis,
}

/// The entitlements among notes, in their order.
pub fn of_notes(notes: &[Arc<Note>]) -> Vec<Entitlement> {
    let of = |note: &Arc<Note>| match &note.fact {
        Noted::Entitled { recipient, programme, cycle, purpose, amount, due } => Some(Entitlement {
            note: note.clone(),
            recipient: *recipient,
            programme: *programme,
            cycle: cycle.clone(),
            purpose: purpose.clone(),
            amount: *amount,
            due: *due,
        }),
        _ => None,
    };
    notes.iter().filter_map(of).collect()
}

/// What still holds among notes about one recipient: of each programme, cycle and purpose the last,
/// unless it takes back what was stated before.
pub fn in_force(notes: &[Arc<Note>]) -> Vec<Entitlement> {
    let mut last = BTreeMap::new();
    for of in of_notes(notes) {
        last.insert((of.programme, of.cycle.clone(), of.purpose.clone()), of);
    }
    let mut held: Vec<Entitlement> = last.into_values().filter(|of| of.amount > 0).collect();
    held.sort_by_key(|of| of.note.id);
    held
}

/// What a recipient is due of a programme, cycle and purpose. Added in 0.1.0.
#[Object]
impl Entitlement {
    /// The recipient.
    async fn recipient(&self, ctx: &Context<'_>) -> Result<Option<Recipient>> {
        Ok(api(ctx)?.node.tables().parties.get(&self.recipient).map(Recipient))
    }

    /// The programme.
    async fn programme(&self, ctx: &Context<'_>) -> Result<Programme> {
        Programme::known(ctx, self.programme)
    }

    /// The label of the payment period.
    async fn cycle(&self) -> &str {
        &self.cycle
    }

    /// What it is for.
    async fn purpose(&self) -> &str {
        &self.purpose
    }

    /// How much; zero takes back what was stated before.
    async fn amount(&self, ctx: &Context<'_>) -> Result<Money> {
        Ok(Money::of(self.amount, Programme::known(ctx, self.programme)?.0.currency))
    }

    /// The end of the day by which it is to be paid.
    async fn due(&self) -> DateTime {
        self.due.into()
    }

    /// Who stated it.
    async fn by(&self, ctx: &Context<'_>) -> Result<Party> {
        Party::known(ctx, self.note.by)
    }

    /// The entry that stated it. Null only while the views are behind.
    async fn entry(&self, ctx: &Context<'_>) -> Result<Option<Entry>> {
        Entry::by_index(ctx, self.note.id.0.entry()).await
    }
}
