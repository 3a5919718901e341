//! Second factors of another system: those that are in the file of its users, and those that it keeps in a table of their own, which
//! is a second file. Which ones come over, and why the others do not.

mod authelia;
mod better_auth;
mod keycloak;
mod problem;
mod totp;

use std::collections::{HashMap, HashSet};

use serde_json::Value;

pub use self::better_auth::BetterAuthSecrets;
pub use self::problem::FactorProblem;
pub(super) use self::totp::{Found, ImportedFactor};
use self::totp::{Shape, base32_secret, field, says_yes, text};
use super::rows::{self, Row};
use super::system::System;
use super::text::{NotText, decode};
use crate::model::account::Username;
use crate::model::second_factor::MAX_FACTORS;

/// A file with the second factors of the users of another one. Secret.
#[derive(Clone, Default)]
pub struct FactorFile {
    rows: Vec<FactorRow>,
    by_owner: HashMap<Owner, Vec<usize>>,
}

/// Why a file of second factors cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FactorFileError {
    /// It is no text.
    #[error(transparent)]
    NotText(#[from] NotText),
    /// It has none.
    #[error(
        "there are no second factors in it (it is what `authelia storage user totp export` writes, or has the columns \
         user_id, factor_type, status and secret, or userId and secret, or username and secret)"
    )]
    NoFactors,
}

#[derive(Clone)]
struct FactorRow {
    line: u64,
    owner: Option<Owner>,
    found: Vec<Found>,
}

/// Whose a second factor is: by the name, or by the ID that the user has in the other system.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Owner {
    Name(String),
    Id(String),
}

impl Owner {
    pub(super) fn named(name: &str) -> Self {
        let canonical = Username::parse(name.trim()).map(|name| name.canonical().to_owned());
        Self::Name(canonical.unwrap_or_else(|_| name.trim().to_lowercase()))
    }

    /// The IDs that a row of users has. In a join, `user_id` says it more clearly than `id`.
    pub(super) fn of_user(row: &Row) -> Option<Self> {
        let id = ["userid", "id"].into_iter().find_map(|name| field(row, name).and_then(id));
        id.map(Self::Id)
    }
}

fn id(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

impl std::fmt::Debug for FactorFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FactorFile({} rows)", self.rows.len())
    }
}

impl FactorFile {
    /// Reads a file: `authelia storage user totp export` (YAML, URIs or CSV), Supabase's table `auth.mfa_factors` or better-auth's
    /// `twoFactor` (CSV or JSON), or any CSV or JSON with `username` and a `secret` in Base32. `secrets` open those of better-auth.
    ///
    /// # Errors
    /// Every variant of [`FactorFileError`].
    pub fn read(file: &[u8], secrets: &BetterAuthSecrets) -> Result<Self, FactorFileError> {
        let text = decode(file)?;
        let table = authelia::read(&text).unwrap_or_else(|| rows::read(&text, None).rows);
        let mut read = Self::default();
        for (line, row) in &table {
            let row = row.as_ref().and_then(|row| factor_row(row, secrets));
            let (owner, found) = row.map_or((None, Vec::new()), |(owner, found)| (Some(owner), found));
            if let Some(owner) = &owner {
                read.by_owner.entry(owner.clone()).or_default().push(read.rows.len());
            }
            read.rows.push(FactorRow { line: *line, owner, found });
        }
        if read.by_owner.is_empty() { Err(FactorFileError::NoFactors) } else { Ok(read) }
    }

    /// What the user has who is called so there.
    pub(super) fn of<'a>(&'a self, owner: &Owner) -> impl Iterator<Item = Found> + 'a {
        let places = self.by_owner.get(owner).into_iter().flatten();
        places.filter_map(|place| self.rows.get(*place)).flat_map(|row| row.found.clone())
    }

    /// The lines that belong to none of these.
    pub(super) fn strangers(&self, users: &HashSet<Owner>) -> Vec<u64> {
        let is_strange = |row: &&FactorRow| row.owner.as_ref().is_none_or(|owner| !users.contains(owner));
        self.rows.iter().filter(is_strange).map(|row| row.line).collect()
    }
}

/// Whose a row is, and what it has; `None` if it is none of a table that we know.
fn factor_row(row: &Row, secrets: &BetterAuthSecrets) -> Option<(Owner, Vec<Found>)> {
    let owner = field(row, "userid").and_then(id).map(Owner::Id);
    match owner {
        Some(owner) if field(row, "factortype").is_some() => Some((owner, vec![of_supabase(row)])),
        Some(owner) => {
            field(row, "secret")?;
            Some((owner, of_better_auth(row, secrets)))
        }
        None => {
            let owner = Owner::named(text(row, "username")?);
            field(row, "secret")?;
            Some((owner, vec![of_any(row)]))
        }
    }
}

fn of_supabase(row: &Row) -> Found {
    if text(row, "status") != Some("verified") {
        return Err(FactorProblem::Unfinished);
    }
    Shape { kind: text(row, "factortype"), ..Shape::default() }.check()?;
    let secret = text(row, "secret").ok_or(FactorProblem::Malformed)?;
    // `{"key_id":…,"alg":"aes-gcm-hkdf",…}`
    if secret.starts_with('{') {
        return Err(FactorProblem::EncryptedThere);
    }
    let name = text(row, "friendlyname").unwrap_or("Supabase").to_owned();
    Ok(ImportedFactor { name, secret: base32_secret(secret)? })
}

fn of_better_auth(row: &Row, secrets: &BetterAuthSecrets) -> Vec<Found> {
    let never = field(row, "verified").is_some_and(|verified| match verified {
        Value::Null => false,
        Value::String(text) if text.trim().is_empty() => false,
        verified => !says_yes(verified),
    });
    if never {
        return vec![Err(FactorProblem::Unfinished)];
    }
    let secret = text(row, "secret").ok_or(FactorProblem::Malformed);
    let secret = secret.and_then(|secret| better_auth::opened(secret, secrets));
    let factor = secret.map(|secret| ImportedFactor { name: "better-auth".to_owned(), secret });
    let codes = text(row, "backupcodes").map(|_| Err(FactorProblem::RecoveryCodes));
    [factor].into_iter().chain(codes).collect()
}

fn of_any(row: &Row) -> Found {
    let shape = Shape {
        kind: text(row, "type"),
        algorithm: text(row, "algorithm"),
        digits: field(row, "digits"),
        period: field(row, "period"),
    };
    shape.check()?;
    let secret = base32_secret(text(row, "secret").ok_or(FactorProblem::Malformed)?)?;
    Ok(ImportedFactor { name: text(row, "issuer").unwrap_or("Authenticator").to_owned(), secret })
}

/// What a row of users says about second factors: those that are in it, or that there are some.
pub(super) fn in_row(system: System, row: &Row) -> Vec<Found> {
    match row.get("credentials") {
        Some(Value::Array(credentials)) if system == System::Keycloak => keycloak::factors(credentials),
        _ => Vec::new(),
    }
}

/// Whether a row says that its user has a second factor.
pub(super) fn is_said(system: System, row: &Row) -> bool {
    let column = match system {
        System::Keycloak => "totp",
        System::Countersign => "secondfactors",
        _ => "twofactorenabled",
    };
    field(row, column).is_some_and(says_yes)
}

/// An account has so many at most; the others do not come over.
pub(super) fn bounded(found: Vec<Found>) -> (Vec<ImportedFactor>, Vec<FactorProblem>) {
    let (mut factors, mut problems) = (Vec::new(), Vec::new());
    for one in found {
        match one {
            Ok(_) if factors.len() >= MAX_FACTORS => problems.push(FactorProblem::TooMany),
            Ok(factor) => factors.push(factor),
            Err(problem) => problems.push(problem),
        }
    }
    (factors, problems)
}

#[cfg(test)]
mod tests;
