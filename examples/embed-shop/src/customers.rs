//! The shop's own table, keyed by the account's ID: a row begins when the account is made. Everything works without one too: a
//! process can stop between the two.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use countersign::options::HookFailure;
use countersign::{AccountId, CustomClaims};
use rusqlite::{Connection, OptionalExtension as _};

#[derive(Clone)]
pub(crate) struct Customers(Arc<Mutex<Connection>>);

impl Customers {
    pub(crate) fn open(path: &Path) -> rusqlite::Result<Self> {
        let db = Connection::open(path)?;
        db.execute_batch(
            "CREATE TABLE IF NOT EXISTS customers (
                account_id TEXT PRIMARY KEY,
                sign_ins INTEGER NOT NULL DEFAULT 0,
                plan TEXT NOT NULL DEFAULT 'free',
                closed INTEGER NOT NULL DEFAULT 0
            ) STRICT",
        )?;
        Ok(Self(Arc::new(Mutex::new(db))))
    }

    pub(crate) async fn is_closed(&self, id: AccountId) -> Result<bool, HookFailure> {
        let closed = self.find(id, "closed", |row| row.get(0)).await?;
        Ok(closed.unwrap_or(false))
    }

    pub(crate) async fn sign_ins(&self, id: AccountId) -> Result<u32, HookFailure> {
        Ok(self.find(id, "sign_ins", |row| row.get(0)).await?.unwrap_or(0))
    }

    /// What goes into each access token, as it is when the token is made.
    pub(crate) async fn claims(&self, id: AccountId) -> Result<CustomClaims, HookFailure> {
        let plan: Option<String> = self.find(id, "plan", |row| row.get(0)).await?;
        let plan = plan.unwrap_or_else(|| "free".to_owned());
        Ok(CustomClaims::new([("plan".to_owned(), plan.into())].into_iter().collect())?)
    }

    /// A new customer may try the best plan.
    pub(crate) async fn welcome(&self, id: AccountId) -> Result<(), HookFailure> {
        self.run(move |db| {
            let sql = "INSERT INTO customers (account_id, plan) VALUES (?1, 'trial') ON CONFLICT DO NOTHING";
            db.execute(sql, [id.to_string()])
        })
        .await?;
        Ok(())
    }

    pub(crate) async fn count_sign_in(&self, id: AccountId) -> Result<(), HookFailure> {
        self.run(move |db| {
            db.execute(
                "INSERT INTO customers (account_id, sign_ins) VALUES (?1, 1)
                 ON CONFLICT DO UPDATE SET sign_ins = sign_ins + 1",
                [id.to_string()],
            )
        })
        .await?;
        Ok(())
    }

    async fn find<T: Send + 'static>(
        &self,
        id: AccountId,
        column: &'static str,
        read: fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, HookFailure> {
        let sql = format!("SELECT {column} FROM customers WHERE account_id = ?1");
        self.run(move |db| db.query_row(&sql, [id.to_string()], read).optional()).await
    }

    /// A database blocks, so it is asked on a thread for that.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, HookFailure> {
        let db = Arc::clone(&self.0);
        let work = move || work(&db.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(tokio::task::spawn_blocking(work).await??)
    }
}
