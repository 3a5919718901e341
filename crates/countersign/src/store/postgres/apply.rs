//! One transaction, and the one place where plans become SQL. What a plan has many of is one statement: an account with
//! fifty sessions costs no more round trips than an account with one.

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::delivery_rows;
use super::engine::connection::Connection;
use super::engine::failure::Failure;
use super::engine::transaction::Done;
use super::engine::value::Value;
use super::lines::{Lines, Signer, text};
use super::writes::{End, Writes};
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, SessionId};
use crate::model::account::{Account, Locale};
use crate::model::api_key::{ApiKey, NewApiKey};
use crate::model::audit::AuditEvent;
use crate::model::client::StoredClient;
use crate::model::context::Origin;
use crate::model::feed_key::FeedKey;
use crate::model::milestone::Milestone;
use crate::model::oauth;
use crate::model::password_hash::PasswordHash;
use crate::model::plan::{Plan, Write};
use crate::model::session::{BoundKey, PolicyAt, Revocation, Session, SessionPolicy};
use crate::model::stored_key::StoredKey;

/// One change inside its transaction.
#[derive(Clone, Debug)]
pub(super) struct Transaction {
    pub(super) db: Arc<Connection>,
    pub(super) at: PolicyAt,
    pub(super) origin: Origin,
    has_written: Arc<AtomicBool>,
    recorded: Arc<Mutex<Vec<AuditEvent>>>,
    signer: Signer,
    /// Whether something is to be delivered when it is committed.
    delivers: Arc<AtomicBool>,
}

impl Transaction {
    pub(super) fn new(db: Arc<Connection>, policy: SessionPolicy, origin: Origin, signer: &Signer) -> Self {
        let at = PolicyAt { policy, now: origin.now };
        Self {
            db,
            at,
            origin,
            has_written: Arc::default(),
            recorded: Arc::default(),
            signer: Arc::clone(signer),
            delivers: Arc::default(),
        }
    }

    /// The same, which says here whether something is to be delivered when it is committed.
    pub(super) fn telling(self, delivers: &Arc<AtomicBool>) -> Self {
        Self { delivers: Arc::clone(delivers), ..self }
    }

    /// What it came to, with the events that were written to the audit log.
    pub(super) fn done<T>(&self, outcome: T) -> Done<(T, Vec<AuditEvent>)> {
        let recorded = mem::take(&mut *self.recorded.lock().unwrap_or_else(PoisonError::into_inner));
        Done { outcome: (outcome, recorded), is_written: self.has_written.load(Ordering::SeqCst) }
    }

    /// Makes every write of a plan; gives the outcome that they make true.
    pub(super) async fn apply<O>(&self, plan: Plan<O>) -> Result<O, Failure> {
        if !plan.writes().is_empty() {
            self.has_written.store(true, Ordering::SeqCst);
            self.write(Writes::of(plan.writes())).await?;
        }
        Ok(plan.carried_out())
    }

    async fn write(&self, writes: Writes<'_>) -> Result<(), Failure> {
        self.insert_accounts(&writes.accounts).await?;
        // Before others: the sessions of an account that is deleted end first.
        self.end_sessions(&writes.ended).await?;
        self.insert_revocations(&writes.revocations).await?;
        for write in writes.others {
            self.write_one(write).await?;
        }
        self.record(&writes.events).await
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each write")]
    async fn write_one(&self, write: &Write) -> Result<(), Failure> {
        match write {
            Write::UpdateAccount(account) => self.update_account(account).await,
            Write::SetPassword { account_id, hash, version, change_required } => {
                let sql = "UPDATE accounts SET password_hash = $2, password_version = $3, password_change_required = $4
                           WHERE id = $1";
                self.rows(1, sql, &[account_id, &hash.as_str(), version, change_required]).await
            }
            Write::DeleteAccount(id) => self.delete_account(*id).await,
            Write::InsertSession { session, secret_hash } => self.insert_session(session, secret_hash).await,
            Write::MoveSession { id, from, to, at, address } => {
                // It touches one row and no index.
                let sql = "UPDATE sessions SET generation = $3, rotated_at = $4, address = $5
                           WHERE id = $1 AND generation = $2 AND revoked_at IS NULL";
                self.rows(1, sql, &[id, &i64::from(*from), &i64::from(*to), at, &text(*address)]).await
            }
            Write::BindSession { id, key } => {
                let sql = "UPDATE sessions SET bound_key = $2
                           WHERE id = $1 AND bound_key IS NULL AND revoked_at IS NULL";
                self.rows(1, sql, &[id, &key.as_jwk()]).await
            }
            Write::InsertSigningKey(key) => self.insert_signing_key(key).await,
            Write::ResealSigningKey { kid, sealed } => {
                let sql = "UPDATE signing_keys SET sealed = $2 WHERE kid = $1";
                self.rows(1, sql, &[&kid.as_str(), &sealed.as_slice()]).await
            }
            Write::DeleteSigningKey(kid) => {
                self.rows(1, "DELETE FROM signing_keys WHERE kid = $1", &[&kid.as_str()]).await
            }
            Write::InsertWithdrawnKey(key) => {
                let sql = "INSERT INTO withdrawn_keys (kid, withdrawn_at) VALUES ($1, $2)";
                self.rows(1, sql, &[&key.kid.as_str(), &key.withdrawn_at]).await
            }
            Write::InsertFeedKey(key) => self.insert_feed_key(key).await,
            Write::RevokeFeedKey { number, at } => {
                let sql = "UPDATE feed_keys SET revoked_at = $2 WHERE number = $1";
                self.rows(1, sql, &[&i64::from(*number), at]).await
            }
            Write::InsertClient(new) => self.insert_client(new).await,
            Write::DeleteClient(name) => {
                self.rows(1, "DELETE FROM clients WHERE name = $1", &[&name.as_str()]).await
            }
            Write::InsertApiKey(new) => self.insert_api_key(new).await,
            Write::UpdateApiKey(key) => self.update_api_key(key).await,
            Write::InsertEmail(email) => self.insert_email(email).await,
            Write::UpdateEmail(email) => self.update_email(email).await,
            Write::DeleteEmail(id) => self.delete_email(*id).await,
            Write::InsertTicket(new) => self.insert_ticket(new).await,
            Write::UpdateTicket { id, tries_left, consumed_at } => {
                self.update_ticket(*id, *tries_left, *consumed_at).await
            }
            Write::ApproveTicket { id, at } => self.approve_ticket(*id, *at).await,
            Write::VoidTickets { account_id, canonical, purpose, at } => {
                self.void_tickets((*account_id, canonical), *purpose, *at).await
            }
            Write::InsertFactor(factor) => self.insert_factor(factor).await,
            Write::UseFactor { id, step, at } => self.use_factor(*id, *step, *at).await,
            Write::UsePasskey { shown, account_id, at } => self.use_passkey(shown, *account_id, *at).await,
            Write::PasskeysNeedAPassword(id) => self.passkeys_need_a_password(*id).await,
            Write::RenameFactor { id, name } => self.rename_factor(*id, name).await,
            Write::DeleteFactor(id) => self.delete_factor(*id).await,
            Write::SetRecoveryCodes { account_id, hashes, at } => {
                self.set_recovery_codes(*account_id, hashes, *at).await
            }
            Write::UseRecoveryCode { account_id, hash, at } => {
                self.use_recovery_code(*account_id, hash, *at).await
            }
            Write::TrustDevice(device) => self.trust_device(device).await,
            Write::ForgetDevice(id) => self.forget_device(*id).await,
            Write::Reauthenticate { id, amr, at } => self.note_reauthentication(*id, *amr, *at).await,
            Write::InsertCode(code) => self.insert_code(code).await,
            Write::UseCode { hash, at, session } => self.use_code(hash, *at, *session).await,
            Write::UseOnce(used) => self.use_once(used).await,
            Write::SetConsent(consent) => self.set_consent(consent).await,
            Write::ForgetConsents { account_id, client_id } => {
                self.forget_consents(*account_id, client_id).await
            }
            Write::SetMilestone { milestone, at } => self.set_milestone(*milestone, *at).await,
            Write::InsertDelivery(new) => self.deliver(delivery_rows::insert(&self.db, new).await?),
            Write::ChangeDelivery(change) => self.deliver(delivery_rows::change(&self.db, change).await?),
            // With all others of their kind.
            Write::InsertAccount { .. }
            | Write::EndSession { .. }
            | Write::InsertRevocation { .. }
            | Write::Record(_) => Ok(()),
        }
    }

    async fn insert_client(
        &self,
        StoredClient { client, secret_hash }: &StoredClient,
    ) -> Result<(), Failure> {
        let sql = "INSERT INTO clients (name, secret_hash, created_at) VALUES ($1, $2, $3)";
        self.rows(1, sql, &[&client.name.as_str(), &secret_hash.as_slice(), &client.created_at]).await
    }

    async fn set_milestone(&self, milestone: Milestone, at: Timestamp) -> Result<(), Failure> {
        let sql = "INSERT INTO milestones (name, at) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET at = excluded.at";
        self.rows(1, sql, &[&milestone.name(), &at]).await
    }

    async fn delete_account(&self, id: AccountId) -> Result<(), Failure> {
        for table in [
            "sessions",
            "api_keys",
            "tickets",
            "email_addresses",
            "second_factors",
            "recovery_codes",
            "trusted_devices",
            "passkeys",
            "passkey_challenges",
            "oauth_codes",
            "oauth_consents",
        ] {
            self.db.execute(&format!("DELETE FROM {table} WHERE account_id = $1"), &[&id]).await?;
        }
        self.rows(1, "DELETE FROM accounts WHERE id = $1", &[&id]).await
    }

    async fn insert_feed_key(&self, key: &FeedKey) -> Result<(), Failure> {
        let sql = "INSERT INTO feed_keys (number, name, created_at, master_key) VALUES ($1, $2, $3, $4)";
        let (number, master_key) = (i64::from(key.number), key.master_key.map(i64::from));
        self.rows(1, sql, &[&number, &key.name.as_str(), &key.created_at, &master_key]).await
    }

    async fn update_api_key(&self, key: &ApiKey) -> Result<(), Failure> {
        let sql = "UPDATE api_keys SET session_id = $2, last_used_at = $3, revoked_at = $4 WHERE id = $1";
        self.rows(1, sql, &[&key.id, &key.session_id, &key.last_used_at, &key.revoked_at]).await
    }

    async fn update_account(&self, account: &Account) -> Result<(), Failure> {
        self.rows(
            1,
            "UPDATE accounts SET role = $2, claims = $3, disabled_at = $4, password_change_required = $5,
                                 username = $6, canonical_name = $7,
                                 delete_at = $8, deletion_asked_at = $9, locale = $10, locale_since = $11,
                                 former_locale = $12
             WHERE id = $1",
            &[
                &account.id,
                &account.role.as_str(),
                &account.claims.to_json(),
                &account.disabled_at,
                &account.password_change_required,
                &account.username.as_str(),
                &account.username.canonical(),
                &account.delete_at,
                &account.delete_at.and(account.disabled_at),
                &account.language.locale.as_ref().map(Locale::as_str),
                &account.language.since,
                &account.language.former.as_ref().map(Locale::as_str),
            ],
        )
        .await
    }

    async fn insert_signing_key(&self, key: &StoredKey) -> Result<(), Failure> {
        self.rows(
            1,
            "INSERT INTO signing_keys (kid, algorithm, sealed, created_at, active_from) VALUES ($1, $2, $3, $4, $5)",
            &[
                &key.kid.as_str(),
                &key.algorithm.as_str(),
                &key.sealed.as_slice(),
                &key.created_at,
                &key.active_from,
            ],
        )
        .await
    }

    async fn insert_api_key(&self, NewApiKey { key, secret_hash, .. }: &NewApiKey) -> Result<(), Failure> {
        self.rows(
            1,
            "INSERT INTO api_keys (id, account_id, secret_hash, name, audience, scopes, created_at, expires_at, session_id)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            &[
                &key.id,
                &key.account_id,
                &secret_hash.as_slice(),
                &key.name.as_str(),
                &key.audience.as_deref(),
                &key.scopes.to_string(),
                &key.created_at,
                &key.expires_at,
                &key.session_id,
            ],
        )
        .await
    }

    async fn insert_accounts(&self, new: &[(&Account, Option<&PasswordHash>)]) -> Result<(), Failure> {
        if new.is_empty() {
            return Ok(());
        }
        let accounts = || new.iter().map(|(account, _)| *account);
        self.rows(
            new.len(),
            "INSERT INTO accounts (id, username, canonical_name, role, claims, password_hash, password_version,
                                   disabled_at, created_at, password_change_required, locale)
             SELECT id, username, canonical_name, role, claims, password_hash, 0, disabled_at, created_at, required,
                    locale
             FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) AS new (id, username, canonical_name, role, claims,
                         password_hash, disabled_at, created_at, required, locale)",
            &[
                &accounts().map(|account| account.id).collect::<Vec<_>>(),
                &accounts().map(|account| account.username.as_str()).collect::<Vec<_>>(),
                &accounts().map(|account| account.username.canonical()).collect::<Vec<_>>(),
                &accounts().map(|account| account.role.as_str()).collect::<Vec<_>>(),
                &accounts().map(|account| account.claims.to_json()).collect::<Vec<_>>(),
                &new.iter().map(|(_, hash)| hash.map(PasswordHash::as_str)).collect::<Vec<_>>(),
                &accounts().map(|account| account.disabled_at).collect::<Vec<_>>(),
                &accounts().map(|account| account.created_at).collect::<Vec<_>>(),
                &accounts().map(|account| account.password_change_required).collect::<Vec<_>>(),
                &accounts().map(|account| account.language.locale.as_ref().map(Locale::as_str)).collect::<Vec<_>>(),
            ],
        )
        .await
    }

    async fn insert_session(&self, session: &Session, secret_hash: &[u8; 32]) -> Result<(), Failure> {
        self.rows(
            1,
            "INSERT INTO sessions (id, account_id, secret_hash, created_at, expires_at, generation, rotated_at,
                                   user_agent, address, authenticated_at, amr, bound_key, client_id, scopes, resources)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
            &[
                &session.id,
                &session.account_id,
                &secret_hash.as_slice(),
                &session.created_at,
                &session.expires_at,
                &i64::from(session.generation),
                &session.rotated_at,
                &session.user_agent.as_deref(),
                &text(session.address),
                &session.authenticated_at,
                &session.amr.to_stored(),
                &session.bound_key.as_ref().map(BoundKey::as_jwk),
                &session.app.as_ref().map(|app| app.client_id.as_str()),
                &session.app.as_ref().map(|app| app.scopes.to_string()),
                &session.app.as_ref().map(|app| oauth::joined(&app.resources)),
            ],
        )
        .await
    }

    async fn end_sessions(&self, all: &[End]) -> Result<(), Failure> {
        if all.is_empty() {
            return Ok(());
        }
        let (ids, at): (Vec<SessionId>, Vec<Timestamp>) = all.iter().map(|one| (one.id, one.at)).unzip();
        self.rows(
            all.len(),
            "UPDATE sessions s SET revoked_at = ended.at, end_reason = ended.reason
             FROM unnest($1, $2, $3) AS ended (id, at, reason) WHERE s.id = ended.id AND s.revoked_at IS NULL",
            &[&ids, &at, &all.iter().map(|one| one.reason.name()).collect::<Vec<_>>()],
        )
        .await
    }

    async fn insert_revocations(&self, all: &[Revocation]) -> Result<(), Failure> {
        if all.is_empty() {
            return Ok(());
        }
        self.rows(
            all.len(),
            "INSERT INTO revocations (session_id, until, account_id, ended_at) SELECT * FROM unnest($1, $2, $3, $4)",
            &[
                &all.iter().map(|one| one.ended.id).collect::<Vec<_>>(),
                &all.iter().map(|one| one.ended.until).collect::<Vec<_>>(),
                &all.iter().map(|one| one.account_id).collect::<Vec<_>>(),
                &all.iter().map(|one| one.ended_at).collect::<Vec<_>>(),
            ],
        )
        .await
    }

    /// Writes events to the audit log, in their order.
    async fn record(&self, events: &[&AuditEvent]) -> Result<(), Failure> {
        if events.is_empty() {
            return Ok(());
        }
        let all: Vec<_> = events.iter().map(|event| (&self.origin, *event)).collect();
        let lines = Lines::of(&all, self.signer.get());
        self.rows(events.len(), Lines::INSERT, &lines.values()).await?;
        let events = events.iter().map(|event| (*event).clone());
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner).extend(events);
        Ok(())
    }

    /// Runs a statement that has to write so many rows. Another number means that what a rule decided on is not what is
    /// stored.
    pub(super) async fn rows(
        &self,
        expected: usize,
        sql: &str,
        values: &[&dyn Value],
    ) -> Result<(), Failure> {
        written(expected, self.db.execute(sql, values).await?)
    }

    /// The sender looks again after the commit: also what waited behind a delivery that is gone may be due now.
    fn deliver(&self, changed: u64) -> Result<(), Failure> {
        self.delivers.store(true, Ordering::SeqCst);
        written(1, changed)
    }
}

const fn written(expected: usize, changed: u64) -> Result<(), Failure> {
    if changed == expected as u64 { Ok(()) } else { Err(Failure::Rows { expected, changed }) }
}
