//! [`Machine`]: what the events of a feed mean for a follower: what it knows, up to when, and where it goes on. Pure:
//! the time is an argument, how long the program has run.
//!
//! **Up to when.** `asOf` and `now` are readings of one clock, the server's. The request that `hello` answers was sent
//! before the server read `now`. So an `asOf` that lies `d` before `now` was at most `d` before that request, by the
//! follower's own timer, and the time of day of neither machine counts. Every error of this is on the safe side: the
//! follower takes itself for later than it is, by the time between request and `hello`. A server's clock that is set while a
//! stream is open shows itself by an `asOf` in the future or before the last one, and is compared anew; what it can hide is
//! at most the time on the network.
//!
//! **The cursor is that of the last `sync`**, which says that everything before it is there. One of an earlier event could
//! be that of a snapshot that has not ended.
//!
//! **A snapshot adds and takes nothing away.** An ended session never comes back to life, so what the follower knows and
//! the snapshot does not is something that the server has lost (a failover), or that has expired. It is still refused.

use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::error::FollowError;
use super::sse::Event;
use crate::feed::wire::{FeedMode, Hello, MAX_WITHDRAWN, Revoked, Sync, VERSION};

#[derive(Debug)]
pub(super) struct Machine {
    issuer: Arc<str>,
    /// What this follower has, in the server's words.
    cursor: Option<String>,
    /// The follower has everything that ended up to then, in milliseconds of its timer, which may be before its start.
    complete_until: Option<i64>,
    heartbeat: Duration,
    stream: Stream,
}

#[derive(Debug, Default)]
struct Stream {
    asked_at: Duration,
    /// How far the follower's timer is ahead of the server's clock, in milliseconds; too little if in doubt. `None`
    /// before `hello`.
    ahead: Option<i64>,
    last_event: Duration,
    last_as_of: Option<i64>,
    renew_at: Duration,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// These sessions have ended.
    Revoke(Revoked),
    /// So have all that there were at this time, in Unix seconds: tokens issued before are refused.
    RevokeIssuedBefore(i64),
    /// The follower has everything of a moment ago; the JWK Set has this `ETag`.
    /// These keys are withdrawn.
    Synced { keys: Option<String>, withdrawn: Vec<String> },
    /// The stream is of no more use: connect again.
    Reconnect,
}

impl Machine {
    pub(super) fn new(issuer: Arc<str>) -> Self {
        let heartbeat = Duration::from_secs(2);
        Self { issuer, cursor: None, complete_until: None, heartbeat, stream: Stream::default() }
    }

    /// A request is about to be sent, with [`cursor`](Self::cursor).
    pub(super) fn connecting(&mut self, now: Duration) {
        self.stream = Stream { asked_at: now, last_event: now, ..Stream::default() };
    }

    /// What to go on after.
    pub(super) fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// Everything that ended up to then is known, in milliseconds of the timer.
    pub(super) const fn complete_until(&self) -> Option<i64> {
        self.complete_until
    }

    /// A stream that says nothing for this long is dead.
    pub(super) fn patience(&self) -> Duration {
        3 * self.heartbeat
    }

    /// What an event means.
    pub(super) fn event(&mut self, event: &Event, now: Duration) -> Result<Option<Action>, FollowError> {
        self.stream.last_event = now;
        match event.name.as_str() {
            "hello" => self.hello(&read(event)?, now),
            "revoked" if self.stream.ahead.is_none() => Err(FollowError::Order("revoked")),
            "revoked" => Ok(Some(Action::Revoke(read(event)?))),
            "sync" => self.sync(read(event)?, event.id.as_ref(), now).map(Some),
            "reset" => {
                self.cursor = None;
                self.complete_until = None;
                Ok(Some(Action::Reconnect))
            }
            _ => Ok(None),
        }
    }

    /// Whether the stream has gone on for long enough. `Silent` if only comments come, as from a proxy whose server has
    /// gone.
    pub(super) fn check(&self, now: Duration) -> Result<Option<Action>, FollowError> {
        if now.saturating_sub(self.stream.last_event) > self.patience() {
            return Err(FollowError::Silent(self.patience()));
        }
        let is_old = self.stream.ahead.is_some() && now >= self.stream.renew_at;
        Ok(is_old.then_some(Action::Reconnect))
    }

    fn hello(&mut self, hello: &Hello, now: Duration) -> Result<Option<Action>, FollowError> {
        if hello.v != VERSION {
            return Err(FollowError::Version(hello.v));
        }
        if *hello.iss != *self.issuer {
            return Err(FollowError::OtherIssuer(hello.iss.clone()));
        }
        if hello.mode == FeedMode::Delta && self.cursor.is_none() {
            return Err(FollowError::Order("hello")); // additions to nothing
        }
        self.heartbeat = Duration::from_secs(hello.heartbeat).clamp(SHORTEST_HEARTBEAT, LONGEST_HEARTBEAT);
        self.stream.ahead = Some(milliseconds(self.stream.asked_at).saturating_sub(hello.now));
        let is_exact = now.saturating_sub(self.stream.asked_at) < EXACT;
        self.stream.renew_at = now + if is_exact { RENEW_AFTER } else { RENEW_INEXACT_AFTER };
        Ok(hello.not_before.map(Action::RevokeIssuedBefore))
    }

    fn sync(&mut self, sync: Sync, id: Option<&String>, now: Duration) -> Result<Action, FollowError> {
        let Some(ahead) = self.stream.ahead else { return Err(FollowError::Order("sync")) };
        let until = sync.as_of.saturating_add(ahead);
        let is_back = self.stream.last_as_of.is_some_and(|last| sync.as_of < last);
        let now = milliseconds(now);
        if is_back || until > now.saturating_add(DRIFT) {
            return Ok(Action::Reconnect); // its clock was set, back or forward: compare anew
        }
        self.stream.last_as_of = Some(sync.as_of);
        if let Some(id) = id {
            self.cursor = Some(id.clone());
        }
        let until = until.min(now);
        self.complete_until = Some(self.complete_until.map_or(until, |earlier| earlier.max(until)));
        let Sync { keys, mut withdrawn, .. } = sync;
        withdrawn.truncate(MAX_WITHDRAWN);
        Ok(Action::Synced { keys, withdrawn })
    }
}

fn read<T: DeserializeOwned>(event: &Event) -> Result<T, FollowError> {
    // Serde would also take an array of the members for one.
    let object = if event.data.trim_start().starts_with('{') { event.data.as_str() } else { "" };
    serde_json::from_str(object)
        .map_err(|error| FollowError::Event { name: event.name.clone(), why: error.to_string() })
}

pub(super) fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

const SHORTEST_HEARTBEAT: Duration = Duration::from_secs(1);
const LONGEST_HEARTBEAT: Duration = Duration::from_secs(20);
/// In milliseconds: by how much clocks may drift apart before they are compared anew.
const DRIFT: i64 = 500;
/// A `hello` that comes this soon compares the clocks well enough.
const EXACT: Duration = Duration::from_secs(1);
const RENEW_INEXACT_AFTER: Duration = Duration::from_secs(10);
/// Clocks drift apart by up to 0.2 s in this time, so it is the time to compare them again.
const RENEW_AFTER: Duration = Duration::from_secs(30 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 60 * 60 * 1000;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn event(name: &str, data: &str, id: Option<&str>) -> Event {
        Event { name: name.to_owned(), data: data.to_owned(), id: id.map(str::to_owned) }
    }

    fn hello(mode: &str, now: i64) -> Event {
        let data = format!(
            r#"{{"v":1,"iss":"https://a.example","mode":"{mode}","heartbeat":2,"retain":60,"now":{now},"later":1}}"#
        );
        event("hello", &data, None)
    }

    fn sync(as_of: i64, id: &str) -> Event {
        event("sync", &format!(r#"{{"asOf":{as_of},"keys":"W/\"k\""}}"#), Some(id))
    }

    fn synced() -> Action {
        Action::Synced { keys: Some("W/\"k\"".to_owned()), withdrawn: Vec::new() }
    }

    /// Asked at 1 s, answered at 1.2 s.
    fn connected(now: i64) -> Machine {
        let mut machine = Machine::new("https://a.example".into());
        machine.connecting(ms(1_000));
        assert_eq!(machine.event(&hello("snapshot", now), ms(1_200)).unwrap(), None);
        machine
    }

    #[test]
    fn what_is_known_is_dated_by_the_servers_clock_alone() {
        for now in [1_800_000_000_000, 0, -DAY] {
            let mut machine = connected(now);
            assert_eq!(machine.complete_until(), None, "not before the end of the snapshot");
            assert_eq!(machine.event(&sync(now - 400, "1"), ms(1_300)).unwrap(), Some(synced()));
            assert_eq!(machine.complete_until(), Some(600), "400 ms before the request");
            assert_eq!(machine.event(&sync(now + 1_900, "2"), ms(3_300)).unwrap(), Some(synced()));
            assert_eq!(machine.complete_until(), Some(2_900));
            // A server without its database goes on, and says so.
            assert_eq!(machine.event(&sync(now + 1_900, "3"), ms(5_300)).unwrap(), Some(synced()));
            assert_eq!(machine.complete_until(), Some(2_900));
        }
    }

    #[test]
    fn a_server_whose_clock_is_set_is_asked_anew() {
        for (as_of, believed) in [
            (1_900, true),
            (2_300, true),
            (2_800, true), // a drift
            (2_801, false),
            (DAY, false),
            (i64::MAX, false),
            (0, true),
            (-1, false),
            (i64::MIN, false),
        ] {
            let mut machine = connected(0);
            machine.event(&sync(0, "1"), ms(1_200)).unwrap();
            let action = machine.event(&sync(as_of, "2"), ms(3_300)).unwrap();
            assert_eq!(action, Some(if believed { synced() } else { Action::Reconnect }), "{as_of}");
            assert!(machine.complete_until().unwrap() <= 3_300, "nothing is known of the future");
            assert_eq!(machine.cursor(), Some(if believed { "2" } else { "1" }));
        }
    }

    #[test]
    fn the_cursor_is_that_of_the_last_sync() {
        let mut machine = connected(0);
        let revoked = event("revoked", r#"{"until":9,"sid":["a"],"more":true}"#, Some("x"));
        let expected = Revoked { until: 9, sid: vec!["a".to_owned()], more: true };
        assert_eq!(machine.event(&revoked, ms(1_300)).unwrap(), Some(Action::Revoke(expected)));
        assert_eq!(machine.cursor(), None);
        machine.event(&sync(0, "y"), ms(1_300)).unwrap();
        machine.event(&revoked, ms(1_300)).unwrap();
        assert_eq!(machine.cursor(), Some("y"));

        machine.connecting(ms(2_000));
        assert_eq!(machine.event(&hello("delta", 800), ms(2_100)).unwrap(), None);
        assert_eq!((machine.cursor(), machine.complete_until()), (Some("y"), Some(1_000)), "nothing is lost");
        assert_eq!(machine.event(&event("reset", "{}", None), ms(2_200)).unwrap(), Some(Action::Reconnect));
        assert_eq!((machine.cursor(), machine.complete_until()), (None, None));
        machine.connecting(ms(3_000));
        let additions = machine.event(&hello("delta", 800), ms(3_100));
        assert!(matches!(additions, Err(FollowError::Order("hello"))), "to nothing");
    }

    #[test]
    fn what_cannot_be_understood_is_refused_and_what_is_new_ignored() {
        let refusal = |event: &Event| {
            let mut machine = Machine::new("https://a.example".into());
            machine.connecting(ms(0));
            machine.event(event, ms(1)).unwrap_err().to_string()
        };
        let replaced = |from, to| event("hello", &hello("snapshot", 0).data.replace(from, to), None);
        assert!(refusal(&replaced("a.example", "b.example")).contains("https://b.example"));
        assert!(refusal(&replaced("\"v\":1", "\"v\":2")).contains("version 2"));
        assert!(refusal(&replaced("snapshot", "other")).contains("cannot be read"));
        assert!(refusal(&event("revoked", r#"{"until":1,"sid":[]}"#, None)).contains("out of order"));
        assert!(refusal(&sync(0, "1")).contains("out of order"));
        let mut machine = connected(0);
        assert!(matches!(machine.event(&event("sync", "{", None), ms(1)), Err(FollowError::Event { .. })));
        assert_eq!(machine.event(&event("later", "?", Some("9")), ms(1_300)).unwrap(), None);
        assert_eq!(machine.cursor(), None);
    }

    #[test]
    fn a_silent_stream_is_dead_and_an_old_one_is_renewed() {
        let check = |machine: &Machine, now| machine.check(ms(now));
        let mut machine = connected(0);
        assert!(matches!(check(&machine, 7_200), Ok(None)));
        assert!(matches!(check(&machine, 7_201), Err(FollowError::Silent(_))));
        let keep_up = |machine: &mut Machine, now| {
            machine.event(&event("later", "", None), ms(now)).unwrap();
        };
        let half_an_hour = 1_200 + 30 * 60 * 1000;
        keep_up(&mut machine, half_an_hour);
        assert!(matches!(check(&machine, half_an_hour - 1), Ok(None)));
        assert!(matches!(check(&machine, half_an_hour), Ok(Some(Action::Reconnect))));
        // `hello` took too long to compare the clocks well.
        machine.connecting(ms(0));
        machine.event(&hello("snapshot", 0), ms(1_000)).unwrap();
        keep_up(&mut machine, 11_000);
        assert!(matches!(check(&machine, 10_999), Ok(None)));
        assert!(matches!(check(&machine, 11_000), Ok(Some(Action::Reconnect))));
    }
}
