//! Rules about passkeys: whether browsers have any here, and for which domain (WebAuthn Level 3).

use std::collections::BTreeSet;

use public_suffix::{DEFAULT_PROVIDER, EffectiveTLDProvider as _};

use crate::cli::doctor::finding::{Rule, Verdict};
use crate::cli::doctor::seen::PasskeysSeen;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "passkeys.origin",
        why: "Browsers have passkeys on pages of https, and of http on localhost, and not where the host is an address: elsewhere \
              none are offered.",
        mend: "set public_origin to an https address with a name, or passkeys.enabled = \"off\", then restart the server",
        judge: |seen| seen.passkeys.as_ref().map(origin),
    },
    Rule {
        id: "passkeys.rp-id",
        why: "A page can use the passkeys of its own host and of domains above it, down to the one that somebody has registered. Those of \
              another domain it can use only where a server of that domain lists it.",
        mend: "set passkeys.rp_id to the host of public_origin or to a domain above it, before anybody makes a passkey: another one \
               makes all of them useless",
        judge: |seen| seen.passkeys.as_ref().and_then(rp_id),
    },
    Rule {
        id: "passkeys.related-origins",
        why: "Browsers look at related origins of https alone, and at five registered names at most, the server's own among them.",
        mend: "take out of passkeys.related_origins what is not https, and what is below passkeys.rp_id already",
        judge: |seen| seen.passkeys.as_ref().and_then(related),
    },
];

fn origin(passkeys: &PasskeysSeen) -> Verdict {
    if passkeys.is_offered {
        Verdict::good(format!("passkeys are offered at {}", passkeys.origin))
    } else {
        Verdict::warning(format!("browsers have no passkeys at {}", passkeys.origin))
    }
}

fn rp_id(passkeys: &PasskeysSeen) -> Option<Verdict> {
    let (id, host) = (passkeys.rp_id.as_str(), host(&passkeys.origin));
    let is_above = host == id || host.strip_suffix(id).is_some_and(|rest| rest.ends_with('.'));
    let is_registrable = id == host || DEFAULT_PROVIDER.effective_tld_plus_one(id).is_ok();
    Some(match (is_above, is_registrable) {
        _ if !passkeys.is_offered => return None,
        (true, true) => Verdict::good(format!("passkeys are for {id}")),
        (_, false) => Verdict::error(format!(
            "passkeys.rp_id is {id}, which nobody can register: no browser makes passkeys for it"
        )),
        (false, true) => Verdict::error(format!(
            "passkeys.rp_id is {id}, which is not above {host}: browsers use such passkeys only if https://{id}/.well-known/webauthn lists {}",
            passkeys.origin
        )),
    })
}

fn related(passkeys: &PasskeysSeen) -> Option<Verdict> {
    let is_plain = |origin: &&String| {
        !origin.starts_with("https://")
            && !origin.starts_with("android:")
            && passkeys.origin.starts_with("https://")
    };
    let plain = passkeys.related.iter().find(is_plain);
    let all = std::iter::once(&passkeys.origin).chain(&passkeys.related);
    let names: BTreeSet<_> = all.filter_map(|origin| label(origin)).collect();
    Some(match plain {
        _ if !passkeys.is_offered || passkeys.related.is_empty() => return None,
        Some(plain) => Verdict::warning(format!("{plain} is not https")),
        None if names.len() > MOST_LABELS => Verdict::warning(format!(
            "{} have {} registered names, and browsers look at {MOST_LABELS}",
            passkeys.related.join(", "),
            names.len()
        )),
        None => Verdict::good(format!("pages of {} may use the passkeys", passkeys.related.join(", "))),
    })
}

/// WebAuthn §5.11.1.
const MOST_LABELS: usize = 5;

/// The part of a registered name that somebody has chosen: `example` of `https://www.example.co.uk`.
fn label(origin: &str) -> Option<&str> {
    DEFAULT_PROVIDER.effective_tld_plus_one(host(origin)).ok()?.split('.').next()
}

fn host(origin: &str) -> &str {
    let (_, rest) = origin.split_once("://").unwrap_or(("", origin));
    rest.split(':').next().unwrap_or_default()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cli::doctor::rules::tests::Fixture;
    use crate::cli::doctor::seen::Seen;

    fn seen(origin: &str, rp_id: &str, related: &[&str]) -> Seen {
        let passkeys = PasskeysSeen {
            origin: origin.to_owned(),
            rp_id: rp_id.to_owned(),
            related: related.iter().map(|&origin| origin.to_owned()).collect(),
            is_offered: origin.starts_with("https://"),
        };
        Seen { passkeys: Some(passkeys), ..Seen::default() }
    }

    pub(in crate::cli::doctor::rules) fn fixtures() -> Vec<Fixture> {
        const OWN: &str = "https://auth.example.co.uk";
        let good = || seen(OWN, "example.co.uk", &["https://example.de", "https://www.example.fr:8443"]);
        let six = ["https://a.de", "https://b.de", "https://c.de", "https://d.de", "https://e.de"];
        let reds = vec![
            ("passkeys.origin", seen("http://auth.example.co.uk", "auth.example.co.uk", &[])),
            ("passkeys.rp-id", seen(OWN, "co.uk", &[])),
            ("passkeys.rp-id", seen(OWN, "example.com", &[])),
            ("passkeys.rp-id", seen("https://badexample.co.uk", "example.co.uk", &[])),
            ("passkeys.related-origins", seen(OWN, "example.co.uk", &["http://localhost:3000"])),
            ("passkeys.related-origins", seen(OWN, "example.co.uk", &six)),
        ];
        reds.into_iter().map(|(id, red)| Fixture { id, red, green: good() }).collect()
    }

    #[test]
    fn one_name_under_many_suffixes_counts_once() {
        let many =
            ["https://example.de", "https://example.fr", "https://example.com", "https://a.example.it"];
        let verdict = related(seen("https://example.org", "example.org", &many).passkeys.as_ref().unwrap());
        assert_eq!(
            verdict,
            Some(Verdict::good(format!("pages of {} may use the passkeys", many.join(", "))))
        );
        assert_eq!(label("https://www.example.co.uk:8443"), Some("example"));
    }

    #[test]
    fn a_host_without_a_domain_above_it_is_its_own() {
        let local = PasskeysSeen {
            origin: "http://localhost:3000".to_owned(),
            rp_id: "localhost".to_owned(),
            related: Vec::new(),
            is_offered: true,
        };
        assert_eq!(rp_id(&local), Some(Verdict::good("passkeys are for localhost")));
    }
}
