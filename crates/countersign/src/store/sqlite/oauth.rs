//! Authorization codes and consents.

use rusqlite::{Connection, OptionalExtension, params};

use super::apply::Transaction;
use super::{SqliteStore, load, rows};
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, SessionId};
use crate::model::api_key::Scopes;
use crate::model::context::Context;
use crate::model::oauth::{
    self, Challenge, ClientTokenEnd, CodeRequest, Consent, FoundCode, IssueCodeOutcome, NewCode,
    RedeemOutcome, Redemption, StoredCode, Use,
};
use crate::model::session::{Device, EndedSession};
use crate::store::{OauthStore, StoreError};

impl OauthStore for SqliteStore {
    async fn find_consent(
        &self,
        account: AccountId,
        client: String,
        resources: Vec<String>,
    ) -> Result<Option<Consent>, StoreError> {
        self.read("find_consent", move |db| {
            db.prepare_cached(
                "SELECT scopes, granted_at FROM oauth_consents
                 WHERE account_id = ?1 AND client_id = ?2 AND resources = ?3",
            )?
            .query_row(params![account.as_bytes(), client, oauth::joined(&resources)], |row| {
                Ok((scopes(row, 0)?, Timestamp::from_unix_millis(row.get(1)?)))
            })
            .optional()
            .map(|found| {
                found.map(|(scopes, granted_at)| Consent {
                    account_id: account,
                    client_id: client,
                    resources,
                    scopes,
                    granted_at,
                })
            })
        })
        .await
    }

    async fn consents_of(&self, account: AccountId) -> Result<Vec<Consent>, StoreError> {
        self.read("consents_of", move |db| consents_of(db, account)).await
    }

    async fn disconnect_app(
        &self,
        account: AccountId,
        client: String,
        context: &Context,
    ) -> Result<Option<Vec<EndedSession>>, StoreError> {
        self.change("disconnect_app", context, move |tx| {
            let consents = consents_of(tx.db, account)?;
            let open = load::open_sessions_of(tx.db, account)?;
            tx.apply(oauth::disconnect((account, &client), &consents, &open, tx.at))
        })
        .await
    }

    async fn issue_code(
        &self,
        request: CodeRequest,
        context: &Context,
    ) -> Result<IssueCodeOutcome, StoreError> {
        self.change("issue_code", context, move |tx| {
            let found = load::session_with_account(tx.db, request.code.session_id)?;
            tx.apply(request.decide(found.as_ref(), tx.at))
        })
        .await
    }

    async fn end_client_token(
        &self,
        end: ClientTokenEnd,
        context: &Context,
    ) -> Result<Option<EndedSession>, StoreError> {
        self.change("end_client_token", context, move |tx| {
            let kept = load::ended(tx.db, &[end.session_id].into())?;
            tx.apply(end.decide(&kept, tx.at))
        })
        .await
    }

    async fn use_once(&self, used: Use, context: &Context) -> Result<bool, StoreError> {
        self.change("use_once", context, move |tx| {
            let sql = "SELECT 1 FROM used_once WHERE hash = ?1";
            let was_used = tx.db.prepare_cached(sql)?.exists([used.hash])?;
            tx.apply(used.decide(was_used))
        })
        .await
    }

    async fn redeem_code(
        &self,
        redemption: Redemption,
        context: &Context,
    ) -> Result<RedeemOutcome, StoreError> {
        let device = Device { address: context.address, user_agent: context.user_agent.clone() };
        self.change("redeem_code", context, move |tx| {
            let code = find(tx.db, &redemption.hash)?;
            let (signed_in, open) = match &code {
                Some(StoredCode { code, .. }) => (
                    load::session_with_account(tx.db, code.session_id)?,
                    load::open_sessions_of(tx.db, code.account_id)?,
                ),
                None => (None, Vec::new()),
            };
            tx.apply(redemption.decide(FoundCode { code, signed_in, open }, device, tx.at))
        })
        .await
    }
}

impl Transaction<'_> {
    pub(super) fn insert_code(&self, code: &NewCode) -> rusqlite::Result<()> {
        self.one_row(
            "INSERT INTO oauth_codes (hash, client_id, redirect_uri, challenge, nonce, scopes, resources, account_id,
                                      session_id, created_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            params![
                code.hash,
                code.client_id,
                code.redirect_uri,
                code.challenge.as_ref().map(Challenge::as_str),
                code.nonce,
                code.scopes.to_string(),
                oauth::joined(&code.resources),
                code.account_id.as_bytes(),
                code.session_id.as_bytes(),
                code.created_at.as_unix_millis(),
                code.expires_at().as_unix_millis(),
            ],
        )
    }

    pub(super) fn use_code(
        &self,
        hash: &[u8; 32],
        at: Timestamp,
        session: SessionId,
    ) -> rusqlite::Result<()> {
        self.one_row(
            "UPDATE oauth_codes SET used_at = ?2, used_by = ?3 WHERE hash = ?1 AND used_at IS NULL",
            params![hash, at.as_unix_millis(), session.as_bytes()],
        )
    }

    pub(super) fn use_once(&self, used: &Use) -> rusqlite::Result<()> {
        self.one_row(
            "INSERT INTO used_once (hash, expires_at) VALUES (?1, ?2)",
            params![used.hash, used.expires_at.as_unix_millis()],
        )
    }

    pub(super) fn set_consent(&self, consent: &Consent) -> rusqlite::Result<()> {
        self.one_row(
            "INSERT INTO oauth_consents (account_id, client_id, resources, scopes, granted_at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (account_id, client_id, resources)
             DO UPDATE SET scopes = excluded.scopes, granted_at = excluded.granted_at",
            params![
                consent.account_id.as_bytes(),
                consent.client_id,
                oauth::joined(&consent.resources),
                consent.scopes.to_string(),
                consent.granted_at.as_unix_millis(),
            ],
        )
    }

    /// A code that is under way goes too: its session would begin after the application was disconnected.
    pub(super) fn forget_consents(&self, account: AccountId, client: &str) -> rusqlite::Result<()> {
        let of_it = params![account.as_bytes(), client];
        self.db
            .prepare_cached(
                "DELETE FROM oauth_codes WHERE account_id = ?1 AND client_id = ?2 AND used_at IS NULL",
            )?
            .execute(of_it)?;
        self.db
            .prepare_cached("DELETE FROM oauth_consents WHERE account_id = ?1 AND client_id = ?2")?
            .execute(of_it)
            .map(drop)
    }
}

fn consents_of(db: &Connection, account: AccountId) -> rusqlite::Result<Vec<Consent>> {
    db.prepare_cached(
        "SELECT client_id, resources, scopes, granted_at FROM oauth_consents WHERE account_id = ?1",
    )?
    .query_map([account.as_bytes()], |row| {
        Ok(Consent {
            account_id: account,
            client_id: row.get(0)?,
            resources: oauth::split(row.get_ref(1)?.as_str()?),
            scopes: scopes(row, 2)?,
            granted_at: Timestamp::from_unix_millis(row.get(3)?),
        })
    })?
    .collect()
}

fn find(db: &Connection, hash: &[u8; 32]) -> rusqlite::Result<Option<StoredCode>> {
    db.prepare_cached(
        "SELECT client_id, redirect_uri, challenge, nonce, scopes, resources, account_id, session_id, created_at,
                used_at, used_by
         FROM oauth_codes WHERE hash = ?1",
    )?
    .query_row([hash], |row| {
        let code = NewCode {
            hash: *hash,
            client_id: row.get(0)?,
            redirect_uri: row.get(1)?,
            challenge: row.get::<_, Option<_>>(2)?.map(Challenge::from_stored),
            nonce: row.get(3)?,
            scopes: scopes(row, 4)?,
            resources: oauth::split(row.get_ref(5)?.as_str()?),
            account_id: AccountId::from_bytes(row.get(6)?),
            session_id: SessionId::from_bytes(row.get(7)?),
            created_at: Timestamp::from_unix_millis(row.get(8)?),
        };
        let begun = row.get::<_, Option<_>>(10)?.map(SessionId::from_bytes);
        Ok(StoredCode { code, used: rows::instant(row, 9)?.zip(begun) })
    })
    .optional()
}

fn scopes(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Scopes> {
    Scopes::parse(row.get_ref(column)?.as_str()?).map_err(|error| rows::invalid(column, error))
}
