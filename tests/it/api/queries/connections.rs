//! Pages: forward, backward, without loss or repetition while the list grows.

use serde_json::{Value, json};

use super::client::{Served, login, text};

fn ids(page: &Value) -> Vec<String> {
    page["edges"].as_array().unwrap().iter().map(|edge| text(&edge["node"]["id"])).collect()
}

const PAGE: &str = "edges { cursor node { id } } nodes { id } totalCount \
                    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }";

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_each_other_both_ways() {
    let served = Served::start().await;
    let supervisor = &served.world.supervisor;
    for list in ["hops", "tokens", "operations", "parties"] {
        let whole = served.data(supervisor, &format!("{{ {list}(first: 100) {{ {PAGE} }} }}")).await;
        let all = ids(&whole[list]);
        assert_eq!(whole[list]["totalCount"], json!(all.len()), "{list}");
        for (size, bound, forward) in [("first", "after", true), ("last", "before", false)] {
            let mut seen: Vec<String> = Vec::new();
            let mut cursor = String::new();
            loop {
                let query = format!("{{ {list}({size}: 2 {cursor}) {{ {PAGE} }} }}");
                let page = served.data(supervisor, &query).await[list].clone();
                let info = &page["pageInfo"];
                assert_eq!(page["edges"][0]["cursor"], info["startCursor"]);
                let (edge, more) =
                    if forward { ("endCursor", "hasNextPage") } else { ("startCursor", "hasPreviousPage") };
                let found = ids(&page);
                seen = if forward { [seen, found].concat() } else { [found, seen].concat() };
                if info[more] == json!(false) {
                    break;
                }
                cursor = format!("{bound}: {}", info[edge]);
            }
            assert_eq!(seen, all, "{list} {size}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_this_list_never_gave_is_refused() {
    let served = Served::start().await;
    let supervisor = &served.world.supervisor;
    let lists = ["hops", "tokens", "operations", "parties", "recipients", "programmes", "allocations"];
    for list in lists {
        let query = format!("{{ {list}(first: 1) {{ pageInfo {{ endCursor }} }} }}");
        let own = text(&served.data(supervisor, &query).await[list]["pageInfo"]["endCursor"]);
        served.data(supervisor, &format!("{{ {list}(after: \"{own}\") {{ totalCount }} }}")).await;
        let far = format!("{list}-zzzzzz");
        for bad in ["zzzzzz", "", &far, &own.to_uppercase(), &format!("groups-{}", &own[list.len() + 1..])] {
            for bound in ["after", "before"] {
                let query = format!("{{ {list}({bound}: \"{bad}\") {{ totalCount }} }}");
                assert_eq!(served.error(Some(login(supervisor)), &query).await, "BAD_USER_INPUT", "{query}");
            }
        }
    }
    let beyond = "{ leakageReport(groupBy: PARTY) { groups(after: \"groups-9\") { totalCount } } }";
    assert_eq!(served.error(Some(login(supervisor)), beyond).await, "BAD_USER_INPUT");
    let beyond = "{ viewer { inbox { operationsToApprove(before: \"waiting-zzzzzzzzzzzz\") { totalCount } } } }";
    assert_eq!(served.error(Some(login(supervisor)), beyond).await, "BAD_USER_INPUT");
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_narrow_lists_and_their_counts() {
    let served = Served::start().await;
    let county = served.world.county.party;
    let query = format!(
        "{{ a: hops(filter: {{ from: \"{county}\" }}) {{ totalCount }} b: hops(filter: {{ kind: DELIVERY, unanswered: true }}) \
         {{ totalCount }} c: hops(filter: {{ state: SHORT }}) {{ totalCount }} d: tokens(filter: {{ holder: \"{county}\" }}) \
         {{ totalCount nodes {{ amount {{ amount }} }} }} e: parties(filter: {{ kind: RECIPIENT, area: \"North\" }}) \
         {{ totalCount }} f: operations(filter: {{ kind: TOKEN_DISPATCH, party: \"{county}\" }}) {{ totalCount }} \
         g: hops(filter: {{ overdue: true }}) {{ totalCount }} h: tokens(filter: {{ state: SPENT }}) {{ totalCount }} }}"
    );
    let expected = json!({
        "a": { "totalCount": 2 }, "b": { "totalCount": 1 }, "c": { "totalCount": 1 },
        "d": { "totalCount": 1, "nodes": [{ "amount": { "amount": "400.00" } }] },
        "e": { "totalCount": 5 }, "f": { "totalCount": 1 }, "g": { "totalCount": 0 }, "h": { "totalCount": 0 },
    });
    assert_eq!(served.data(&served.world.supervisor, &query).await, expected);
}
