//! Reading from the views what operations name and memory lacks, before they are admitted.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::ledger::fact::Fact;
use crate::ledger::needs::Needs;
use crate::ledger::operation::Stated;
use crate::ledger::time::Millis;
use crate::store::views::Views;
use crate::store::views::error::ViewsError;

use super::replica::Replica;

/// Why what an operation names cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PrefetchError {
    /// The views do not answer.
    #[error(transparent)]
    Views(#[from] ViewsError),
    /// The views contradict themselves.
    #[error("the views contradict themselves: {0}; make them anew with `aqueduct rebuild`")]
    Contradiction(String),
}

/// Reads from the views what operations name and memory lacks, one statement per kind, until
/// nothing more is lacking that the views hold.
pub async fn prefetch(
    replica: &mut Replica,
    views: &Views,
    stated: &[&Stated],
    now: Millis,
) -> Result<(), PrefetchError> {
    let mut asked = Needs::default();
    loop {
        let mut needs = replica.lacking(stated, now);
        needs.remove(&asked);
        if needs.is_empty() {
            break;
        }
        let facts = fetch(views, &needs).await?;
        replica.remember(facts);
        asked.add(needs);
    }
    match replica.contradiction(&asked) {
        None => Ok(()),
        Some(what) => Err(PrefetchError::Contradiction(what)),
    }
}

async fn fetch(views: &Views, needs: &Needs) -> Result<Vec<Fact>, ViewsError> {
    fn list<T: Copy>(set: &BTreeSet<T>) -> Vec<T> {
        set.iter().copied().collect()
    }
    let mut facts = Vec::new();
    for recorded in views.operations(&list(&needs.operations)).await? {
        facts.push(Fact::Recorded(Arc::new(recorded)));
    }
    for token in views.tokens(&list(&needs.tokens)).await? {
        facts.push(Fact::TokenMade(Arc::new(token)));
    }
    for hop in views.hops(&list(&needs.hops)).await? {
        facts.push(Fact::HopSet(Arc::new(hop), None));
    }
    for allocation in views.allocations(&list(&needs.allocations)).await? {
        facts.push(Fact::AllocationSet(Arc::new(allocation)));
    }
    for (key, entry) in views.imported_rows(&list(&needs.rows)).await? {
        facts.push(Fact::RowSet(key, entry));
    }
    for entry in &needs.entries {
        let made = views.of_entry(*entry).await?;
        facts.extend(made.tokens.into_iter().map(|token| Fact::TokenMade(Arc::new(token))));
        facts.extend(made.hops.into_iter().map(|hop| Fact::HopSet(Arc::new(hop), None)));
        facts.extend(made.allocations.into_iter().map(|a| Fact::AllocationSet(Arc::new(a))));
    }
    Ok(facts)
}
