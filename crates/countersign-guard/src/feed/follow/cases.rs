//! The part of the case table about the feed (`guards/cases/feed.json`), which the guards in other languages pass too.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::Value;

use super::machine::{Action, Machine};
use super::shared::FRESH;
use super::sse::{Item, Parser};

/// What a follower does with a stream, without the network.
struct Follower {
    machine: Machine,
    parser: Parser,
    is_open: bool,
    /// Session ID and until when it matters, in Unix seconds.
    ended: HashSet<(String, i64)>,
    withdrawn: HashSet<String>,
    /// Tokens issued before are refused, in Unix seconds.
    not_before: i64,
}

impl Follower {
    fn receive(&mut self, bytes: &[u8], now: Duration) {
        let Ok(items) = self.parser.push(bytes) else {
            self.is_open = false;
            return;
        };
        for item in items {
            let Item::Event(event) = item else { continue };
            if !self.is_open {
                return;
            }
            match self.machine.event(&event, now) {
                Ok(Some(Action::Revoke(revoked))) => {
                    self.ended.extend(revoked.sid.into_iter().map(|session_id| (session_id, revoked.until)));
                }
                Ok(Some(Action::RevokeIssuedBefore(time))) => self.not_before = self.not_before.max(time),
                Ok(Some(Action::Reconnect)) | Err(_) => self.is_open = false,
                Ok(Some(Action::Synced { withdrawn, .. })) => self.withdrawn.extend(withdrawn),
                Ok(None) => {}
            }
        }
        self.is_open &= matches!(self.machine.check(now), Ok(None));
    }

    fn play(&mut self, step: &Value, server_now: i64, at: &str) {
        let now = Duration::from_millis(step["at"].as_u64().unwrap());
        if step.get("connect").is_some() {
            self.parser = Parser::default();
            self.is_open = true;
            self.machine.connecting(now);
            assert_eq!(self.machine.cursor(), step["cursor"].as_str(), "{at}");
        }
        if let Some(text) = step.get("receive").and_then(Value::as_str) {
            let bytes = text.repeat(usize::try_from(step["times"].as_u64().unwrap_or(1)).unwrap());
            let len = if step.get("bytewise").is_some() { 1 } else { bytes.len() };
            bytes.as_bytes().chunks(len).for_each(|part| self.receive(part, now));
        }
        if let Some(expected) = step.get("withdrawn") {
            let expected: HashSet<String> = serde_json::from_value(expected.clone()).unwrap();
            assert_eq!(self.withdrawn, expected, "{at}");
        }
        if let Some(expected) = step.get("expect") {
            let millis = i64::try_from(now.as_millis()).unwrap();
            let is_fresh = self.machine.complete_until().is_some_and(|until| millis - until <= FRESH);
            assert_eq!(if is_fresh { "fresh" } else { "late" }, expected, "{at}");
            let has_ended = |session_id: &Value| {
                let mut entries = self.ended.iter().filter(|(ended, _)| ended == session_id);
                entries.any(|(_, until)| server_now + millis < until * 1000)
            };
            assert!(step["ended"].as_array().unwrap().iter().all(has_ended), "{at}");
            assert!(!step["alive"].as_array().unwrap().iter().any(has_ended), "{at}");
            let times = |name: &str| step.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
            let is_refused = |issued_at: &Value| issued_at.as_i64().unwrap() < self.not_before;
            assert!(times("refused").iter().all(is_refused), "{at}");
            assert!(!times("accepted").iter().any(is_refused), "{at}");
            if let Some(open) = step.get("open") {
                assert_eq!(self.is_open, open.as_bool().unwrap(), "{at}");
            }
        }
    }
}

#[test]
fn the_follower_passes_the_case_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guards/cases/feed.json");
    let table: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(table["freshFor"], FRESH);
    let cases = table["cases"].as_array().unwrap();
    assert!(cases.len() > 40);
    for case in cases {
        let mut follower = Follower {
            machine: Machine::new(table["issuer"].as_str().unwrap().into()),
            parser: Parser::default(),
            is_open: false,
            ended: HashSet::new(),
            withdrawn: HashSet::new(),
            not_before: i64::MIN,
        };
        for (index, step) in case["steps"].as_array().unwrap().iter().enumerate() {
            follower.play(
                step,
                table["serverNow"].as_i64().unwrap(),
                &format!("{}, step {index}", case["name"]),
            );
        }
    }
}
