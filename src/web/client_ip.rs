//! Who asks: the peer, or the client that a trusted proxy names.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use http::HeaderMap;
use ipnet::IpNet;

use super::settings::Settings;

/// The other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    Tcp(IpAddr),
    /// By a socket file: trusted to name the client.
    Unix,
}

/// Headers by which proxies name clients unasked.
const USUAL_HEADERS: [&str; 3] = ["x-forwarded-for", "x-real-ip", "forwarded"];

/// The client's address; `None` when a trusted proxy does not name it: such a client is nobody, so
/// never an admin.
pub fn client_ip(settings: &Settings, peer: Peer, headers: &HeaderMap) -> Option<IpAddr> {
    if let Peer::Tcp(ip) = peer
        && !contains(&settings.trusted_proxies, ip.to_canonical())
    {
        return Some(ip.to_canonical());
    }
    let named = match &settings.real_ip_header {
        Some(name) => named_client(settings, name.as_str(), headers),
        // Nobody stands between us and the peer, unless the headers say so.
        None if USUAL_HEADERS.iter().any(|name| headers.contains_key(*name)) => None,
        None => match peer {
            Peer::Tcp(ip) => Some(ip.to_canonical()),
            Peer::Unix => None,
        },
    };
    if named.is_none() {
        warn_once();
    }
    named
}

fn named_client(settings: &Settings, name: &str, headers: &HeaderMap) -> Option<IpAddr> {
    let values = headers
        .get_all(name)
        .iter()
        .map(|value| value.to_str().ok())
        .collect::<Option<Vec<_>>>()?;
    if name != "x-forwarded-for" {
        return match values.as_slice() {
            [value] => parse(value),
            _ => None,
        };
    }
    // Each proxy adds on the right whom it heard it from; what stands left of the first stranger is
    // the stranger's own word.
    let mut nearest = None;
    for hop in values.iter().rev().flat_map(|value| value.rsplit(',')) {
        let ip = parse(hop)?;
        nearest = Some(ip);
        if !contains(&settings.trusted_proxies, ip) {
            break;
        }
    }
    nearest
}

fn parse(text: &str) -> Option<IpAddr> {
    let ip: IpAddr = text.trim().parse().ok()?;
    Some(ip.to_canonical())
}

/// Whether one of the networks holds the address.
pub fn contains(networks: &[IpNet], ip: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&ip))
}

fn warn_once() {
    static WARNED: AtomicBool = AtomicBool::new(false);
    if !WARNED.swap(true, Ordering::Relaxed) {
        tracing::error!(
            "a trusted proxy does not name its client: check web.real_ip_header and the proxy's \
             configuration; until then nobody who comes this way is an admin"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(header: Option<&'static str>) -> Settings {
        Settings {
            trusted_proxies: vec![
                "127.0.0.1/32".parse().unwrap(),
                "10.0.0.0/8".parse().unwrap(),
            ],
            real_ip_header: header.map(http::HeaderName::from_static),
            ..Settings::default()
        }
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    const PROXY: &str = "127.0.0.1";

    #[test]
    fn strangers_are_who_they_are_whatever_they_say() {
        let headers = headers(&[("x-real-ip", "127.0.0.1")]);
        let peer = Peer::Tcp(ip("::ffff:192.0.2.7"));
        assert_eq!(
            client_ip(&settings(Some("x-real-ip")), peer, &headers),
            Some(ip("192.0.2.7"))
        );
    }

    #[test]
    fn a_trusted_proxy_names_the_client_or_there_is_none() {
        let peer = Peer::Tcp(ip(PROXY));
        let with = settings(Some("x-real-ip"));
        let named = headers(&[("x-real-ip", "192.0.2.7")]);
        assert_eq!(client_ip(&with, peer, &named), Some(ip("192.0.2.7")));
        assert_eq!(client_ip(&with, Peer::Unix, &named), Some(ip("192.0.2.7")));
        for bad in [
            headers(&[]),
            headers(&[("x-real-ip", "nonsense")]),
            headers(&[("x-real-ip", "192.0.2.7"), ("x-real-ip", "127.0.0.1")]),
        ] {
            assert_eq!(client_ip(&with, peer, &bad), None);
        }
    }

    #[test]
    fn forwarded_for_is_read_from_the_right() {
        let with = settings(Some("x-forwarded-for"));
        let client = |value: &str| {
            let headers = headers(&[("x-forwarded-for", value)]);
            client_ip(&with, Peer::Tcp(ip(PROXY)), &headers)
        };
        assert_eq!(client("127.0.0.1, 192.0.2.7"), Some(ip("192.0.2.7")));
        assert_eq!(client("192.0.2.7, 10.1.1.1"), Some(ip("192.0.2.7")));
        assert_eq!(client("10.1.1.1"), Some(ip("10.1.1.1")));
        assert_eq!(client("192.0.2.7, junk, 10.1.1.1"), None);
        let two = headers(&[
            ("x-forwarded-for", "10.9.9.9"),
            ("x-forwarded-for", "192.0.2.8"),
        ]);
        assert_eq!(
            client_ip(&with, Peer::Tcp(ip(PROXY)), &two),
            Some(ip("192.0.2.8"))
        );
    }

    #[test]
    fn without_a_header_the_peer_counts_unless_somebody_forwards() {
        let without = settings(None);
        let peer = Peer::Tcp(ip(PROXY));
        assert_eq!(client_ip(&without, peer, &headers(&[])), Some(ip(PROXY)));
        let forwarded = headers(&[("x-forwarded-for", "192.0.2.7")]);
        assert_eq!(client_ip(&without, peer, &forwarded), None);
        assert_eq!(client_ip(&without, Peer::Unix, &headers(&[])), None);
    }
}
