//! Documents that ask for too much are refused before anything is done for them.

use std::fmt::Write as _;

use aqueduct::limits::*;
use serde_json::json;

use super::client::{JSON, RESPONSE, Served};

/// The code with which a document is refused before it is executed.
async fn refused(served: &Served, query: &str) -> String {
    let reply = served.ask(query).await;
    assert_eq!(reply.status, 400, "{reply:?}");
    reply.code()
}

/// Fragments of which each spreads the next twice: 600 bytes that stand for millions of fields.
fn doubling(steps: usize) -> String {
    let mut text = String::from("{log{...A0}}");
    for step in 0..steps {
        write!(text, "fragment A{step} on Log{{...A{next} ...A{next}}}", next = step + 1).unwrap();
    }
    text + &format!("fragment A{steps} on Log{{chainId}}")
}

#[tokio::test(flavor = "multi_thread")]
async fn fragments_that_double_are_refused_at_once() {
    let served = Served::start().await;
    let bomb = doubling(16);
    assert!(bomb.len() < 700, "{} bytes", bomb.len());
    assert_eq!(refused(&served, &bomb).await, "QUERY_TOO_COMPLEX");
    for steps in [25, 300] {
        assert_eq!(refused(&served, &doubling(steps)).await, "QUERY_TOO_COMPLEX");
    }
    assert_eq!(served.ask(&doubling(8)).await.status, 200, "a few are none");
    let circle = "{ log { ...A } } fragment A on Log { ...B } fragment B on Log { ...A }";
    assert_eq!(refused(&served, circle).await, "GRAPHQL_VALIDATION_FAILED");
    served.lives().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_bound_of_a_document_is_kept() {
    let served = Served::start().await;
    let aliases = |count: u64| (0..count).map(|n| format!("a{n}:__typename ")).collect::<String>();
    let fields = "chainId ".repeat(SELECTIONS_MAX as usize + 1);
    let nested = "... { ".repeat(SELECTION_NESTING_MAX + 1);
    let operations: String = (0..=DOCUMENT_OPERATIONS_MAX).map(|n| format!("query Q{n} {{ __typename }} ")).collect();
    let cases = [
        ("bytes", format!("{{ __typename }} #{}", "x".repeat(DOCUMENT_BYTES_MAX))),
        ("tokens", format!("{{ log {{ {} }} }}", "chainId ".repeat(DOCUMENT_TOKENS_MAX))),
        ("fields", format!("{{ log {{ {fields} }} }}")),
        ("aliases", format!("{{ {} }}", aliases(ALIASES_MAX + 1))),
        ("names", format!("{{ {} }}", "n".repeat(DOCUMENT_NAME_BYTES_MAX + 1))),
        ("directives", format!("{{ __typename {} }}", "@skip(if: false) ".repeat(DOCUMENT_DIRECTIVES_MAX + 1))),
        ("nested fragments", format!("{{ {nested} __typename {} }}", "}".repeat(SELECTION_NESTING_MAX + 1))),
        ("open braces", "{".repeat(100_000)),
        ("braces", format!("{}{}", "{a".repeat(50_000), "}".repeat(50_000))),
        ("lists", format!("{{ a(b: {}{}) }}", "[".repeat(50_000), "]".repeat(50_000))),
        ("objects", format!("{{ a(b: {}1{}) }}", "{c:".repeat(20_000), "}".repeat(20_000))),
        ("types", format!("query($a: {}Int{}) {{ a }}", "[".repeat(50_000), "]".repeat(50_000))),
    ];
    for (what, query) in cases {
        assert_eq!(refused(&served, &query).await, "QUERY_TOO_COMPLEX", "{what}");
    }
    let reply = served.post(RESPONSE, &json!({ "query": operations, "operationName": "Q0" })).await;
    assert_eq!((reply.status, reply.code().as_str()), (400, "QUERY_TOO_COMPLEX"), "operations");
    let mutations: String = (0..=MUTATION_FIELDS_MAX).map(|n| format!("a{n}:__typename ")).collect();
    assert_eq!(refused(&served, &format!("mutation {{ {mutations} }}")).await, "QUERY_TOO_COMPLEX");
    let within = format!("{{ {} }}", aliases(ALIASES_MAX));
    assert_eq!(served.ask(&within).await.status, 200);
    served.lives().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_within_pages_do_not_overflow_their_measure() {
    let served = Served::start().await;
    for levels in [2, 5, 9] {
        let open = "children(first: 100) { nodes { ".repeat(levels);
        let query = format!("{{ tokens(first: 100) {{ nodes {{ {open} id {} }} }} }}", "} } ".repeat(levels));
        assert_eq!(refused(&served, &query).await, "QUERY_TOO_COMPLEX", "{levels}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_asks_for_a_few_sums_and_counts_only() {
    let served = Served::start().await;
    let bearer = format!("Bearer {}", served.token());
    let status = async |times: usize, field: &str| {
        let fields: String = (0..times).map(|n| format!("a{n}: {field} ")).collect();
        let headers = [("Accept", RESPONSE), ("Content-Type", JSON), ("Authorization", bearer.as_str())];
        let body = json!({ "query": format!("{{ {fields} }}") }).to_string();
        let reply = served.send("POST", "/graphql", &headers, body.as_bytes()).await;
        (reply.status, reply.code())
    };
    let refused = (400, "QUERY_TOO_COMPLEX".to_owned());
    let taken = (200, String::new());
    let report = "leakageReport(groupBy: PARTY) { total { label hopLoss { amount } } }";
    let statement = "statement { held { amount } }";
    let page = "tokens(first: 20) { nodes { statement { held { amount } } } }";
    let count = "hops(first: 1) { totalCount }";
    for (field, most) in [(report, 9), (statement, 9), (page, 1), (count, COUNTS_MAX as usize)] {
        assert_eq!(status(most, field).await, taken, "{most} {field}");
        assert_eq!(status(most + 1, field).await, refused, "{} {field}", most + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_errors_are_cut_and_short() {
    let served = Served::start().await;
    let wrong: String = (0..1_000).map(|n| format!("nope{n} ")).collect();
    let reply = served.ask(&format!("{{ {wrong} }}")).await;
    assert_eq!(reply.json()["errors"].as_array().unwrap().len(), DOCUMENT_ERRORS_MAX);
    let reply = served.ask(&format!("{{ a(b: \"{}\" }}", "x".repeat(100_000))).await;
    assert_eq!((reply.status, reply.code().as_str()), (400, "GRAPHQL_PARSE_FAILED"));
    assert!(reply.body.len() < 4_096, "{} bytes", reply.body.len());
}

/// What tools ask of any server, in the longest form that is in use.
const INTROSPECTION: &str = "query IntrospectionQuery { __schema { description queryType { name kind } \
    mutationType { name kind } subscriptionType { name kind } types { ...FullType } directives { name description \
    isRepeatable locations args(includeDeprecated: true) { ...InputValue } } } } \
    fragment FullType on __Type { kind name description specifiedByURL isOneOf fields(includeDeprecated: true) { name \
    description args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason } \
    inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef } enumValues(includeDeprecated: true) \
    { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } } \
    fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated \
    deprecationReason } \
    fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name \
    ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }";

#[tokio::test(flavor = "multi_thread")]
async fn introspection_fits_under_the_limits() {
    let served = Served::start().await;
    let reply = served.ask(INTROSPECTION).await;
    assert_eq!((reply.status, reply.code().as_str()), (200, ""), "{}", &reply.body[..500.min(reply.body.len())]);
    assert!(reply.json()["data"]["__schema"]["types"].as_array().unwrap().len() > 50);
}
