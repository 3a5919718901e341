//! A data directory with as many sessions as asked for, all due for a rotation, five to an account, and their tokens.

use std::path::Path;

use anyhow::Context as _;
use countersign::Countersign;
use countersign::internal::base::clock::Clock;
use countersign::internal::base::id::{AccountId, SessionId};
use countersign::internal::base::master_key::MasterKeys;
use countersign::internal::base::random::Random;
use countersign::internal::flows::accounts::Registration;
use countersign::internal::model::account::Username;
use countersign::internal::model::context::{Actor, Context};
use countersign::internal::model::session::refresh_token::{RefreshToken, RefreshTokenCodec};
use countersign::options::Options;
use rusqlite::{Connection, params};

pub(crate) const USER: &str = "bench";
pub(crate) const PASSWORD: &str = "a bench of horse staples";
const SESSIONS_OF_ONE: usize = 5;

/// Fills `directory` and gives the texts of the first `wanted` refresh tokens, spread over all rows.
pub(crate) async fn seed(directory: &Path, rows: usize, wanted: usize) -> anyhow::Result<Vec<String>> {
    let mut account = Box::pin(make_accounts(directory)).await?;
    let keys = MasterKeys::read_file(&directory.join("master.key"))?.context("there is a master key")?;
    let codec = RefreshTokenCodec::new(&keys);
    let random = Random::system();
    let now = Clock::system().now().as_unix_millis();
    let (begun, day) = (now - 3_600_000, 86_400_000);
    let mut db = Connection::open(directory.join("countersign.db"))?;
    db.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -500000;")?;
    let transaction = db.transaction()?;
    let mut tokens = Vec::with_capacity(wanted);
    {
        let mut insert = transaction.prepare(
            "INSERT INTO sessions (id, account_id, secret_hash, created_at, expires_at, generation, rotated_at,
                                   user_agent, address)
             VALUES (?1, ?2, ?3, ?4, ?5, 0, ?4, ?6, '192.0.2.7')",
        )?;
        let browser = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        let mut next_account = transaction.prepare(
            "INSERT INTO accounts (id, username, canonical_name, role, claims, password_hash, password_version, created_at)
             SELECT ?2, ?3, ?3, role, claims, password_hash, password_version, created_at FROM accounts WHERE id = ?1",
        )?;
        for row in 0..rows {
            if row % SESSIONS_OF_ONE == 0 {
                let next = AccountId::random(&random);
                next_account.execute(params![account.as_bytes(), next.as_bytes(), format!("crowd{row}")])?;
                account = next;
            }
            let token = RefreshToken::first(SessionId::random(&random), &random);
            let known = token.presented();
            insert.execute(params![
                known.session_id.as_bytes(),
                account.as_bytes(),
                known.secret_hash,
                begun,
                begun + 30 * day,
                browser
            ])?;
            if row % rows.div_ceil(wanted) == 0 {
                tokens.push(codec.encode(&token).to_string());
            }
        }
    }
    transaction.commit()?;
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    // Gigabytes that the kernel has still to write would be measured with the server.
    std::fs::File::open(directory.join("countersign.db"))?.sync_all()?;
    // Neighbours in time are not neighbours in use.
    let mut order: Vec<_> = tokens.into_iter().map(|token| (random.bytes::<8>(), token)).collect();
    order.sort_unstable();
    Ok(order.into_iter().map(|(_, token)| token).collect())
}

/// One account to log in with, and the first of those that have the sessions: a login ends those that are too many.
async fn make_accounts(directory: &Path) -> anyhow::Result<AccountId> {
    let options = Options::new("http://127.0.0.1", "http://127.0.0.1");
    let system = Countersign::open_directory(directory, options).await?;
    let context = Context::local(Actor::CommandLine, system.clock().now());
    let account = |name: &str| {
        let registration = Registration::new(Username::parse(name)?);
        anyhow::Ok(system.create_account(registration, PASSWORD, &context))
    };
    account(USER)?.await?;
    Ok(account("crowd")?.await?.id)
}
