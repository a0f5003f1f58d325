//! `flow`: what passed between parties and areas.

use serde_json::{Value, json};

use super::client::{Served, login};

const LINKS: &str = "links { source target hopKind sent { amount } arrived { amount } deducted { amount } \
                     refused { amount } lost { amount } unanswered { amount } }";

fn amounts(link: &Value) -> Vec<&str> {
    let fields = ["sent", "arrived", "deducted", "refused", "lost", "unanswered"];
    fields.map(|field| link[field]["amount"].as_str().unwrap()).to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn money_is_followed_from_the_treasury_to_the_areas() {
    let served = Served::start().await;
    let world = &served.world;
    let query = format!(
        "{{ flow(areaLevel: 2) {{ currency others nodes {{ key label kind party {{ label }} sent {{ amount }} \
         arrived {{ amount }} held {{ amount }} }} {LINKS} }} }}"
    );
    let data = served.data(&world.supervisor, &query).await;
    let flow = &data["flow"];
    assert_eq!((&flow["currency"], &flow["others"]), (&json!("INR"), &json!(0)));
    let [treasury, bureau, county] =
        [&world.treasury, &world.bureau, &world.county].map(|actor| format!("PARTY:{}", actor.party));
    let links: Vec<_> = flow["links"].as_array().unwrap().iter().collect();
    let ends: Vec<_> = links.iter().map(|link| (&link["source"], &link["target"], &link["hopKind"])).collect();
    let expected = [
        (&json!(treasury), &json!(bureau), &json!("TRANSFER")),
        (&json!(bureau), &json!(county), &json!("TRANSFER")),
        (&json!(county), &json!("AREA:North/Hill"), &json!("DELIVERY")),
    ];
    assert_eq!(ends, expected);
    assert_eq!(amounts(links[0]), ["900.00", "880.00", "0.00", "0.00", "20.00", "0.00"]);
    assert_eq!(amounts(links[1]), ["600.00", "600.00", "0.00", "0.00", "0.00", "0.00"]);
    assert_eq!(amounts(links[2]), ["200.00", "60.00", "0.00", "0.00", "40.00", "100.00"]);
    let node = |key: &str| flow["nodes"].as_array().unwrap().iter().find(|node| node["key"] == key).unwrap().clone();
    assert_eq!(
        node(&bureau),
        json!({ "key": bureau, "label": "Bureau", "kind": "PARTY", "party": { "label": "Bureau" },
            "sent": { "amount": "600.00" }, "arrived": { "amount": "880.00" }, "held": { "amount": "280.00" } })
    );
    assert_eq!(
        node("AREA:North/Hill"),
        json!({ "key": "AREA:North/Hill", "label": "North/Hill", "kind": "AREA", "party": null,
            "sent": { "amount": "0.00" }, "arrived": { "amount": "60.00" }, "held": null })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_small_is_merged_and_nothing_is_left_out() {
    let served = Served::start().await;
    let query =
        format!("{{ flow(nodes: 2) {{ others nodes {{ key kind sent {{ amount }} held {{ amount }} }} {LINKS} }} }}");
    let data = served.data(&served.world.supervisor, &query).await;
    let flow = &data["flow"];
    let bureau = format!("PARTY:{}", served.world.bureau.party);
    assert_eq!(flow["others"], 3);
    assert_eq!(
        flow["nodes"],
        json!([
            { "key": bureau, "kind": "PARTY", "sent": { "amount": "600.00" }, "held": { "amount": "280.00" } },
            { "key": "OTHERS", "kind": "OTHERS", "sent": { "amount": "1100.00" }, "held": { "amount": "500.00" } },
        ])
    );
    let links = flow["links"].as_array().unwrap();
    let ends: Vec<_> = links.iter().map(|link| (&link["source"], &link["target"], &link["sent"]["amount"])).collect();
    let others = &json!("OTHERS");
    let bureau = &json!(bureau);
    assert_eq!(
        ends,
        [(others, bureau, &json!("900.00")), (bureau, others, &json!("600.00")), (others, others, &json!("200.00")),]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_is_of_its_filter_and_its_moment() {
    let served = Served::start().await;
    let world = &served.world;
    let links = |data: Value| data["flow"]["links"].as_array().unwrap().len();
    let of = |args: String| format!("{{ flow({args}) {{ links {{ source }} }} }}");
    let county = of(format!("filter: {{ party: \"{}\" }}", world.county.party));
    assert_eq!(links(served.data(&world.supervisor, &county).await), 2, "what it sent, and what was sent to it");
    let other = of("filter: { cycle: \"1999-01\" }".to_owned());
    assert_eq!(links(served.data(&world.supervisor, &other).await), 0);
    let before = world.node().moment(None).await.unwrap().at;
    let allocated = world.allocate(1_000).await;
    world.dispatch(&world.treasury, allocated, &[(&world.county, 1_000)]).await;
    world.node().catch_up().await;
    assert_eq!(links(served.data(&world.supervisor, &of("nodes: 9".to_owned())).await), 4);
    let then = of(format!("asOf: \"{before}\""));
    assert_eq!(links(served.data(&world.supervisor, &then).await), 3);
    for args in ["nodes: 1", "nodes: 101", "nodes: -1", "areaLevel: 0"] {
        assert_eq!(
            served.error(Some(login(&world.supervisor)), &of(args.to_owned())).await,
            "BAD_USER_INPUT",
            "{args}"
        );
    }
    let recipient = login(&world.recipients[0]);
    assert_eq!(served.error(Some(recipient), &of("nodes: 9".to_owned())).await, "FORBIDDEN");
}
