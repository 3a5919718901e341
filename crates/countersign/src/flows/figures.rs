//! What the use cases count for metrics: how each came out. The rules decide; this only watches.

use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;
use countersign_jwt::Algorithm;

use crate::base::clock::Timestamp;
use crate::base::figures::{Counts, Label, Requests, labels};
use crate::model::outbox::OutboxDepth;

/// What has happened since this system was opened.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) logins: Counts<LoginResult>,
    pub(crate) refreshes: Counts<RefreshResult>,
    /// Log-outs that were asked for, of sessions that were alive.
    pub(crate) logouts: Counts<LogoutScope>,
    pub(crate) devices: Box<DeviceFigures>,
    pub(crate) tokens: Counts<Algorithm>,
    /// Mails that somebody asked for who had not signed in.
    pub(crate) mail_requests: Counts<MailRequestResult>,
    /// Attempts to deliver what is in the outbox.
    pub(crate) deliveries: Counts<DeliveryResult>,
    /// How full the outbox was when it was last looked at.
    pub(crate) outbox: ArcSwap<Vec<OutboxDepth>>,
    pub(crate) requests: Requests,
    /// When everything that had ended was known here, in Unix milliseconds.
    followed_at: AtomicI64,
}

labels! {
    /// Whether somebody could cause a mail.
    pub(crate) enum MailRequestResult {
        /// There were few requests.
        Admitted = "admitted",
        /// The work was done.
        Solved = "solved",
        /// The work was not done, or not well enough: a challenge was given.
        ProofRequired = "proof_required",
        /// The application refused.
        Refused = "refused",
        /// The application's hook failed.
        Error = "error",
    }
}

labels! {
    /// What came of one attempt to deliver something.
    pub(crate) enum DeliveryResult {
        /// The other side has taken it.
        Sent = "sent",
        /// It is tried again later.
        Failed = "failed",
        /// It was given up.
        Dead = "dead",
        /// Nothing can be delivered now.
        Unavailable = "unavailable",
    }
}

labels! {
    /// How a sign-in came out.
    pub(crate) enum LoginResult {
        /// A session began.
        Ok = "ok",
        /// Unknown name, wrong password, or the account cannot sign in.
        Wrong = "wrong",
        /// Too many attempts: nothing was looked at.
        Throttled = "throttled",
        /// More passwords are being checked than the machine can take.
        Shed = "shed",
        /// The password was right, and another one has to be chosen first.
        ChangeRequired = "change_required",
        /// The first step was right, and a second factor is due.
        FactorRequired = "factor_required",
        /// The password was right, and the application or the audience refused.
        Refused = "refused",
        /// The store, a hook or the old system did not answer.
        Error = "error",
    }
}

labels! {
    /// What a refresh token came to.
    pub(crate) enum RefreshResult {
        /// Young: no new one was needed.
        Fresh = "fresh",
        /// Replaced by its successor.
        Advanced = "advanced",
        /// The parent again, in time.
        Replayed = "replayed",
        /// Ahead of the store, which had lost writes.
        Healed = "healed",
        /// Of a session that is bound to a device, without a proof of it: refused.
        ProofRequired = "proof_required",
        /// Used again too late: its session is ended.
        Reused = "reused",
        /// Its session is past its end.
        Expired = "expired",
        /// Its session was ended early.
        Revoked = "revoked",
        /// Not a token of ours, or of a session that is forgotten.
        Unknown = "unknown",
        /// The store or a hook did not answer, or the audience is not for this account.
        Error = "error",
    }
}

/// What has happened to sessions that are bound to devices.
#[derive(Debug, Default)]
pub(crate) struct DeviceFigures {
    /// Sessions that were bound to a key.
    pub(crate) bindings: Counts<BoundBy>,
    /// Browsers that asked for a new proof of their key.
    pub(crate) renewals: Counts<RenewalResult>,
    /// Requests of browsers that say why they did not.
    pub(crate) skipped: Counts<SkippedRenewal>,
}

labels! {
    /// By which proof a session was bound.
    pub(crate) enum BoundBy {
        /// A DPoP proof with the sign-in.
        Dpop = "dpop",
        /// A key that the browser has registered and proved.
        Dbsc = "dbsc",
    }
}

labels! {
    /// What a browser got that wanted a new proof of its key.
    pub(crate) enum RenewalResult {
        /// A challenge to sign.
        Challenged = "challenged",
        /// The cookie.
        Renewed = "renewed",
        /// Nothing: the session is over, or the proof is none.
        Refused = "refused",
        /// Nothing for now: the store did not answer, or there is no room.
        Error = "error",
    }
}

labels! {
    /// Why a browser sent a request without a new proof of its key (`Secure-Session-Skipped`).
    pub(crate) enum SkippedRenewal {
        /// It has renewed too often.
        Quota = "quota_exceeded",
        /// It did not reach the server.
        Unreachable = "unreachable",
        /// The server answered with an error.
        ServerError = "server_error",
        /// Something else.
        Other = "other",
    }
}

labels! {
    /// How far a log-out reached.
    pub(crate) enum LogoutScope {
        /// One session.
        This = "this",
        /// All sessions of the account.
        Everywhere = "everywhere",
    }
}

impl Label for Algorithm {
    const LABELS: &'static [Self] = &Self::ALL;

    fn label(self) -> &'static str {
        self.name()
    }
}

impl Figures {
    /// Everything that had ended by then is known here.
    pub(crate) fn followed(&self, now: Timestamp) {
        self.followed_at.store(now.as_unix_millis(), Ordering::Relaxed);
    }

    /// Up to when everything that ended is known here.
    pub(crate) fn followed_at(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.followed_at.load(Ordering::Relaxed))
    }
}
