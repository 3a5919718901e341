//! [`PasskeyOptions`]: the site that passkeys are for.

use countersign_webauthn::{Origin, RelyingParty, RpId};

use crate::base::out_of_range::Broken;

/// Passkeys: whether they are offered, and the site that they are for.
///
/// They are offered where browsers have them: if the issuer's origin is `https`, or `http` on `localhost`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PasskeyOptions {
    /// Whether they are offered. Default: yes.
    pub enabled: bool,
    /// The domain that they are for, such as `example.org`: the host of the issuer, or a domain above it. Passkeys are bound to it for
    /// ever; another one makes all of them useless. Default: the host of the issuer.
    pub rp_id: Option<String>,
    /// What the site is called; browsers may show it. Default: what authenticator apps show
    /// ([`SecondFactorOptions::product`](super::SecondFactorOptions::product)).
    pub rp_name: Option<String>,
    /// Other origins whose pages may use them, each exactly as browsers send it (`https://example.de`). Those that are not below
    /// [`rp_id`](Self::rp_id) are listed at `/.well-known/webauthn` for browsers (WebAuthn §5.11). Default none.
    pub related_origins: Vec<String>,
}

impl Default for PasskeyOptions {
    fn default() -> Self {
        Self { enabled: true, rp_id: None, rp_name: None, related_origins: Vec::new() }
    }
}

impl PasskeyOptions {
    /// The site, for a server with this issuer; nothing where passkeys are not offered.
    #[must_use]
    pub fn relying_party(&self, issuer: &str) -> Option<RelyingParty> {
        let (origin, host) = origin_of(issuer);
        let own = Origin::parse(origin).ok().filter(|_| self.enabled)?;
        let id = RpId::parse(self.rp_id.as_deref().unwrap_or(host)).ok()?;
        let related = self.related_origins.iter().filter_map(|text| Origin::parse(text).ok());
        Some(related.fold(RelyingParty::new(id, own), RelyingParty::allow_origin))
    }

    pub(super) fn broken(&self) -> Broken {
        let mut broken = Broken::default();
        let is_domain = self.rp_id.as_deref().is_none_or(|text| RpId::parse(text).is_ok());
        broken.unless(is_domain, "rp_id", "is not a domain in lower case, such as `example.org`");
        let are_origins = self.related_origins.iter().all(|text| Origin::parse(text).is_ok());
        let rule = "has what is not an origin as browsers send it, such as `https://example.de`";
        broken.unless(are_origins, "related_origins", rule);
        broken
    }
}

/// The origin of an address, and its host without the port.
#[must_use]
pub(crate) fn origin_of(address: &str) -> (&str, &str) {
    let begin = address.find("://").map_or(0, |scheme| scheme + "://".len());
    let (_, rest) = address.split_at(begin);
    let authority = rest.split('/').next().unwrap_or_default();
    let (origin, _) = address.split_at(begin + authority.len());
    (origin, authority.split(':').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(options: &PasskeyOptions, issuer: &str) -> Option<(String, Vec<String>)> {
        let site = options.relying_party(issuer)?;
        let origins = site.origins().iter().map(ToString::to_string).collect();
        Some((site.id().to_string(), origins))
    }

    /// MF-4
    #[test]
    fn passkeys_are_for_the_host_of_the_issuer_unless_said_otherwise() {
        let default = PasskeyOptions::default();
        for (issuer, id, origin) in [
            ("https://auth.example.org", "auth.example.org", "https://auth.example.org"),
            ("https://auth.example.org:8443/auth", "auth.example.org", "https://auth.example.org:8443"),
            ("http://localhost:3000", "localhost", "http://localhost:3000"),
        ] {
            assert_eq!(site(&default, issuer), Some((id.to_owned(), vec![origin.to_owned()])));
        }
        for issuer in
            ["http://auth.example.org", "http://127.0.0.1:3000", "https://10.0.0.1", "https://[::1]"]
        {
            assert_eq!(site(&default, issuer), None, "{issuer}: no browser has passkeys there");
        }
        let other = PasskeyOptions {
            rp_id: Some("example.org".to_owned()),
            related_origins: vec!["https://example.de".to_owned()],
            ..PasskeyOptions::default()
        };
        let origins = ["https://auth.example.org", "https://example.de"].map(str::to_owned).to_vec();
        assert_eq!(site(&other, "https://auth.example.org"), Some(("example.org".to_owned(), origins)));
        assert!(other.broken().into_vec().is_empty());
        let off = PasskeyOptions { enabled: false, ..PasskeyOptions::default() };
        assert_eq!(site(&off, "https://auth.example.org"), None);
    }

    #[test]
    fn what_is_no_domain_and_no_origin_is_refused() {
        let broken = PasskeyOptions {
            rp_id: Some("https://example.org".to_owned()),
            related_origins: vec!["http://example.de".to_owned()],
            ..PasskeyOptions::default()
        };
        assert_eq!(broken.broken().into_vec().len(), 2);
    }
}
