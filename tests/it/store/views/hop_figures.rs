//! What each hop adds to a cell, for every mix of figures and on both sides of its due time.

use std::sync::Arc;

use aqueduct::ledger::fact::Fact;
use aqueduct::ledger::hop::Hop;
use aqueduct::ledger::ids::{HopId, PartyKey, Place};
use aqueduct::ledger::selection::{GroupBy, GroupKey, MoneyFilter};
use aqueduct::ledger::statement::HopSums;
use aqueduct::ledger::time::Millis;
use aqueduct::ledger::token::{HopKind, HopState};

use super::history::currency;
use super::records::{allocations, hops, write};
use super::views;

const AT: Millis = Millis(1_000);

/// Hops of every kind and state with all mixes of figures, each with a party of its own.
fn mixes() -> Vec<Hop> {
    let template = Hop { sent: 100, refused: 0, bounced_home: 0, ..hops().remove(0) };
    let mut mixes = vec![template];
    let mut vary = |change: &dyn Fn(&Hop) -> Vec<Hop>| mixes = mixes.iter().flat_map(change).collect();
    vary(&|hop| HopKind::ALL.iter().map(|kind| Hop { kind: *kind, ..hop.clone() }).collect());
    vary(&|hop| HopState::ALL.iter().map(|state| Hop { state: *state, ..hop.clone() }).collect());
    vary(&|hop| [999, 1_000, 1_001].map(|due| Hop { due: Millis(due), ..hop.clone() }).to_vec());
    vary(&|hop| [0, 30, 90].map(|refused| Hop { refused, ..hop.clone() }).to_vec());
    vary(&|hop| [None, Some(0), Some(5)].map(|credited| Hop { credited, ..hop.clone() }).to_vec());
    vary(&|hop| {
        let quantities = [(None, None), (Some(7), None), (None, Some(3)), (Some(7), Some(3))];
        let of = |(official_quantity, verified_quantity)| Hop { official_quantity, verified_quantity, ..hop.clone() };
        quantities.map(of).to_vec()
    });
    vary(&|hop| {
        let of = |(arrived, deducted)| {
            let mut hop = hop.clone();
            (hop.figures.arrived, hop.figures.deducted) = (arrived, deducted);
            hop
        };
        [(None, 0), (None, 10), (None, 100), (Some(0), 10), (Some(60), 0), (Some(130), 10)].map(of).to_vec()
    });
    for (at, hop) in (0_u32..).zip(&mut mixes) {
        let place = Place::new(0, at).unwrap();
        (hop.id, hop.accountable) = (HopId(place), PartyKey(place));
    }
    mixes
}

#[tokio::test]
async fn every_mix_of_figures_adds_what_the_ledger_says() {
    let (_folder, views) = views().await;
    let mixes = mixes();
    let facts = allocations().into_iter().map(|allocation| Fact::AllocationSet(Arc::new(allocation)));
    let hops = mixes.iter().map(|hop| Fact::HopSet(Arc::new(hop.clone()), None));
    write(&views, &facts.chain(hops).collect::<Vec<_>>()).await;

    let found = views.sums(&MoneyFilter::default(), GroupBy::Party, 0, AT).await.unwrap();
    let mut total = HopSums::default();
    for hop in &mixes {
        let mut expected = HopSums::default();
        expected.add_hop(hop, AT);
        total.add_hop(hop, AT);
        let sums = found.get(&(GroupKey::Party(hop.accountable), currency("INR")));
        assert_eq!(sums.map_or(HopSums::default(), |sums| sums.hops), expected, "{hop:?}");
    }
    let found = views.sums(&MoneyFilter::default(), GroupBy::Nothing, 0, AT).await.unwrap();
    assert_eq!(found[&(GroupKey::Nothing, currency("INR"))].hops, total);
}
