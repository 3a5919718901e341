//! Work inside a transaction, which is begun again when it crosses another.

use std::future::Future;

use crate::store::postgres::engine::connection::Connection;
use crate::store::postgres::engine::failure::Failure;

/// What a transaction came to, before its commit.
pub(in crate::store::postgres) struct Done<T> {
    pub(in crate::store::postgres) outcome: T,
    pub(in crate::store::postgres) is_written: bool,
}

/// Runs work in a transaction, which is begun again if it crosses another.
pub(in crate::store::postgres) async fn in_transactions<T, F>(
    db: &Connection,
    mut work: impl FnMut() -> F,
) -> Result<T, Failure>
where
    F: Future<Output = Result<Done<T>, Failure>>,
{
    let mut attempts = 0;
    loop {
        match commit(db, work()).await {
            Err(failure) if failure.is_crossed() && attempts < REPEATED => {
                db.begins_again(&failure);
                attempts += 1;
            }
            outcome => return outcome,
        }
    }
}

/// Runs `work` in a transaction. What wrote nothing is rolled back, which waits for no disk.
async fn commit<T>(
    db: &Connection,
    work: impl Future<Output = Result<Done<T>, Failure>>,
) -> Result<T, Failure> {
    db.begin().await?;
    match work.await {
        Ok(Done { outcome, is_written }) => {
            let ended = if is_written { db.commit().await } else { db.roll_back().await };
            ended.map(|()| outcome)
        }
        Err(failure) => {
            // Where this fails, the connection is not used again.
            let _ = db.roll_back().await;
            Err(failure)
        }
    }
}

/// How often what crossed another transaction is begun again.
pub(in crate::store::postgres) const REPEATED: u32 = 3;
