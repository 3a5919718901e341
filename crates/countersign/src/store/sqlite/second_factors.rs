//! Second factors.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::apply::Transaction;
use super::rows::{self, FACTOR_COLUMNS, FACTOR_TABLES, TRUSTED_DEVICE_COLUMNS};
use super::{SqliteStore, load};
use crate::base::clock::Timestamp;
use crate::base::id::SessionId;
use crate::base::id::{AccountId, FactorId, TrustedDeviceId};
use crate::model::context::Context;
use crate::model::proof::AuthMethods;
use crate::model::second_factor::{
    AccountFactors, ChangeFactorsOutcome, FactorChange, NewFactor, ReauthenticateOutcome, Reauthentication,
    RecoveryCodeHash, SecondFactor, ShownPasskey, TrustedDevice,
};
use crate::store::{SecondFactorStore, StoreError};

impl SecondFactorStore for SqliteStore {
    async fn second_factors(&self, account: AccountId) -> Result<AccountFactors, StoreError> {
        self.read("second_factors", move |db| of(db, account)).await
    }

    async fn find_passkey(&self, credential_id: Vec<u8>) -> Result<Option<SecondFactor>, StoreError> {
        self.read("find_passkey", move |db| {
            let sql = format!("SELECT {FACTOR_COLUMNS} FROM {FACTOR_TABLES} WHERE p.credential_id = ?1");
            db.prepare_cached(&sql)?.query_row([credential_id], rows::factor).optional()
        })
        .await
    }

    async fn change_factors(
        &self,
        change: FactorChange,
        context: &Context,
    ) -> Result<ChangeFactorsOutcome, StoreError> {
        self.change("change_factors", context, move |tx| {
            let id = change.account_id;
            let found = load::credentials(tx.db, id)?;
            let held = and_new(tx.db, id, change.action.new_factor())?;
            let open = load::open_sessions_of(tx.db, id)?;
            tx.apply(change.decide(found, &held, &open, tx.at))
        })
        .await
    }

    async fn reauthenticate(
        &self,
        again: Reauthentication,
        context: &Context,
    ) -> Result<ReauthenticateOutcome, StoreError> {
        self.change("reauthenticate", context, move |tx| {
            let id = again.account_id;
            let (found, held) = (load::credentials(tx.db, id)?, of(tx.db, id)?);
            let session = load::session(tx.db, again.session)?.map(|stored| stored.session);
            tx.apply(again.decide(found.as_ref(), &held, session.as_ref(), tx.at))
        })
        .await
    }
}

/// What an account has. Most have nothing, and cost one look.
pub(super) fn of(db: &Connection, account: AccountId) -> rusqlite::Result<AccountFactors> {
    let factors: Vec<SecondFactor> = db
        .prepare_cached(&format!(
            "SELECT {FACTOR_COLUMNS} FROM {FACTOR_TABLES} WHERE f.account_id = ?1 ORDER BY f.created_at, f.rowid"
        ))?
        .query_map([account.as_bytes()], rows::factor)?
        .collect::<rusqlite::Result<_>>()?;
    if factors.is_empty() {
        return Ok(AccountFactors::default());
    }
    let codes = db
        .prepare_cached("SELECT hash FROM recovery_codes WHERE account_id = ?1 AND used_at IS NULL")?
        .query_map([account.as_bytes()], |row| Ok(RecoveryCodeHash(row.get(0)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let devices = db
        .prepare_cached(&format!(
            "SELECT {TRUSTED_DEVICE_COLUMNS} FROM trusted_devices d WHERE d.account_id = ?1 ORDER BY d.created_at, d.rowid"
        ))?
        .query_map([account.as_bytes()], rows::trusted_device)?
        .collect::<rusqlite::Result<_>>()?;
    let answered = db
        .prepare_cached("SELECT hash FROM passkey_challenges WHERE account_id = ?1")?
        .query_map([account.as_bytes()], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(AccountFactors { factors, codes, devices, answered, is_taken: false })
}

/// What an account has that is to get this.
pub(super) fn and_new(
    db: &Connection,
    account: AccountId,
    new: Option<&NewFactor>,
) -> rusqlite::Result<AccountFactors> {
    let held = of(db, account)?;
    let Some(passkey) = new.and_then(|new| new.factor.passkey.as_deref()) else { return Ok(held) };
    let sql = "SELECT 1 FROM passkeys WHERE credential_id = ?1";
    let is_taken = db.prepare_cached(sql)?.exists([&passkey.credential_id])?;
    Ok(AccountFactors { is_taken, ..held })
}

impl Transaction<'_> {
    pub(super) fn insert_factor(&self, factor: &SecondFactor) -> rusqlite::Result<()> {
        self.one_row(
            "INSERT INTO second_factors (id, account_id, kind, name, sealed, last_step, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                factor.id.as_bytes(),
                factor.account_id.as_bytes(),
                factor.kind.name(),
                factor.name,
                factor.sealed,
                factor.last_step,
                factor.created_at.as_unix_millis(),
            ],
        )?;
        let Some(passkey) = factor.passkey.as_deref() else { return Ok(()) };
        self.one_row(
            "INSERT INTO passkeys (credential_id, factor_id, account_id, record, sign_count, backed_up, signs_in)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                passkey.credential_id,
                factor.id.as_bytes(),
                factor.account_id.as_bytes(),
                passkey.to_stored(),
                passkey.sign_count,
                passkey.backed_up,
                passkey.signs_in,
            ],
        )
    }

    /// Challenges that are over can be answered no more, and are forgotten.
    pub(super) fn use_passkey(
        &self,
        shown: &ShownPasskey,
        account: AccountId,
        at: Timestamp,
    ) -> rusqlite::Result<()> {
        self.one_row(
            "UPDATE passkeys SET sign_count = ?2, backed_up = ?3 WHERE factor_id = ?1",
            params![shown.factor.as_bytes(), shown.sign_count, shown.backed_up],
        )?;
        self.one_row(
            "UPDATE second_factors SET last_used_at = ?2 WHERE id = ?1",
            params![shown.factor.as_bytes(), at.as_unix_millis()],
        )?;
        self.db
            .prepare_cached("DELETE FROM passkey_challenges WHERE account_id = ?1 AND expires_at <= ?2")?
            .execute(params![account.as_bytes(), at.as_unix_millis()])?;
        let challenge = &shown.challenge;
        self.one_row(
            "INSERT INTO passkey_challenges (account_id, hash, expires_at) VALUES (?1, ?2, ?3)",
            params![account.as_bytes(), challenge.hash, challenge.expires_at.as_unix_millis()],
        )
    }

    pub(super) fn use_factor(&self, id: FactorId, step: i64, at: Timestamp) -> rusqlite::Result<()> {
        self.one_row(
            "UPDATE second_factors SET last_step = ?2, last_used_at = ?3 WHERE id = ?1 AND last_step < ?2",
            params![id.as_bytes(), step, at.as_unix_millis()],
        )
    }

    pub(super) fn passkeys_need_a_password(&self, account: AccountId) -> rusqlite::Result<()> {
        let sql = "UPDATE passkeys SET signs_in = 0 WHERE account_id = ?1";
        self.db.prepare_cached(sql)?.execute([account.as_bytes()]).map(drop)
    }

    pub(super) fn rename_factor(&self, id: FactorId, name: &str) -> rusqlite::Result<()> {
        self.one_row("UPDATE second_factors SET name = ?2 WHERE id = ?1", params![id.as_bytes(), name])
    }

    pub(super) fn delete_factor(&self, id: FactorId) -> rusqlite::Result<()> {
        self.one_row("DELETE FROM second_factors WHERE id = ?1", [id.as_bytes()])
    }

    pub(super) fn set_recovery_codes(
        &self,
        account: AccountId,
        hashes: &[RecoveryCodeHash],
        at: Timestamp,
    ) -> rusqlite::Result<()> {
        self.db
            .prepare_cached("DELETE FROM recovery_codes WHERE account_id = ?1")?
            .execute([account.as_bytes()])?;
        for hash in hashes {
            self.one_row(
                "INSERT INTO recovery_codes (account_id, hash, created_at) VALUES (?1, ?2, ?3)",
                params![account.as_bytes(), hash.0, at.as_unix_millis()],
            )?;
        }
        Ok(())
    }

    pub(super) fn use_recovery_code(
        &self,
        account: AccountId,
        hash: &[u8; 32],
        at: Timestamp,
    ) -> rusqlite::Result<()> {
        self.one_row(
            "UPDATE recovery_codes SET used_at = ?3 WHERE account_id = ?1 AND hash = ?2 AND used_at IS NULL",
            params![account.as_bytes(), hash, at.as_unix_millis()],
        )
    }

    pub(super) fn trust_device(&self, device: &TrustedDevice) -> rusqlite::Result<()> {
        self.one_row(
            "INSERT INTO trusted_devices (id, account_id, device_hash, created_at, expires_at, user_agent)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                device.id.as_bytes(),
                device.account_id.as_bytes(),
                device.device_hash,
                device.created_at.as_unix_millis(),
                device.expires_at.as_unix_millis(),
                device.user_agent,
            ],
        )
    }

    pub(super) fn forget_device(&self, id: TrustedDeviceId) -> rusqlite::Result<()> {
        self.one_row("DELETE FROM trusted_devices WHERE id = ?1", [id.as_bytes()])
    }

    pub(super) fn note_reauthentication(
        &self,
        id: SessionId,
        amr: AuthMethods,
        at: Timestamp,
    ) -> rusqlite::Result<()> {
        self.one_row(
            "UPDATE sessions SET authenticated_at = ?3, amr = ?2 WHERE id = ?1 AND revoked_at IS NULL",
            params![id.as_bytes(), amr.to_stored(), at.as_unix_millis()],
        )
    }
}
