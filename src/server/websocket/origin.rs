//! Whose pages may connect.
//!
//! A browser lets any page open a WebSocket connection to any server, and says in `Origin` which
//! page it is. A program that is no browser sends none, and what it may see depends on its login.

use poem::Request;

/// Whether the request comes from the server's own pages, from those of an allowed origin, or
/// from no page.
pub fn is_allowed(request: &Request, allowed: &[String]) -> bool {
    if !request.headers().contains_key("origin") {
        return true;
    }
    let Some(origin) = request.header("origin") else { return false };
    let is_listed = allowed.iter().any(|known| known.trim_end_matches('/').eq_ignore_ascii_case(origin));
    is_listed || request.header("host").is_some_and(|host| is_same(origin, host))
}

/// Whether an origin such as `https://example.org` is that of the host `example.org`. The scheme
/// says nothing: TLS ends at a proxy.
fn is_same(origin: &str, host: &str) -> bool {
    let (scheme, authority) = origin.split_once("://").unwrap_or_default();
    let default = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return false,
    };
    let bare = |authority: &str| authority.strip_suffix(default).unwrap_or(authority).to_ascii_lowercase();
    bare(authority) == bare(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_this_server_is_of_its_host() {
        for (origin, host) in [
            ("http://127.0.0.1:8080", "127.0.0.1:8080"),
            ("https://Example.org", "example.org"),
            ("https://example.org", "example.org:443"),
            ("http://example.org:80", "example.org"),
            ("http://[::1]:8080", "[::1]:8080"),
        ] {
            assert!(is_same(origin, host), "{origin} {host}");
        }
        for (origin, host) in [
            ("null", "null"),
            ("", ""),
            ("http://example.org.evil", "example.org"),
            ("http://evil/example.org", "example.org"),
            ("http://127.0.0.1:8081", "127.0.0.1:8080"),
            ("https://example.org", "example.org:80"),
            ("file://", ""),
        ] {
            assert!(!is_same(origin, host), "{origin} {host}");
        }
    }
}
