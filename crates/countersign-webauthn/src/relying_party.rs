//! Who asks: the RP ID and the origins that may use it, both compared exactly (MF-4).

use std::fmt;

/// The site that passkeys are for: an RP ID, and the origins whose pages may use it.
///
/// The RP ID may be a parent domain of the origins (`example.org` for `https://login.example.org`). Other origins work
/// if the RP ID's server lists them (`/.well-known/webauthn`, related origins, WebAuthn §5.11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelyingParty {
    id: RpId,
    origins: Vec<Origin>,
}

impl RelyingParty {
    /// A relying party with one allowed origin.
    #[must_use]
    pub fn new(id: RpId, origin: Origin) -> Self {
        Self { id, origins: vec![origin] }
    }

    /// The same with one more allowed origin.
    #[must_use]
    pub fn allow_origin(mut self, origin: Origin) -> Self {
        self.origins.push(origin);
        self
    }

    /// The RP ID.
    #[must_use]
    pub fn id(&self) -> &RpId {
        &self.id
    }

    /// The allowed origins.
    #[must_use]
    pub fn origins(&self) -> &[Origin] {
        &self.origins
    }

    /// Byte for byte: an origin has one spelling.
    pub(crate) fn allows(&self, origin: &str) -> bool {
        self.origins.iter().any(|allowed| allowed.0 == origin)
    }
}

/// A relying party's ID: a domain name such as `example.org` (WebAuthn §4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpId(String);

impl RpId {
    /// Reads a domain in lower case, with international names as Punycode. No scheme, port, or IP address.
    ///
    /// # Errors
    /// [`NotADomain`]: anything else.
    pub fn parse(text: &str) -> Result<Self, NotADomain> {
        if is_domain(text) { Ok(Self(text.to_owned())) } else { Err(NotADomain) }
    }

    /// The domain.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The origin of a page, as browsers write it: `https://login.example.org`, `http://localhost:8080`; or of an Android
/// app, `android:apk-key-hash:…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Reads an origin in the one spelling that browsers use: lower case, no path and no slash at the end, no default
    /// port. `http` only for `localhost` and names below it; elsewhere browsers have no passkeys.
    ///
    /// # Errors
    /// [`NotAnOrigin`]: anything else. Such an origin would never be equal to one that a browser sends.
    pub fn parse(text: &str) -> Result<Self, NotAnOrigin> {
        let is_origin = if let Some(hash) = text.strip_prefix("android:apk-key-hash:") {
            // SHA-256 in base64url.
            crate::base64url::decode(hash, "").is_ok_and(|bytes| bytes.len() == 32)
        } else if let Some(authority) = text.strip_prefix("https://") {
            is_authority(authority, 443, is_domain)
        } else if let Some(authority) = text.strip_prefix("http://") {
            is_authority(authority, 80, |host| {
                is_domain(host) && (host == "localhost" || host.ends_with(".localhost"))
            })
        } else {
            false
        };
        if is_origin { Ok(Self(text.to_owned())) } else { Err(NotAnOrigin) }
    }

    /// The origin.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is not a domain in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a domain name in lower case, such as `example.org`")]
#[non_exhaustive]
pub struct NotADomain;

/// The text is not an origin that a page with passkeys can have, in the spelling of browsers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an origin as browsers write it, such as `https://login.example.org`")]
#[non_exhaustive]
pub struct NotAnOrigin;

fn is_authority(authority: &str, default_port: u16, is_host: impl Fn(&str) -> bool) -> bool {
    let Some((host, port)) = authority.split_once(':') else {
        return is_host(authority);
    };
    let is_port =
        port.parse::<u16>().is_ok_and(|number| number != default_port && number.to_string() == port);
    is_host(host) && is_port
}

/// Labels of letters, digits and hyphens; the last one is not a number, or it would be an IPv4 address.
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last_is_number =
        text.rsplit('.').next().is_some_and(|label| label.starts_with(|first: char| first.is_ascii_digit()));
    text.len() <= 253 && text.split('.').all(is_label) && !last_is_number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_rp_id_is_a_domain_in_lower_case() {
        for text in ["example.org", "localhost", "a.b-c.example", "xn--bcher-kva.example", "1.example"] {
            assert_eq!(RpId::parse(text).unwrap().as_str(), text);
        }
        for text in [
            "",
            "Example.org",
            "https://example.org",
            "example.org:443",
            "example.org.",
            ".example.org",
            "a..b",
            "bücher.example",
            "127.0.0.1",
            "[::1]",
            "-a.example",
            "a-.example",
            "example.org/",
            "a b",
            "example.0x7f",
        ] {
            // Browsers read `0x7f` as a number too.
            assert_eq!(RpId::parse(text), Err(NotADomain), "{text}");
        }
        assert!(RpId::parse(&format!("{}.example", "a".repeat(63))).is_ok());
        assert!(RpId::parse(&format!("{}.example", "a".repeat(64))).is_err());
        assert!(RpId::parse(&["a"; 127].join(".")).is_ok());
        assert!(RpId::parse(&["a"; 128].join(".")).is_err());
    }

    #[test]
    fn an_origin_has_the_one_spelling_of_browsers() {
        let app = "android:apk-key-hash:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        for text in [
            "https://example.org",
            "https://login.example.org:8443",
            "https://example.org:80",
            "http://localhost",
            "http://localhost:8080",
            "http://a.localhost:1",
            "http://localhost:443",
            app,
        ] {
            assert_eq!(Origin::parse(text).unwrap().as_str(), text);
        }
        for text in [
            "",
            "example.org",
            "http://example.org",
            "https://example.org/",
            "https://example.org:443",
            "https://Example.org",
            "http://localhost:80",
            "https://example.org:",
            "https://example.org:0443",
            "https://example.org:+1",
            "https://example.org:65536",
            "https://user@example.org",
            "https://127.0.0.1",
            "https://[::1]",
            "HTTPS://example.org",
            "https://example.org?",
            "https://example.org#",
            " https://example.org",
            "null",
            "https://",
            "http://notlocalhost",
            "android:apk-key-hash:AAAA",
            "android:apk-key-hash:",
            "https://bücher.example",
        ] {
            assert_eq!(Origin::parse(text), Err(NotAnOrigin), "{text}");
        }
    }

    #[test]
    fn an_origin_is_compared_exactly() {
        let party = RelyingParty::new(
            RpId::parse("example.org").unwrap(),
            Origin::parse("https://example.org").unwrap(),
        )
        .allow_origin(Origin::parse("https://example.com").unwrap());
        assert!(party.allows("https://example.org"));
        assert!(party.allows("https://example.com"));
        for origin in [
            "https://example.org/",
            "https://a.example.org",
            "https://example.orgx",
            "http://example.org",
            "https://EXAMPLE.org",
            "",
        ] {
            assert!(!party.allows(origin), "{origin}");
        }
    }
}
