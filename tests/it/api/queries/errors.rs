//! Every error has a code.

use aqueduct::ledger::lines::RecipientLine;
use aqueduct::ledger::operation::{Operation, RecipientEnrol};
use serde_json::{Value, json};

use crate::world::World;

use super::client::{Served, login};

#[tokio::test(flavor = "multi_thread")]
async fn every_root_field_but_log_needs_a_login() {
    let served = Served::start().await;
    let fields = [
        "viewer { officer }",
        "node(id: \"tok_1\") { id }",
        "operation(id: \"0193a000-0000-7000-8000-000000000000\") { id }",
        "operations { totalCount }",
        "programme(id: \"PENSION\") { id }",
        "programmes { totalCount }",
        "party(id: \"0193a000-0000-7000-8000-000000000000\") { id }",
        "parties { totalCount }",
        "recipient(id: \"0193a000-0000-7000-8000-000000000000\") { id }",
        "recipients { totalCount }",
        "allocation(id: \"alc_1\") { id }",
        "allocations { totalCount }",
        "token(id: \"tok_1\") { id }",
        "tokens { totalCount }",
        "hop(id: \"hop_1\") { id }",
        "hops { totalCount }",
        "case(id: \"case_1\") { id }",
        "cases { totalCount }",
        "statement { held { amount } }",
        "flow { height }",
        "leakageReport(groupBy: PARTY) { height }",
        "importedRows(keys: []) { __typename }",
    ];
    for field in fields {
        let query = format!("{{ {field} }}");
        assert_eq!(served.error(None, &query).await, "UNAUTHENTICATED", "{field}");
    }
    let names = "{ __schema { queryType { fields { name } } } }";
    let known = served.ask(None, names, Value::Null).await;
    let known = known["data"]["__schema"]["queryType"]["fields"].as_array().unwrap().clone();
    assert_eq!(known.len(), fields.len() + 1, "each root field is above, and `log`");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_document_says_what_it_is() {
    let served = Served::start().await;
    let cases = [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("", "GRAPHQL_PARSE_FAILED"),
        ("{ nope }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ hops(first: \"1\") { totalCount } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ hops(first: -1) { totalCount } }", "BAD_USER_INPUT"),
        ("{ hops(first: 0) { totalCount } }", "BAD_USER_INPUT"),
        ("{ hops(first: 101) { totalCount } }", "BAD_USER_INPUT"),
        ("{ hops(last: -2147483648) { totalCount } }", "BAD_USER_INPUT"),
        ("{ hops(first: 1, last: 1) { totalCount } }", "BAD_USER_INPUT"),
        ("{ hops(after: \"!\") { totalCount } }", "BAD_USER_INPUT"),
        ("{ hop(id: \"tok_1\") { id } }", "BAD_USER_INPUT"),
        ("{ hop(id: \"\") { id } }", "BAD_USER_INPUT"),
        ("{ node(id: \"nothing\") { id } }", "BAD_USER_INPUT"),
        ("{ operation(id: \"nothing\") { id } }", "BAD_USER_INPUT"),
        ("{ hops(filter: { programme: \"tok_1\" }) { totalCount } }", "BAD_USER_INPUT"),
        ("{ log { entry(index: \"-1\") { index } } }", "BAD_USER_INPUT"),
        ("{ log { inclusionProof(index: \"99999\", treeSize: \"3\") { hashes } } }", "NO_PROOF"),
        ("{ log { inclusionProof(index: \"0\", treeSize: \"99999\") { hashes } } }", "NO_PROOF"),
        ("{ log { consistencyProof(first: \"1\", second: \"99999\") { hashes } } }", "NO_PROOF"),
        ("{ log { consistencyProof(first: \"0\", second: \"3\") { hashes } } }", "NO_PROOF"),
        ("{ statement(asOf: \"yesterday\") { held { amount } } }", "BAD_USER_INPUT"),
        ("query A { log { chainId } } query B { log { chainId } }", "BAD_USER_INPUT"),
        ("subscription { entryRecorded { index } }", "BAD_USER_INPUT"),
    ];
    for (query, code) in cases {
        assert_eq!(served.error(Some(login(&served.world.supervisor)), query).await, code, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_that_ask_for_too_much_are_refused() {
    let served = Served::start().await;
    let supervisor = Some(login(&served.world.supervisor));
    let wide =
        "{ tokens(first: 100) { nodes { children(first: 100) { nodes { children(first: 100) { nodes { id } } } } } } }";
    assert_eq!(served.error(supervisor, wide).await, "QUERY_TOO_COMPLEX");
    let by_variable = "query($first: Int) { tokens(first: $first) { nodes { \
                       children(first: 100) { nodes { id state overdue } } } } }";
    for (first, passes) in [(1, true), (100, false), (1, true)] {
        let body = served.ask(supervisor, by_variable, json!({ "first": first })).await;
        assert_eq!(body.get("errors").is_none(), passes, "{first}: {body}");
    }
    let deep = format!("{{ tokens(first: 1) {{ nodes {{ {} id {} }} }} }}", "parent { ".repeat(30), "} ".repeat(30));
    assert_eq!(served.error(supervisor, &deep).await, "QUERY_TOO_COMPLEX");
    let aliased: String = (0..1500).map(|n| format!("a{n}: hops(first: 100) {{ nodes {{ id }} }} ")).collect();
    assert_eq!(served.error(supervisor, &format!("{{ {aliased} }}")).await, "QUERY_TOO_COMPLEX");
    let negative = "{ tokens(first: -1) { nodes { children(first: -1) { nodes { id } } } } }";
    assert_eq!(served.error(supervisor, negative).await, "BAD_USER_INPUT");
}

#[tokio::test(flavor = "multi_thread")]
async fn money_in_several_currencies_has_no_single_statement() {
    use aqueduct::ledger::money::Currency;
    use aqueduct::ledger::operation::{AllocationCreate, AllowedDays, BudgetAppropriate, Operation, ProgrammeDefine};
    let served = Served::start().await;
    let world = &served.world;
    let jpy = Currency::parse("JPY").unwrap();
    let define = ProgrammeDefine {
        allowed_days: AllowedDays { delivery: 5, recovery: 10, giving_back: 5, transfer: 3 },
        code: "RELIEF".to_owned(),
        currency: jpy,
        deductions: Vec::new(),
        label: "Relief".to_owned(),
        utc_offset_minutes: 540,
    };
    world.record(&world.treasury, Operation::ProgrammeDefine(define)).await;
    let cycle = aqueduct::ledger::time::Cycle {
        first_day: "2024-11-01".parse().unwrap(),
        label: "2024-11".to_owned(),
        last_day: "2024-11-30".parse().unwrap(),
    };
    let amount = crate::world::minor(700);
    let appropriate = BudgetAppropriate { amount, currency: jpy, cycle, programme: "RELIEF".to_owned() };
    world.record(&world.treasury, Operation::BudgetAppropriate(appropriate)).await;
    let allocate = AllocationCreate {
        declared_recipients: None,
        declared_total: None,
        amount,
        currency: jpy,
        cycle: "2024-11".to_owned(),
        programme: "RELIEF".to_owned(),
        purpose: "RELIEF".to_owned(),
    };
    world.record(&world.treasury, Operation::AllocationCreate(allocate)).await;
    world.node().catch_up().await;
    let supervisor = Some(login(&world.supervisor));
    assert_eq!(served.error(supervisor, "{ statement { held { amount } } }").await, "MIXED_CURRENCIES");
    let query = "{ leakageReport(groupBy: PROGRAMME) { total { key } groups { nodes { key currency } } } \
                 statement(filter: { currency: \"JPY\" }) { held { amount currency } } }";
    let expected = json!({
        "leakageReport": { "total": null, "groups": { "nodes": [
            { "key": "PENSION", "currency": "INR" }, { "key": "RELIEF", "currency": "JPY" },
        ] } },
        "statement": { "held": { "amount": "700", "currency": "JPY" } },
    });
    assert_eq!(served.data(&world.supervisor, query).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_fails_is_null_in_its_place_and_so_is_what_may_not_lack_it() {
    let served = Served::start().await;
    let supervisor = Some(login(&served.world.supervisor));
    let ask = async |query: &str| {
        let body = served.ask(supervisor, query, Value::Null).await;
        (body["data"].clone(), body["errors"][0]["path"].clone())
    };
    let nullable = "{ operation(id: \"tok_1\") { id } log { chainId } }";
    let (data, path) = ask(nullable).await;
    assert_eq!((data.get("operation"), &path), (Some(&Value::Null), &json!(["operation"])));
    assert!(data["log"]["chainId"].is_string(), "the other field is there");
    let inner =
        "{ log { proof: inclusionProof(index: \"9\", treeSize: \"1\") { hashes } chainId } viewer { officer } }";
    assert_eq!(ask(inner).await, (Value::Null, json!(["log", "proof"])), "nothing on the way may be null");
    let below = "{ token(id: \"tok_zzzz\") { id } recipients(first: 1) { nodes { hops(first: 0) { totalCount } } } }";
    assert_eq!(ask(below).await.0, Value::Null);
    let optional = "{ hops(first: 1) { nodes { id token { children(first: 0) { totalCount } } } } }";
    let (data, path) = ask(optional).await;
    assert_eq!(data["hops"]["nodes"][0]["token"], Value::Null);
    assert!(data["hops"]["nodes"][0]["id"].is_string());
    assert_eq!(path, json!(["hops", "nodes", 0, "token", "children"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_are_answered_in_the_order_of_the_document() {
    let served = Served::start().await;
    let bearer = format!("Bearer {}", login(&served.world.supervisor));
    let query = "query($w: Boolean!) { z: viewer { roles officer } a: hops(first: 1) { totalCount ...F nodes { state id } } \
                 log { head { time height } } b: __typename } fragment F on HopConnection { pageInfo { hasNextPage } \
                 nodes { kind ... @include(if: $w) { overdue } } }";
    let body = json!({ "query": query, "variables": { "w": true } }).to_string();
    let text = served.post(&[("Authorization", bearer.as_str())], body).await.text;
    let names = [
        "z",
        "roles",
        "officer",
        "a",
        "totalCount",
        "pageInfo",
        "hasNextPage",
        "nodes",
        "kind",
        "overdue",
        "state",
        "id",
        "log",
        "head",
        "time",
        "height",
        "b",
    ];
    let places: Vec<usize> = names.iter().map(|name| text.find(&format!("\"{name}\":")).unwrap()).collect();
    assert!(places.is_sorted(), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_whose_fields_are_all_skipped_is_empty() {
    let served = Served::start().await;
    for (query, expected) in [
        ("{ viewer { officer @skip(if: true) } }", json!({ "viewer": {} })),
        ("{ hops(first: 2) { nodes { id @include(if: false) } } }", json!({ "hops": { "nodes": [{}, {}] } })),
        ("{ a: __typename @skip(if: true) }", json!({})),
        ("{ party(id: \"0193a000-0000-7000-8000-000000000000\") { id } }", json!({ "party": null })),
    ] {
        assert_eq!(served.data(&served.world.supervisor, query).await, expected, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_holds_so_many_bytes_of_lines_and_no_more() {
    let world = World::start().await;
    let lines: Vec<RecipientLine> = (0..10_000)
        .map(|n| RecipientLine {
            party: world.next_id(),
            area: "North/Hill/Ford".to_owned(),
            label: format!("{n:0>80}"),
        })
        .collect();
    world.record(&world.registrar, Operation::RecipientEnrol(RecipientEnrol {}, lines)).await;
    world.node().catch_up().await;
    let served = Served::of(world).await;
    let of = |times: usize| {
        let aliases: Vec<String> = (0..times).map(|at| format!("a{at}: lines")).collect();
        format!("{{ operations(first: 1) {{ nodes {{ entry {{ {} }} }} }} }}", aliases.join(" "))
    };
    let data = served.data(&served.world.supervisor, &of(3)).await;
    let entry = &data["operations"]["nodes"][0]["entry"];
    let bytes: usize = entry["a0"].as_array().unwrap().iter().map(|line| line.as_str().unwrap().len()).sum();
    let most = aqueduct::limits::ANSWER_ENTRY_BYTES_MAX;
    assert!(3 * bytes <= most && 14 * bytes > most, "{bytes}");
    assert_eq!(served.error(Some(login(&served.world.supervisor)), &of(14)).await, "ANSWER_TOO_LARGE");
}
