//! Web origins.

use std::fmt;
use std::str::FromStr as _;

use super::setting::Scalar;

/// A web origin as a browser writes it (RFC 6454 §6.2): scheme, host in lower case, port unless it is the
/// default. Exact, so that comparing two of them needs no rule (CS-5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin(String);

impl Origin {
    /// Whether the scheme is https.
    pub(crate) fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// The host, without brackets.
    pub(crate) fn host(&self) -> &str {
        let authority = self.0.split_once("://").map_or("", |(_, authority)| authority);
        authority
            .strip_prefix('[')
            .and_then(|v6| v6.split_once(']'))
            .map_or_else(|| authority.split(':').next().unwrap_or_default(), |(v6, _)| v6)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Scalar for Origin {
    fn parse_scalar(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("{text:?} is not an origin like \"https://auth.example.com\": {why}");
        let (scheme, authority) = text.split_once("://").ok_or_else(|| wrong("it has no scheme"))?;
        let usual_port = match scheme {
            "http" => 80,
            "https" => 443,
            _ => return Err(wrong("the scheme must be http or https, in lower case")),
        };
        if authority.contains(['/', '?', '#']) {
            return Err(wrong("nothing may follow the host and port, not even a slash"));
        }
        let (host, port) = split_port(authority).ok_or_else(|| wrong("the port is not a number"))?;
        if port == Some(usual_port) {
            return Err(wrong(
                "leave out the port: it is the default of the scheme, and browsers leave it out",
            ));
        }
        let is_v6 = || host.strip_prefix('[')?.strip_suffix(']')?.parse::<std::net::Ipv6Addr>().ok();
        let is_name = |label: &str| {
            !label.is_empty()
                && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        if is_v6().is_none_or(|v6| host != format!("[{v6}]")) && !host.split('.').all(is_name) {
            return Err(wrong("the host must be a name in lower case (punycode) or an address"));
        }
        Ok(Self(text.to_owned()))
    }
}

/// The path under which everything is served: `/auth`, `/id/v1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathPrefix(String);

impl PathPrefix {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PathPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Scalar for PathPrefix {
    fn parse_scalar(text: &str) -> Result<Self, String> {
        // Nothing that is written in two ways, or that a router takes for a pattern.
        let is_plain = |segment: &str| {
            segment.bytes().any(|byte| byte.is_ascii_alphanumeric())
                && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        let fits = text.strip_prefix('/').is_some_and(|path| path.split('/').all(is_plain));
        let why = "letters, digits, \"-\", \"_\" and \".\" after each slash, and no slash at the end";
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("{text:?} is not a path like \"/auth\": {why}"))
        }
    }
}

fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let host_end = authority.rfind(']').unwrap_or(0);
    match authority.get(host_end..)?.rfind(':') {
        None => Some((authority, None)),
        Some(colon) => {
            let (host, port) = authority.split_at(host_end + colon);
            let number = u16::from_str(port.strip_prefix(':')?).ok()?;
            // One spelling only: no `:080`, no `:+80`.
            (format!(":{number}") == port).then_some((host, Some(number)))
        }
    }
}
