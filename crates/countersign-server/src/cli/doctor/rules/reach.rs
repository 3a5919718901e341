//! Rules about the way to the server, through whatever is in front: `--from URL`.

use crate::cli::doctor::finding::{Rule, Verdict};
use crate::cli::doctor::seen::{DocumentSeen, ReachSeen};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "reach.answers",
        why: "Browsers and services use this address: if it does not answer here, it may not answer them.",
        mend: "curl -v URL/healthz",
        judge: |seen| seen.reach.as_ref().map(answers),
    },
    Rule {
        id: "reach.issuer",
        why: "A service refuses every token whose issuer is not, byte for byte, the one that it is told here (RFC 8414 §3.3).",
        mend: "set public_origin and path_prefix to the address that is used, then restart the server",
        judge: |seen| seen.reach.as_ref().and_then(issuer),
    },
    Rule {
        id: "reach.discovery",
        why: "Services find the keys by this document.",
        mend: "curl -i URL/.well-known/openid-configuration, and let the proxy pass all of /.well-known",
        judge: |seen| {
            let reach = seen.reach.as_ref()?;
            Some(json(reach, reach.discovery.as_ref()?, "the metadata"))
        },
    },
    Rule {
        id: "reach.keys",
        why: "Without the JWK Set no service can verify a token; several gateways read no more than 10 keys and 150 KB.",
        mend: "curl -i URL/.well-known/jwks.json, and let the proxy pass all of /.well-known",
        judge: |seen| {
            let reach = seen.reach.as_ref()?;
            Some(keys(reach, reach.jwks.as_ref()?))
        },
    },
    Rule {
        id: "reach.etag",
        why: "With an ETag, services that look for new keys get 304 instead of the whole set.",
        mend: "let the proxy keep ETag: it must not change the body, by compressing it, say",
        judge: |seen| seen.reach.as_ref()?.jwks.as_ref().map(etag),
    },
    Rule {
        id: "reach.cors",
        why: "Pages of other origins may read the public keys; without this header a browser keeps them from it.",
        mend: "let the proxy pass Access-Control-Allow-Origin as it is",
        judge: |seen| seen.reach.as_ref()?.jwks.as_ref().map(cors),
    },
    Rule {
        id: "reach.certificate",
        why: "On the day the certificate ends, nobody gets in any more.",
        mend: "renew it, and find out why that did not happen by itself: certbot renew --dry-run",
        judge: |seen| seen.reach.as_ref().and_then(certificate),
    },
    Rule {
        id: "reach.hsts",
        why: "A browser that was not told to come by https only can be led to plain http, where its first request is read.",
        mend: "let the proxy pass Strict-Transport-Security as it is",
        judge: |seen| seen.reach.as_ref()?.has_hsts.map(hsts),
    },
    Rule {
        id: "reach.clock",
        why: "Tokens begin and end by the server's clock and are judged by others': where they differ, fresh ones are refused.",
        mend: "timedatectl set-ntp true, on both machines",
        judge: |seen| seen.reach.as_ref()?.clock_ahead.map(clock),
    },
    Rule {
        id: "reach.cookies",
        why: "The refresh token is in a cookie: if the proxy keeps or changes Set-Cookie, nobody stays signed in.",
        mend: "let the proxy pass Set-Cookie as it is: no proxy_cookie_path, proxy_cookie_flags or proxy_hide_header",
        judge: |seen| {
            let reach = seen.reach.as_ref()?;
            Some(cookies(reach, reach.cookies.as_ref()?))
        },
    },
    Rule {
        id: "reach.same-server",
        why: "What is behind this address has another master key than the one here, or another time, so nothing else could be asked.",
        mend: "run this where the server's configuration is, and let the proxy pass Authorization",
        judge: |seen| seen.reach.as_ref().and_then(same_server),
    },
    Rule {
        id: "reach.forged-address",
        why: "Whoever is believed about their address gives a new one with each guess: the throttle counts none, and the audit log lies.",
        mend: "in the proxy, replace what the client wrote: proxy_set_header X-Forwarded-For $remote_addr",
        judge: |seen| seen.reach.as_ref().and_then(forged),
    },
    Rule {
        id: "reach.hops",
        why: "Of several proxies each has to be named, and each has to add the address that it saw. Else all people count as one client, \
              and one guesser locks everybody out.",
        mend: "set behind_proxy to the addresses of all proxies; each sets X-Forwarded-For",
        judge: |seen| seen.reach.as_ref().and_then(hops),
    },
    Rule {
        id: "reach.body-limit",
        why: "Requests of the API have up to 16 KiB, such as custom claims.",
        mend: "client_max_body_size 64k; (nginx)",
        judge: |seen| seen.reach.as_ref()?.body.as_ref().map(|passed| limit("a body of 15 KiB", passed)),
    },
    Rule {
        id: "reach.header-limit",
        why: "Cookies and a token of an application can fill almost 8 KiB.",
        mend: "large_client_header_buffers 4 16k; (nginx)",
        judge: |seen| {
            seen.reach.as_ref()?.header.as_ref().map(|passed| limit("a header of almost 8 KiB", passed))
        },
    },
    Rule {
        id: "reach.event-stream",
        why: "Services hear of log-outs by a stream of events. A proxy that keeps them until its buffer is full makes each log-out late.",
        mend: "proxy_buffering off; for /api/revocations (nginx), and no proxy_ignore_headers X-Accel-Buffering",
        judge: |seen| seen.reach.as_ref()?.second_event.as_ref().map(event_stream),
    },
];

fn answers(reach: &ReachSeen) -> Verdict {
    match &reach.failed {
        Some(why) => Verdict::error(format!("{}: {why}", reach.url)),
        None => Verdict::good(format!("{} answers", reach.url)),
    }
    .naming("URL", &reach.url)
}

fn issuer(reach: &ReachSeen) -> Option<Verdict> {
    let theirs = reach.discovery.as_ref()?.issuer.as_ref()?;
    Some(if *theirs == reach.issuer && reach.issuer == reach.url {
        Verdict::good(format!("its issuer is {theirs}, as configured"))
    } else if *theirs == reach.issuer {
        Verdict::warning(format!("its issuer is {theirs}, and it was asked at {}", reach.url))
    } else {
        Verdict::error(format!("its issuer is {theirs}, and the configuration here says {}", reach.issuer))
    })
}

/// What a document has to be, in words if it is not.
fn fault(document: &DocumentSeen) -> Option<String> {
    let DocumentSeen { status, content_type, .. } = document;
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if *status != 200 {
        return Some(format!("the status is {status}"));
    }
    (!media_type.ends_with("json")).then(|| format!("its Content-Type is {content_type:?}"))
}

fn json(reach: &ReachSeen, document: &DocumentSeen, what: &str) -> Verdict {
    match fault(document) {
        Some(fault) => Verdict::error(format!("{what}: {fault}")).naming("URL", &reach.url),
        None => Verdict::good(format!("{what} can be fetched")),
    }
}

fn keys(reach: &ReachSeen, document: &DocumentSeen) -> Verdict {
    if fault(document).is_some() {
        return json(reach, document, "the JWK Set");
    }
    let keys = document.keys.unwrap_or(0);
    let seen = format!("the JWK Set has {keys} keys and {} bytes", document.bytes);
    let verdict = if keys == 0 {
        Verdict::error(seen)
    } else {
        Verdict::warning_if(keys > MOST_KEYS || document.bytes > MOST_BYTES, seen)
    };
    verdict.naming("URL", &reach.url)
}

fn etag(document: &DocumentSeen) -> Verdict {
    if document.has_etag {
        Verdict::good("the JWK Set has an ETag")
    } else {
        Verdict::warning("the JWK Set has no ETag")
    }
}

fn cors(document: &DocumentSeen) -> Verdict {
    match document.allowed_origin.as_str() {
        "*" => Verdict::good("pages of every origin may read the public keys"),
        "" => Verdict::warning("the JWK Set has no Access-Control-Allow-Origin"),
        other => Verdict::warning(format!("Access-Control-Allow-Origin of the JWK Set is {other:?}")),
    }
}

fn certificate(reach: &ReachSeen) -> Option<Verdict> {
    let certificate = reach.certificate.as_ref()?;
    let version = if certificate.is_tls_1_3 { "1.3" } else { "1.2" };
    let seen = format!("TLS {version}, with a certificate for another {} days", certificate.days_left);
    Some(if certificate.days_left < URGENT_DAYS {
        Verdict::error(seen)
    } else {
        Verdict::warning_if(certificate.days_left < LATE_DAYS, seen)
    })
}

fn hsts(has_it: bool) -> Verdict {
    if has_it {
        Verdict::good("browsers are told to come by https only")
    } else {
        Verdict::warning("there is no Strict-Transport-Security")
    }
}

fn clock(ahead: i64) -> Verdict {
    let seen = format!(
        "its clock is {} s {} ours",
        ahead.unsigned_abs(),
        if ahead < 0 { "behind" } else { "ahead of" }
    );
    if ahead.unsigned_abs() > WRONG_SECONDS {
        Verdict::error(seen)
    } else {
        Verdict::warning_if(ahead.unsigned_abs() > LATE_SECONDS, seen)
    }
}

fn cookies(reach: &ReachSeen, cookies: &[String]) -> Verdict {
    let wanted: &[&str] = if reach.issuer.starts_with("https://") {
        &["__Host-refreshToken=", "HttpOnly", "Secure", "SameSite=Strict", "Path=/"]
    } else {
        &["refreshToken=", "HttpOnly", "SameSite=Strict", "Path=/"]
    };
    let Some(cookie) = cookies.iter().find(|cookie| cookie.contains("refreshToken=")) else {
        return Verdict::error("a response that clears the refresh cookie came without Set-Cookie");
    };
    let parts: Vec<_> = cookie.split(';').map(str::trim).collect();
    let has = |part: &&&str| {
        parts.iter().any(|found| found == *part || (part.ends_with('=') && found.starts_with(**part)))
    };
    let missing: Vec<_> = wanted.iter().filter(|part| !has(part)).copied().collect();
    let foreign = parts.iter().find(|part| part.starts_with("Domain="));
    match (missing.is_empty(), foreign) {
        (true, None) => Verdict::good("Set-Cookie comes through as it is"),
        (true, Some(domain)) => Verdict::error(format!("somebody added {domain} to the refresh cookie")),
        (false, _) => Verdict::error(format!("the refresh cookie comes without {}", missing.join(", "))),
    }
}

fn same_server(reach: &ReachSeen) -> Option<Verdict> {
    match (&reach.untold, &reach.told) {
        (Some(why), _) => Some(Verdict::warning(why.as_str())),
        (None, Some(_)) => {
            Some(Verdict::good("the server behind it has the master key that is configured here"))
        }
        (None, None) => None,
    }
}

fn forged(reach: &ReachSeen) -> Option<Verdict> {
    let told = reach.told.as_ref()?;
    Some(if told.client == FORGED {
        Verdict::error(format!("a request that said it was forwarded for {FORGED} was believed"))
    } else {
        Verdict::good(format!("we are taken for {}, whatever we say", told.client))
    })
}

fn hops(reach: &ReachSeen) -> Option<Verdict> {
    let told = reach.told.as_ref()?;
    let added = told.forwarded.iter().filter(|hop| *hop != FORGED).count();
    let peer = &told.peer;
    Some(match (told.peer_is_proxy, added) {
        (true, 1) => Verdict::good(format!("the proxy {peer} adds the address that it saw")),
        (true, 0) => Verdict::error(format!("the proxy {peer} does not add the address that it saw")),
        (true, more) => {
            Verdict::warning(format!("{more} addresses were added on the way: {}", told.forwarded.join(", ")))
        }
        (false, 0) => Verdict::good(format!("no proxy is in front: {peer} connects")),
        (false, _) => {
            Verdict::error(format!("{peer} forwards for others, and behind_proxy does not name it"))
        }
    })
}

fn limit(what: &str, passed: &Result<(), String>) -> Verdict {
    match passed {
        Ok(()) => Verdict::good(format!("{what} comes through")),
        Err(why) => Verdict::warning(format!("{what} does not come through: {why}")),
    }
}

fn event_stream(second: &Result<std::time::Duration, String>) -> Verdict {
    match second {
        Ok(after) if *after <= LATE_EVENT => {
            Verdict::good(format!("an event comes through after {} ms", after.as_millis()))
        }
        Ok(after) => Verdict::error(format!(
            "an event came through after {} ms, with those after it",
            after.as_millis()
        )),
        Err(why) => Verdict::error(format!("no event came: {why}")),
    }
}

/// An address for documentation (RFC 5737): nobody's.
pub(in crate::cli::doctor) const FORGED: &str = "192.0.2.77";
/// Of an AWS load balancer.
const MOST_KEYS: u64 = 10;
const MOST_BYTES: u64 = 150_000;
/// Renewals begin 30 days before the end.
const LATE_DAYS: i64 = 14;
const URGENT_DAYS: i64 = 3;
/// What verifiers allow is often nothing, and seldom more than a minute.
const LATE_SECONDS: u64 = 2;
const WRONG_SECONDS: u64 = 60;
/// It is sent after half a second, and the next one three and a half seconds later.
const LATE_EVENT: std::time::Duration = std::time::Duration::from_secs(2);

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cli::doctor::rules::tests::Fixture;
    use crate::cli::doctor::seen::{CertificateSeen, Seen, ToldSeen};

    fn good() -> ReachSeen {
        let url = "https://auth.example.com".to_owned();
        let document = DocumentSeen {
            status: 200,
            content_type: "application/json; charset=utf-8".into(),
            has_etag: true,
            allowed_origin: "*".into(),
            bytes: 700,
            issuer: Some(url.clone()),
            keys: Some(MOST_KEYS),
        };
        let told = ToldSeen {
            client: "203.0.113.9".into(),
            peer: "10.0.0.1".into(),
            peer_is_proxy: true,
            forwarded: vec![FORGED.into(), "203.0.113.9".into()],
        };
        let cookie = "__Host-refreshToken=; HttpOnly; Secure; SameSite=Strict; Path=/; Max-Age=0";
        ReachSeen {
            issuer: url.clone(),
            url,
            discovery: Some(document.clone()),
            jwks: Some(document),
            certificate: Some(CertificateSeen { days_left: LATE_DAYS, is_tls_1_3: true }),
            has_hsts: Some(true),
            clock_ahead: Some(-2),
            cookies: Some(vec!["other=1".into(), cookie.into()]),
            told: Some(told),
            body: Some(Ok(())),
            header: Some(Ok(())),
            second_event: Some(Ok(LATE_EVENT)),
            ..ReachSeen::default()
        }
    }

    fn with(change: impl FnOnce(&mut ReachSeen)) -> Seen {
        let mut bad = good();
        change(&mut bad);
        Seen { reach: Some(bad), ..Seen::default() }
    }

    fn told(change: impl FnOnce(&mut ToldSeen)) -> Seen {
        with(|bad| change(bad.told.as_mut().unwrap()))
    }

    fn jwks(change: impl FnOnce(&mut DocumentSeen)) -> Seen {
        with(|bad| change(bad.jwks.as_mut().unwrap()))
    }

    fn cookie(text: &str) -> Seen {
        with(|bad| bad.cookies = Some(vec![text.to_owned()]))
    }

    pub(in crate::cli::doctor::rules) fn fixtures() -> Vec<Fixture> {
        let no = || Some(Err("413 Content Too Large".to_owned()));
        let reds = vec![
            ("reach.answers", with(|bad| bad.failed = Some("connection refused".into()))),
            ("reach.issuer", with(|bad| bad.issuer = "https://auth.example.org".into())),
            ("reach.issuer", with(|bad| bad.url = "https://www.example.com".into())),
            ("reach.discovery", with(|bad| bad.discovery.as_mut().unwrap().status = 404)),
            ("reach.keys", jwks(|bad| bad.content_type = "text/html".into())),
            ("reach.keys", jwks(|bad| bad.keys = Some(MOST_KEYS + 1))),
            ("reach.keys", jwks(|bad| bad.keys = Some(0))),
            ("reach.keys", jwks(|bad| bad.bytes = MOST_BYTES + 1)),
            ("reach.etag", jwks(|bad| bad.has_etag = false)),
            ("reach.cors", jwks(|bad| bad.allowed_origin = "https://a.example".into())),
            ("reach.certificate", with(|bad| bad.certificate.as_mut().unwrap().days_left = LATE_DAYS - 1)),
            ("reach.hsts", with(|bad| bad.has_hsts = Some(false))),
            ("reach.clock", with(|bad| bad.clock_ahead = Some(3))),
            ("reach.cookies", with(|bad| bad.cookies = Some(vec![]))),
            ("reach.cookies", cookie("__Host-refreshToken=; HttpOnly; SameSite=Strict; Path=/")),
            ("reach.cookies", cookie("__Host-refreshToken=; HttpOnly; Secure; SameSite=Strict; Path=/auth")),
            (
                "reach.cookies",
                cookie("__Host-refreshToken=; HttpOnly; Secure; SameSite=Strict; Path=/; Domain=example.com"),
            ),
            ("reach.same-server", with(|bad| bad.untold = Some("401".into()))),
            ("reach.forged-address", told(|bad| bad.client = FORGED.into())),
            ("reach.hops", told(|bad| bad.forwarded = vec![FORGED.into()])),
            ("reach.hops", told(|bad| bad.forwarded.push("10.0.0.7".into()))),
            ("reach.hops", told(|bad| bad.peer_is_proxy = false)),
            ("reach.body-limit", with(|bad| bad.body = no())),
            ("reach.header-limit", with(|bad| bad.header = no())),
            ("reach.event-stream", with(|bad| bad.second_event = Some(Ok(LATE_EVENT * 2)))),
            ("reach.event-stream", with(|bad| bad.second_event = Some(Err("502".into())))),
        ];
        reds.into_iter().map(|(id, red)| Fixture { id, red, green: with(|_| {}) }).collect()
    }

    #[test]
    fn without_a_proxy_nobody_has_to_add_anything() {
        let direct = told(|told| (told.peer_is_proxy, told.forwarded) = (false, vec![FORGED.into()]));
        assert!(format!("{:?}", hops(&direct.reach.unwrap())).contains("Good"));
    }
}
