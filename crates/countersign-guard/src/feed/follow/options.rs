//! [`Follow`]: which feed a guard follows. [`WhenLate`]: what it does while it does not hear from it.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;

#[cfg(feature = "feed-server")]
use crate::feed::server::Feed;

/// The feed of an issuer, and the key that it asks for.
#[derive(Clone)]
pub struct Follow {
    pub(crate) key: Option<String>,
    pub(crate) url: Option<String>,
    /// The client that asks, with its secret (RFC 6749 §2.3.1).
    pub(crate) client: Option<HeaderValue>,
    pub(crate) introspection_url: Option<String>,
    #[cfg(feature = "feed-server")]
    pub(crate) pass_on: Option<Feed>,
}

impl Follow {
    /// The feed that the issuer's metadata names (`revocations_endpoint`), with this feed key: on the issuer's
    /// machine, `countersign feed-key add NAME` makes one.
    #[must_use]
    pub fn with_key(feed_key: impl Into<String>) -> Self {
        Self { key: Some(feed_key.into()), ..Self::without_key() }
    }

    /// The same for a feed that asks for no key: a public one, or one that a guard gives out inside a network.
    #[must_use]
    pub const fn without_key() -> Self {
        Self {
            key: None,
            url: None,
            client: None,
            introspection_url: None,
            #[cfg(feature = "feed-server")]
            pass_on: None,
        }
    }

    /// The feed at this `https` URL (`http` on this machine) instead: one that another guard gives out, or that of an
    /// issuer without metadata.
    #[must_use]
    pub fn at(self, url: impl Into<String>) -> Self {
        Self { url: Some(url.into()), ..self }
    }

    /// Also asks the issuer about sessions while the feed is late, as [`WhenLate::Ask`] says, at the
    /// `introspection_endpoint` of its metadata, with this client ID and secret (RFC 7662 §2.1, RFC 6749 §2.3.1): on the
    /// issuer's machine, `countersign client add NAME` makes them.
    #[must_use]
    pub fn ask_as(self, client_id: &str, client_secret: &str) -> Self {
        let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = STANDARD.encode(format!("{}:{}", encoded(client_id), encoded(client_secret)));
        let mut client = HeaderValue::try_from(format!("Basic {pair}")).ok();
        if let Some(value) = &mut client {
            value.set_sensitive(true);
        }
        Self { client, ..self }
    }

    /// Asks at this `https` URL (`http` on this machine) instead: for an issuer without metadata.
    #[must_use]
    pub fn ask_at(self, introspection_url: impl Into<String>) -> Self {
        Self { introspection_url: Some(introspection_url.into()), ..self }
    }

    /// Also gives out what it hears, as `feed`: the guards of a host or a region then need one connection to the issuer.
    /// They follow with [`at`](Self::at), and know how late both steps together are. `feed` is of this issuer, its clock
    /// the system's; the application mounts it, protects it, and runs it.
    ///
    /// ```no_run
    /// # async fn start(feed_key: &str, epoch: u64) {
    /// use countersign_guard::Follow;
    /// use countersign_guard::feed::{Feed, FeedOptions};
    ///
    /// let issuer = "https://auth.example.com".to_owned();
    /// let retain = std::time::Duration::from_secs(3600);
    /// let feed = Feed::new(FeedOptions { issuer, retain, max_followers: 1000, epoch }, || {
    ///     std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_millis() as i64
    /// });
    /// let follow = Follow::with_key(feed_key).pass_on(feed.clone());
    /// let router: axum::Router = axum::Router::new().route_service("/api/revocations", feed.service());
    /// tokio::spawn(async move { feed.run().await });
    /// # let _ = (follow, router);
    /// # }
    /// ```
    #[cfg(feature = "feed-server")]
    #[must_use]
    pub fn pass_on(self, feed: Feed) -> Self {
        Self { pass_on: Some(feed), ..self }
    }
}

impl fmt::Debug for Follow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.key.as_ref().map(|_| "[redacted]");
        f.debug_struct("Follow").field("key", &key).field("url", &self.url).finish_non_exhaustive()
    }
}

/// What a guard does with tokens of an issuer whose feed is late: for more than five seconds it has not heard that it
/// knows everything. Sessions that are known to have ended are refused all the same, and tokens without a session (`sid`)
/// are accepted, since no feed could name them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhenLate {
    /// Accepts them, as a verifier without a feed does: an ended session is over when its access token expires.
    #[default]
    Accept,
    /// Answers 503 with `Retry-After`. Not 401: every client would refresh at once, and storm the issuer.
    Reject,
    /// Accepts tokens that were issued (`iat`) at most this long ago, and answers 401 to others. Clients then refresh,
    /// for which the issuer checks the session: right while the feed is broken and the issuer is not.
    ShortLeash(Duration),
    /// Asks the issuer about the session, as the client of [`Follow::ask_as`] (RFC 7662), and waits at most three seconds.
    /// A session that goes on is not asked about again for five seconds; one that does not counts as ended, until the
    /// token expires. Without an answer it is 503, as with [`Reject`](Self::Reject), and the issuer is left alone for a
    /// second.
    ///
    /// [`Guard::layer`](crate::Guard::layer) and [`Guard::authenticate_async`](crate::Guard::authenticate_async) ask.
    /// [`Guard::verify`](crate::Guard::verify) and [`Guard::authenticate`](crate::Guard::authenticate) cannot wait: they
    /// use an answer that is there, and otherwise refuse with [`Refusal::FeedLate`](crate::Refusal::FeedLate).
    Ask,
}
