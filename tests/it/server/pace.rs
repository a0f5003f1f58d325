//! One login cannot ask without end; others go on beside it.

use aqueduct::server::options::{Bounds, Options, Pace};
use serde_json::json;

use super::client::{JSON, Served};

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_asks_too_often_is_told_when_to_come_back() {
    // Nothing is earned back: what is allowed at once is allowed for ever.
    let pace = Pace { per_second: 0, burst: 3, under_way: 10 };
    let served = Served::with(Options { bounds: Bounds { pace, ..Bounds::default() }, ..Options::default() }).await;
    let bearer = |token: &str| format!("Bearer {token}");
    let (one, other) = (bearer(served.token()), bearer(&served.world.treasury.officers[0].1));
    let ask = async |login: &str, query: &str| {
        let headers = [("Content-Type", JSON), ("Authorization", login)];
        served.send("POST", "/graphql", &headers, json!({ "query": query }).to_string().as_bytes()).await
    };
    let three = ask(&one, "mutation { a: __typename b: __typename c: __typename }").await;
    assert_eq!(three.status, 200, "each field of a mutation counts");
    let refused = ask(&one, "{ __typename }").await;
    assert_eq!((refused.status, refused.code().as_str()), (429, "RATE_LIMITED"));
    assert_eq!(refused.json()["errors"][0]["extensions"]["retryAfterMs"], 1_000);
    assert_eq!(refused.header("retry-after"), "1");
    let four = ask(&other, "mutation { a: __typename b: __typename c: __typename d: __typename }").await;
    assert_eq!(four.status, 429, "what is more than all of it never passes");
    for _ in 0..2 {
        assert_eq!(ask(&other, "{ __typename }").await.status, 200);
    }
    assert_eq!(ask(&other, "{ __typename }").await.status, 429);
    served.lives().await;
}
