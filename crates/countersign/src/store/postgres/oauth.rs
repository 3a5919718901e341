//! Authorization codes and consents.

use tokio_postgres::Row;

use super::apply::Transaction;
use super::engine::connection::Connection;
use super::engine::failure::Failure;
use super::load::Lock;
use super::{PostgresStore, load};
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

impl OauthStore for PostgresStore {
    async fn find_consent(
        &self,
        account: AccountId,
        client: String,
        resources: Vec<String>,
    ) -> Result<Option<Consent>, StoreError> {
        self.read("find_consent", move |db| async move {
            let sql = "SELECT scopes, granted_at FROM oauth_consents
                       WHERE account_id = $1 AND client_id = $2 AND resources = $3";
            let values = oauth::joined(&resources);
            let Some(row) = db.optional(sql, &[&account, &client.as_str(), &values.as_str()]).await? else {
                return Ok(None);
            };
            let scopes = Scopes::parse(row.try_get(0)?).map_err(Failure::stored)?;
            let granted_at = row.try_get(1)?;
            Ok(Some(Consent { account_id: account, client_id: client, resources, scopes, granted_at }))
        })
        .await
    }

    async fn consents_of(&self, account: AccountId) -> Result<Vec<Consent>, StoreError> {
        self.read("consents_of", move |db| async move { consents_of(&db, account).await }).await
    }

    async fn disconnect_app(
        &self,
        account: AccountId,
        client: String,
        context: &Context,
    ) -> Result<Option<Vec<EndedSession>>, StoreError> {
        self.change("disconnect_app", context, (account, client), disconnect).await
    }

    async fn issue_code(
        &self,
        request: CodeRequest,
        context: &Context,
    ) -> Result<IssueCodeOutcome, StoreError> {
        self.change("issue_code", context, request, issue).await
    }

    async fn end_client_token(
        &self,
        end: ClientTokenEnd,
        context: &Context,
    ) -> Result<Option<EndedSession>, StoreError> {
        self.change("end_client_token", context, end, end_client_token).await
    }

    async fn use_once(&self, used: Use, context: &Context) -> Result<bool, StoreError> {
        self.change("use_once", context, used, use_once).await
    }

    async fn redeem_code(
        &self,
        redemption: Redemption,
        context: &Context,
    ) -> Result<RedeemOutcome, StoreError> {
        let device = Device { address: context.address, user_agent: context.user_agent.clone() };
        self.change("redeem_code", context, (redemption, device), redeem).await
    }
}

/// As by everything that ends the sessions of an account: a code that is used meanwhile has begun its session, or finds itself gone.
async fn disconnect(
    tx: Transaction,
    (account, client): (AccountId, String),
) -> Result<Option<Vec<EndedSession>>, Failure> {
    load::account(&tx.db, account, Lock::Rows).await?;
    let open = load::lock_sessions(&tx.db, account, None).await?.open;
    let consents = consents_of(&tx.db, account).await?;
    tx.apply(oauth::disconnect((account, &client), &consents, &open, tx.at)).await
}

async fn consents_of(db: &Connection, account: AccountId) -> Result<Vec<Consent>, Failure> {
    let sql = "SELECT client_id, resources, scopes, granted_at FROM oauth_consents WHERE account_id = $1";
    let found = db.query(sql, &[&account]).await?;
    let consent = |row: &Row| {
        Ok(Consent {
            account_id: account,
            client_id: row.try_get(0)?,
            resources: oauth::split(row.try_get(1)?),
            scopes: Scopes::parse(row.try_get(2)?).map_err(Failure::stored)?,
            granted_at: row.try_get(3)?,
        })
    };
    found.iter().map(consent).collect()
}

/// The account is locked first, as by everything that ends its sessions: a log-out comes before the code, or ends its session.
async fn issue(tx: Transaction, request: CodeRequest) -> Result<IssueCodeOutcome, Failure> {
    let account = load::account(&tx.db, request.code.account_id, Lock::Rows).await?;
    let session = load::session(&tx.db, request.code.session_id, Lock::Rows).await?;
    tx.apply(request.decide(account.zip(session).as_ref(), tx.at)).await
}

/// Of several at once, the primary key lets one through; the others are begun again, and find it.
async fn use_once(tx: Transaction, used: Use) -> Result<bool, Failure> {
    let found = tx.db.query("SELECT 1 FROM used_once WHERE hash = $1", &[&used.hash.as_slice()]).await?;
    tx.apply(used.decide(!found.is_empty())).await
}

/// Of several at once, the primary key lets one through; the others find it.
async fn end_client_token(tx: Transaction, end: ClientTokenEnd) -> Result<Option<EndedSession>, Failure> {
    let kept = load::lock_ended(&tx.db, &vec![end.session_id]).await?;
    tx.apply(end.decide(&kept, tx.at)).await
}

/// Of several at once, the others wait for the account and find the code used.
async fn redeem(
    tx: Transaction,
    (redemption, device): (Redemption, Device),
) -> Result<RedeemOutcome, Failure> {
    let none = FoundCode { code: None, signed_in: None, open: Vec::new() };
    let Some(StoredCode { code, .. }) = find(&tx.db, &redemption.hash, Lock::No).await? else {
        return tx.apply(redemption.decide(none, device, tx.at)).await;
    };
    let account = load::account(&tx.db, code.account_id, Lock::Rows).await?;
    let sessions = load::lock_sessions(&tx.db, code.account_id, Some(code.session_id)).await?;
    let code = find(&tx.db, &redemption.hash, Lock::Rows).await?;
    let found = FoundCode { code, signed_in: account.zip(sessions.one), open: sessions.open };
    tx.apply(redemption.decide(found, device, tx.at)).await
}

impl Transaction {
    pub(super) async fn insert_code(&self, code: &NewCode) -> Result<(), Failure> {
        let sql = "INSERT INTO oauth_codes (hash, client_id, redirect_uri, challenge, nonce, scopes, resources, account_id,
                                            session_id, created_at, expires_at)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        self.rows(
            1,
            sql,
            &[
                &code.hash.as_slice(),
                &code.client_id.as_str(),
                &code.redirect_uri.as_str(),
                &code.challenge.as_ref().map(Challenge::as_str),
                &code.nonce.as_deref(),
                &code.scopes.to_string(),
                &oauth::joined(&code.resources),
                &code.account_id,
                &code.session_id,
                &code.created_at,
                &code.expires_at(),
            ],
        )
        .await
    }

    pub(super) async fn use_code(
        &self,
        hash: &[u8; 32],
        at: Timestamp,
        session: SessionId,
    ) -> Result<(), Failure> {
        let sql = "UPDATE oauth_codes SET used_at = $2, used_by = $3 WHERE hash = $1 AND used_at IS NULL";
        self.rows(1, sql, &[&hash.as_slice(), &at, &session]).await
    }

    pub(super) async fn use_once(&self, used: &Use) -> Result<(), Failure> {
        let sql = "INSERT INTO used_once (hash, expires_at) VALUES ($1, $2)";
        self.rows(1, sql, &[&used.hash.as_slice(), &used.expires_at]).await
    }

    pub(super) async fn set_consent(&self, consent: &Consent) -> Result<(), Failure> {
        let sql = "INSERT INTO oauth_consents (account_id, client_id, resources, scopes, granted_at) VALUES ($1, $2, $3, $4, $5)
                   ON CONFLICT (account_id, client_id, resources)
                   DO UPDATE SET scopes = excluded.scopes, granted_at = excluded.granted_at";
        let (resources, scopes) = (oauth::joined(&consent.resources), consent.scopes.to_string());
        let values = (consent.account_id, consent.client_id.as_str(), consent.granted_at);
        self.rows(1, sql, &[&values.0, &values.1, &resources, &scopes, &values.2]).await
    }

    /// A code that is under way goes too: its session would begin after the application was disconnected.
    pub(super) async fn forget_consents(&self, account: AccountId, client: &str) -> Result<(), Failure> {
        let sql = "DELETE FROM oauth_codes WHERE account_id = $1 AND client_id = $2 AND used_at IS NULL";
        self.db.execute(sql, &[&account, &client]).await?;
        let sql = "DELETE FROM oauth_consents WHERE account_id = $1 AND client_id = $2";
        self.db.execute(sql, &[&account, &client]).await.map(drop)
    }
}

async fn find(db: &Connection, hash: &[u8; 32], lock: Lock) -> Result<Option<StoredCode>, Failure> {
    let lock = if lock == Lock::Rows { "FOR UPDATE" } else { "" };
    let sql = format!(
        "SELECT client_id, redirect_uri, challenge, nonce, scopes, resources, account_id, session_id, created_at,
                used_at, used_by
         FROM oauth_codes WHERE hash = $1 {lock}"
    );
    let Some(row) = db.optional(&sql, &[&hash.as_slice()]).await? else { return Ok(None) };
    let code = NewCode {
        hash: *hash,
        client_id: row.try_get(0)?,
        redirect_uri: row.try_get(1)?,
        challenge: row.try_get::<_, Option<_>>(2)?.map(Challenge::from_stored),
        nonce: row.try_get(3)?,
        scopes: Scopes::parse(row.try_get(4)?).map_err(Failure::stored)?,
        resources: oauth::split(row.try_get(5)?),
        account_id: row.try_get(6)?,
        session_id: row.try_get(7)?,
        created_at: row.try_get(8)?,
    };
    let used: Option<Timestamp> = row.try_get(9)?;
    Ok(Some(StoredCode { code, used: used.zip(row.try_get(10)?) }))
}
