//! Between rows and the domain's types.

use std::net::IpAddr;

use rusqlite::Row;
use rusqlite::types::Type;
use serde_json::{Map, Value};

use crate::base::clock::Timestamp;
use crate::base::id::{
    AccountId, ApiKeyId, EmailId, FactorId, RequestId, SessionId, TicketId, TrustedDeviceId,
};
use crate::model::account::{
    Account, AccountLanguage, Credentials, CustomClaims, EmailAddress, Role, Username,
};
use crate::model::api_key::{ApiKey, ApiKeyName, Scopes};
use crate::model::audit::{AuditEvent, AuditRecord, RecordedKind};
use crate::model::client::{Client, ClientName, StoredClient};
use crate::model::context::Actor;
use crate::model::email::AccountEmail;
use crate::model::feed_key::{FeedKey, FeedKeyName};
use crate::model::oauth::{self, AppGrant};
use crate::model::password_hash::PasswordHash;
use crate::model::proof::AuthMethods;
use crate::model::second_factor::{FactorKind, Passkey, SecondFactor, TrustedDevice, UnknownFactorKind};
use crate::model::session::{BoundKey, EndReason, EndedSession, Revocation, Session, StoredSession};
use crate::model::stored_key::{StoredKey, WithdrawnKey};
use crate::model::ticket::{Ticket, TicketPurpose, UnknownPurpose};
use crate::throttle::{ThrottleKey, ThrottleRecord};

/// The columns that [`account`] reads, in a table or alias `a`.
pub(super) const ACCOUNT_COLUMNS: &str = "a.id, a.username, a.canonical_name, a.role, a.claims, a.disabled_at, \
     a.created_at, a.password_change_required, a.password_hash IS NOT NULL, \
     CASE WHEN a.deletion_asked_at = a.disabled_at THEN a.delete_at END, \
     a.locale, a.locale_since, a.former_locale";
const ACCOUNT_COLUMN_COUNT: usize = 13;

/// The columns that [`credentials`] reads, in a table or alias `a`.
pub(super) const CREDENTIALS_COLUMNS: &str = "a.id, a.username, a.canonical_name, a.role, a.claims, a.disabled_at, \
     a.created_at, a.password_change_required, a.password_hash IS NOT NULL, \
     CASE WHEN a.deletion_asked_at = a.disabled_at THEN a.delete_at END, \
     a.locale, a.locale_since, a.former_locale, a.password_hash, a.password_version";

/// How many columns these are.
pub(super) const CREDENTIALS_COLUMN_COUNT: usize = ACCOUNT_COLUMN_COUNT + 2;

/// The columns that [`session`] reads, in a table or alias `s`.
pub(super) const SESSION_COLUMNS: &str = "s.id, s.account_id, s.secret_hash, s.created_at, s.expires_at, s.generation, \
     s.rotated_at, s.revoked_at, s.end_reason, s.user_agent, s.address, s.authenticated_at, s.amr, s.bound_key, \
     (SELECT m.at FROM milestones m WHERE m.name = 'sessions_not_before'), s.client_id, s.scopes, s.resources";

/// The columns that [`api_key`] reads, in a table or alias `k`.
pub(super) const API_KEY_COLUMNS: &str = "k.id, k.account_id, k.name, k.audience, k.scopes, k.created_at, k.expires_at, \
     k.last_used_at, k.revoked_at, k.session_id";

/// The columns that [`email`] reads, in a table or alias `e`.
pub(super) const EMAIL_COLUMNS: &str =
    "e.id, e.account_id, e.address, e.verified_at, e.is_primary, e.created_at";

/// The columns that [`ticket`] reads, in a table or alias `t`.
pub(super) const TICKET_COLUMNS: &str = "t.id, t.purpose, t.account_id, t.address, t.password_version, t.code_hash, \
     t.browser_hash, t.tries_left, t.payload, t.source, t.created_at, t.expires_at, t.consumed_at, \
     t.approved_at, (SELECT m.at FROM milestones m WHERE m.name = 'sessions_not_before')";

/// The columns that [`factor`] reads, of [`FACTOR_TABLES`].
pub(super) const FACTOR_COLUMNS: &str = "f.id, f.account_id, f.kind, f.name, f.sealed, f.last_step, f.created_at, f.last_used_at, \
     p.credential_id, p.record, p.sign_count, p.backed_up, p.signs_in";

/// Second factors, and what else there is of passkeys.
pub(super) const FACTOR_TABLES: &str = "second_factors f LEFT JOIN passkeys p ON p.factor_id = f.id";

/// The columns that [`trusted_device`] reads, in a table or alias `d`.
pub(super) const TRUSTED_DEVICE_COLUMNS: &str =
    "d.id, d.account_id, d.device_hash, d.created_at, d.expires_at, d.user_agent";

/// Reads [`ACCOUNT_COLUMNS`].
pub(super) fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    let text = |column: usize| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_str_or_null()?);
    let claims: Map<String, Value> =
        serde_json::from_str(&row.get::<_, String>(4)?).map_err(|error| invalid(4, error))?;
    Ok(Account {
        id: AccountId::from_bytes(row.get(0)?),
        username: Username::from_stored(row.get(1)?, row.get(2)?),
        role: Role::parse(&row.get::<_, String>(3)?).map_err(|error| invalid(3, error))?,
        claims: CustomClaims::new(claims).map_err(|error| invalid(4, error))?,
        language: AccountLanguage::from_stored(text(10)?, instant(row, 11)?, text(12)?)
            .map_err(|error| invalid(10, error))?,
        disabled_at: instant(row, 5)?,
        delete_at: instant(row, 9)?,
        has_password: row.get(8)?,
        password_change_required: row.get(7)?,
        created_at: Timestamp::from_unix_millis(row.get(6)?),
    })
}

/// Reads [`CREDENTIALS_COLUMNS`].
pub(super) fn credentials(row: &Row<'_>) -> rusqlite::Result<Credentials> {
    Ok(Credentials {
        account: account(row)?,
        password_hash: password_hash(row, ACCOUNT_COLUMN_COUNT)?,
        password_version: row.get(ACCOUNT_COLUMN_COUNT + 1)?,
    })
}

/// Whatever bytes are there: garbage in one hash must not make a list of accounts unreadable (PW-6).
pub(super) fn password_hash(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<PasswordHash>> {
    let text = row.get_ref(column)?.as_bytes_or_null()?.map(String::from_utf8_lossy);
    Ok(text.map(|text| PasswordHash::from_stored(text.into_owned())))
}

/// Reads [`SESSION_COLUMNS`].
pub(super) fn session(row: &Row<'_>) -> rusqlite::Result<StoredSession> {
    session_from(row, 0)
}

/// Reads [`ACCOUNT_COLUMNS`] and, after them, [`SESSION_COLUMNS`].
pub(super) fn account_and_session(row: &Row<'_>) -> rusqlite::Result<(Account, StoredSession)> {
    Ok((account(row)?, session_from(row, ACCOUNT_COLUMN_COUNT)?))
}

fn session_from(row: &Row<'_>, first: usize) -> rusqlite::Result<StoredSession> {
    let revoked_at = instant(row, first + 7)?;
    let reason = row.get_ref(first + 8)?.as_str_or_null()?.map(EndReason::from_stored);
    let stored = StoredSession {
        session: Session {
            id: SessionId::from_bytes(row.get(first)?),
            account_id: AccountId::from_bytes(row.get(first + 1)?),
            created_at: Timestamp::from_unix_millis(row.get(first + 3)?),
            expires_at: Timestamp::from_unix_millis(row.get(first + 4)?),
            authenticated_at: Timestamp::from_unix_millis(row.get(first + 11)?),
            amr: AuthMethods::from_stored(row.get_ref(first + 12)?.as_str()?),
            generation: row.get(first + 5)?,
            rotated_at: Timestamp::from_unix_millis(row.get(first + 6)?),
            revoked: revoked_at.zip(reason),
            user_agent: row.get(first + 9)?,
            address: address(row, first + 10)?,
            bound_key: row.get::<_, Option<_>>(first + 13)?.map(BoundKey::from_stored),
            app: app_grant(row, first + 15)?,
        },
        secret_hash: row.get(first + 2)?,
    };
    Ok(match instant(row, first + 14)? {
        Some(not_before) => stored.since(not_before),
        None => stored,
    })
}

/// Reads `client_id, scopes, resources`.
fn app_grant(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<Box<AppGrant>>> {
    let text =
        |column: usize| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_str_or_null()?.unwrap_or_default());
    let Some(client_id) = row.get(first)? else { return Ok(None) };
    let scopes = Scopes::parse(text(first + 1)?).map_err(|error| invalid(first + 1, error))?;
    Ok(Some(Box::new(AppGrant { client_id, scopes, resources: oauth::split(text(first + 2)?) })))
}

/// Reads `sequence, at, actor, actor_id, address, kind, account_id, session_id, detail, request_id`.
pub(super) fn audit_record(row: &Row<'_>) -> rusqlite::Result<AuditRecord> {
    Ok(AuditRecord {
        sequence: row.get(0)?,
        at: Timestamp::from_unix_millis(row.get(1)?),
        actor: match (row.get_ref(2)?.as_str()?, row.get(3)?) {
            ("account", Some(id)) => Actor::Account(AccountId::from_bytes(id)),
            ("command_line", _) => Actor::CommandLine,
            ("system", _) => Actor::System,
            _ => Actor::Anonymous,
        },
        request_id: row.get::<_, Option<_>>(9)?.map(RequestId::from_bytes),
        address: address(row, 4)?,
        event: AuditEvent {
            kind: RecordedKind::from_stored(row.get(5)?),
            account_id: row.get::<_, Option<_>>(6)?.map(AccountId::from_bytes),
            session_id: row.get::<_, Option<_>>(7)?.map(SessionId::from_bytes),
            detail: row.get(8)?,
        },
    })
}

/// Reads `session_id, until, account_id, ended_at`.
pub(super) fn revocation(row: &Row<'_>) -> rusqlite::Result<Revocation> {
    let id = SessionId::from_bytes(row.get(0)?);
    let until = Timestamp::from_unix_millis(row.get(1)?);
    Ok(Revocation {
        ended: EndedSession { id, until },
        account_id: row.get::<_, Option<_>>(2)?.map(AccountId::from_bytes),
        ended_at: instant(row, 3)?,
    })
}

/// Reads `kid, algorithm, sealed, created_at, active_from`.
pub(super) fn signing_key(row: &Row<'_>) -> rusqlite::Result<StoredKey> {
    Ok(StoredKey {
        kid: row.get(0)?,
        algorithm: row.get(1)?,
        sealed: row.get(2)?,
        created_at: Timestamp::from_unix_millis(row.get(3)?),
        active_from: Timestamp::from_unix_millis(row.get(4)?),
    })
}

/// Reads `kid, withdrawn_at`.
pub(super) fn withdrawn_key(row: &Row<'_>) -> rusqlite::Result<WithdrawnKey> {
    Ok(WithdrawnKey { kid: row.get(0)?, withdrawn_at: Timestamp::from_unix_millis(row.get(1)?) })
}

/// Reads `number, name, created_at, master_key`.
pub(super) fn feed_key(row: &Row<'_>) -> rusqlite::Result<FeedKey> {
    Ok(FeedKey {
        number: row.get(0)?,
        name: FeedKeyName::parse(row.get_ref(1)?.as_str()?).map_err(|error| invalid(1, error))?,
        created_at: Timestamp::from_unix_millis(row.get(2)?),
        master_key: row.get(3)?,
    })
}

/// Reads `name, secret_hash, created_at`.
pub(super) fn client(row: &Row<'_>) -> rusqlite::Result<StoredClient> {
    let name = row.get_ref(0)?.as_str()?;
    let name = ClientName::parse(name).map_err(|error| invalid(0, error))?;
    let client = Client { name, created_at: Timestamp::from_unix_millis(row.get(2)?) };
    Ok(StoredClient { client, secret_hash: row.get(1)? })
}

/// Reads [`API_KEY_COLUMNS`].
pub(super) fn api_key(row: &Row<'_>) -> rusqlite::Result<ApiKey> {
    api_key_from(row, 0)
}

/// Reads [`ACCOUNT_COLUMNS`] and, after them, [`API_KEY_COLUMNS`].
pub(super) fn account_and_api_key(row: &Row<'_>) -> rusqlite::Result<(Account, ApiKey)> {
    Ok((account(row)?, api_key_from(row, ACCOUNT_COLUMN_COUNT)?))
}

fn api_key_from(row: &Row<'_>, first: usize) -> rusqlite::Result<ApiKey> {
    let (name, scopes) = (row.get_ref(first + 2)?.as_str()?, row.get_ref(first + 4)?.as_str()?);
    Ok(ApiKey {
        id: ApiKeyId::from_bytes(row.get(first)?),
        account_id: AccountId::from_bytes(row.get(first + 1)?),
        name: ApiKeyName::parse(name).map_err(|error| invalid(first + 2, error))?,
        audience: row.get(first + 3)?,
        scopes: Scopes::parse(scopes).map_err(|error| invalid(first + 4, error))?,
        created_at: Timestamp::from_unix_millis(row.get(first + 5)?),
        expires_at: instant(row, first + 6)?,
        last_used_at: instant(row, first + 7)?,
        revoked_at: instant(row, first + 8)?,
        session_id: SessionId::from_bytes(row.get(first + 9)?),
    })
}

/// Reads [`EMAIL_COLUMNS`].
pub(super) fn email(row: &Row<'_>) -> rusqlite::Result<AccountEmail> {
    Ok(AccountEmail {
        id: EmailId::from_bytes(row.get(0)?),
        account_id: AccountId::from_bytes(row.get(1)?),
        address: email_address(row, 2)?,
        verified_at: instant(row, 3)?,
        is_primary: row.get(4)?,
        created_at: Timestamp::from_unix_millis(row.get(5)?),
    })
}

/// Reads [`TICKET_COLUMNS`].
pub(super) fn ticket(row: &Row<'_>) -> rusqlite::Result<Ticket> {
    let purpose = row.get_ref(1)?.as_str()?;
    let ticket = Ticket {
        id: TicketId::from_bytes(row.get(0)?),
        purpose: TicketPurpose::from_name(purpose).ok_or_else(|| invalid(1, UnknownPurpose))?,
        account_id: row.get::<_, Option<_>>(2)?.map(AccountId::from_bytes),
        address: email_address(row, 3)?,
        password_version: row.get(4)?,
        code_hash: row.get(5)?,
        browser_hash: row.get(6)?,
        tries_left: row.get(7)?,
        payload: row.get(8)?,
        source: row.get(9)?,
        created_at: Timestamp::from_unix_millis(row.get(10)?),
        expires_at: Timestamp::from_unix_millis(row.get(11)?),
        consumed_at: instant(row, 12)?,
        approved_at: instant(row, 13)?,
    };
    Ok(match instant(row, 14)? {
        Some(not_before) => ticket.since(not_before),
        None => ticket,
    })
}

/// Reads [`FACTOR_COLUMNS`].
pub(super) fn factor(row: &Row<'_>) -> rusqlite::Result<SecondFactor> {
    let kind = row.get_ref(2)?.as_str()?;
    let fixed = row.get_ref(9)?.as_str_or_null()?;
    let passkey = Passkey::from_stored(row.get(8)?, fixed, row.get(10)?, (row.get(11)?, row.get(12)?));
    Ok(SecondFactor {
        id: FactorId::from_bytes(row.get(0)?),
        account_id: AccountId::from_bytes(row.get(1)?),
        kind: FactorKind::from_name(kind).ok_or_else(|| invalid(2, UnknownFactorKind))?,
        name: row.get(3)?,
        sealed: row.get(4)?,
        last_step: row.get(5)?,
        passkey: passkey.map_err(|error| invalid(9, error))?,
        created_at: Timestamp::from_unix_millis(row.get(6)?),
        last_used_at: instant(row, 7)?,
    })
}

/// Reads [`TRUSTED_DEVICE_COLUMNS`].
pub(super) fn trusted_device(row: &Row<'_>) -> rusqlite::Result<TrustedDevice> {
    Ok(TrustedDevice {
        id: TrustedDeviceId::from_bytes(row.get(0)?),
        account_id: AccountId::from_bytes(row.get(1)?),
        device_hash: row.get(2)?,
        created_at: Timestamp::from_unix_millis(row.get(3)?),
        expires_at: Timestamp::from_unix_millis(row.get(4)?),
        user_agent: row.get(5)?,
    })
}

fn email_address(row: &Row<'_>, column: usize) -> rusqlite::Result<EmailAddress> {
    EmailAddress::parse(row.get_ref(column)?.as_str()?).map_err(|error| invalid(column, error))
}

/// Reads `key, failures, last_failure_at, forgiven_at`.
pub(super) fn throttle_record(row: &Row<'_>) -> rusqlite::Result<ThrottleRecord> {
    Ok(ThrottleRecord {
        key: ThrottleKey::from_bytes(row.get(0)?),
        failures: row.get(1)?,
        last_failure_at: Timestamp::from_unix_millis(row.get(2)?),
        forgiven_at: instant(row, 3)?,
    })
}

pub(super) fn instant(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_unix_millis))
}

fn address(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<IpAddr>> {
    match row.get_ref(column)?.as_str_or_null()? {
        Some(text) => text.parse().map(Some).map_err(|error| invalid(column, error)),
        None => Ok(None),
    }
}

pub(super) fn invalid(
    column: usize,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
}
