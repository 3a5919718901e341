//! [`Upstream`]: the system that people come from, which is asked about those who have no password here yet.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::base::out_of_range::Broken;

/// A way to ask the old system whether a password is right. Clones share the places of [`Upstream::at_once`].
///
/// ```
/// # use countersign::options::{Upstream, UpstreamAnswer};
/// # async fn old_login(name: &str, password: &str) -> std::io::Result<bool> { Ok(false) }
/// let upstream = Upstream::new(async |question| {
///     let is_right = old_login(question.username(), question.password()).await?;
///     Ok(if is_right { UpstreamAnswer::Right } else { UpstreamAnswer::Wrong })
/// });
/// ```
#[derive(Clone)]
pub struct Upstream {
    pub(crate) ask: Arc<Ask>,
    pub(crate) timeout: Duration,
    pub(crate) places: Arc<Semaphore>,
    pub(crate) is_down: Arc<AtomicBool>,
    at_once: usize,
}

pub(crate) type Ask = dyn Fn(UpstreamQuestion) -> Pending + Send + Sync;
pub(crate) type Pending = Pin<Box<dyn Future<Output = Result<UpstreamAnswer, UpstreamFailure>> + Send>>;

/// Why the old system gave no answer. It is logged, so it must hold nothing that somebody typed.
pub type UpstreamFailure = Box<dyn Error + Send + Sync>;

/// A name and a password that somebody typed. `Debug` shows nothing of them.
pub struct UpstreamQuestion {
    pub(crate) username: String,
    pub(crate) password: Zeroizing<String>,
}

/// What the old system says about a name and a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UpstreamAnswer {
    /// They sign in there.
    Right,
    /// They do not, whatever the reason.
    Wrong,
}

/// Why the old system said nothing about a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpstreamError {
    /// As many sign-ins as may be are asking it.
    #[error("too many sign-ins wait for the system that accounts are taken over from")]
    Busy,
    /// It cannot be reached, took too long, or said something else than yes or no.
    #[error("the system that accounts are taken over from gave no answer")]
    Unavailable(#[source] UpstreamFailure),
}

impl Upstream {
    /// Asks with this function. It is called again for each sign-in of a name that has no account or no
    /// password here, if the account is not disabled.
    pub fn new<A>(ask: impl Fn(UpstreamQuestion) -> A + Send + Sync + 'static) -> Self
    where
        A: Future<Output = Result<UpstreamAnswer, UpstreamFailure>> + Send + 'static,
    {
        Self {
            ask: Arc::new(move |question| Box::pin(ask(question))),
            timeout: Duration::from_secs(5),
            places: Arc::new(Semaphore::new(DEFAULT_AT_ONCE)),
            is_down: Arc::default(),
            at_once: DEFAULT_AT_ONCE,
        }
    }

    /// The longest wait for an answer, and before that for a place. 100 ms to 10 s, default 5 s.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// How many questions are open at the same time. 1 to 256, default 8.
    #[must_use]
    pub fn at_once(self, at_once: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(at_once.min(Semaphore::MAX_PERMITS))), at_once, ..self }
    }

    pub(super) fn broken(&self) -> Broken {
        let mut broken = Broken::default();
        let timeout = (Duration::from_millis(100)..=Duration::from_secs(10)).contains(&self.timeout);
        broken.unless(timeout, "timeout", "is not between 100 ms and 10 s");
        broken.unless((1..=256).contains(&self.at_once), "at_once", "is not between 1 and 256");
        broken
    }
}

const DEFAULT_AT_ONCE: usize = 8;

impl UpstreamQuestion {
    /// The name: that of the account, or as it was typed (NFC) if there is none.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The password, byte for byte as it was typed. At most 256 code points, and no NUL.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Upstream");
        shown.field("timeout", &self.timeout).field("at_once", &self.at_once).finish_non_exhaustive()
    }
}

impl fmt::Debug for UpstreamQuestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UpstreamQuestion([redacted])")
    }
}
