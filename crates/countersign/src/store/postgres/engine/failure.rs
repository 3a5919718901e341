//! Why something did not succeed, and what follows from that: to try it again, or to give the connection up.

use std::error::Error;
use std::io;

use tokio_postgres::error::SqlState;

use crate::store::StoreError;
use crate::store::figures::RetryCode;

/// Why something did not succeed.
#[derive(Debug, thiserror::Error)]
pub(in crate::store::postgres) enum Failure {
    #[error(transparent)]
    Database(#[from] tokio_postgres::Error),
    /// What a rule decided on is not what is stored.
    #[error("a statement had to change {expected} rows and changed {changed}")]
    Rows { expected: usize, changed: u64 },
    /// A value that no version of this program has written.
    #[error("what is stored cannot be read")]
    Stored(#[source] Box<dyn Error + Send + Sync>),
    /// What decided which rows to lock was changed before they were locked.
    #[error("another transaction changed what this one looks at")]
    Crossed,
    /// A commit that came with a warning: it may be missing on the standby that it had to wait for.
    #[error("the commit came with a warning: it may not be replicated")]
    NotReplicated,
    /// What a standby has may be out of date, and it shows no exact snapshot.
    #[error("the server is a standby")]
    Standby,
    #[error("the database does not answer")]
    Late,
}

/// Why there is no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store::postgres) enum Obstacle {
    /// Nobody answers, or not yet.
    Away,
    /// A server answers that takes no writes.
    ReadOnly,
    /// A server answers and will say the same again.
    Refused,
}

impl Failure {
    /// What this means where a connection was to be made.
    pub(in crate::store::postgres) fn at_connecting(&self) -> Obstacle {
        let Self::Database(error) = self else { return Obstacle::Away };
        if let Some(said) = error.code() {
            // Connection exception, too many connections, starting up or shutting down.
            let passes = ["08", "53", "57"].iter().any(|class| said.code().starts_with(class));
            return if passes { Obstacle::Away } else { Obstacle::Refused };
        }
        match error.source().and_then(|cause| cause.downcast_ref::<io::Error>()) {
            // So the driver says it. What the operating system does not permit has a number.
            Some(cause)
                if cause.kind() == io::ErrorKind::PermissionDenied && cause.raw_os_error().is_none() =>
            {
                Obstacle::ReadOnly
            }
            Some(cause) if is_of_tls(cause) => Obstacle::Refused,
            Some(_) => Obstacle::Away,
            None if error.is_closed() => Obstacle::Away,
            None => Obstacle::Refused,
        }
    }

    /// Another transaction came between: begun again, this one sees what that one did.
    pub(in crate::store::postgres) fn is_crossed(&self) -> bool {
        match self {
            Self::Crossed => true,
            // Of two that insert the same name or key, the second has waited for the first to commit.
            Self::Database(error) => error.code().is_some_and(|code| {
                [
                    SqlState::T_R_SERIALIZATION_FAILURE,
                    SqlState::T_R_DEADLOCK_DETECTED,
                    SqlState::UNIQUE_VIOLATION,
                ]
                .contains(code)
            }),
            _ => false,
        }
    }

    /// Why a transaction that was crossed is begun again.
    pub(in crate::store::postgres) fn retry_code(&self) -> RetryCode {
        let Self::Database(error) = self else { return RetryCode::Crossed };
        match error.code() {
            Some(code) if *code == SqlState::T_R_SERIALIZATION_FAILURE => RetryCode::Serialization,
            Some(code) if *code == SqlState::T_R_DEADLOCK_DETECTED => RetryCode::Deadlock,
            Some(code) if *code == SqlState::UNIQUE_VIOLATION => RetryCode::Duplicate,
            _ => RetryCode::Crossed,
        }
    }

    /// What was to be made, unless it is there, was made by somebody else in the meantime.
    pub(in crate::store::postgres) fn is_made_already(&self) -> bool {
        let made = [SqlState::DUPLICATE_TABLE, SqlState::DUPLICATE_OBJECT];
        matches!(self, Self::Database(error) if error.code().is_some_and(|code| made.contains(code)))
    }

    /// The server has refused: it is known that nothing has happened.
    pub(in crate::store::postgres) fn is_refusal(&self) -> bool {
        matches!(self, Self::Database(error) if error.as_db_error().is_some())
    }

    /// Somebody else holds what was to be locked.
    pub(in crate::store::postgres) fn is_refused_lock(&self) -> bool {
        matches!(self, Self::Database(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE))
    }

    pub(in crate::store::postgres) fn stored(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Stored(Box::new(error))
    }

    /// Says which verb did not succeed.
    pub(in crate::store::postgres) fn of(self, verb: &'static str) -> StoreError {
        StoreError::Unavailable(Box::new(VerbFailed { verb, reason: self }))
    }
}

fn is_of_tls(error: &io::Error) -> bool {
    error.get_ref().is_some_and(<dyn Error + Send + Sync>::is::<rustls::Error>)
}

#[derive(Debug, thiserror::Error)]
#[error("{verb} did not succeed")]
struct VerbFailed {
    verb: &'static str,
    #[source]
    reason: Failure,
}
