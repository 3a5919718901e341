//! The nodes of one life: how each begins, and how it hears of what the others do. And a service without the store, which
//! follows the feed of one node or another.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::to_bytes;
use axum::http::HeaderMap;
use countersign::Countersign;
use countersign::guard::feed::wire::FeedDocument;
use countersign::guard::feed::{FeedCaller, FeedRequest};
use countersign::internal::base::clock::{Clock, Timestamp};
use countersign::store::sqlite::OpenMode;

use super::setup::accepted;
use super::{Event, START, Server, World};
use crate::auditor::Verdict;
use crate::executor::now;
use crate::faulty::{Bug, Faulty};

pub(crate) struct Node {
    pub(crate) server: Server,
    pub(crate) clock: Clock,
    /// How far its clock is ahead of the database's, in milliseconds.
    skew: i64,
}

/// What a service knows that follows the feed.
#[derive(Default)]
pub(super) struct Follower {
    cursor: Option<String>,
    ended: BTreeSet<String>,
}

/// Which node has a bug that only one of several has.
const ODD_ONE: usize = 0;

impl World {
    /// Opens one more node.
    pub(super) fn add_node(&mut self) {
        let number = self.nodes.len();
        let is_odd = self.bug == Some(Bug::ClockNotFollowed) && number == ODD_ONE;
        let skew = if is_odd { 600_000 } else { self.pick(&[0, self.skew / 10, -self.skew, self.skew]) };
        let clock = Clock::manual(Timestamp::from_unix_millis(START + skew));
        let server = self.open(number, clock.clone()).unwrap();
        self.nodes.push(Node { server, clock, skew });
    }

    /// A node as it is after a crash.
    pub(super) fn open_again(&mut self, node: usize) -> Verdict {
        let server = self.open(node, self.nodes[node].clock.clone())?;
        self.nodes[node].server = server;
        Ok(())
    }

    fn open(&self, number: usize, clock: Clock) -> Result<Server, String> {
        let bug = self.bug.filter(|bug| number == ODD_ONE || !bug.is_of_one_node());
        let store = Faulty::new(self.place.open(OpenMode::Server, self.options.sessions), bug);
        let (options, keys) = (accepted(&self.options), self.keys.clone());
        let opened = now(Countersign::open(store, options, keys, clock, self.random.clone()));
        opened.map(Arc::new).map_err(|error| error.to_string())
    }

    pub(super) fn set_clocks(&self) {
        for Node { clock, skew, .. } in &self.nodes {
            clock.set(Timestamp::from_unix_millis(START + self.time + self.jump + skew));
        }
    }

    /// Every node but this one has something to read in the log.
    pub(super) fn others_hear(&mut self, by: Option<usize>) {
        for node in (0..self.nodes.len()).filter(|node| by != Some(*node)) {
            let later = self.pick(&[1, 20, 100, 390]);
            self.soon(later, Event::Follows(node));
        }
    }

    /// A node has perhaps made signing keys, or deleted some.
    pub(super) fn made_signing_keys(&mut self, node: usize) -> Verdict {
        self.auditor.keys_changed = self.time;
        self.others_hear(Some(node));
        self.audit(&[], Some(node))
    }

    pub(super) fn follows(&mut self, node: usize) -> Verdict {
        let (at, server) = (self.now(node), self.server(node));
        now(server.follow_revocations(at)).map_err(|error| error.to_string())?;
        if self.bug != Some(Bug::SigningKeysNotFollowed) || node != ODD_ONE {
            now(server.follow_keys(at)).map_err(|error| error.to_string())?;
        }
        self.audit(&[], Some(node))?;
        if self.one_in(2) { self.follower_asks(node) } else { Ok(()) }
    }

    /// The service asks a node that has just read the log for what it has not heard yet, from wherever it was before.
    pub(super) fn follower_asks(&mut self, node: usize) -> Verdict {
        let query = self.follower.cursor.as_ref().map(|cursor| format!("after={cursor}"));
        let request = FeedRequest::parse(query.as_deref(), &HeaderMap::new()).unwrap();
        let answer = now(self.server(node).feed().respond(request, FeedCaller::default())).unwrap();
        let body = now(to_bytes(answer.into_body(), usize::MAX)).unwrap();
        let document: FeedDocument = serde_json::from_slice(&body).unwrap();
        self.follower.cursor = Some(document.cursor);
        self.follower.ended.extend(document.revoked.into_iter().flat_map(|revoked| revoked.sid));
        self.auditor.check_follower(&self.follower.ended, &self.nodes[node], self.moment())
    }
}
