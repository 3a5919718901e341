//! One transaction of the writer, and the one place where plans become SQL.

use std::cell::{Cell, RefCell};

use rusqlite::{Connection, Params, params};

use super::delivery_rows;
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, RequestId, SessionId};
use crate::model::account::{Account, Locale};
use crate::model::api_key::{ApiKey, NewApiKey};
use crate::model::audit::AuditEvent;
use crate::model::audit_chain::AuditSigner;
use crate::model::client::StoredClient;
use crate::model::context::Origin;
use crate::model::feed_key::FeedKey;
use crate::model::milestone::Milestone;
use crate::model::oauth;
use crate::model::password_hash::PasswordHash;
use crate::model::plan::{Plan, Write};
use crate::model::session::{BoundKey, EndReason, EndedSession, PolicyAt, Session, SessionPolicy};
use crate::model::stored_key::StoredKey;

/// One change inside its transaction.
pub(super) struct Transaction<'a> {
    pub(super) db: &'a Connection,
    pub(super) at: PolicyAt,
    pub(super) origin: Origin,
    recorded: RefCell<Vec<AuditEvent>>,
    /// Whether something is to be delivered when it is committed.
    pub(super) delivers: Cell<bool>,
    signer: Option<&'a AuditSigner>,
}

impl<'a> Transaction<'a> {
    pub(super) const fn new(db: &'a Connection, policy: SessionPolicy, origin: Origin) -> Self {
        Self {
            db,
            at: PolicyAt { policy, now: origin.now },
            origin,
            recorded: RefCell::new(Vec::new()),
            delivers: Cell::new(false),
            signer: None,
        }
    }

    /// The same, with a signer of the audit log.
    pub(super) fn signed_by(self, signer: Option<&'a AuditSigner>) -> Self {
        Self { signer, ..self }
    }

    /// The events that were written to the audit log.
    pub(super) fn into_recorded(self) -> Vec<AuditEvent> {
        self.recorded.into_inner()
    }

    /// Makes every write of a plan; gives the outcome that they make true.
    pub(super) fn apply<O>(&self, plan: Plan<O>) -> rusqlite::Result<O> {
        for write in plan.writes() {
            self.write(write)?;
        }
        Ok(plan.carried_out())
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each write")]
    fn write(&self, write: &Write) -> rusqlite::Result<()> {
        match write {
            Write::InsertAccount { account, password_hash } => {
                self.insert_account(account, password_hash.as_ref())
            }
            Write::UpdateAccount(account) => self.update_account(account),
            Write::SetPassword { account_id, hash, version, change_required } => self.one_row(
                "UPDATE accounts SET password_hash = ?2, password_version = ?3, password_change_required = ?4
                 WHERE id = ?1",
                params![account_id.as_bytes(), hash.as_str(), version, change_required],
            ),
            Write::DeleteAccount(id) => self.one_row("DELETE FROM accounts WHERE id = ?1", [id.as_bytes()]),
            Write::InsertSession { session, secret_hash } => self.insert_session(session, secret_hash),
            // It touches one row and no index.
            Write::MoveSession { id, from, to, at, address } => {
                let address = address.map(|address| address.to_string());
                self.one_row(
                    "UPDATE sessions SET generation = ?3, rotated_at = ?4, address = ?5
                     WHERE id = ?1 AND generation = ?2 AND revoked_at IS NULL",
                    params![id.as_bytes(), from, to, at.as_unix_millis(), address],
                )
            }
            Write::BindSession { id, key } => self.one_row(
                "UPDATE sessions SET bound_key = ?2 WHERE id = ?1 AND bound_key IS NULL AND revoked_at IS NULL",
                params![id.as_bytes(), key.as_jwk()],
            ),
            Write::EndSession { ended, account_id, at, reason } => {
                self.end_session(ended, (*at, *reason))?;
                self.insert_revocation(ended, Some(account_id), *at)
            }
            Write::InsertRevocation { ended, account_id, at } => {
                self.insert_revocation(ended, account_id.as_ref(), *at)
            }
            Write::InsertSigningKey(key) => self.insert_signing_key(key),
            Write::ResealSigningKey { kid, sealed } => {
                self.one_row("UPDATE signing_keys SET sealed = ?2 WHERE kid = ?1", params![kid, sealed])
            }
            Write::DeleteSigningKey(kid) => self.one_row("DELETE FROM signing_keys WHERE kid = ?1", [kid]),
            Write::InsertWithdrawnKey(key) => self.one_row(
                "INSERT INTO withdrawn_keys (kid, withdrawn_at) VALUES (?1, ?2)",
                params![key.kid, key.withdrawn_at.as_unix_millis()],
            ),
            Write::InsertFeedKey(key) => self.insert_feed_key(key),
            Write::RevokeFeedKey { number, at } => self.one_row(
                "UPDATE feed_keys SET revoked_at = ?2 WHERE number = ?1",
                params![number, at.as_unix_millis()],
            ),
            Write::InsertClient(client) => self.insert_client(client),
            Write::DeleteClient(name) => self.one_row("DELETE FROM clients WHERE name = ?1", [name.as_str()]),
            Write::InsertApiKey(new) => self.insert_api_key(new),
            Write::UpdateApiKey(key) => self.update_api_key(key),
            Write::InsertEmail(email) => self.insert_email(email),
            Write::UpdateEmail(email) => self.update_email(email),
            Write::DeleteEmail(id) => self.delete_email(*id),
            Write::InsertTicket(new) => self.insert_ticket(new),
            Write::UpdateTicket { id, tries_left, consumed_at } => {
                self.update_ticket(*id, *tries_left, *consumed_at)
            }
            Write::ApproveTicket { id, at } => self.approve_ticket(*id, *at),
            Write::VoidTickets { account_id, canonical, purpose, at } => {
                self.void_tickets((account_id.as_ref(), canonical), *purpose, *at)
            }
            Write::InsertFactor(factor) => self.insert_factor(factor),
            Write::UseFactor { id, step, at } => self.use_factor(*id, *step, *at),
            Write::UsePasskey { shown, account_id, at } => self.use_passkey(shown, *account_id, *at),
            Write::PasskeysNeedAPassword(id) => self.passkeys_need_a_password(*id),
            Write::RenameFactor { id, name } => self.rename_factor(*id, name),
            Write::DeleteFactor(id) => self.delete_factor(*id),
            Write::SetRecoveryCodes { account_id, hashes, at } => {
                self.set_recovery_codes(*account_id, hashes, *at)
            }
            Write::UseRecoveryCode { account_id, hash, at } => self.use_recovery_code(*account_id, hash, *at),
            Write::TrustDevice(device) => self.trust_device(device),
            Write::ForgetDevice(id) => self.forget_device(*id),
            Write::Reauthenticate { id, amr, at } => self.note_reauthentication(*id, *amr, *at),
            Write::InsertCode(code) => self.insert_code(code),
            Write::UseCode { hash, at, session } => self.use_code(hash, *at, *session),
            Write::UseOnce(used) => self.use_once(used),
            Write::SetConsent(consent) => self.set_consent(consent),
            Write::ForgetConsents { account_id, client_id } => self.forget_consents(*account_id, client_id),
            Write::SetMilestone { milestone, at } => self.set_milestone(*milestone, *at),
            Write::InsertDelivery(new) => self.deliver(delivery_rows::insert(self.db, new)?),
            Write::ChangeDelivery(change) => self.deliver(delivery_rows::change(self.db, change)?),
            Write::Record(event) => self.record(event),
        }
    }

    fn end_session(
        &self,
        ended: &EndedSession,
        (at, reason): (Timestamp, EndReason),
    ) -> rusqlite::Result<()> {
        self.one_row(
            "UPDATE sessions SET revoked_at = ?2, end_reason = ?3 WHERE id = ?1",
            params![ended.id.as_bytes(), at.as_unix_millis(), reason.name()],
        )
    }

    fn set_milestone(&self, milestone: Milestone, at: Timestamp) -> rusqlite::Result<()> {
        self.one_row(
            "INSERT INTO milestones (name, at) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET at = excluded.at",
            params![milestone.name(), at.as_unix_millis()],
        )
    }

    fn update_api_key(&self, key: &ApiKey) -> rusqlite::Result<()> {
        self.one_row(
            "UPDATE api_keys SET session_id = ?2, last_used_at = ?3, revoked_at = ?4 WHERE id = ?1",
            params![
                key.id.as_bytes(),
                key.session_id.as_bytes(),
                key.last_used_at.map(Timestamp::as_unix_millis),
                key.revoked_at.map(Timestamp::as_unix_millis),
            ],
        )
    }

    fn update_account(&self, account: &Account) -> rusqlite::Result<()> {
        self.one_row(
            "UPDATE accounts SET role = ?2, claims = ?3, disabled_at = ?4, password_change_required = ?5,
                                 username = ?6, canonical_name = ?7,
                                 delete_at = ?8, deletion_asked_at = ?9, locale = ?10, locale_since = ?11,
                                 former_locale = ?12
             WHERE id = ?1",
            params![
                account.id.as_bytes(),
                account.role.as_str(),
                account.claims.to_json(),
                account.disabled_at.map(Timestamp::as_unix_millis),
                account.password_change_required,
                account.username.as_str(),
                account.username.canonical(),
                account.delete_at.map(Timestamp::as_unix_millis),
                account.delete_at.and(account.disabled_at).map(Timestamp::as_unix_millis),
                account.language.locale.as_ref().map(Locale::as_str),
                account.language.since.map(Timestamp::as_unix_millis),
                account.language.former.as_ref().map(Locale::as_str),
            ],
        )
    }

    fn insert_revocation(
        &self,
        ended: &EndedSession,
        account_id: Option<&AccountId>,
        at: Timestamp,
    ) -> rusqlite::Result<()> {
        self.one_row(
            "INSERT INTO revocations (session_id, until, account_id, ended_at) VALUES (?1, ?2, ?3, ?4)",
            params![
                ended.id.as_bytes(),
                ended.until.as_unix_millis(),
                account_id.map(AccountId::as_bytes),
                at.as_unix_millis(),
            ],
        )
    }

    fn insert_feed_key(&self, key: &FeedKey) -> rusqlite::Result<()> {
        self.one_row(
            "INSERT INTO feed_keys (number, name, created_at, master_key) VALUES (?1, ?2, ?3, ?4)",
            params![key.number, key.name.as_str(), key.created_at.as_unix_millis(), key.master_key],
        )
    }

    fn insert_client(&self, StoredClient { client, secret_hash }: &StoredClient) -> rusqlite::Result<()> {
        self.one_row(
            "INSERT INTO clients (name, secret_hash, created_at) VALUES (?1, ?2, ?3)",
            params![client.name.as_str(), secret_hash, client.created_at.as_unix_millis()],
        )
    }

    fn insert_api_key(&self, NewApiKey { key, secret_hash, .. }: &NewApiKey) -> rusqlite::Result<()> {
        self.one_row(
            "INSERT INTO api_keys (id, account_id, secret_hash, name, audience, scopes, created_at, expires_at, session_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                key.id.as_bytes(),
                key.account_id.as_bytes(),
                secret_hash,
                key.name.as_str(),
                key.audience,
                key.scopes.to_string(),
                key.created_at.as_unix_millis(),
                key.expires_at.map(Timestamp::as_unix_millis),
                key.session_id.as_bytes(),
            ],
        )
    }

    fn insert_account(&self, account: &Account, hash: Option<&PasswordHash>) -> rusqlite::Result<()> {
        self.one_row(
            "INSERT INTO accounts (id, username, canonical_name, role, claims, password_hash, password_version,
                                   disabled_at, created_at, password_change_required, locale)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8, ?9, ?10)",
            params![
                account.id.as_bytes(),
                account.username.as_str(),
                account.username.canonical(),
                account.role.as_str(),
                account.claims.to_json(),
                hash.map(PasswordHash::as_str),
                account.disabled_at.map(Timestamp::as_unix_millis),
                account.created_at.as_unix_millis(),
                account.password_change_required,
                account.language.locale.as_ref().map(Locale::as_str),
            ],
        )
    }

    fn insert_session(&self, session: &Session, secret_hash: &[u8; 32]) -> rusqlite::Result<()> {
        self.one_row(
            "INSERT INTO sessions (id, account_id, secret_hash, created_at, expires_at, generation, rotated_at,
                                   user_agent, address, authenticated_at, amr, bound_key, client_id, scopes, resources)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
            params![
                session.id.as_bytes(),
                session.account_id.as_bytes(),
                secret_hash,
                session.created_at.as_unix_millis(),
                session.expires_at.as_unix_millis(),
                session.generation,
                session.rotated_at.as_unix_millis(),
                session.user_agent,
                session.address.map(|address| address.to_string()),
                session.authenticated_at.as_unix_millis(),
                session.amr.to_stored(),
                session.bound_key.as_ref().map(BoundKey::as_jwk),
                session.app.as_ref().map(|app| &app.client_id),
                session.app.as_ref().map(|app| app.scopes.to_string()),
                session.app.as_ref().map(|app| oauth::joined(&app.resources)),
            ],
        )
    }

    fn insert_signing_key(&self, key: &StoredKey) -> rusqlite::Result<()> {
        self.one_row(
            "INSERT INTO signing_keys (kid, algorithm, sealed, created_at, active_from) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                key.kid,
                key.algorithm,
                key.sealed,
                key.created_at.as_unix_millis(),
                key.active_from.as_unix_millis()
            ],
        )
    }

    fn record(&self, event: &AuditEvent) -> rusqlite::Result<()> {
        let Origin { now, actor, request_id, address } = &self.origin;
        self.recorded.borrow_mut().push(event.clone());
        self.one_row(
            "INSERT INTO audit_log (at, actor, actor_id, address, kind, account_id, session_id, detail, request_id, mac)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                now.as_unix_millis(),
                actor.name(),
                actor.account_id().as_ref().map(AccountId::as_bytes),
                address.map(|address| address.to_string()),
                event.kind.name(),
                event.account_id.as_ref().map(AccountId::as_bytes),
                event.session_id.as_ref().map(SessionId::as_bytes),
                event.detail,
                request_id.as_ref().map(RequestId::as_bytes),
                self.signer.map(|signer| signer.sign(&self.origin, event)),
            ],
        )
    }

    /// Runs a statement that has to write one row. Another number means that what a rule decided on is not
    /// what is stored.
    pub(super) fn one_row(&self, sql: &str, params: impl Params) -> rusqlite::Result<()> {
        one(self.db.prepare_cached(sql)?.execute(params)?)
    }

    /// The sender looks again after the commit: also what waited behind a delivery that is gone may be due now.
    fn deliver(&self, written: usize) -> rusqlite::Result<()> {
        self.delivers.set(true);
        one(written)
    }
}

const fn one(count: usize) -> rusqlite::Result<()> {
    if count == 1 { Ok(()) } else { Err(rusqlite::Error::StatementChangedRows(count)) }
}
