//! Filters and orders of lists: what they let through, and that they agree with the counts.

use serde_json::{Value, json};

use super::client::{Served, login, text};

/// How many there are of a list, by its fields in GraphQL.
async fn count(served: &Served, list: &str, filter: &str) -> u64 {
    let query =
        format!("{{ it: {list}(filter: {{ {filter} }}, first: 100) {{ totalCount totalCountExact nodes {{ id }} }} }}");
    let found = served.data(&served.world.supervisor, &query).await["it"].clone();
    assert_eq!(found["totalCountExact"], json!(true));
    assert_eq!(found["totalCount"], json!(found["nodes"].as_array().unwrap().len()), "{list} {filter}");
    found["totalCount"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_list_is_narrowed_by_what_its_filter_says() {
    let served = Served::start().await;
    let world = &served.world;
    let (county, bureau, treasury) = (world.county.party, world.bureau.party, world.treasury.party);
    let officer = world.treasury.officers[0].0;
    let cases = [
        ("hops", "".to_owned(), 4),
        ("hops", "area: \"North/Hill/Ford\"".to_owned(), 2),
        ("hops", "area: \"Nowhere\"".to_owned(), 0),
        ("hops", format!("party: \"{bureau}\""), 2),
        ("hops", format!("from: \"{bureau}\", to: \"{county}\""), 1),
        ("hops", format!("party: \"{bureau}\", to: \"{bureau}\", state: SHORT"), 1),
        ("hops", "programme: \"PENSION\", cycle: \"2024-11\", kind: TRANSFER".to_owned(), 2),
        ("hops", "recordedFrom: \"2024-11-04T00:00:00Z\", recordedTo: \"2024-11-05T00:00:00Z\"".to_owned(), 4),
        ("hops", "recordedTo: \"2024-11-04T00:00:00Z\"".to_owned(), 0),
        ("hops", "recordedFrom: \"2124-11-04T00:00:00Z\"".to_owned(), 0),
        ("tokens", format!("accountable: \"{treasury}\", purpose: \"PENSION\", state: HELD"), 1),
        ("tokens", "purpose: \"NOTHING\"".to_owned(), 0),
        ("tokens", "area: \"North\", state: IN_TRANSIT".to_owned(), 1),
        ("tokens", "overdue: true".to_owned(), 0),
        ("tokens", format!("holder: \"{county}\", state: HELD"), 1),
        ("allocations", format!("treasury: \"{treasury}\""), 1),
        ("allocations", format!("treasury: \"{bureau}\""), 0),
        ("allocations", "programme: \"PENSION\", cycle: \"2024-11\", purpose: \"PENSION\"".to_owned(), 1),
        ("operations", format!("officer: \"{officer}\""), 4),
        ("operations", format!("officer: \"{officer}\", kind: TOKEN_DISPATCH, status: RECORDED"), 1),
        ("operations", format!("officer: \"{bureau}\""), 0),
        ("operations", "programme: \"PENSION\"".to_owned(), 9),
        ("operations", "programme: \"NONE\"".to_owned(), 0),
        ("operations", "recordedTo: \"2024-11-04T09:00:00.000Z\"".to_owned(), 0),
        ("parties", "text: \"bUr\"".to_owned(), 1),
        ("parties", "kind: TREASURY, text: \"bureau\"".to_owned(), 0),
        ("recipients", "text: \"r\", area: \"North/Hill\"".to_owned(), 5),
        ("recipients", "text: \"R3\"".to_owned(), 1),
        ("programmes", format!("owner: \"{treasury}\", currency: \"INR\", text: \"pension P\""), 1),
        ("programmes", "currency: \"JPY\"".to_owned(), 0),
        ("programmes", format!("owner: \"{county}\""), 0),
    ];
    for (list, filter, expected) in cases {
        assert_eq!(count(&served, list, &filter).await, expected, "{list} {filter}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_run_from_the_oldest_when_asked_to() {
    let served = Served::start().await;
    for list in ["hops", "tokens", "operations", "allocations"] {
        let query = format!(
            "{{ a: {list}(order: NEWEST_FIRST, first: 100) {{ nodes {{ id }} }} \
             b: {list}(order: OLDEST_FIRST, first: 100) {{ nodes {{ id }} }} c: {list}(first: 100) {{ nodes {{ id }} }} d: {list}(order: OLDEST_FIRST, last: 1) {{ nodes {{ id }} }} }}"
        );
        let mut found = served.data(&served.world.supervisor, &query).await;
        assert_eq!(found["a"], found["c"]);
        assert_eq!(found["d"]["nodes"][0], found["a"]["nodes"][0]);
        found["b"]["nodes"].as_array_mut().unwrap().reverse();
        assert_eq!(found["a"], found["b"], "{list}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tokens_made_from_a_token_and_a_recipients_hops_take_filters() {
    let served = Served::start().await;
    let r1 = served.world.recipients[0].party;
    let query = format!(
        "{{ tokens(order: OLDEST_FIRST, first: 1, filter: {{ includeSpent: true }}) {{ nodes {{ \
         all: children {{ totalCount }} held: children(filter: {{ state: HELD }}) {{ totalCount }} \
         none: children(filter: {{ programme: \"NONE\" }}) {{ totalCount }} }} }} \
         recipient(id: \"{r1}\") {{ all: hops {{ totalCount }} sent: hops(filter: {{ state: SENT }}) {{ totalCount }} \
         other: hops(filter: {{ to: \"{}\" }}) {{ totalCount }} }} }}",
        served.world.county.party
    );
    let data = served.data(&served.world.supervisor, &query).await;
    let counts = |of: &Value, names: [&str; 3]| names.map(|name| of[name]["totalCount"].as_u64().unwrap());
    assert_eq!(counts(&data["tokens"]["nodes"][0], ["all", "held", "none"]), [2, 1, 0]);
    assert_eq!(counts(&data["recipient"], ["all", "sent", "other"]), [1, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_without_a_place_in_the_log_are_listed_by_status() {
    let served = Served::start().await;
    let world = &served.world;
    let (maker, checker) = (&world.treasury.officers[0].1, &world.treasury.officers[1].1);
    let mutation = "mutation($input: AllocationCreateInput!) { allocationCreate(input: $input) { operation { id } } }";
    let mut made = Vec::new();
    for amount in ["1", "2", "3"] {
        let input = json!({ "input": {
            "operationId": world.next_id(), "programme": "PENSION", "cycle": "2024-11", "purpose": "PENSION",
            "amount": { "amount": amount, "currency": "INR" },
        } });
        let body = served.ask(Some(maker), mutation, input).await;
        made.push(text(&body["data"]["allocationCreate"]["operation"]["id"]));
    }
    let withdraw = format!(
        "mutation {{ operationWithdraw(input: {{ operationId: \"{}\" }}) {{ userErrors {{ code }} }} }}",
        uuid::Uuid::try_parse(made[1].rsplit('_').next().unwrap()).unwrap()
    );
    assert_eq!(
        served.ask(Some(maker), &withdraw, Value::Null).await["data"]["operationWithdraw"]["userErrors"],
        json!([])
    );
    let ids = |data: &Value| -> Vec<String> {
        data["operations"]["nodes"].as_array().unwrap().iter().map(|node| text(&node["id"])).collect()
    };
    let list = |filter: &str, rest: &str| {
        format!(
            "{{ operations(filter: {{ {filter} }} {rest}) {{ totalCount pageInfo {{ endCursor hasNextPage }} nodes {{ id status }} }} }}"
        )
    };
    let waiting = "status: AWAITING_SIGNATURE, kind: ALLOCATION_CREATE";
    let first = served.data(&world.supervisor, &list(waiting, ", first: 1")).await;
    assert_eq!((&first["operations"]["totalCount"], ids(&first)), (&json!(2), vec![made[2].clone()]));
    let after = text(&first["operations"]["pageInfo"]["endCursor"]);
    let second = served.data(&world.supervisor, &list(waiting, &format!(", after: \"{after}\""))).await;
    assert_eq!(ids(&second), [made[0].clone()]);
    let oldest = served.data(&world.supervisor, &list(waiting, ", order: OLDEST_FIRST")).await;
    assert_eq!(ids(&oldest), [made[0].clone(), made[2].clone()]);
    let expired = served.data(&world.supervisor, &list("status: EXPIRED", "")).await;
    assert_eq!(
        (ids(&expired), &expired["operations"]["nodes"][0]["status"]),
        (vec![made[1].clone()], &json!("EXPIRED"))
    );
    for (filter, expected) in [
        (format!("status: AWAITING_SIGNATURE, officer: \"{}\"", world.treasury.officers[0].0), 2),
        (format!("status: AWAITING_SIGNATURE, officer: \"{}\"", world.treasury.officers[1].0), 0),
        (format!("status: AWAITING_SIGNATURE, party: \"{}\"", world.bureau.party), 0),
        ("status: AWAITING_SIGNATURE, programme: \"PENSION\"".to_owned(), 0),
        ("status: REFUSED".to_owned(), 0),
        ("status: SUBMITTED".to_owned(), 0),
    ] {
        let found = served.data(&world.supervisor, &list(&filter, "")).await;
        assert_eq!(found["operations"]["totalCount"], json!(expected), "{filter}");
    }
    let hidden = served.data(&world.recipients[0], &list(waiting, "")).await;
    assert_eq!(hidden["operations"]["totalCount"], json!(0));
    let inbox = "{ viewer { inbox { operationsToApprove(first: 1) { totalCount pageInfo { endCursor hasNextPage } nodes { id } } } } }";
    let body = served.ask(Some(checker), inbox, Value::Null).await;
    let found = &body["data"]["viewer"]["inbox"]["operationsToApprove"];
    assert_eq!((&found["totalCount"], &found["nodes"][0]["id"]), (&json!(2), &json!(made[0])));
    let rest = inbox.replace("first: 1", &format!("first: 1, after: {}", found["pageInfo"]["endCursor"]));
    let body = served.ask(Some(checker), &rest, Value::Null).await;
    let found = &body["data"]["viewer"]["inbox"]["operationsToApprove"];
    assert_eq!((&found["nodes"][0]["id"], &found["pageInfo"]["hasNextPage"]), (&json!(made[2]), &json!(false)));
    assert_eq!(
        served.error(Some(login(&world.supervisor)), &list(waiting, ", after: \"operations-1\"")).await,
        "BAD_USER_INPUT"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_read_a_few_at_a_time_and_told_whole() {
    use aqueduct::ledger::operation::{AllocationCreate, Operation};
    let served = Served::start().await;
    let world = &served.world;
    let mut made = Vec::new();
    for amount in 1..=2 * aqueduct::limits::WAITING_READ_AT_ONCE_MAX as i64 + 5 {
        let (cycle, programme) = ("2024-11".to_owned(), "PENSION".to_owned());
        let (amount, currency) = (crate::world::minor(amount), crate::world::inr());
        let allocate = AllocationCreate {
            declared_recipients: None,
            declared_total: None,
            amount,
            currency,
            cycle,
            purpose: programme.clone(),
            programme,
        };
        let id = world.next_id();
        world.state_as(&world.treasury, 0, id, Operation::AllocationCreate(allocate)).await.unwrap();
        made.push(id.to_string());
    }
    let lists = [
        ("operations", "filter: { status: AWAITING_SIGNATURE }, order: OLDEST_FIRST", "{", "}"),
        ("operationsToApprove", "", "{ viewer { inbox {", "} } }"),
    ];
    for (list, filter, open, close) in lists {
        for (size, bound, edge, more) in [
            ("first: 30", "after", "endCursor", "hasNextPage"),
            ("last: 30", "before", "startCursor", "hasPreviousPage"),
        ] {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let fields = "totalCount totalCountExact nodes { operationId } pageInfo { endCursor startCursor \
                              hasNextPage hasPreviousPage }";
                let query = format!("{open} {list}({filter} {size}{cursor}) {{ {fields} }} {close}");
                let body = served.ask(Some(login_of(&served, 1)), &query, Value::Null).await;
                let found =
                    if list == "operations" { &body["data"][list] } else { &body["data"]["viewer"]["inbox"][list] };
                assert_eq!(
                    (&found["totalCount"], &found["totalCountExact"]),
                    (&json!(made.len()), &json!(true)),
                    "{body}"
                );
                let page: Vec<String> =
                    found["nodes"].as_array().unwrap().iter().map(|node| text(&node["operationId"])).collect();
                seen = if bound == "after" { [seen, page].concat() } else { [page, seen].concat() };
                if found["pageInfo"][more] == json!(false) {
                    break;
                }
                cursor = format!(", {bound}: {}", found["pageInfo"][edge]);
            }
            assert_eq!(seen, made, "{list} {size}");
        }
    }
}

fn login_of(served: &Served, officer: usize) -> &str {
    &served.world.treasury.officers[officer].1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_with_a_nul_is_refused_and_one_that_is_nowhere_finds_nothing() {
    let served = Served::start().await;
    let supervisor = Some(login(&served.world.supervisor));
    for (list, field) in [
        ("hops", "cycle"),
        ("hops", "area"),
        ("tokens", "purpose"),
        ("tokens", "area"),
        ("allocations", "cycle"),
        ("allocations", "purpose"),
    ] {
        let query = format!("{{ {list}(filter: {{ {field}: \"a\\u0000b\" }}) {{ totalCount }} }}");
        assert_eq!(served.error(supervisor, &query).await, "GRAPHQL_PARSE_FAILED", "{query}");
        let query = format!("{{ {list}(filter: {{ {field}: \"%_' OR 1=1 --\" }}) {{ totalCount }} }}");
        assert_eq!(served.data(&served.world.supervisor, &query).await[list]["totalCount"], json!(0));
    }
    let query = "query($area: String) { statement(filter: { area: $area }) { held { amount } } }";
    let bearer = format!("Bearer {}", login(&served.world.supervisor));
    let body = json!({ "query": query, "variables": { "area": "a\0b" } }).to_string();
    let answer = served.post(&[("Authorization", &bearer)], body).await;
    assert_eq!((answer.status, &answer.json()["errors"][0]["extensions"]["code"]), (400, &json!("BAD_USER_INPUT")));
}
