//! Asks the server through whatever is in front of it, as browsers and services do. Nothing that is asked changes anything: no
//! name or password is tried, no session ended.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use countersign::{Clock, MasterKeys, ReachProof, Timestamp};
use countersign_fetch::{Exchange, FetchOptions, FetchUrl, Question, certificate, exchange, open};
use serde_json::Value;

use super::reply::{days_left, document, seconds_ahead};
use crate::cli::doctor::rules::FORGED;
use crate::cli::doctor::seen::{CertificateSeen, FeedSeen, ReachSeen, ToldSeen};
use crate::config::Config;

/// What the public side looks like, and how the feed fares, which it tells too.
pub(super) fn reach(url: &str, config: &Config, keys: Option<&MasterKeys>) -> (ReachSeen, Option<FeedSeen>) {
    let url = url.trim_end_matches('/');
    let issuer = config.issuer(config.listen.first().map_or(0, std::net::SocketAddr::port));
    let mut seen = ReachSeen { url: url.to_owned(), issuer, ..ReachSeen::default() };
    let asking = Asking { url, clock: Clock::system() };
    let feed = match asking.look(&mut seen, keys) {
        Ok(feed) => feed,
        Err(why) => {
            seen.failed = Some(why);
            None
        }
    };
    (seen, feed)
}

/// How the feed fares, asked on this machine.
pub(super) fn feed(url: &str, keys: &MasterKeys) -> Option<FeedSeen> {
    let asking = Asking { url, clock: Clock::system() };
    let told = asking.told(keys).ok()?;
    Some(feed_of(&told))
}

struct Asking<'a> {
    url: &'a str,
    clock: Clock,
}

impl Asking<'_> {
    /// # Errors
    /// Why there was no answer at all.
    fn look(&self, seen: &mut ReachSeen, keys: Option<&MasterKeys>) -> Result<Option<FeedSeen>, String> {
        let health = self.ask("/healthz", Question::default())?;
        seen.clock_ahead = seconds_ahead(&health.headers, self.clock.now());
        let is_https = self.url.starts_with("https://");
        seen.has_hsts = is_https.then(|| health.headers.contains_key(header::STRICT_TRANSPORT_SECURITY));
        seen.certificate = self.certificate(self.clock.now());
        let origin =
            HeaderMap::from_iter([(header::ORIGIN, HeaderValue::from_static("https://doctor.invalid"))]);
        let public = |path| {
            self.ask(path, Question { headers: origin.clone(), ..Question::default() })
                .ok()
                .map(|it| document(&it))
        };
        seen.discovery = public("/.well-known/openid-configuration");
        seen.jwks = public("/.well-known/jwks.json");
        seen.cookies = self.cookies();
        seen.body = Some(self.body());
        seen.header = Some(self.header());
        let Some(keys) = keys else { return Ok(None) };
        match self.told(keys) {
            Ok(told) => {
                seen.told = Some(told_of(&told));
                seen.second_event = Some(self.second_event(keys));
                Ok(Some(feed_of(&told)))
            }
            Err(why) => {
                seen.untold = Some(why);
                Ok(None)
            }
        }
    }

    fn ask(&self, path: &str, question: Question) -> Result<Exchange, String> {
        let options = FetchOptions::new(PATIENCE, MOST_BYTES);
        exchange(&self.at(path)?, question, &options).map_err(|error| error.to_string())
    }

    fn at(&self, path: &str) -> Result<FetchUrl, String> {
        FetchUrl::parse(&format!("{}{path}", self.url)).map_err(|error| error.to_string())
    }

    fn certificate(&self, now: Timestamp) -> Option<CertificateSeen> {
        let shown = certificate(&self.at("/").ok()?, PATIENCE).ok()??;
        Some(CertificateSeen { days_left: days_left(&shown.der, now)?, is_tls_1_3: shown.is_tls_1_3 })
    }

    /// A log-out of nobody clears the cookie, as each does.
    fn cookies(&self) -> Option<Vec<String>> {
        let question = Question { method: Method::POST, ..Question::default() };
        let reply = self.ask("/api/logout", question).ok()?;
        let lines = reply.headers.get_all(header::SET_COOKIE).iter();
        Some(lines.filter_map(|line| line.to_str().ok().map(str::to_owned)).collect())
    }

    /// A refresh token that nobody made is refused by its tag, before anything is looked up.
    fn body(&self) -> Result<(), String> {
        let body = serde_json::json!({ "refreshToken": "A".repeat(BODY) }).to_string().into_bytes();
        let headers =
            HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        let reply = self.ask("/api/refresh", Question { method: Method::POST, headers, body })?;
        let is_ours = serde_json::from_slice::<Value>(&reply.body).is_ok_and(|json| json["code"].is_string());
        if reply.status == StatusCode::UNAUTHORIZED && is_ours {
            Ok(())
        } else {
            Err(reply.status.to_string())
        }
    }

    fn header(&self) -> Result<(), String> {
        let value = HeaderValue::try_from("a".repeat(HEADER)).map_err(|error| error.to_string())?;
        let headers = HeaderMap::from_iter([(HeaderName::from_static("x-countersign-doctor"), value)]);
        let reply = self.ask("/healthz", Question { headers, ..Question::default() })?;
        if reply.status == StatusCode::OK { Ok(()) } else { Err(reply.status.to_string()) }
    }

    /// What the server tells whoever has its master key, about a request that says it was forwarded.
    fn told(&self, keys: &MasterKeys) -> Result<Value, String> {
        let headers = HeaderMap::from_iter([(
            HeaderName::from_static("x-forwarded-for"),
            HeaderValue::from_static(FORGED),
        )]);
        let question = Question { headers, ..Question::default() };
        let options = FetchOptions::new(PATIENCE, MOST_BYTES).bearer(self.proof(keys));
        let reply = exchange(&self.at(REACH)?, question, &options).map_err(|error| error.to_string())?;
        let json: Option<Value> = serde_json::from_slice(&reply.body).ok();
        match (reply.status, json) {
            (StatusCode::OK, Some(told)) if told["issuer"].is_string() => Ok(told),
            (StatusCode::OK, _) => Err("something else answers for it".to_owned()),
            (status, _) => {
                Err(format!("the server does not take the proof that we have its master key: {status}"))
            }
        }
    }

    /// How long the second event takes, which the server sends after half a second, and the last one much later.
    fn second_event(&self, keys: &MasterKeys) -> Result<Duration, String> {
        let options =
            FetchOptions::new(PATIENCE, MOST_BYTES).accept("text/event-stream").bearer(self.proof(keys));
        let started = self.clock.monotonic();
        let mut stream = open(&self.at(REACH)?, None, &options).map_err(|error| error.to_string())?;
        let (mut text, mut buffer) = (Vec::new(), [0; 512]);
        while text.len() < MOST_EVENTS {
            let read = stream.read(&mut buffer).map_err(|error| error.to_string())?;
            text.extend_from_slice(buffer.get(..read).unwrap_or_default());
            if text.windows(SECOND.len()).any(|part| part == SECOND) {
                return Ok(self.clock.monotonic().saturating_sub(started));
            }
            if read == 0 {
                break;
            }
        }
        Err("the stream ended before".to_owned())
    }

    fn proof(&self, keys: &MasterKeys) -> String {
        ReachProof::new(keys, self.clock.now()).as_str().to_owned()
    }
}

fn told_of(told: &Value) -> ToldSeen {
    let text = |member: &str| told[member].as_str().unwrap_or_default().to_owned();
    let hops = told["forwarded"].as_array().into_iter().flatten();
    ToldSeen {
        client: text("client"),
        peer: text("peer"),
        peer_is_proxy: told["peerIsProxy"] == true,
        forwarded: hops.filter_map(|hop| hop.as_str().map(str::to_owned)).collect(),
    }
}

fn feed_of(told: &Value) -> FeedSeen {
    let lag = told["worstLag"].as_f64().unwrap_or_default();
    FeedSeen {
        followers: told["followers"].as_u64().unwrap_or_default(),
        most: told["mostFollowers"].as_u64().unwrap_or_default(),
        worst_lag: Duration::try_from_secs_f64(lag).unwrap_or(Duration::MAX),
    }
}

const REACH: &str = "/api/reach";
const SECOND: &[u8] = b"event: next";
const MOST_EVENTS: usize = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(10);
/// More than a JWK Set should have, so that one that is too large is seen to be.
const MOST_BYTES: u64 = 1 << 20;
const BODY: usize = 15 * 1024;
/// With its name, a header of almost 8 KiB, which is what nginx takes by default.
const HEADER: usize = 7 * 1024 + 900;
