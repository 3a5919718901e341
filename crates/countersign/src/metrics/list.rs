//! Every metric of this crate, once: its name, its labels, and what it says.

use super::metric::{Kind, Metric};

macro_rules! metrics {
    ($($constant:ident $kind:ident $name:literal [$($label:literal),*] $help:literal;)+) => {
        $(pub(super) const $constant: Metric =
            Metric { name: $name, kind: Kind::$kind, labels: &[$($label),*], help: $help };)+

        /// Every metric of [`Metrics`](crate::metrics::Metrics), in the order of the page.
        pub const METRICS: &[Metric] = &[$($constant),+];
    };
}

metrics! {
    REQUESTS Histogram "http_server_request_duration_seconds" ["http_request_method", "http_route", "http_response_status_code"]
        "From a request's header to its response's, by the route as the router has it; `unmatched` is any path without one.";
    LOGINS Counter "countersign_logins_total" ["result"]
        "Sign-ins, by how they came out.";
    REFRESHES Counter "countersign_refreshes_total" ["result"]
        "Refresh tokens that were presented, by what they came to.";
    LOGOUTS Counter "countersign_logouts_total" ["scope"]
        "Log-outs that ended a session, of this session or of all of the account.";
    DEVICE_BINDINGS Counter "countersign_device_bindings_total" ["by"]
        "Sessions that were bound to a key: by a DPoP proof with the sign-in, or by a browser that has registered one (DBSC).";
    DEVICE_RENEWALS Counter "countersign_device_renewals_total" ["result"]
        "Browsers that wanted a new proof of the key of their session (DBSC), by what they got.";
    DEVICE_SKIPPED Counter "countersign_device_skipped_total" ["reason"]
        "Requests of browsers that did not renew their proof, by why they say they did not; some were refused therefore, and nobody was signed out.";
    SESSIONS_ENDED Counter "countersign_sessions_ended_total" ["reason"]
        "Sessions that this process has ended before their time.";
    AUDIT_EVENTS Counter "countersign_audit_events_total" ["kind"]
        "Lines of the audit log that this process has written.";
    TOKENS Counter "countersign_tokens_issued_total" ["alg"]
        "Access tokens that were issued.";
    TOKEN_CHECKS Counter "countersign_token_checks_total" ["result"]
        "Access tokens that this process has checked, for its own routes.";
    TOKEN_CACHE_HITS Counter "countersign_token_cache_hits_total" []
        "Those of them whose signature had been verified before.";
    HASH_DURATION Histogram "countersign_password_hash_duration_seconds" ["kind"]
        "Computing one password hash: to verify a password, or to make a new hash.";
    HASH_WAIT Histogram "countersign_password_hash_queue_wait_seconds" []
        "How long a password waited for its computation.";
    HASH_QUEUE Gauge "countersign_password_hash_queue_length" []
        "Passwords that wait for their computation.";
    HASH_SHED Counter "countersign_password_hash_shed_total" []
        "Passwords that were refused with 503 because too many waited.";
    THROTTLE_RECORDS Gauge "countersign_throttle_records" []
        "Accounts and devices whose failures are remembered.";
    SPRAY_SUSPECTED Counter "countersign_throttle_spray_suspected_total" []
        "How often failures were spread over so many accounts that it looked like password spraying.";
    COMMIT_DURATION Histogram "countersign_store_commit_duration_seconds" []
        "A commit, until it is durable; on SQLite with the work of its batch.";
    COMMIT_BATCH Histogram "countersign_store_commit_batch_size" []
        "Operations that shared a commit.";
    STORE_QUEUE Gauge "countersign_store_queue_length" []
        "Operations that wait for the store.";
    STORE_RETRIES Counter "countersign_store_retries_total" ["code"]
        "Transactions that were begun again because they crossed another, by SQLSTATE; PostgreSQL only.";
    STORE_STALLED Gauge "countersign_store_stalled" []
        "1 while the disk or the database does not answer, and the store takes nothing.";
    WAL_BYTES Gauge "countersign_store_wal_bytes" []
        "The write-ahead log after the last commit; SQLite only.";
    CHECKPOINT_DURATION Histogram "countersign_store_checkpoint_duration_seconds" []
        "Copying the write-ahead log back; SQLite only.";
    CLOCK_OFFSET Gauge "countersign_store_clock_offset_seconds" []
        "By how much the database's clock is ahead of this machine's; PostgreSQL only.";
    REVOCATIONS_LIVE Gauge "countersign_revocations_live" []
        "Ended sessions whose access tokens may not have expired.";
    REVOCATION_LAG Gauge "countersign_revocation_lag_seconds" []
        "Since when this process has not heard everything that other processes have ended.";
    MAIL_REQUESTS Counter "countersign_mail_requests_total" ["result"]
        "Mails that somebody asked for who had not signed in, before anything was looked up: `solved` with a proof of work, `proof_required` without the one that was demanded.";
    DELIVERIES Counter "countersign_deliveries_total" ["result"]
        "Attempts to deliver what is in the outbox, such as mails; `dead` was given up, `unavailable` says that the server cannot be used.";
    OUTBOX Gauge "countersign_outbox_deliveries" ["kind", "state"]
        "What is in the outbox: deliveries that wait, and that were given up.";
    OUTBOX_AGE Gauge "countersign_outbox_oldest_seconds" ["kind"]
        "The age of the oldest delivery that waits.";
    FEED_FOLLOWERS Gauge "countersign_feed_followers" []
        "Services that follow the feed of ended sessions.";
    FEED_LAG Gauge "countersign_feed_lag_seconds" []
        "For how long the slowest follower of the feed has not had everything.";
    KEY_AGE Gauge "countersign_signing_key_age_seconds" ["kid", "state"]
        "The age of each signing key.";
    KEY_NEXT Gauge "countersign_signing_key_next_seconds" []
        "When the next signing key has to take over, from now; negative if it is late. None with a shared secret, and without rotation.";
}
