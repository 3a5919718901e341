//! Rules about what browsers need: cookies, origins, and front ends on the same site.

use public_suffix::{DEFAULT_PROVIDER, EffectiveTLDProvider as _};

use crate::cli::doctor::finding::{Rule, Verdict};
use crate::cli::doctor::seen::BrowserSeen;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "browser.cookies",
        why: "Over plain HTTP the refresh cookie has neither Secure nor the prefix __Host-: whoever is on the way reads it, and a \
              sibling host can plant one.",
        mend: "set public_origin to the https address that browsers use, then restart the server",
        judge: |seen| seen.browser.as_ref().map(cookies),
    },
    Rule {
        id: "browser.origins",
        why: "An origin in cors_origins may call the API with people's cookies. One over plain http can be forged on the way; one that \
              is the server's own needs no entry.",
        mend: "take it out of cors_origins, or write its https address",
        judge: |seen| seen.browser.as_ref().and_then(origins),
    },
    Rule {
        id: "browser.same-site",
        why: "The refresh cookie is SameSite=Strict, and browsers block cookies of other sites: a front end on another site can sign \
              in, and is signed out at the next page.",
        mend: "serve the front end and the API below one domain, such as app.example.com and auth.example.com",
        judge: |seen| seen.browser.as_ref().and_then(same_site),
    },
];

fn cookies(browser: &BrowserSeen) -> Verdict {
    if browser.origin.starts_with("https://") {
        Verdict::good("cookies are Secure, SameSite=Strict, and begin with __Host-")
    } else {
        Verdict::warning(format!(
            "browsers reach the server at {}, so its cookies are not Secure",
            browser.origin
        ))
    }
}

fn origins(browser: &BrowserSeen) -> Option<Verdict> {
    let bad = browser.origins.iter().find(|origin| {
        **origin == browser.origin
            || (origin.starts_with("http://") && browser.origin.starts_with("https://"))
    });
    Some(match bad {
        _ if browser.origins.is_empty() => return None,
        Some(bad) if *bad == browser.origin => Verdict::warning(format!("{bad} is the server's own origin")),
        Some(bad) => Verdict::warning(format!("{bad} is not https, and the server is")),
        None => Verdict::good(format!("pages of {} may call the API", browser.origins.join(", "))),
    })
}

fn same_site(browser: &BrowserSeen) -> Option<Verdict> {
    let other = browser.origins.iter().find(|origin| site(origin) != site(&browser.origin));
    Some(match other {
        _ if browser.origins.is_empty() => return None,
        Some(other) => Verdict::warning(format!("{other} is not on the site of {}", browser.origin)),
        None => Verdict::good("every front end is on the site of the server"),
    })
}

/// The site of an origin (HTML, "schemelessly same site", and the scheme): the registrable domain by the Public Suffix List, or the
/// whole host where there is none.
fn site(origin: &str) -> (&str, &str) {
    let (scheme, host) = origin.split_once("://").unwrap_or(("", origin));
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let is_address = host.parse::<std::net::IpAddr>().is_ok();
    (scheme, if is_address { host } else { DEFAULT_PROVIDER.effective_tld_plus_one(host).unwrap_or(host) })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cli::doctor::rules::tests::Fixture;
    use crate::cli::doctor::seen::Seen;

    fn seen(origin: &str, origins: &[&str]) -> Seen {
        let origins = origins.iter().map(|&origin| origin.to_owned()).collect();
        Seen { browser: Some(BrowserSeen { origin: origin.to_owned(), origins }), ..Seen::default() }
    }

    pub(in crate::cli::doctor::rules) fn fixtures() -> Vec<Fixture> {
        let own = "https://auth.example.co.uk";
        let good = || seen(own, &["https://app.example.co.uk:8443"]);
        let reds = vec![
            ("browser.cookies", seen("http://localhost:3000", &[])),
            ("browser.origins", seen(own, &["http://app.example.co.uk"])),
            ("browser.origins", seen(own, &[own])),
            ("browser.same-site", seen(own, &["https://example.com"])),
            ("browser.same-site", seen(own, &["https://other.co.uk"])),
        ];
        reds.into_iter().map(|(id, red)| Fixture { id, red, green: good() }).collect()
    }

    #[test]
    fn a_site_is_a_registrable_domain() {
        let same = |a, b| site(a) == site(b);
        assert!(same("https://a.example.com", "https://b.c.example.com:99"));
        assert!(!same("https://a.example.com", "http://a.example.com"), "the scheme counts");
        assert!(!same("https://a.github.io", "https://b.github.io"), "a public suffix is nobody's");
        assert!(same("http://localhost:1", "http://localhost:2"));
        assert!(!same("http://127.0.0.1", "http://127.0.0.2") && same("http://[::1]:1", "http://[::1]"));
        assert!(!same("http://10.1.2.3", "http://11.1.2.3"));
    }
}
