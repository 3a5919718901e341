//! Rules about the configuration.

use crate::cli::doctor::finding::{Rule, Verdict};
use crate::cli::doctor::seen::{ConfigSeen, Seen};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "config.valid",
        why: "A server does not start with a value that it does not understand.",
        mend: "change what is named, then: countersign config check",
        judge: valid,
    },
    Rule {
        id: "config.warnings",
        why: "These values are allowed, and each of them has hurt somebody.",
        mend: "change what is named, then: countersign config check",
        judge: |seen| seen.config.as_ref().map(|config| list(&config.warnings, "no risky value")),
    },
    Rule {
        id: "config.without-effect",
        why: "Somebody believes that a setting is in force, and it is not.",
        mend: "take it out of the configuration, then: countersign config check",
        judge: |seen| {
            seen.config.as_ref().map(|config| list(&config.without_effect, "every setting has an effect"))
        },
    },
    Rule {
        id: "config.issuer",
        why: "The issuer is in every token: services and browsers elsewhere know the server by it, and a later change makes every \
              token invalid.",
        mend: "set public_origin = \"https://auth.example.com\" in the configuration, then restart the server",
        judge: |seen| seen.config.as_ref().map(issuer),
    },
    Rule {
        id: "config.proxies",
        why: "Whoever connects from these addresses is believed about the client's address. If strangers can, each of their guesses \
              comes from another client, and the throttle counts none.",
        mend: "set behind_proxy to the addresses of the proxies alone, such as \"10.0.0.5\", then restart the server",
        judge: |seen| seen.config.as_ref().and_then(proxies),
    },
    Rule {
        id: "config.certificate",
        why: "Without a certificate and its key the server does not start.",
        mend: "put a certificate chain and its key where tls.cert_file and tls.key_file say, then: countersign config check",
        judge: |seen| seen.config.as_ref()?.certificate.as_ref().map(certificate),
    },
    Rule {
        id: "config.files",
        why: "A server does not start without the files that it is told to use.",
        mend: "put the files where the configuration says, then: countersign config check",
        judge: |seen| seen.config.as_ref().map(files),
    },
    Rule {
        id: "config.listen",
        why: "A server that cannot listen does not start.",
        mend: "set listen to an address of this machine, and to a port above 1023 unless the server may have a lower one",
        judge: |seen| seen.config.as_ref().map(listen),
    },
];

fn valid(seen: &Seen) -> Option<Verdict> {
    match (&seen.unusable, &seen.config) {
        (Some(why), _) => Some(Verdict::error(why.as_str())),
        (None, Some(_)) => Some(Verdict::good("the configuration can be used")),
        (None, None) => None,
    }
}

fn list(bad: &[String], good: &str) -> Verdict {
    if bad.is_empty() { Verdict::good(good) } else { Verdict::warning(bad.join("; ")) }
}

fn issuer(config: &ConfigSeen) -> Verdict {
    let issuer = &config.issuer;
    if config.is_public {
        Verdict::good(format!("the issuer is {issuer}"))
    } else {
        Verdict::warning(format!("the issuer is {issuer}, which means another machine everywhere else"))
    }
}

fn proxies(config: &ConfigSeen) -> Option<Verdict> {
    let widest = config.proxies.iter().min_by_key(|net| net.prefix_len())?;
    let is_wide = config.proxies.iter().any(|net| {
        let narrowest_wide = if net.addr().is_ipv4() { WIDEST_V4 } else { WIDEST_V6 };
        net.prefix_len() < narrowest_wide
    });
    let all: Vec<_> = config.proxies.iter().map(ToString::to_string).collect();
    Some(if is_wide {
        Verdict::error(format!("behind_proxy has {widest}, so strangers' addresses too"))
    } else {
        Verdict::good(format!("forwarded addresses are believed from {}", all.join(", ")))
    })
}

fn certificate(loaded: &Result<(), String>) -> Verdict {
    match loaded {
        Ok(()) => Verdict::good("the certificate and its key belong together"),
        Err(why) => Verdict::error(why.as_str()),
    }
}

fn files(config: &ConfigSeen) -> Verdict {
    if config.refused.is_empty() {
        Verdict::good("every file that is named can be used")
    } else {
        Verdict::error(config.refused.join("; "))
    }
}

fn listen(config: &ConfigSeen) -> Verdict {
    if config.deaf.is_empty() {
        Verdict::good(config.listen.join(", "))
    } else {
        Verdict::error(config.deaf.join("; "))
    }
}

/// The largest private network is 10.0.0.0/8, and `fc00::/7` in IPv6.
const WIDEST_V4: u8 = 8;
const WIDEST_V6: u8 = 7;

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cli::doctor::rules::tests::Fixture;

    pub(in crate::cli::doctor::rules) fn fixtures() -> Vec<Fixture> {
        let good = ConfigSeen {
            issuer: "https://auth.example.com".into(),
            is_public: true,
            proxies: vec!["127.0.0.1/32".parse().unwrap(), "10.0.0.0/8".parse().unwrap()],
            certificate: Some(Ok(())),
            listen: vec!["127.0.0.1:3000 is free".into()],
            ..ConfigSeen::default()
        };
        let seen = |config: ConfigSeen| Seen { config: Some(config), ..Seen::default() };
        let with = |change: fn(&mut ConfigSeen)| {
            let mut bad = good.clone();
            change(&mut bad);
            seen(bad)
        };
        let unusable = Seen { unusable: Some("line 3: there is no key \"isuer\"".into()), ..Seen::default() };
        let reds = vec![
            ("config.valid", unusable),
            ("config.warnings", with(|bad| bad.warnings.push("password.min_length is 8".into()))),
            ("config.without-effect", with(|bad| bad.without_effect.push("algorithm".into()))),
            ("config.issuer", with(|bad| bad.is_public = false)),
            ("config.proxies", with(|bad| bad.proxies.push("0.0.0.0/0".parse().unwrap()))),
            ("config.certificate", with(|bad| bad.certificate = Some(Err("no key".into())))),
            ("config.files", with(|bad| bad.refused.push("logo.svg is not there".into()))),
            ("config.listen", with(|bad| bad.deaf.push("0.0.0.0:80: permission denied".into()))),
        ];
        reds.into_iter().map(|(id, red)| Fixture { id, red, green: seen(good.clone()) }).collect()
    }

    #[test]
    fn the_widest_network_counts_in_both_families() {
        for (net, is_wide) in
            [("10.0.0.0/8", false), ("8.0.0.0/7", true), ("fd00::/8", false), ("2000::/3", true)]
        {
            let config = ConfigSeen { proxies: vec![net.parse().unwrap()], ..ConfigSeen::default() };
            let good = format!("{:?}", proxies(&config).unwrap()).contains("Good");
            assert_eq!(good, !is_wide, "{net}");
        }
    }
}
