//! Storing what was read, a batch at a time; and the other direction.

use serde_json::json;

use super::Import;
use crate::flows::factor_sealer::FactorSealer;
use crate::hashing::PasswordHasher;
use crate::model::account::{Credentials, ImportAccountsOutcome, Locale, NewAccount};
use crate::model::context::Context;
use crate::model::second_factor::{
    AccountFactors, ChangeFactorsOutcome, FactorAction, FactorChange, FactorChanger, NewFactor,
};
use crate::store::{Store, StoreError};

/// What an import came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// Accounts that this run made.
    pub made: usize,
    /// Accounts that an earlier run of the same file had made.
    pub already_there: usize,
    /// Authenticators that this run stored.
    pub factors: usize,
}

/// Why an import stopped. The batches before stay; running it again on the same file goes on from there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The file has rows that cannot be imported, and that was not accepted.
    #[error("{rows} rows cannot be imported")]
    Problems {
        /// How many.
        rows: usize,
    },
    /// Columns are undecided.
    #[error("{columns} columns are undecided")]
    Undecided {
        /// How many.
        columns: usize,
    },
    /// The file has passwords, and rows without one, and that was not accepted.
    #[error("{rows} rows have no password")]
    NoPassword {
        /// How many.
        rows: usize,
    },
    /// Second factors do not come over, and that was not accepted.
    #[error("{factors} second factors do not come over")]
    NoFactor {
        /// How many.
        factors: usize,
    },
    /// The name of this line belongs to an account that does not come from this file.
    #[error("line {line}: the user name is taken")]
    NameTaken {
        /// The line.
        line: u64,
    },
    /// The name of this line looks like the one of an account that does not come from this file.
    #[error("line {line}: the user name looks like the one of another account")]
    LooksAlike {
        /// The line.
        line: u64,
    },
    /// The store did not answer.
    #[error("not all is imported yet; once the reason is gone, run it again on the same file")]
    Store(#[from] StoreError),
}

impl Import {
    /// Stores the accounts, `batch` at a time, each batch all or nothing. `progress` is told how many of all are there.
    /// Rows with problems are left out if `skip_problems`, otherwise nothing is done at all.
    ///
    /// # Errors
    /// Every variant of [`ImportError`].
    pub async fn run<S: Store>(
        &self,
        store: &S,
        settings: &ImportSettings<'_>,
        mut progress: impl FnMut(usize),
    ) -> Result<Imported, ImportError> {
        let columns = self.report.undecided().count();
        if columns > 0 {
            return Err(ImportError::Undecided { columns });
        }
        if self.report.loses_passwords() && !self.allow_no_password {
            return Err(ImportError::NoPassword { rows: self.report.without_password.len() });
        }
        let factors = self.report.factors_lost();
        if factors > 0 && !self.allow_no_factor {
            return Err(ImportError::NoFactor { factors });
        }
        let rows = self.report.problem_rows();
        if rows > 0 && !settings.skip_problems {
            return Err(ImportError::Problems { rows });
        }
        let mut imported = Imported { made: 0, already_there: 0, factors: 0 };
        for batch in self.accounts.chunks(settings.batch.max(1)) {
            let (made, factors) = run_batch(store, settings, self.sealed(batch, settings)?).await?;
            imported.made += made;
            imported.already_there += batch.len() - made;
            imported.factors += factors;
            progress(imported.made + imported.already_there);
        }
        Ok(imported)
    }

    /// The accounts of a batch as they are stored.
    fn sealed(
        &self,
        batch: &[(u64, NewAccount)],
        settings: &ImportSettings<'_>,
    ) -> Result<Vec<(u64, NewAccount)>, StoreError> {
        let mut sealed = batch.to_vec();
        for (line, account) in &mut sealed {
            let hash = account.password_hash.as_ref();
            if let Some(hash) = hash.and_then(|hash| settings.hasher.with_newest_pepper(hash)) {
                account.password_hash = Some(hash);
            }
            for factor in self.factors.get(line).into_iter().flatten() {
                let what = (&factor.secret, factor.name.as_str());
                let sealed = settings.sealer.authenticator(account.id, what, settings.context.now)?;
                account.factors.push(sealed);
            }
        }
        Ok(sealed)
    }
}

/// How an import is done.
#[derive(Debug)]
pub struct ImportSettings<'a> {
    /// Accounts in one transaction.
    pub batch: usize,
    /// Whether rows with problems are left out; otherwise they stop the import before it begins.
    pub skip_problems: bool,
    /// Encrypts the hashes, if it has a pepper.
    pub hasher: &'a PasswordHasher,
    /// Seals the secrets of authenticators ([`factor_sealer`](crate::Countersign::factor_sealer)).
    pub sealer: FactorSealer<'a>,
    /// Who does it.
    pub context: &'a Context,
}

/// Makes those of a batch that are not there yet; says how many, and how many authenticators were stored.
async fn run_batch<S: Store>(
    store: &S,
    settings: &ImportSettings<'_>,
    left: Vec<(u64, NewAccount)>,
) -> Result<(usize, usize), ImportError> {
    let factors = |made: &[(u64, NewAccount)]| made.iter().map(|(_, new)| new.factors.len()).sum::<usize>();
    let accounts = |left: &[(u64, NewAccount)]| left.iter().map(|(_, account)| account.clone()).collect();
    if store.import_accounts(accounts(&left), settings.context).await? == ImportAccountsOutcome::Imported {
        return Ok((left.len(), factors(&left)));
    }
    // Some names are taken: those of an earlier run, which have their ids, or somebody else's.
    let (mut new, mut added) = (Vec::with_capacity(left.len()), 0);
    for row in left {
        match store.find_account(row.1.id).await? {
            Some(_) => added += add_factors(store, settings.context, row.1).await?,
            None => new.push(row),
        }
    }
    let line = |index: usize| new.get(index).map_or(0, |(line, _)| *line);
    match store.import_accounts(accounts(&new), settings.context).await? {
        ImportAccountsOutcome::Imported => Ok((new.len(), added + factors(&new))),
        ImportAccountsOutcome::NameTaken(index) => Err(ImportError::NameTaken { line: line(index) }),
        ImportAccountsOutcome::LooksAlike(index) => Err(ImportError::LooksAlike { line: line(index) }),
    }
}

/// Gives an account of an earlier run its authenticators, unless it has some; says how many. Its sessions end, since they began without.
async fn add_factors<S: Store>(
    store: &S,
    context: &Context,
    account: NewAccount,
) -> Result<usize, StoreError> {
    if account.factors.is_empty() || !store.second_factors(account.id).await?.factors.is_empty() {
        return Ok(0);
    }
    let mut added = 0;
    for factor in account.factors {
        let action = FactorAction::Add(Box::new(NewFactor { factor, codes: Vec::new() }));
        let change =
            FactorChange { account_id: account.id, action, by: FactorChanger::Administrator, notice: None };
        if matches!(store.change_factors(change, context).await?, ChangeFactorsOutcome::Done(_)) {
            added += 1;
        }
    }
    Ok(added)
}

/// An account as a line of JSON that [`System::Countersign`](super::System::Countersign) reads back. Secret: it holds the
/// hash, without its pepper. Of second factors it says how many there are, and no secret: an import there asks about them.
#[must_use]
pub fn export_line(found: &Credentials, held: &AccountFactors, hasher: &PasswordHasher) -> String {
    let account = &found.account;
    json!({
        "username": account.username.as_str(),
        "role": account.role.as_str(),
        "claims": account.claims.as_map(),
        "locale": account.language.locale.as_ref().map(Locale::as_str),
        "disabled": !account.is_enabled(),
        "passwordChangeRequired": account.password_change_required,
        "secondFactors": held.factors.len(),
        "passwordHash": found.password_hash.as_ref().map(|hash| hasher.without_pepper(hash).as_str().to_owned()),
    })
    .to_string()
}
