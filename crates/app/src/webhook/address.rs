//! Which addresses may be sent to. A partner names any URL it likes, so without this it could have the server ask its own
//! network: databases, routers, the metadata service of a cloud.
//!
//! What a URL says is checked when a webhook is made; what it leads to is checked each time a connection is made, for a
//! name can change what it resolves to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::Uri;
use url::{Host, Url};

use crate::fault::Fault;

/// The longest URL that is taken, in characters.
const URL_MAX: usize = 2_000;

/// Whether webhooks may lead into private networks, and by plain HTTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PrivateAddresses {
    /// They are refused: for everything that others can reach.
    #[default]
    Refuse,
    /// They are allowed: for development, and where every partner is trusted with the network.
    Allow,
}

impl PrivateAddresses {
    /// Whether this address may be connected to.
    pub(super) fn allows(self, address: IpAddr) -> bool {
        self == Self::Allow || is_public(address)
    }
}

/// The URL as it will be used, or what is wrong with it.
pub(super) fn check_url(text: &str, addresses: PrivateAddresses) -> Result<String, Fault> {
    let invalid = |what: &str| Fault::Invalid(format!("url {what}. Nothing was done."));
    if text.chars().count() > URL_MAX {
        return Err(invalid("is longer than 2,000 characters"));
    }
    let url = Url::parse(text).map_err(|_| invalid("is not a URL such as https://example.com/hooks"))?;
    match (url.scheme(), addresses) {
        ("https", _) | ("http", PrivateAddresses::Allow) => {}
        _ => return Err(invalid("is not https")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid("names a user or a password; deliveries are signed instead"));
    }
    if url.fragment().is_some() {
        return Err(invalid("has a fragment, which is never sent"));
    }
    let literal = match url.host() {
        Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
        Some(Host::Domain(_)) => None,
        None => return Err(invalid("names no host")),
    };
    if literal.is_some_and(|address| !addresses.allows(address)) {
        return Err(invalid("leads to an address that is not public"));
    }
    // As it is parsed it may be longer: characters are percent-encoded.
    if url.as_str().len() > URL_MAX || url.as_str().parse::<Uri>().is_err() {
        return Err(invalid("cannot be asked for by HTTP, or is longer than 2,000 characters when it is encoded"));
    }
    Ok(url.into())
}

/// Whether an address belongs to the public internet: global unicast, and not one that stands for another address or is set
/// apart (IANA special-purpose address registries, RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

const fn is_public_v4(address: Ipv4Addr) -> bool {
    !matches!(
        address.octets(),
        [0 | 10 | 127, ..]               // this network, private, loopback
            | [100, 64..=127, ..]        // shared by carriers (RFC 6598)
            | [169, 254, ..]             // link-local, and metadata services of clouds
            | [172, 16..=31, ..]         // private
            | [192, 0, 0 | 2, _]         // protocol assignments, documentation
            | [192, 88, 99, _]           // 6to4 relays
            | [192, 168, ..]             // private
            | [198, 18 | 19, ..]         // benchmarks
            | [198, 51, 100, _]          // documentation
            | [203, 0, 113, _]           // documentation
            | [224..=255, ..] // multicast, reserved, broadcast
    )
}

const fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // Protocol assignments, among them Teredo and benchmarks (2001::/23), and documentation.
        [0x2001, 0..=0x1ff | 0xdb8, ..] => false,
        // 6to4 holds an IPv4 address.
        [0x2002, ..] => false,
        // Documentation.
        [0x3fff, 0..=0xfff, ..] => false,
        // Global unicast is 2000::/3. Outside of it lie loopback, IPv4-mapped, NAT64, unique-local, link-local, multicast.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Addresses on both sides of each edge, and whether they are public.
    const ADDRESSES: [(&str, bool); 67] = [
        ("1.1.1.1", true),
        ("9.255.255.255", true),
        ("11.0.0.0", true),
        ("100.63.255.255", true),
        ("100.128.0.0", true),
        ("126.255.255.255", true),
        ("128.0.0.0", true),
        ("172.15.255.255", true),
        ("172.32.0.0", true),
        ("192.0.1.0", true),
        ("192.88.98.255", true),
        ("198.17.255.255", true),
        ("198.20.0.0", true),
        ("223.255.255.255", true),
        ("0.0.0.0", false),
        ("0.255.255.255", false),
        ("10.0.0.1", false),
        ("100.64.0.1", false),
        ("100.127.255.255", false),
        ("127.0.0.1", false),
        ("127.255.255.254", false),
        ("169.254.169.254", false),
        ("172.16.0.1", false),
        ("172.31.255.255", false),
        ("192.0.0.1", false),
        ("192.0.2.1", false),
        ("192.88.99.1", false),
        ("192.168.1.1", false),
        ("198.18.0.1", false),
        ("198.19.255.255", false),
        ("198.51.100.1", false),
        ("203.0.113.1", false),
        ("224.0.0.1", false),
        ("239.255.255.250", false),
        ("240.0.0.1", false),
        ("255.255.255.255", false),
        ("2001:200::1", true),
        ("2400:cb00::1", true),
        ("2606:4700::1111", true),
        ("2a00:1450::1", true),
        ("3ffe::1", true),
        ("::", false),
        ("::1", false),
        ("::127.0.0.1", false),
        ("::ffff:127.0.0.1", false),
        ("::ffff:1.1.1.1", false),
        ("64:ff9b::7f00:1", false),
        ("64:ff9b::101:101", false),
        ("64:ff9b:1::1", false),
        ("100::1", false),
        ("1fff::1", false),
        ("2001::1", false),
        ("2001:2::1", false),
        ("2001:10::1", false),
        ("2001:20::1", false),
        ("2001:1ff:ffff::1", false),
        ("2001:db8::1", false),
        ("2002:7f00:1::1", false),
        ("3fff::1", false),
        ("3fff:fff::1", false),
        ("4000::1", false),
        ("5f00::1", false),
        ("fc00::1", false),
        ("fd00::1", false),
        ("fe80::1", false),
        ("fec0::1", false),
        ("ff02::1", false),
    ];

    #[test]
    fn only_public_addresses_are_public() {
        for (address, expected) in ADDRESSES {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(is_public(address), expected, "{address}");
            assert_eq!(PrivateAddresses::Refuse.allows(address), expected, "{address}");
            assert!(PrivateAddresses::Allow.allows(address));
        }
    }

    #[test]
    fn a_url_is_https_to_a_public_place() {
        let check = |url: &str| check_url(url, PrivateAddresses::Refuse).map_err(|fault| fault.to_string());
        for (url, taken) in [
            ("https://example.com", "https://example.com/"),
            ("HTTPS://Example.COM:443/a b?c=ö", "https://example.com/a%20b?c=%C3%B6"),
            ("https://example.com:8443/hooks?x=1", "https://example.com:8443/hooks?x=1"),
            ("https://日本.example/", "https://xn--wgv71a.example/"),
            ("https://1.1.1.1/", "https://1.1.1.1/"),
            ("https://[2606:4700::1111]/", "https://[2606:4700::1111]/"),
            // A name may lead anywhere; that is looked at when it is connected to.
            ("https://localhost/", "https://localhost/"),
        ] {
            assert_eq!(check(url).as_deref(), Ok(taken), "{url}");
        }
        for (url, told) in [
            ("", "is not a URL"),
            ("example.com", "is not a URL"),
            ("https://", "is not a URL"),
            ("/hooks", "is not a URL"),
            ("http://example.com/", "is not https"),
            ("ftp://example.com/", "is not https"),
            ("file:///etc/passwd", "is not https"),
            ("https://user@example.com/", "user or a password"),
            ("https://:hush@example.com/", "user or a password"),
            ("https://example.com/#here", "fragment"),
            ("https://127.0.0.1/", "not public"),
            ("https://127.1/", "not public"),
            ("https://0x7f000001/", "not public"),
            ("https://2130706433/", "not public"),
            ("https://0177.0.0.1/", "not public"),
            ("https://169.254.169.254/latest/meta-data", "not public"),
            ("https://[::1]/", "not public"),
            ("https://[::ffff:10.0.0.1]/", "not public"),
            ("https://[fd00::1]/", "not public"),
        ] {
            let error = check(url).unwrap_err();
            assert!(error.contains(told) && !error.contains("hush"), "{url}: {error}");
        }
        let long = |length: usize| format!("https://example.com/{}", "x".repeat(length - 20));
        assert!(check(&long(2_000)).is_ok());
        assert!(check(&long(2_001)).unwrap_err().contains("longer than 2,000"));
        assert!(check(&format!("https://example.com/{}", "ö".repeat(700))).unwrap_err().contains("encoded"));
    }

    #[test]
    fn in_development_anything_goes_by_either_scheme() {
        for url in ["http://127.0.0.1:8080/hooks", "http://localhost/", "https://[::1]/"] {
            assert!(check_url(url, PrivateAddresses::Allow).is_ok(), "{url}");
        }
        assert!(check_url("ftp://localhost/", PrivateAddresses::Allow).is_err());
    }
}
