//! E-mail addresses: which texts are one, and when two are the same (EM-7).
//!
//! The part before the `@` is a dot-atom of ASCII (RFC 5322 §3.2.3), the domain a host name, which may be typed in Unicode (UTS
//! 46) and is kept as A-labels. So an address has no space, quote, comma, bracket or line break, and cannot add a header to a
//! mail or a recipient to it. Quoted local parts, address literals and names without a dot are refused: nobody has one in
//! practice, and a mail to another host than the owner's is worse than a refusal.

use std::fmt;

/// An e-mail address.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress {
    written: String,
    canonical: String,
}

/// The text is no e-mail address that mail could be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an e-mail address has the form name@example.org, with at most 254 characters")]
pub struct InvalidEmailAddress;

impl EmailAddress {
    /// The most bytes of a whole address (RFC 5321 §4.5.3.1.3).
    pub const MAX_LEN: usize = 254;
    /// The most bytes before the `@` (RFC 5321 §4.5.3.1.1).
    const MAX_LOCAL_LEN: usize = 64;

    /// Takes an address as somebody types it.
    ///
    /// # Errors
    /// [`InvalidEmailAddress`], for whatever reason.
    pub fn parse(raw: &str) -> Result<Self, InvalidEmailAddress> {
        // Before the domain is looked at: nothing may cost more than the address's own length (LM-6).
        if raw.len() > Self::MAX_LEN * 4 {
            return Err(InvalidEmailAddress);
        }
        let (local, domain) = raw.split_once('@').ok_or(InvalidEmailAddress)?;
        if local.len() > Self::MAX_LOCAL_LEN || !local.split('.').all(is_atom) {
            return Err(InvalidEmailAddress);
        }
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| InvalidEmailAddress)?;
        let written = format!("{local}@{domain}");
        if written.len() > Self::MAX_LEN || !is_of_a_domain(&domain) {
            return Err(InvalidEmailAddress);
        }
        Ok(Self { canonical: written.to_ascii_lowercase(), written })
    }

    /// The address to send to: as its owner writes it before the `@`, the domain in lower-case A-labels.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// The form for look-up and uniqueness: all in lower case. Dots and `+tags` are kept: whether they mean anything is the
    /// business of the mail server.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The domain, in lower-case A-labels.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.canonical.split_once('@').map_or("", |(_, domain)| domain)
    }
}

/// The domain of e-mail addresses.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EmailDomain(String);

/// The text is no domain of an e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a domain has the form example.org, without an @ or a star")]
pub struct InvalidEmailDomain;

impl EmailDomain {
    /// Takes a domain as somebody types it, in Unicode or as A-labels.
    ///
    /// # Errors
    /// [`InvalidEmailDomain`], for whatever reason.
    pub fn parse(raw: &str) -> Result<Self, InvalidEmailDomain> {
        // A second @ is refused with it.
        let address = EmailAddress::parse(&format!("a@{raw}")).map_err(|_| InvalidEmailDomain)?;
        Ok(Self(address.domain().to_owned()))
    }

    /// The domain, in lower-case A-labels.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EmailDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EmailDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// RFC 5322 §3.2.3.
fn is_atom(text: &str) -> bool {
    let is_atext = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_atext)
}

/// Whether a host name is below some top-level domain, and is no IPv4 address.
fn is_of_a_domain(domain: &str) -> bool {
    domain.rsplit_once('.').is_some_and(|(_, top)| !top.bytes().all(|byte| byte.is_ascii_digit()))
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// EM-7: what differs in case, or in the writing of the domain, is one address; nothing else is.
    #[test]
    fn spellings_of_an_address_share_one_canonical_form() {
        let address = EmailAddress::parse("Ada.Lovelace+x@Bücher.Example").unwrap();
        assert_eq!(address.as_str(), "Ada.Lovelace+x@xn--bcher-kva.example");
        assert_eq!(address.domain(), "xn--bcher-kva.example");
        for same in [
            "ada.lovelace+x@bücher.example",
            "ADA.LOVELACE+X@XN--BCHER-KVA.EXAMPLE",
            "ada.lovelace+x@bu\u{308}cher.example",
        ] {
            assert_eq!(EmailAddress::parse(same).unwrap().canonical(), address.canonical(), "{same}");
        }
        for other in ["adalovelace+x@bücher.example", "ada.lovelace@bücher.example"] {
            assert_ne!(EmailAddress::parse(other).unwrap().canonical(), address.canonical(), "{other}");
        }
    }

    #[test]
    fn a_domain_is_read_in_any_spelling_and_nothing_else_is() {
        for text in ["Bücher.Example", "xn--bcher-kva.example", "BU\u{308}CHER.example"] {
            assert_eq!(EmailDomain::parse(text).unwrap().as_str(), "xn--bcher-kva.example", "{text}");
        }
        for bad in [
            "",
            "localhost",
            "*.example.org",
            "@example.org",
            "ada@example.org",
            ".example.org",
            "192.0.2.1",
            "a b.org",
        ] {
            assert_eq!(EmailDomain::parse(bad), Err(InvalidEmailDomain), "{bad}");
        }
    }

    /// EM-7: nothing that a mail server, a header or a person could read as something else.
    #[test]
    fn what_is_no_plain_address_is_refused() {
        let long = format!("{}@example.org", "a".repeat(65));
        let longer = format!("a@{}example.org", "b.".repeat(130));
        for bad in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "ada@@example.org",
            "a@b@example.org",
            ".a@example.org",
            "a.@example.org",
            "a..b@example.org",
            "a b@example.org",
            "\"a b\"@example.org",
            " ada@example.org",
            "ada@example.org ",
            "ada@example.org\r\nBcc: eve@example.org",
            "ada\r\n@example.org",
            "ada@example.org,eve@example.org",
            "<ada@example.org>",
            "Ada <ada@example.org>",
            "ада@example.org",
            "ada＠example.org",
            "ada@localhost",
            "ada@192.0.2.1",
            "ada@[192.0.2.1]",
            "ada@example.org.",
            "ada@-a.example",
            "ada@a_b.example",
            "ada@exa mple.org",
            "ada@.org",
            "ada@example..org",
            "ada@exam\0ple.org",
            "ada\u{7f}@example.org",
            &long,
            &longer,
            &"x@".repeat(10_000),
        ] {
            assert_eq!(EmailAddress::parse(bad), Err(InvalidEmailAddress), "{bad:?}");
        }
    }

    #[test]
    fn what_people_have_is_accepted() {
        let long = format!("{}@{}.example.org", "a".repeat(64), "b".repeat(63));
        for good in [
            "a@b.co",
            "o'neil@example.org",
            "x_1-2.3@mail.example.co.uk",
            "a@1a.example",
            "a@example.xn--p1ai",
            &long,
        ] {
            assert_eq!(EmailAddress::parse(good).unwrap().as_str(), good);
        }
    }
}
