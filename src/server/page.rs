//! `/graphiql`: a page to try requests. It is served whole from here and asks nobody else.

use poem::{Response, handler};

/// Nothing is allowed but what the page brings: its own script, style and requests.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// One script out of three: what is typed is sent; subscriptions are followed; the schema is shown.
const SCRIPT: &str =
    concat!(include_str!("page/send.js"), include_str!("page/follow.js"), include_str!("page/explorer.js"));

/// The page.
#[handler]
pub fn html() -> Response {
    file("text/html; charset=utf-8", include_str!("page/page.html"))
}

/// What it does.
#[handler]
pub fn script() -> Response {
    file("text/javascript; charset=utf-8", SCRIPT)
}

/// How it looks.
#[handler]
pub fn style() -> Response {
    file("text/css; charset=utf-8", include_str!("page/page.css"))
}

fn file(content_type: &str, body: &'static str) -> Response {
    Response::builder()
        .content_type(content_type)
        .header("content-security-policy", POLICY)
        .header("x-content-type-options", "nosniff")
        .header("referrer-policy", "no-referrer")
        .body(body)
}
