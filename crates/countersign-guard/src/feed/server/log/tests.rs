//! The log alone, and the log under followers that come, go and are cut off at any moment.

use std::collections::{HashMap, HashSet};

use super::*;

const NOW: i64 = 1_795_470_000_000;
const RETAIN: Duration = Duration::from_mins(20);

fn log() -> Log {
    Log::new(7, RETAIN, 4 << 20)
}

/// Records sessions that are known from now on, and makes an event of them.
fn told(log: &mut Log, ids: &[&str], now: i64) {
    for id in ids {
        log.record((*id).into(), now / 1000 + 1200, Some(now));
    }
    log.flush();
}

fn ids(entries: Vec<Entry>) -> Vec<String> {
    let mut ids: Vec<_> = entries.into_iter().map(|entry| entry.sid.to_string()).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn what_is_known_is_no_news_unless_it_lasts_longer() {
    let mut log = log();
    for (until, last) in [(100, 1), (100, 1), (99, 1), (101, 2)] {
        log.record("a".into(), until, Some(NOW));
        log.flush();
        assert_eq!(log.last(), last, "until {until}");
    }
    assert!(log.event(2).unwrap().json().starts_with(br#"{"until":101,"#));
    log.forget_expired(100);
    assert_eq!(log.entries(None, 100).len(), 1);
    log.forget_expired(101);
    assert_eq!(log.entries(None, 0), []);
}

#[test]
fn news_that_comes_together_is_one_event() {
    let mut log = log();
    told(&mut log, &["a", "b"], NOW);
    told(&mut log, &[], NOW);
    assert_eq!((log.last(), log.event(1).is_some(), log.event(2).is_some()), (1, true, false));
    let text = String::from_utf8(log.event(1).unwrap().text().to_vec()).unwrap();
    let data = format!(r#"{{"until":{},"sid":["a","b"]}}"#, NOW / 1000 + 1200);
    assert_eq!(text, format!("id: 1.0000000000000007.1.0\nevent: revoked\ndata: {data}\n\n"));
}

#[test]
fn a_cursor_of_this_log_goes_on_after_its_event() {
    let mut log = log();
    for id in ["a", "b", "c"] {
        told(&mut log, &[id], NOW);
    }
    let cursor = |number| Cursor { number, ..log.cursor() };
    for number in 0..=3 {
        assert_eq!(log.start(Some(cursor(number)), NOW), Start::After(number));
    }
    // The future of this log: a cursor that nobody gave.
    assert_ne!(log.start(Some(cursor(4)), NOW), Start::After(4));
    assert_eq!(log.start(None, NOW), Start::Snapshot);
}

/// At each limit: 15 seconds ahead of this clock, and as old as an entry can be.
#[test]
fn a_cursor_of_another_log_goes_on_by_its_time() {
    let log = log();
    let retain = i64::try_from(RETAIN.as_millis()).unwrap();
    let start = |as_of| log.start(Some(Cursor { epoch: 8, number: 1, as_of }), NOW);
    assert_eq!(start(NOW), Start::Since(NOW - 15_000));
    assert_eq!(start(NOW + 4_999), Start::Since(NOW - 15_000), "shared with others");
    for (as_of, is_delta) in [
        (NOW + 15_001, false),
        (NOW + 15_000, true),
        (NOW - retain + 1, true),
        (NOW - retain, false),
        (0, false),
        (i64::MIN, false),
        (i64::MAX, false),
    ] {
        assert_eq!(start(as_of) != Start::Snapshot, is_delta, "{as_of}");
    }
}

#[test]
fn a_delta_by_time_has_what_became_known_later_and_what_nobody_knows_the_time_of() {
    let mut log = log();
    let until = NOW / 1000 + 60;
    for (id, known_at) in [("a", Some(NOW)), ("b", None), ("c", Some(NOW + 9)), ("d", Some(NOW + 5))] {
        log.record(id.into(), until, known_at);
    }
    assert_eq!(ids(log.entries(None, until - 1)), ["a", "b", "c", "d"]);
    assert_eq!(ids(log.entries(Some(NOW), until - 1)), ["a", "b", "c", "d"]);
    // A clock was set back between c and d: d is not older than c.
    assert_eq!(ids(log.entries(Some(NOW + 9), until - 1)), ["b", "c", "d"]);
    assert_eq!(ids(log.entries(Some(NOW + 10), until - 1)), ["b"]);
    assert_eq!(ids(log.entries(None, until)), [""; 0], "nothing matters any more");
}

#[test]
fn a_follower_that_is_too_slow_falls_out_of_the_ring() {
    let mut log = Log::new(7, RETAIN, 1_000);
    let first = log.cursor();
    let mut in_ring = 0;
    for n in 0..50 {
        told(&mut log, &[&format!("{n:036}")], NOW);
        in_ring = (1..=log.last()).filter(|number| log.event(*number).is_some()).count();
        assert!(log.ring_bytes <= 1_000 && log.ring.len() == in_ring);
    }
    assert!((5..12).contains(&in_ring), "{in_ring}");
    let oldest = log.last() - in_ring as u64;
    assert_eq!((log.has(oldest), log.has(oldest - 1)), (true, false));
    assert!(log.event(oldest + 1).is_some() && log.event(oldest).is_none());
    let gone = Cursor { number: oldest - 1, as_of: NOW, ..first };
    assert_eq!(log.start(Some(gone), NOW), Start::Since(NOW - 15_000));
    // More at once than it holds: nobody can go on from before.
    let (last, cursor) = (log.last(), Cursor { as_of: NOW, ..log.cursor() });
    let many: Vec<String> = (100..200).map(|n| format!("{n:036}")).collect();
    told(&mut log, &many.iter().map(String::as_str).collect::<Vec<_>>(), NOW);
    assert_eq!((log.has(last), log.has(last + 1)), (false, true));
    assert_eq!(log.start(Some(cursor), NOW), Start::Since(NOW - 15_000));
}

#[test]
fn a_heartbeat_vouches_for_nothing_that_is_not_told() {
    let mut log = log();
    assert!(log.synced(NOW, None) || log.as_of() == NOW);
    log.record("a".into(), NOW / 1000 + 9, Some(NOW));
    log.synced(NOW + 200, None);
    assert_eq!((log.as_of(), log.sync().as_of), (NOW, NOW));
    log.beat();
    assert_eq!((log.as_of(), log.last()), (NOW + 200, 1));
    let beat = String::from_utf8(log.last_beat().unwrap().text().to_vec()).unwrap();
    let as_of = NOW + 200;
    assert_eq!(
        beat,
        format!("id: 1.0000000000000007.1.{as_of}\nevent: sync\ndata: {{\"asOf\":{as_of}}}\n\n")
    );
}

#[test]
fn a_tag_changes_with_news_and_keys_only() {
    let mut log = log();
    let mut tags = vec![log.tag()];
    log.synced(NOW, None);
    log.beat();
    assert_eq!(log.tag(), tags[0]);
    told(&mut log, &["a"], NOW);
    tags.push(log.tag());
    assert!(log.synced(NOW, Some("\"k\"".to_owned())) && !log.synced(NOW, Some("\"k\"".to_owned())));
    tags.push(log.tag());
    log.withdraw(&["x".to_owned()]);
    tags.push(log.tag());
    assert!(log.synced(NOW, Some("\"k\"".to_owned())), "it is said at once");
    log.withdraw(&["x".to_owned()]);
    assert!(!log.synced(NOW, Some("\"k\"".to_owned())), "and once");
    assert_eq!(log.tag(), *tags.last().unwrap());
    log.begin_anew(8);
    tags.push(log.tag());
    assert_eq!(tags.iter().collect::<HashSet<_>>().len(), 5);
}

/// KM-3: the last of many, in an event that a follower reads.
#[test]
fn every_heartbeat_names_the_withdrawn_keys() {
    let mut log = log();
    let many: Vec<_> = (0..MAX_WITHDRAWN + 9).map(|number| format!("{number:0128}")).collect();
    log.withdraw(&many[..1]);
    log.withdraw(&many);
    assert_eq!(log.sync().withdrawn, many[9..]);
    assert!(log.sync_event().len() < 64 * 1024);
}

/// A fault that is built in on purpose: the check must find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bug {
    /// A follower comes back with a cursor one event further than what it has.
    CursorOffByOne,
    /// Between two logs nothing overlaps.
    NoOverlap,
    /// A heartbeat has the time of the last poll, whether or not its entries were told.
    EarlyHeartbeat,
    /// A follower that gets only a part of a snapshot keeps it as the whole.
    HalfSnapshot,
}

/// A server with its store, and a follower whose connection is cut at any moment.
struct World {
    bug: Option<Bug>,
    seed: u64,
    now: i64,
    log: Log,
    /// Each session that ended: when, as it says itself, and when that was committed.
    store: Vec<(String, i64, i64)>,
    /// How many of them this process has read.
    read: usize,
    polled_at: i64,
    follower: Follower,
}

#[derive(Default)]
struct Follower {
    cursor: Option<Cursor>,
    has: HashSet<String>,
    /// What it reads, if it is connected.
    connection: Option<Connection>,
}

/// First the beginning, then the ring.
struct Connection {
    beginning: Vec<String>,
    position: u64,
}

impl World {
    fn new(seed: u64, bug: Option<Bug>) -> Self {
        let log = Log::new(seed, RETAIN, 600);
        let follower = Follower::default();
        let (store, read, polled_at) = (Vec::new(), 0, 0);
        Self { bug, seed: seed * 2 + 1, now: NOW, log, store, read, polled_at, follower }
    }

    /// xorshift64*
    fn below(&mut self, limit: i64) -> i64 {
        self.seed ^= self.seed >> 12;
        self.seed ^= self.seed << 25;
        self.seed ^= self.seed >> 27;
        (self.seed.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).cast_signed() % limit
    }

    fn step(&mut self) -> Result<(), String> {
        self.now += self.below(400);
        match self.below(12) {
            0..3 => self.end_session(),
            3 | 4 => self.poll(),
            5 => drop(self.log.flush()),
            6 => self.log.beat(),
            7 if self.below(4) == 0 => self.restart(),
            8 if self.below(3) == 0 => self.follower.connection = None,
            9 if self.below(40) == 0 => self.now += self.below(1_500_000),
            _ => return self.read_some(),
        }
        Ok(())
    }

    /// In this process, which knows at once, or in another one; the request may have waited for its commit.
    fn end_session(&mut self) {
        let (id, ended_at) = (format!("{}", self.store.len()), self.now - self.below(8_000));
        self.store.push((id.clone(), ended_at, self.now));
        if self.below(2) == 0 {
            self.log.record(id.as_str().into(), self.until(), Some(self.now));
        }
    }

    const fn until(&self) -> i64 {
        self.now / 1000 + 1_200
    }

    fn poll(&mut self) {
        for (id, ..) in &self.store[self.read..] {
            self.log.record(id.as_str().into(), self.until(), Some(self.now));
        }
        (self.read, self.polled_at) = (self.store.len(), self.now);
        self.log.synced(self.now, None);
    }

    fn restart(&mut self) {
        self.log = Log::new(self.log.epoch() + 1_000, RETAIN, 600);
        for (id, ended_at, _) in &self.store {
            self.log.record(id.as_str().into(), ended_at / 1000 + 1_200, Some(*ended_at));
        }
        (self.read, self.polled_at) = (self.store.len(), self.now);
        self.log.synced(self.now, None);
        self.log.flush();
        self.follower.connection = None;
    }

    fn connect(&mut self) -> Connection {
        let mut cursor = self.follower.cursor;
        if self.bug == Some(Bug::CursorOffByOne) {
            cursor = cursor.map(|cursor| Cursor { number: cursor.number + 1, ..cursor });
        }
        let mut start = self.log.start(cursor, self.now);
        if let (Start::Since(since), Some(Bug::NoOverlap)) = (start, self.bug) {
            start = Start::Since(since + OVERLAP + SINCE_STEP);
        }
        let (since, position) = match start {
            Start::After(number) => return Connection { beginning: Vec::new(), position: number },
            Start::Since(since) => (Some(since), self.log.last()),
            Start::Snapshot => {
                // It replaces what there was.
                (self.follower.has, self.follower.cursor) = (HashSet::new(), None);
                (None, self.log.last())
            }
        };
        Connection { beginning: ids(self.log.entries(since, self.now / 1000)), position }
    }

    /// The follower reads one thing, if it can, and checks what a heartbeat says.
    fn read_some(&mut self) -> Result<(), String> {
        let mut connection = self.follower.connection.take().unwrap_or_else(|| self.connect());
        if let Some(id) = connection.beginning.pop() {
            self.follower.has.insert(id);
            if self.bug == Some(Bug::HalfSnapshot) {
                self.follower.cursor = Some(self.log.cursor());
            }
        } else if !self.log.has(connection.position) {
            return Ok(()); // cut off
        } else if let Some(event) = self.log.event(connection.position + 1) {
            connection.position += 1;
            let revoked: Revoked = serde_json::from_slice(&event.json()).unwrap();
            self.follower.has.extend(revoked.sid);
            self.follower.cursor = Some(cursor_of(event));
        } else {
            let as_of = if self.bug == Some(Bug::EarlyHeartbeat) { self.polled_at } else { self.log.as_of() };
            self.follower.cursor = Some(Cursor { as_of, ..self.log.cursor() });
            self.check(as_of)?;
        }
        self.follower.connection = Some(connection);
        Ok(())
    }

    /// Everything that was committed up to `as_of` and still matters is known.
    fn check(&self, as_of: i64) -> Result<(), String> {
        let matters = |ended_at: i64| self.now / 1000 < ended_at / 1000 + 1_200;
        let committed = self.store.iter().filter(|(_, ended_at, at)| *at <= as_of && matters(*ended_at));
        let missed: Vec<_> = committed.filter(|(id, ..)| !self.follower.has.contains(id)).collect();
        if missed.is_empty() { Ok(()) } else { Err(format!("{missed:?} as of {as_of}")) }
    }
}

fn cursor_of(event: &Event) -> Cursor {
    let text = String::from_utf8(event.text().to_vec()).unwrap();
    Cursor::parse(text.lines().next().unwrap().strip_prefix("id: ").unwrap()).unwrap()
}

/// The first fault in so many worlds.
fn explore(bug: Option<Bug>, worlds: u64) -> Option<String> {
    (0..worlds).find_map(|seed| {
        let mut world = World::new(seed, bug);
        (0..1_500).find_map(|_| world.step().err()).map(|fault| format!("world {seed}: {fault}"))
    })
}

#[test]
fn a_heartbeat_is_never_heard_by_a_follower_that_misses_something() {
    assert_eq!(explore(None, 40), None);
}

#[test]
fn every_fault_that_is_built_in_is_found() {
    let bugs = [Bug::CursorOffByOne, Bug::NoOverlap, Bug::EarlyHeartbeat, Bug::HalfSnapshot];
    let found: HashMap<_, _> = bugs.map(|bug| (format!("{bug:?}"), explore(Some(bug), 40).is_some())).into();
    assert!(found.values().all(|found| *found), "{found:?}");
}
