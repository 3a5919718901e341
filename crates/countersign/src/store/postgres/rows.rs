//! Between rows and the domain's types.

use std::net::IpAddr;

use serde_json::{Map, Value};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::engine::failure::Failure;
use crate::base::clock::Timestamp;
use crate::base::id::AccountId;
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
pub(super) fn account(row: &Row) -> Result<Account, Failure> {
    let claims: Map<String, Value> =
        serde_json::from_str(row.try_get::<_, &str>(4)?).map_err(Failure::stored)?;
    Ok(Account {
        id: row.try_get(0)?,
        username: Username::from_stored(row.try_get(1)?, row.try_get(2)?),
        role: Role::parse(row.try_get(3)?).map_err(Failure::stored)?,
        claims: CustomClaims::new(claims).map_err(Failure::stored)?,
        language: AccountLanguage::from_stored(row.try_get(10)?, row.try_get(11)?, row.try_get(12)?)
            .map_err(Failure::stored)?,
        disabled_at: row.try_get(5)?,
        delete_at: row.try_get(9)?,
        has_password: row.try_get(8)?,
        password_change_required: row.try_get(7)?,
        created_at: row.try_get(6)?,
    })
}

/// Reads [`CREDENTIALS_COLUMNS`].
pub(super) fn credentials(row: &Row) -> Result<Credentials, Failure> {
    Ok(Credentials {
        account: account(row)?,
        password_hash: row.try_get::<_, Option<_>>(ACCOUNT_COLUMN_COUNT)?.map(PasswordHash::from_stored),
        password_version: row.try_get(ACCOUNT_COLUMN_COUNT + 1)?,
    })
}

/// Reads [`SESSION_COLUMNS`].
pub(super) fn session(row: &Row) -> Result<StoredSession, Failure> {
    session_from(row, 0)
}

/// Reads [`ACCOUNT_COLUMNS`] and, after them, [`SESSION_COLUMNS`].
pub(super) fn account_and_session(row: &Row) -> Result<(Account, StoredSession), Failure> {
    Ok((account(row)?, session_from(row, ACCOUNT_COLUMN_COUNT)?))
}

fn session_from(row: &Row, first: usize) -> Result<StoredSession, Failure> {
    let revoked_at: Option<Timestamp> = row.try_get(first + 7)?;
    let reason = row.try_get::<_, Option<&str>>(first + 8)?.map(EndReason::from_stored);
    let stored = StoredSession {
        session: Session {
            id: row.try_get(first)?,
            account_id: row.try_get(first + 1)?,
            created_at: row.try_get(first + 3)?,
            expires_at: row.try_get(first + 4)?,
            authenticated_at: row.try_get(first + 11)?,
            amr: AuthMethods::from_stored(row.try_get(first + 12)?),
            generation: number(row, first + 5)?,
            rotated_at: row.try_get(first + 6)?,
            revoked: revoked_at.zip(reason),
            user_agent: row.try_get(first + 9)?,
            address: address(row, first + 10)?,
            bound_key: row.try_get::<_, Option<_>>(first + 13)?.map(BoundKey::from_stored),
            app: app_grant(row, first + 15)?,
        },
        secret_hash: bytes(row, first + 2)?,
    };
    Ok(match row.try_get(first + 14)? {
        Some(not_before) => stored.since(not_before),
        None => stored,
    })
}

/// Reads `client_id, scopes, resources`.
fn app_grant(row: &Row, first: usize) -> Result<Option<Box<AppGrant>>, Failure> {
    let text = |column: usize| Ok::<_, Failure>(row.try_get::<_, Option<&str>>(column)?.unwrap_or_default());
    let Some(client_id) = row.try_get(first)? else { return Ok(None) };
    let scopes = Scopes::parse(text(first + 1)?).map_err(Failure::stored)?;
    Ok(Some(Box::new(AppGrant { client_id, scopes, resources: oauth::split(text(first + 2)?) })))
}

/// Reads `sequence, at, actor, actor_id, address, kind, account_id, session_id, detail, request_id`.
pub(super) fn audit_record(row: &Row) -> Result<AuditRecord, Failure> {
    Ok(AuditRecord {
        sequence: row.try_get(0)?,
        at: row.try_get(1)?,
        actor: match (row.try_get(2)?, row.try_get::<_, Option<AccountId>>(3)?) {
            ("account", Some(id)) => Actor::Account(id),
            ("command_line", _) => Actor::CommandLine,
            ("system", _) => Actor::System,
            _ => Actor::Anonymous,
        },
        request_id: row.try_get(9)?,
        address: address(row, 4)?,
        event: AuditEvent {
            kind: RecordedKind::from_stored(row.try_get(5)?),
            account_id: row.try_get(6)?,
            session_id: row.try_get(7)?,
            detail: row.try_get(8)?,
        },
    })
}

/// Reads `session_id, until, account_id, ended_at`.
pub(super) fn revocation(row: &Row) -> Result<Revocation, Failure> {
    Ok(Revocation {
        ended: EndedSession { id: row.try_get(0)?, until: row.try_get(1)? },
        account_id: row.try_get(2)?,
        ended_at: row.try_get(3)?,
    })
}

/// Reads `kid, algorithm, sealed, created_at, active_from`.
pub(super) fn signing_key(row: &Row) -> Result<StoredKey, Failure> {
    Ok(StoredKey {
        kid: row.try_get(0)?,
        algorithm: row.try_get(1)?,
        sealed: row.try_get(2)?,
        created_at: row.try_get(3)?,
        active_from: row.try_get(4)?,
    })
}

/// Reads `kid, withdrawn_at`.
pub(super) fn withdrawn_key(row: &Row) -> Result<WithdrawnKey, Failure> {
    Ok(WithdrawnKey { kid: row.try_get(0)?, withdrawn_at: row.try_get(1)? })
}

/// Reads `number, name, created_at, master_key`.
pub(super) fn feed_key(row: &Row) -> Result<FeedKey, Failure> {
    let name = FeedKeyName::parse(row.try_get(1)?).map_err(Failure::stored)?;
    let master_key: Option<i64> = row.try_get(3)?;
    let master_key = master_key.map(u8::try_from).transpose().map_err(Failure::stored)?;
    Ok(FeedKey { number: number(row, 0)?, name, created_at: row.try_get(2)?, master_key })
}

/// Reads `name, secret_hash, created_at`.
pub(super) fn client(row: &Row) -> Result<StoredClient, Failure> {
    let name = ClientName::parse(row.try_get(0)?).map_err(Failure::stored)?;
    let client = Client { name, created_at: row.try_get(2)? };
    Ok(StoredClient { client, secret_hash: bytes(row, 1)? })
}

/// Reads [`API_KEY_COLUMNS`].
pub(super) fn api_key(row: &Row) -> Result<ApiKey, Failure> {
    api_key_from(row, 0)
}

/// Reads [`ACCOUNT_COLUMNS`] and, after them, [`API_KEY_COLUMNS`].
pub(super) fn account_and_api_key(row: &Row) -> Result<(Account, ApiKey), Failure> {
    Ok((account(row)?, api_key_from(row, ACCOUNT_COLUMN_COUNT)?))
}

fn api_key_from(row: &Row, first: usize) -> Result<ApiKey, Failure> {
    Ok(ApiKey {
        id: row.try_get(first)?,
        account_id: row.try_get(first + 1)?,
        name: ApiKeyName::parse(row.try_get(first + 2)?).map_err(Failure::stored)?,
        audience: row.try_get(first + 3)?,
        scopes: Scopes::parse(row.try_get(first + 4)?).map_err(Failure::stored)?,
        created_at: row.try_get(first + 5)?,
        expires_at: row.try_get(first + 6)?,
        last_used_at: row.try_get(first + 7)?,
        revoked_at: row.try_get(first + 8)?,
        session_id: row.try_get(first + 9)?,
    })
}

/// Reads [`EMAIL_COLUMNS`].
pub(super) fn email(row: &Row) -> Result<AccountEmail, Failure> {
    Ok(AccountEmail {
        id: row.try_get(0)?,
        account_id: row.try_get(1)?,
        address: EmailAddress::parse(row.try_get(2)?).map_err(Failure::stored)?,
        verified_at: row.try_get(3)?,
        is_primary: row.try_get(4)?,
        created_at: row.try_get(5)?,
    })
}

/// Reads [`FACTOR_COLUMNS`].
pub(super) fn factor(row: &Row) -> Result<SecondFactor, Failure> {
    let (id, fixed) = (row.try_get(8)?, row.try_get(9)?);
    let passkey = Passkey::from_stored(id, fixed, row.try_get(10)?, (row.try_get(11)?, row.try_get(12)?));
    Ok(SecondFactor {
        id: row.try_get(0)?,
        account_id: row.try_get(1)?,
        kind: FactorKind::from_name(row.try_get(2)?).ok_or_else(|| Failure::stored(UnknownFactorKind))?,
        name: row.try_get(3)?,
        sealed: row.try_get(4)?,
        last_step: row.try_get(5)?,
        passkey: passkey.map_err(Failure::stored)?,
        created_at: row.try_get(6)?,
        last_used_at: row.try_get(7)?,
    })
}

/// Reads [`TRUSTED_DEVICE_COLUMNS`].
pub(super) fn trusted_device(row: &Row) -> Result<TrustedDevice, Failure> {
    Ok(TrustedDevice {
        id: row.try_get(0)?,
        account_id: row.try_get(1)?,
        device_hash: bytes(row, 2)?,
        created_at: row.try_get(3)?,
        expires_at: row.try_get(4)?,
        user_agent: row.try_get(5)?,
    })
}

/// Reads [`TICKET_COLUMNS`].
pub(super) fn ticket(row: &Row) -> Result<Ticket, Failure> {
    let purpose = TicketPurpose::from_name(row.try_get(1)?).ok_or(UnknownPurpose);
    let ticket = Ticket {
        id: row.try_get(0)?,
        purpose: purpose.map_err(Failure::stored)?,
        account_id: row.try_get(2)?,
        address: EmailAddress::parse(row.try_get(3)?).map_err(Failure::stored)?,
        password_version: row.try_get(4)?,
        code_hash: maybe_bytes(row, 5)?,
        browser_hash: maybe_bytes(row, 6)?,
        tries_left: number(row, 7)?,
        payload: row.try_get(8)?,
        source: maybe_bytes(row, 9)?,
        created_at: row.try_get(10)?,
        expires_at: row.try_get(11)?,
        consumed_at: row.try_get(12)?,
        approved_at: row.try_get(13)?,
    };
    let not_before: Option<Timestamp> = row.try_get(14)?;
    Ok(match not_before {
        Some(not_before) => ticket.since(not_before),
        None => ticket,
    })
}

/// Reads `key, failures, last_failure_at, forgiven_at`.
pub(super) fn throttle_record(row: &Row) -> Result<ThrottleRecord, Failure> {
    Ok(ThrottleRecord {
        key: ThrottleKey::from_bytes(bytes(row, 0)?),
        failures: number(row, 1)?,
        last_failure_at: row.try_get(2)?,
        forgiven_at: row.try_get(3)?,
    })
}

/// The first column of each row.
pub(super) fn firsts<'a, T: FromSql<'a>>(rows: &'a [Row]) -> Result<Vec<T>, Failure> {
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// A whole number of a smaller type than the database has.
pub(super) fn number<T: TryFrom<i64>>(row: &Row, column: usize) -> Result<T, Failure>
where
    T::Error: std::error::Error + Send + Sync + 'static,
{
    T::try_from(row.try_get(column)?).map_err(Failure::stored)
}

/// So many bytes.
pub(super) fn bytes<const N: usize>(row: &Row, column: usize) -> Result<[u8; N], Failure> {
    row.try_get::<_, &[u8]>(column)?.try_into().map_err(Failure::stored)
}

/// So many bytes, or none.
fn maybe_bytes<const N: usize>(row: &Row, column: usize) -> Result<Option<[u8; N]>, Failure> {
    let found: Option<&[u8]> = row.try_get(column)?;
    found.map(|bytes| bytes.try_into().map_err(Failure::stored)).transpose()
}

fn address(row: &Row, column: usize) -> Result<Option<IpAddr>, Failure> {
    let text: Option<&str> = row.try_get(column)?;
    text.map(|text| text.parse().map_err(Failure::stored)).transpose()
}
