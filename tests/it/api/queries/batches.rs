//! A page costs as many SQL statements as it has kinds of things, however many rows it has.

use aqueduct::ledger::fact::Fact;
use aqueduct::ledger::token::TokenState;
use aqueduct::service::orderer::Answer;

use crate::world::{World, reference};

use super::client::Served;

/// A world in which the bureau sent 60 hops in several operations, half of them answered.
async fn served() -> Served {
    let world = World::start().await;
    let allocated = world.allocate(1_000_000).await;
    let sent = world.dispatch(&world.treasury, allocated, &[(&world.bureau, 900_000)]).await;
    let answer = world.record(&world.bureau, world.acknowledge(reference(&sent, 0), 880_000)).await;
    let mut token = reference(&answer, 0);
    for _ in 0..6 {
        let outputs = [(&world.county, 1_000); 10];
        let sent = world.dispatch(&world.bureau, token, &outputs).await;
        for hop in 0..5 {
            world.record(&world.county, world.acknowledge(reference(&sent, hop), 990)).await;
        }
        token = reference(&sent, rest(&sent));
    }
    world.node().catch_up().await;
    Served::of(world).await
}

/// The position of the token that a dispatch left with its sender.
fn rest(sent: &Answer) -> u32 {
    let left = sent.change.iter().flat_map(|change| &change.facts).find_map(|fact| match fact {
        Fact::TokenMade(token) if token.state == TokenState::Held => Some(token.id.0.position()),
        _ => None,
    });
    left.expect("something is left")
}

/// How many statements the readers of the views and of the node's own store sent for a query.
async fn statements(served: &Served, query: &str) -> (usize, u64) {
    let node = served.world.node();
    let sent = || node.views().statements_read() + node.store().statements_read();
    let before = sent();
    let data = served.data(&served.world.supervisor, query).await;
    let list = data.as_object().unwrap().values().next().unwrap();
    (list["nodes"].as_array().unwrap().len(), sent() - before)
}

/// Parts of a page, each alone and then all together: what is read, and by how many statements at
/// most. A trace takes as many steps as it is long.
const PARTS: [(&str, &str, u64); 13] = [
    ("hops", "id kind state overdue cycle dispatched { amount } shortfall { amount } deductions { code }", 5),
    ("hops", "from { label area } to { label keys { publicKey } } via { id } reference { digest }", 4),
    ("hops", "allocation { id amount { amount } declaredTotal { amount } entry { index leaf height } }", 6),
    ("hops", "token { amount { amount } overdue parent { id state } createdBy { index } }", 8),
    ("hops", "token { trace { id to { label } } }", 14),
    ("hops", "tokens { id state amount { amount } reference { digest } spentBy { index } }", 7),
    ("hops", "entries { index leaf height signers { officer party { label } } envelope lines }", 10),
    ("hops", "entries { operation { id status missing kind signedBy createdBy payload lines entry { index } } }", 6),
    ("hops", "evidence { kind } bankEvidence { reasonCode } programme { rules { thresholds { value } } }", 5),
    ("tokens", "amount { amount } overdue holder { label } accountable { label } programme { code } cycle purpose", 5),
    ("tokens", "parent { id state } trace { id entries { index signers { officer } } } createdBy { height }", 24),
    ("operations", "id status kind entry { index leaf height envelope signers { party { label } } } party { id }", 5),
    ("operations", "signedBy createdBy payload lines", 4),
];

/// Keys that loaders collect while a machine is busy may be read in two statements instead of one:
/// the least of some tries is what the page costs.
const TRIES: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_fifty_costs_as_many_statements_as_a_page_of_five() {
    let served = served().await;
    let mut wrong = Vec::new();
    let all: Vec<(&str, String, u64)> = ["hops", "tokens", "operations"]
        .map(|list| {
            let parts = PARTS.iter().filter(|(of, ..)| *of == list).enumerate();
            let fields = parts.map(|(at, _)| format!("...p{at}"));
            (list, fields.collect::<Vec<_>>().join(" "), 45)
        })
        .into_iter()
        .collect();
    let single = PARTS.iter().map(|(list, fields, most)| (*list, (*fields).to_owned(), *most));
    for (list, fields, most) in single.chain(all) {
        let fragments: Vec<String> = PARTS
            .iter()
            .filter(|(of, ..)| *of == list && fields.contains("...p"))
            .enumerate()
            .map(|(at, (_, fields, _))| format!("fragment p{at} on {} {{ {fields} }}", named(list)))
            .collect();
        let filter = if list == "tokens" { ", filter: { includeSpent: true }" } else { "" };
        let mut counts = Vec::new();
        for size in [5, 50] {
            let query =
                format!("{{ {list}(first: {size}{filter}) {{ nodes {{ {fields} }} }} }} {}", fragments.join(" "));
            let mut least = u64::MAX;
            for _ in 0..TRIES {
                let (rows, sent) = statements(&served, &query).await;
                assert_eq!(rows, size, "{list}");
                least = least.min(sent);
            }
            counts.push(least);
        }
        // Rows whose traces are of other lengths go on at other times: a statement for each length
        // that there is, never one for each row.
        if counts[1] > most || counts[1] > counts[0] + 20 {
            wrong.push(format!("{list} {{ {fields} }}: {counts:?}, at most {most}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn named(list: &str) -> &str {
    match list {
        "hops" => "Hop",
        "tokens" => "Token",
        _ => "Operation",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_asks_for_is_not_read() {
    let served = served().await;
    let (_, plain) = statements(&served, "{ hops(first: 50) { nodes { id } } }").await;
    let (_, counted) = statements(&served, "{ hops(first: 50) { nodes { id } totalCount } }").await;
    assert!(plain < counted, "{plain} {counted}");
    assert!(plain <= 3, "the login and the page: {plain}");
}
