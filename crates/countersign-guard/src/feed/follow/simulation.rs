//! The follower against a world of faults: cut and half-open connections, slow ones, a reader that stalls, restarted
//! nodes, old cursors, duplicated and reordered events, a node without its database, clocks that jump, and stores that
//! are restored.
//!
//! **The promise**: while it says that it is fresh, it knows of every session that ended more than five seconds ago. To
//! show that this would find a mistake, mistakes are planted into what is between the machine and its world.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use super::machine::{Action, Machine, milliseconds};
use super::pause::Pause;
use super::sse::{Item, Parser};
use crate::feed::wire::{FeedMode, Hello, Revoked, Sync, VERSION};

const ISSUER: &str = "https://auth.example";
const FRESH: i64 = 5_000;
const STEP: i64 = 20;
const HEARTBEAT: i64 = 2_000;
const RETAIN: i64 = 60_000;
/// How many entries a node still has one by one.
const RING: usize = 12;

/// A mistake that could have been made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mistake {
    /// A heartbeat means "now", whatever it says.
    AsOfIsReceipt,
    /// The clocks are compared when `hello` comes, not when it was asked for.
    ComparedAtHello,
    /// An open connection is a fresh one.
    OpenIsFresh,
    /// The last `id` is the cursor, as in a browser, in the middle of a snapshot too.
    CursorOfSnapshot,
    /// The cursor outlives a `reset`.
    ResetIsIgnored,
    /// A snapshot replaces what is known when it begins.
    ReplacedAtHello,
}

#[derive(Debug)]
struct Session {
    id: u64,
    ended_at: i64,
    /// By the server's clock.
    known_at: i64,
}

#[derive(Debug, Default)]
struct Node {
    epoch: u64,
    /// Indexes of sessions, in the order in which this node heard of them.
    ring: Vec<usize>,
    seen: usize,
    as_of: i64,
    lacks_database: bool,
}

struct Link {
    node: usize,
    epoch: u64,
    /// When the request reaches the node.
    arrives_at: i64,
    cursor: Option<String>,
    has_begun: bool,
    position: usize,
    synced_at: i64,
    delay: i64,
    is_half_open: bool,
    is_ended: bool,
    on_the_way: VecDeque<(i64, Vec<u8>)>,
}

struct World {
    random: u64,
    now: i64,
    /// What the server's clock says more than `now`.
    clock: i64,
    sessions: Vec<Session>,
    nodes: [Node; 2],
    link: Option<Link>,
    client: Client,
}

struct Client {
    mistake: Option<Mistake>,
    machine: Machine,
    parser: Parser,
    pause: Pause,
    connect_at: i64,
    heard_at: i64,
    stalled_until: i64,
    known: HashSet<u64>,
    last_id: Option<String>,
    is_open: bool,
    hello_now: i64,
    hello_at: i64,
}

impl World {
    fn new(seed: u64, mistake: Option<Mistake>) -> Self {
        let client = Client {
            mistake,
            machine: Machine::new(ISSUER.into()),
            parser: Parser::default(),
            pause: Pause::default(),
            connect_at: 0,
            heard_at: 0,
            stalled_until: 0,
            known: HashSet::new(),
            last_id: None,
            is_open: false,
            hello_now: 0,
            hello_at: 0,
        };
        let nodes = [Node { epoch: 1, ..Node::default() }, Node { epoch: 2, ..Node::default() }];
        let clock = 1_800_000_000_000;
        Self { random: seed, now: 0, clock, sessions: Vec::new(), nodes, link: None, client }
    }

    /// splitmix64.
    fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, end: u64) -> u64 {
        self.random() % end
    }

    /// Once in this many seconds, on the average.
    fn happens(&mut self, seconds: u64) -> bool {
        self.below(seconds * 1000) < STEP.unsigned_abs()
    }

    fn server_time(&self) -> i64 {
        self.now + self.clock
    }

    fn end_session(&mut self, known_before: i64) {
        let id = self.random();
        let known_at = self.server_time() - known_before;
        self.sessions.push(Session { id, ended_at: self.now, known_at });
    }

    fn step(&mut self, has_faults: bool) {
        self.now += STEP;
        if self.happens(1) {
            self.end_session(0);
        }
        if self.happens(30) {
            (0..30).for_each(|_| self.end_session(0));
        }
        if has_faults {
            self.go_wrong();
        } else if let Some(link) = &mut self.link {
            link.delay = link.delay.min(100);
        }
        if self.now % 100 == 0 {
            self.poll();
        }
        self.serve();
        self.listen();
    }

    fn go_wrong(&mut self) {
        let node = usize::try_from(self.below(2)).unwrap();
        if self.happens(20) {
            self.nodes[node] = Node { epoch: self.random(), ..Node::default() }; // restarted
        }
        if self.happens(20) {
            self.nodes[node].lacks_database ^= true;
        }
        if self.happens(60) {
            self.restore();
        }
        if self.happens(60) {
            let jumps = [3_600_000, -3_600_000, 7_000, -7_000];
            self.clock += jumps[usize::try_from(self.below(4)).unwrap()];
            for node in 0..2 {
                self.nodes[node] = Node { epoch: self.random(), ..Node::default() };
            }
        }
        let (cut, half_open, slow) = (self.happens(15), self.happens(20), self.happens(20));
        let delay = i64::try_from(self.below(12_000)).unwrap();
        if let Some(link) = &mut self.link {
            if cut {
                link.is_ended = true;
                link.on_the_way.clear();
            }
            link.is_half_open |= half_open;
            link.delay = if slow { delay } else { link.delay };
        }
        if self.happens(30) {
            self.client.stalled_until = self.now + delay;
        }
    }

    /// The store of a backup, into which others have written back what they knew: entries that are new here and old by
    /// their time. Only for a follower that hears of it at once; another is as after any restart.
    fn restore(&mut self) {
        let hears = |link: &mut Link| link.has_begun && !link.is_ended && link.on_the_way.is_empty();
        if self.now < self.client.stalled_until || self.link.take_if(hears).is_none() {
            return;
        }
        (0..3).for_each(|_| self.end_session(40_000));
        for node in 0..2 {
            let (epoch, seen) = (self.random(), self.sessions.len());
            self.nodes[node] = Node { epoch, seen, as_of: self.server_time(), ..Node::default() };
        }
        let timer = Duration::from_millis(self.now.unsigned_abs());
        self.client.hear(b"event: reset\ndata: {}\n\n", timer);
        self.disconnect();
    }

    fn poll(&mut self) {
        let (all, now) = (self.sessions.len(), self.server_time());
        for node in self.nodes.iter_mut().filter(|node| !node.lacks_database) {
            node.ring.extend(node.seen..all);
            (node.seen, node.as_of) = (all, now);
        }
    }

    fn serve(&mut self) {
        let Some(mut link) = self.link.take() else { return };
        if !link.is_ended && link.arrives_at <= self.now {
            let mut events = Vec::new();
            if link.has_begun {
                link.is_ended |= link.epoch != self.nodes[link.node].epoch;
            } else {
                self.begin(&mut link, &mut events);
            }
            if !link.is_ended {
                self.continue_(&mut link, &mut events);
            }
            link.send(self.now, &events);
        }
        self.link = Some(link);
    }

    fn begin(&mut self, link: &mut Link, events: &mut Vec<String>) {
        let node = &self.nodes[link.node];
        (link.has_begun, link.epoch, link.synced_at) = (true, node.epoch, i64::MIN / 2);
        let numbers = |cursor: &String| -> Option<(u64, usize, i64)> {
            let mut parts = cursor.split('.');
            Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
        };
        let now = self.server_time();
        let (mode, since) = match link.cursor.as_ref().and_then(numbers) {
            Some((epoch, position, _)) if epoch == node.epoch && node.ring.len() <= position + RING => {
                link.position = position;
                (FeedMode::Delta, None)
            }
            Some((.., time)) if time <= now && now - time < RETAIN => (FeedMode::Delta, Some(time - 15_000)),
            _ => (FeedMode::Snapshot, Some(i64::MIN)),
        };
        let hello = Hello {
            v: VERSION,
            iss: ISSUER.into(),
            mode,
            heartbeat: 2,
            retain: 60,
            now: self.server_time(),
            not_before: None,
        };
        events
            .push(format!("retry: 500\nevent: hello\ndata: {}\n\n", serde_json::to_string(&hello).unwrap()));
        if let Some(since) = since {
            let known = self.sessions[..node.seen].iter().filter(|session| session.known_at >= since);
            let ids: Vec<_> = known.map(|session| session.id).collect();
            link.position = node.ring.len();
            let cursor = node.cursor(link.position);
            // Each in an event of its own, with an `id` that a snapshot of ours would not have.
            events.extend(ids.iter().map(|id| revoked(&[*id], &cursor)));
        }
    }

    fn continue_(&mut self, link: &mut Link, events: &mut Vec<String>) {
        let node = &self.nodes[link.node];
        if node.ring.len() > link.position + RING + 30 {
            link.is_ended = true; // too slow
            return;
        }
        let news: Vec<u64> =
            node.ring[link.position..].iter().map(|index| self.sessions[*index].id).collect();
        link.position = node.ring.len();
        let cursor = node.cursor(link.position);
        let as_of = node.as_of;
        let from = events.len();
        for id in news {
            events.push(revoked(&[id], &cursor));
            if self.below(4) == 0 {
                events.push(revoked(&[id, id], &cursor));
            }
            let other = from + usize::try_from(self.below(100)).unwrap() % (events.len() - from);
            let last = events.len() - 1;
            events.swap(other, last);
        }
        if self.now - link.synced_at >= HEARTBEAT {
            link.synced_at = self.now;
            let sync = serde_json::to_string(&Sync { as_of, keys: None, withdrawn: Vec::new() }).unwrap();
            events.push(format!(": beat\nid: {cursor}\nevent: sync\ndata: {sync}\n\n"));
        }
    }

    fn listen(&mut self) {
        let timer = Duration::from_millis(self.now.unsigned_abs());
        if self.now < self.client.stalled_until {
            return;
        }
        let Some(mut link) = self.link.take() else {
            if self.client.connect_at <= self.now {
                self.connect(timer);
            }
            return;
        };
        let mut is_over = false;
        while let Some((_, bytes)) = link.on_the_way.pop_front_if(|(at, _)| *at <= self.now) {
            self.client.heard_at = self.now;
            for piece in bytes.chunks(1 + usize::try_from(self.below(200)).unwrap()) {
                is_over = is_over || self.client.hear(piece, timer);
            }
        }
        is_over |= link.is_ended && link.on_the_way.is_empty() && !link.is_half_open;
        is_over |= self.now - self.client.heard_at > milliseconds(self.client.machine.patience());
        if is_over { self.disconnect() } else { self.link = Some(link) }
    }

    fn disconnect(&mut self) {
        let chance = f64::from(u32::try_from(self.below(1000)).unwrap()) / 1000.0;
        self.client.connect_at = self.now + milliseconds(self.client.pause.next(None, chance));
        self.client.is_open = false;
    }

    fn connect(&mut self, timer: Duration) {
        let client = &mut self.client;
        client.machine.connecting(timer);
        (client.parser, client.heard_at) = (Parser::default(), self.now);
        let cursor = match client.mistake {
            Some(Mistake::CursorOfSnapshot) => client.last_id.clone(),
            _ => client.machine.cursor().map(str::to_owned),
        };
        let (node, delay) = (usize::try_from(self.below(2)).unwrap(), self.below(100));
        let slow = if self.below(8) == 0 { self.below(9_000) } else { 0 };
        let delay = i64::try_from(delay + slow).unwrap();
        self.link = Some(Link {
            node,
            epoch: 0,
            arrives_at: self.now + delay / 2,
            cursor,
            has_begun: false,
            position: 0,
            synced_at: 0,
            delay,
            is_half_open: false,
            is_ended: false,
            on_the_way: VecDeque::new(),
        });
    }

    /// Whether the promise holds.
    fn is_honest(&self) -> bool {
        let is_known = |session: &Session| self.client.known.contains(&session.id);
        let recent = self.sessions.iter().rev().take(200);
        !self.client.is_fresh(self.now)
            || recent.filter(|session| session.ended_at < self.now - FRESH).all(is_known)
    }
}

impl Node {
    fn cursor(&self, position: usize) -> String {
        format!("{}.{position}.{}", self.epoch, self.as_of)
    }
}

impl Link {
    fn send(&mut self, now: i64, events: &[String]) {
        if self.is_half_open {
            return;
        }
        for event in events {
            let last = self.on_the_way.back().map_or(0, |(at, _)| *at);
            self.on_the_way.push_back(((now + self.delay).max(last + 3), event.clone().into_bytes()));
        }
    }
}

fn revoked(ids: &[u64], cursor: &str) -> String {
    let sid = ids.iter().map(u64::to_string).collect();
    let data = serde_json::to_string(&Revoked { until: i64::MAX, sid, more: false }).unwrap();
    format!("id: {cursor}\nevent: revoked\ndata: {data}\n\n")
}

impl Client {
    fn is_fresh(&self, now: i64) -> bool {
        let until = self.machine.complete_until();
        let is_fresh = until.is_some_and(|until| now - until <= FRESH);
        is_fresh || self.mistake == Some(Mistake::OpenIsFresh) && self.is_open && until.is_some()
    }

    /// True at the end of the connection.
    fn hear(&mut self, bytes: &[u8], timer: Duration) -> bool {
        for item in self.parser.push(bytes).unwrap() {
            let mut event = match item {
                Item::Event(event) => event,
                Item::Retry(base) => {
                    self.pause.set_base(base);
                    continue;
                }
            };
            self.last_id = event.id.clone().or(self.last_id.take());
            if event.name == "hello" {
                let hello: Hello = serde_json::from_str(&event.data).unwrap();
                (self.hello_now, self.hello_at, self.is_open) = (hello.now, milliseconds(timer), true);
                if self.mistake == Some(Mistake::ComparedAtHello) {
                    self.machine.connecting(timer);
                }
                if self.mistake == Some(Mistake::ReplacedAtHello) && hello.mode == FeedMode::Snapshot {
                    self.known.clear();
                }
            }
            if event.name == "sync" && self.mistake == Some(Mistake::AsOfIsReceipt) {
                let as_of = self.hello_now + milliseconds(timer) - self.hello_at;
                event.data =
                    serde_json::to_string(&Sync { as_of, keys: None, withdrawn: Vec::new() }).unwrap();
            }
            if event.name == "reset" && self.mistake == Some(Mistake::ResetIsIgnored) {
                return true;
            }
            match self.machine.event(&event, timer) {
                Ok(Some(Action::Revoke(revoked))) => {
                    self.known.extend(revoked.sid.iter().map(|id| id.parse::<u64>().unwrap()));
                }
                Ok(Some(Action::Synced { .. })) => self.pause.succeeded(),
                Ok(Some(Action::RevokeIssuedBefore(_)) | None) => {}
                Ok(Some(Action::Reconnect)) | Err(_) => return true,
            }
        }
        !matches!(self.machine.check(timer), Ok(None))
    }
}

/// Eighty seconds of faults, and a quiet half minute. The first moment at which the promise is broken.
fn run(seed: u64, mistake: Option<Mistake>) -> Result<World, i64> {
    let mut world = World::new(seed, mistake);
    while world.now < 110_000 {
        world.step(world.now < 80_000);
        if world.now % 100 == 0 && !world.is_honest() {
            return Err(world.now);
        }
    }
    Ok(world)
}

const SEEDS: u64 = 60;

#[test]
fn while_it_says_that_it_is_fresh_it_knows_of_every_session_that_ended() {
    for seed in 0..SEEDS {
        let world = run(seed, None).unwrap_or_else(|at| panic!("seed {seed}: broken at {at} ms"));
        let last = world.now - 500;
        if world.nodes.iter().any(|node| node.lacks_database) {
            continue;
        }
        assert!(
            world.client.is_fresh(world.now),
            "seed {seed}: half a minute without faults, and it is late"
        );
        let old = world.sessions.iter().filter(|session| session.ended_at < last);
        assert!(old.map(|session| session.id).all(|id| world.client.known.contains(&id)), "seed {seed}");
    }
}

#[test]
fn planted_mistakes_are_found() {
    for mistake in [
        Mistake::AsOfIsReceipt,
        Mistake::ComparedAtHello,
        Mistake::OpenIsFresh,
        Mistake::CursorOfSnapshot,
        Mistake::ResetIsIgnored,
        Mistake::ReplacedAtHello,
    ] {
        assert!((0..SEEDS).any(|seed| run(seed, Some(mistake)).is_err()), "{mistake:?} is not found");
    }
}
