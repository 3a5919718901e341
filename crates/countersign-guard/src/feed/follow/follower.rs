//! [`Follower`]: the thread that follows one issuer's feed: it finds it, connects, does what the events mean, and comes
//! back after every failure.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use countersign_fetch::{Addresses, ByteStream, FetchError, FetchOptions, FetchUrl, open};

use super::error::FollowError;
use super::machine::{Action, Machine};
use super::pause::Pause;
use super::shared::Shared;
use super::sse::{Item, MAX_BYTES, Parser};
use crate::clock::{Chance, Clock};
#[cfg(feature = "feed-server")]
use crate::feed::server::Feed;
use crate::remote::metadata::{Location, Metadata};
use crate::remote::shared::Shared as KeysShared;

/// What a follower works with.
pub(crate) struct Follower {
    pub(crate) shared: Arc<Shared>,
    pub(crate) keys: Arc<KeysShared>,
    pub(crate) location: Location,
    pub(crate) feed_key: Option<String>,
    pub(crate) options: FetchOptions,
    pub(crate) clock: Clock,
    pub(crate) chance: Chance,
    /// By how much this guard accepts a token longer than it says: the feed knows of no guard's leeway.
    pub(crate) leeway: i64,
    #[cfg(feature = "feed-server")]
    pub(crate) pass_on: Option<Feed>,
}

impl Follower {
    /// Follows on a thread of its own until the guard is gone.
    pub(crate) fn spawn(self) -> io::Result<()> {
        let mut following = Following {
            machine: Machine::new(self.shared.issuer()),
            pause: Pause::default(),
            found: None,
            swept_at: self.shared.now(),
            with: self,
        };
        let thread = thread::Builder::new().name("countersign-feed".into());
        thread.spawn(move || {
            while !following.with.shared.is_over() {
                let retry_after = following.turn();
                let pause = following.pause.next(retry_after, (following.with.chance)());
                following.with.shared.rest(pause);
            }
        })?;
        Ok(())
    }
}

struct Following {
    with: Follower,
    machine: Machine,
    pause: Pause,
    /// Looked up in the metadata anew after each failure: it may have moved.
    found: Option<(FetchUrl, Addresses)>,
    swept_at: Duration,
}

impl Following {
    /// One connection, from its beginning to its end. Returns how long the server wants to be left alone.
    fn turn(&mut self) -> Option<Duration> {
        let failure = self.follow().err()?;
        self.found = None;
        let retry_after = match &failure {
            FollowError::Connection { error: FetchError::RetryAfter { after, .. }, .. } => Some(*after),
            _ => None,
        };
        self.with.shared.failed(failure);
        retry_after
    }

    fn follow(&mut self) -> Result<(), FollowError> {
        let (url, addresses) = match self.found.take() {
            Some(found) => found,
            None => self.locate()?,
        };
        self.found = Some((url.clone(), addresses));
        let options = self.with.options.clone().accept(EVENTS).addresses(addresses);
        let options = options.timeout(self.machine.patience());
        let options = match &self.with.feed_key {
            Some(key) => options.bearer(key),
            None => options,
        };
        let failed = |error| FollowError::Connection { url: url.to_string(), error };
        self.machine.connecting(self.with.shared.now());
        let mut stream = open(&url, self.machine.cursor(), &options).map_err(failed)?;
        if !is_events(&stream) {
            return Err(FollowError::NotEvents { url: url.to_string() });
        }
        let mut parser = Parser::default();
        let mut buffer = [0; 16 * 1024];
        loop {
            let read = stream.read(&mut buffer).map_err(failed)?;
            if read == 0 || self.with.shared.is_over() {
                return Ok(());
            }
            for item in
                parser.push(buffer.get(..read).unwrap_or_default()).map_err(|_| FollowError::TooLong)?
            {
                if self.take(item)?.is_none() {
                    return Ok(());
                }
            }
            if self.machine.check(self.with.shared.now())? == Some(Action::Reconnect) {
                return Ok(());
            }
        }
    }

    /// `None`: the connection is to end.
    fn take(&mut self, item: Item) -> Result<Option<()>, FollowError> {
        let event = match item {
            Item::Event(event) => event,
            Item::Retry(base) => {
                self.pause.set_base(base);
                return Ok(Some(()));
            }
        };
        match self.machine.event(&event, self.with.shared.now())? {
            Some(Action::Revoke(revoked)) => {
                let until = revoked.until.saturating_add(self.with.leeway);
                let revocations = &self.with.shared.revocations;
                revoked.sid.iter().for_each(|session_id| revocations.revoke(session_id, until));
                #[cfg(feature = "feed-server")]
                if let Some(feed) = &self.with.pass_on {
                    feed.pass_on(revoked);
                }
            }
            Some(Action::RevokeIssuedBefore(issued_at)) => {
                self.with.shared.revocations.revoke_issued_before(issued_at);
                #[cfg(feature = "feed-server")]
                if let Some(feed) = &self.with.pass_on {
                    feed.revoke_issued_before(issued_at);
                }
            }
            Some(Action::Synced { keys, withdrawn }) => self.synced(keys.as_deref(), withdrawn),
            Some(Action::Reconnect) => {
                if self.machine.complete_until().is_none() {
                    self.with.shared.forget();
                }
                return Ok(None);
            }
            None => {}
        }
        Ok(Some(()))
    }

    fn synced(&mut self, keys: Option<&str>, withdrawn: Vec<String>) {
        self.pause.succeeded();
        #[cfg(feature = "feed-server")]
        if let Some(feed) = &self.with.pass_on {
            feed.withdraw(&withdrawn);
        }
        // First: who waits for the start asks about tokens next.
        self.with.keys.withdraw(withdrawn, (self.with.chance)());
        self.with.shared.synced(self.machine.complete_until());
        #[cfg(feature = "feed-server")]
        if let Some((feed, lag)) = self.with.pass_on.as_ref().zip(self.with.shared.lag()) {
            feed.complete_except(lag, keys);
        }
        if let Some(etag) = keys {
            self.with.keys.announce(etag, (self.with.chance)());
        }
        let now = self.with.shared.now();
        if now.saturating_sub(self.swept_at) >= SWEEP_EVERY {
            self.swept_at = now;
            // By the clock that the tokens are checked with: while it accepts a token, the entry is there.
            self.with.shared.revocations.forget_expired((self.with.clock)());
        }
    }

    fn locate(&self) -> Result<(FetchUrl, Addresses), FollowError> {
        let urls = match &self.with.location {
            Location::At(url) => return Ok((url.clone(), Addresses::Any)),
            Location::Discover(urls) => urls,
        };
        let issuer = self.with.shared.issuer();
        let metadata = Metadata::fetch(urls, &issuer, &self.with.options).map_err(FollowError::Metadata)?;
        let uri = metadata.text("revocations_endpoint").map_err(FollowError::Metadata)?;
        let url =
            FetchUrl::parse(uri).map_err(|error| FollowError::Endpoint { uri: uri.to_owned(), error })?;
        let addresses = metadata.addresses_for(&url);
        Ok((url, addresses))
    }
}

fn is_events(stream: &ByteStream) -> bool {
    let media_type = stream.content_type().and_then(|text| text.split(';').next()).unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case(EVENTS)
}

const EVENTS: &str = "text/event-stream";
const SWEEP_EVERY: Duration = Duration::from_secs(60);
const _: () = assert!(MAX_BYTES > 64 * 1024, "what a feed may send at most in one event");
