//! Where a receiver may be: an address that anybody could reach anyway, unless who runs the server
//! allows others. Otherwise whoever adds a receiver could make the server call what only it can
//! reach: itself, its neighbours, a cloud's metadata (CWE-918).
//!
//! The addresses that are looked at are those that are connected to, so a name that points
//! elsewhere a moment later changes nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::limits;

/// The address of a receiver, as text, is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an address of http or https without a name and password in it")]
pub struct NotAReceiver(String);

/// Every address of a receiver is one that not everybody can reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is at a loopback, link-local or private address")]
pub struct NotPublic;

/// Looks names up and leaves out addresses that may not be connected to.
#[derive(Debug)]
pub struct Addresses {
    /// Whether loopback, link-local and private addresses may be.
    pub allow_private: bool,
}

impl Resolver for Addresses {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = DefaultResolver::default().resolve(uri, config, timeout)?;
        let mut kept = self.empty();
        for address in found.iter().filter(|address| self.allow_private || is_public(address.ip())) {
            kept.push(*address);
        }
        if kept.is_empty() { Err(ureq::Error::Other(NotPublic.into())) } else { Ok(kept) }
    }
}

/// Reads where a receiver listens.
pub fn receiver(text: &str) -> Result<Uri, NotAReceiver> {
    let wrong = || NotAReceiver(text.chars().take(limits::WEBHOOK_URL_BYTES_MAX).collect());
    let uri: Uri = text.parse().map_err(|_| wrong())?;
    let authority = uri.authority().ok_or_else(wrong)?;
    let fits = text.len() <= limits::WEBHOOK_URL_BYTES_MAX && !authority.host().is_empty();
    match uri.scheme_str() {
        Some("http" | "https") if fits && !authority.as_str().contains('@') => Ok(uri),
        _ => Err(wrong()),
    }
}

/// Whether a host is written as an address that not everybody can reach, or as this machine's name.
pub fn is_plainly_private(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|address| !is_public(address))
}

/// Whether everybody can reach an address (the special-purpose registries of IANA, RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        // This network, and what is reserved from 240.0.0.0 on.
        [0 | 240..=255, ..] => true,
        // Shared by the customers of a provider (RFC 6598).
        [100, 64..=127, ..] => true,
        // Protocol assignments (RFC 6890), and the 6to4 relays that are no more (RFC 7526).
        [192, 0, 0, _] | [192, 88, 99, _] => true,
        // For measurements of devices (RFC 2544).
        [198, 18..=19, ..] => true,
        _ => false,
    };
    !(special
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [.., a, b] = address.segments();
    let [high, low] = [a.to_be_bytes(), b.to_be_bytes()];
    let within = Ipv4Addr::new(high[0], high[1], low[0], low[1]);
    match address.segments() {
        // IPv4 in another form (RFC 4291, section 2.5.5.2), or behind a translator (RFC 6052).
        [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => is_public_v4(within),
        // Protocol assignments (RFC 2928), documentation (RFC 3849, RFC 9637), 6to4 (RFC 3056).
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x2002, ..] => false,
        [0x3fff, low, ..] if low < 0x1000 => false,
        // Everything else that is given out is of 2000::/3 (RFC 4291, section 2.4).
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_everybody_can_reach_is_public() {
        let public = ["9.9.9.9", "100.63.0.1", "172.32.0.1", "2620:fe::fe", "::ffff:9.9.9.9", "64:ff9b::909:909"];
        let private = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.1",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.5",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2001:db8::1",
            "2002:a00:1::",
            "fc00::1",
            "fe80::1",
            "ff02::1",
        ];
        for (addresses, expected) in [(&public[..], true), (&private[..], false)] {
            for address in addresses {
                assert_eq!(is_public(address.parse().unwrap()), expected, "{address}");
            }
        }
    }

    #[test]
    fn a_receiver_is_an_address_of_http_without_a_password() {
        for text in ["https://books.example/hook?a=1", "http://127.0.0.1:8080", "https://[2620:fe::fe]/"] {
            assert!(receiver(text).is_ok(), "{text}");
        }
        for text in ["", "/hook", "books.example", "ftp://books.example/", "https://a:b@books.example/", "http:///x"] {
            assert!(receiver(text).is_err(), "{text}");
        }
        let plain = |text: &str| is_plainly_private(&receiver(text).unwrap());
        assert!(plain("http://localhost:1/") && plain("http://[::1]:1/") && plain("https://10.0.0.1/"));
        assert!(!plain("https://books.example/"));
    }
}
