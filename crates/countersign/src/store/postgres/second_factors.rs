//! Second factors. The account is locked by whoever changes them or signs in, so of two that show one code, one comes later.

use super::apply::Transaction;
use super::engine::connection::Connection;
use super::engine::failure::Failure;
use super::load::Lock;
use super::rows::{self, FACTOR_COLUMNS, FACTOR_TABLES, TRUSTED_DEVICE_COLUMNS};
use super::{PostgresStore, load};
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, FactorId, SessionId, TrustedDeviceId};
use crate::model::context::Context;
use crate::model::proof::AuthMethods;
use crate::model::second_factor::{
    AccountFactors, ChangeFactorsOutcome, FactorChange, NewFactor, ReauthenticateOutcome, Reauthentication,
    RecoveryCodeHash, SecondFactor, ShownPasskey, TrustedDevice,
};
use crate::store::{SecondFactorStore, StoreError};

impl SecondFactorStore for PostgresStore {
    async fn second_factors(&self, account: AccountId) -> Result<AccountFactors, StoreError> {
        self.read("second_factors", move |db| async move { of(&db, account).await }).await
    }

    async fn find_passkey(&self, credential_id: Vec<u8>) -> Result<Option<SecondFactor>, StoreError> {
        self.read("find_passkey", move |db| async move {
            let sql = format!("SELECT {FACTOR_COLUMNS} FROM {FACTOR_TABLES} WHERE p.credential_id = $1");
            let found = db.query(&sql, &[&credential_id.as_slice()]).await?;
            found.first().map(rows::factor).transpose()
        })
        .await
    }

    async fn change_factors(
        &self,
        change: FactorChange,
        context: &Context,
    ) -> Result<ChangeFactorsOutcome, StoreError> {
        self.change("change_factors", context, change, change_factors).await
    }

    async fn reauthenticate(
        &self,
        again: Reauthentication,
        context: &Context,
    ) -> Result<ReauthenticateOutcome, StoreError> {
        self.change("reauthenticate", context, again, reauthenticate).await
    }
}

async fn change_factors(tx: Transaction, change: FactorChange) -> Result<ChangeFactorsOutcome, Failure> {
    let id = change.account_id;
    let found = load::credentials(&tx.db, id, Lock::Rows).await?;
    let held = and_new(&tx.db, id, change.action.new_factor()).await?;
    let open = load::lock_sessions(&tx.db, id, None).await?.open;
    tx.apply(change.decide(found, &held, &open, tx.at)).await
}

async fn reauthenticate(tx: Transaction, again: Reauthentication) -> Result<ReauthenticateOutcome, Failure> {
    let found = load::credentials(&tx.db, again.account_id, Lock::Rows).await?;
    let held = of(&tx.db, again.account_id).await?;
    let session = load::session(&tx.db, again.session, Lock::Rows).await?.map(|stored| stored.session);
    tx.apply(again.decide(found.as_ref(), &held, session.as_ref(), tx.at)).await
}

/// What an account has. Most have nothing, and cost one look.
pub(super) async fn of(db: &Connection, account: AccountId) -> Result<AccountFactors, Failure> {
    let sql = format!(
        "SELECT {FACTOR_COLUMNS} FROM {FACTOR_TABLES} WHERE f.account_id = $1 ORDER BY f.created_at, f.id"
    );
    let found = db.query(&sql, &[&account]).await?;
    let factors = found.iter().map(rows::factor).collect::<Result<Vec<_>, _>>()?;
    if factors.is_empty() {
        return Ok(AccountFactors::default());
    }
    let sql = "SELECT hash FROM recovery_codes WHERE account_id = $1 AND used_at IS NULL";
    let codes = db.query(sql, &[&account]).await?;
    let codes = codes.iter().map(|row| Ok(RecoveryCodeHash(rows::bytes(row, 0)?)));
    let codes = codes.collect::<Result<_, Failure>>()?;
    let sql = format!(
        "SELECT {TRUSTED_DEVICE_COLUMNS} FROM trusted_devices d WHERE d.account_id = $1 ORDER BY d.created_at, d.id"
    );
    let devices = db.query(&sql, &[&account]).await?;
    let devices = devices.iter().map(rows::trusted_device).collect::<Result<_, _>>()?;
    let sql = "SELECT hash FROM passkey_challenges WHERE account_id = $1";
    let answered = db.query(sql, &[&account]).await?;
    let answered = answered.iter().map(|row| rows::bytes(row, 0)).collect::<Result<_, Failure>>()?;
    Ok(AccountFactors { factors, codes, devices, answered, is_taken: false })
}

/// What an account has that is to get this. Of two accounts that get the same passkey at once, the second waits for the first to commit,
/// and is begun again.
pub(super) async fn and_new(
    db: &Connection,
    account: AccountId,
    new: Option<&NewFactor>,
) -> Result<AccountFactors, Failure> {
    let held = of(db, account).await?;
    let Some(passkey) = new.and_then(|new| new.factor.passkey.as_deref()) else { return Ok(held) };
    let sql = "SELECT 1 FROM passkeys WHERE credential_id = $1";
    let is_taken = !db.query(sql, &[&passkey.credential_id.as_slice()]).await?.is_empty();
    Ok(AccountFactors { is_taken, ..held })
}

impl Transaction {
    pub(super) async fn insert_factor(&self, factor: &SecondFactor) -> Result<(), Failure> {
        self.rows(
            1,
            "INSERT INTO second_factors (id, account_id, kind, name, sealed, last_step, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[
                &factor.id,
                &factor.account_id,
                &factor.kind.name(),
                &factor.name.as_str(),
                &factor.sealed.as_slice(),
                &factor.last_step,
                &factor.created_at,
            ],
        )
        .await?;
        let Some(passkey) = factor.passkey.as_deref() else { return Ok(()) };
        self.rows(
            1,
            "INSERT INTO passkeys (credential_id, factor_id, account_id, record, sign_count, backed_up, signs_in)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[
                &passkey.credential_id.as_slice(),
                &factor.id,
                &factor.account_id,
                &passkey.to_stored().as_str(),
                &i64::from(passkey.sign_count),
                &passkey.backed_up,
                &passkey.signs_in,
            ],
        )
        .await
    }

    /// Challenges that are over can be answered no more, and are forgotten.
    pub(super) async fn use_passkey(
        &self,
        shown: &ShownPasskey,
        account: AccountId,
        at: Timestamp,
    ) -> Result<(), Failure> {
        let sql = "UPDATE passkeys SET sign_count = $2, backed_up = $3 WHERE factor_id = $1";
        self.rows(1, sql, &[&shown.factor, &i64::from(shown.sign_count), &shown.backed_up]).await?;
        let sql = "UPDATE second_factors SET last_used_at = $2 WHERE id = $1";
        self.rows(1, sql, &[&shown.factor, &at]).await?;
        let sql = "DELETE FROM passkey_challenges WHERE account_id = $1 AND expires_at <= $2";
        self.db.execute(sql, &[&account, &at]).await?;
        let sql = "INSERT INTO passkey_challenges (account_id, hash, expires_at) VALUES ($1, $2, $3)";
        let challenge = &shown.challenge;
        self.rows(1, sql, &[&account, &challenge.hash.as_slice(), &challenge.expires_at]).await
    }

    pub(super) async fn use_factor(&self, id: FactorId, step: i64, at: Timestamp) -> Result<(), Failure> {
        let sql =
            "UPDATE second_factors SET last_step = $2, last_used_at = $3 WHERE id = $1 AND last_step < $2";
        self.rows(1, sql, &[&id, &step, &at]).await
    }

    pub(super) async fn passkeys_need_a_password(&self, account: AccountId) -> Result<(), Failure> {
        let sql = "UPDATE passkeys SET signs_in = false WHERE account_id = $1";
        self.db.execute(sql, &[&account]).await.map(drop)
    }

    pub(super) async fn rename_factor(&self, id: FactorId, name: &str) -> Result<(), Failure> {
        self.rows(1, "UPDATE second_factors SET name = $2 WHERE id = $1", &[&id, &name]).await
    }

    pub(super) async fn delete_factor(&self, id: FactorId) -> Result<(), Failure> {
        self.db.execute("DELETE FROM passkeys WHERE factor_id = $1", &[&id]).await?;
        self.rows(1, "DELETE FROM second_factors WHERE id = $1", &[&id]).await
    }

    pub(super) async fn set_recovery_codes(
        &self,
        account: AccountId,
        hashes: &[RecoveryCodeHash],
        at: Timestamp,
    ) -> Result<(), Failure> {
        self.db.execute("DELETE FROM recovery_codes WHERE account_id = $1", &[&account]).await?;
        for hash in hashes {
            let sql = "INSERT INTO recovery_codes (account_id, hash, created_at) VALUES ($1, $2, $3)";
            self.rows(1, sql, &[&account, &hash.0.as_slice(), &at]).await?;
        }
        Ok(())
    }

    pub(super) async fn use_recovery_code(
        &self,
        account: AccountId,
        hash: &[u8; 32],
        at: Timestamp,
    ) -> Result<(), Failure> {
        let sql =
            "UPDATE recovery_codes SET used_at = $3 WHERE account_id = $1 AND hash = $2 AND used_at IS NULL";
        self.rows(1, sql, &[&account, &hash.as_slice(), &at]).await
    }

    pub(super) async fn trust_device(&self, device: &TrustedDevice) -> Result<(), Failure> {
        self.rows(
            1,
            "INSERT INTO trusted_devices (id, account_id, device_hash, created_at, expires_at, user_agent)
             VALUES ($1, $2, $3, $4, $5, $6)",
            &[
                &device.id,
                &device.account_id,
                &device.device_hash.as_slice(),
                &device.created_at,
                &device.expires_at,
                &device.user_agent.as_deref(),
            ],
        )
        .await
    }

    pub(super) async fn forget_device(&self, id: TrustedDeviceId) -> Result<(), Failure> {
        self.rows(1, "DELETE FROM trusted_devices WHERE id = $1", &[&id]).await
    }

    pub(super) async fn note_reauthentication(
        &self,
        id: SessionId,
        amr: AuthMethods,
        at: Timestamp,
    ) -> Result<(), Failure> {
        let sql = "UPDATE sessions SET authenticated_at = $3, amr = $2 WHERE id = $1 AND revoked_at IS NULL";
        self.rows(1, sql, &[&id, &amr.to_stored(), &at]).await
    }
}
