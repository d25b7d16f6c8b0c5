//! Addresses as Go programs write them.

use std::net::IpAddr;

/// Host and port of `host`, `host:port`, `[v6]`, `[v6]:port` or a bare v6 address.
pub fn host_and_port(text: &str) -> (&str, Option<&str>) {
    if let Some((host, rest)) = text.strip_prefix('[').and_then(|it| it.split_once(']')) {
        return (host, rest.strip_prefix(':'));
    }
    match text.split_once(':') {
        Some((host, port)) if !port.contains(':') => (host, Some(port)),
        _ => (text, None),
    }
}

/// An address to listen at, with a port: no host means all of them.
///
/// # Errors
/// What is wrong with it.
pub fn listen(text: &str, default_port: u16) -> Result<String, &'static str> {
    let (host, port) = host_and_port(text);
    let port = match port {
        None | Some("") => default_port,
        Some("http") => 80,
        Some("https") => 443,
        Some(port) => port.parse().map_err(|_| "its port is not a number")?,
    };
    let host = match host {
        "" => IpAddr::from([0, 0, 0, 0]),
        "localhost" => IpAddr::from([127, 0, 0, 1]),
        host => host
            .parse()
            .map_err(|_| "is no address of this machine: a number is needed, not a name")?,
    };
    Ok(std::net::SocketAddr::new(host, port).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports_are_told_apart() {
        for (text, host, port) in [
            ("mail.example.com", "mail.example.com", None),
            ("mail.example.com:smtp", "mail.example.com", Some("smtp")),
            ("[::1]", "::1", None),
            ("[::1]:25", "::1", Some("25")),
            ("::1", "::1", None),
            (":8000", "", Some("8000")),
        ] {
            assert_eq!(host_and_port(text), (host, port), "{text}");
        }
    }

    #[test]
    fn what_is_listened_at_is_an_address_with_a_port() {
        for (text, address) in [
            (":", "0.0.0.0:19113"),
            (":8080", "0.0.0.0:8080"),
            (":http", "0.0.0.0:80"),
            ("localhost", "127.0.0.1:19113"),
            ("10.0.0.20", "10.0.0.20:19113"),
            ("[::1]:9", "[::1]:9"),
        ] {
            assert_eq!(listen(text, 19113).as_deref(), Ok(address), "{text}");
        }
        for bad in ["8000", "pool.example.com:8000", ":99999", "x y"] {
            assert!(listen(bad, 19113).is_err(), "{bad}");
        }
    }
}
