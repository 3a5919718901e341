//! The account that a row becomes, by what was decided about its columns.

use serde_json::{Map, Value};

use super::columns::{Column, Fate, Use, in_order};
use super::decisions::Decisions;
use super::factors::{self, FactorProblem, ImportedFactor, Owner};
use super::hashes;
use super::layout::Layout;
use super::problem::{RowProblem, UsernameProblem};
use super::rows::Row;
use super::state::{State, StateKind, state};
use super::system::{FirebaseHashConfig, System};
use super::words::normal;
use crate::base::clock::Timestamp;
use crate::base::id::AccountId;
use crate::hashing::PasswordHasher;
use crate::model::account::{CustomClaims, Locale, NewAccount, Role, Username};
use crate::password::{PasswordHash, UnreadableHash};

/// Where a row comes from.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) system: System,
    pub(super) firebase: Option<&'a FirebaseHashConfig>,
}

/// What rows are read with.
pub(super) struct Reader<'a> {
    pub(super) source: Source<'a>,
    pub(super) columns: &'a [Column],
    pub(super) decisions: &'a Decisions,
    pub(super) hasher: &'a PasswordHasher,
    pub(super) now: Timestamp,
}

/// An account, and what the report says about its row.
pub(super) struct Read {
    pub(super) account: NewAccount,
    pub(super) was_trimmed: bool,
    pub(super) was_reset: bool,
    pub(super) factors: Vec<ImportedFactor>,
    pub(super) lost_factors: Vec<FactorProblem>,
}

impl Reader<'_> {
    pub(super) fn account(&self, row: &Row, id: AccountId) -> Result<Read, RowProblem> {
        let (name, name_trimmed) = self.name(row)?;
        let username =
            Username::parse(&name).map_err(|error| RowProblem::Username(UsernameProblem(error)))?;
        let (hash, hash_trimmed) = self.hash(row)?;
        let (password_hash, was_reset) = self.checked(hash)?;
        let role = match self.used(row, Use::Role).next() {
            None | Some((_, Value::Null)) => Role::default(),
            Some((_, role)) => {
                let role = role.as_str().and_then(|role| Role::parse(role.trim()).ok());
                role.ok_or(RowProblem::Details)?
            }
        };
        let account = NewAccount {
            id,
            username,
            role,
            claims: self.claims(row)?,
            password_hash,
            disabled: self.is_disabled(row)?,
            password_change_required: self.password_change(row)?,
            locale: self.locale(row)?,
            factors: Vec::new(),
        };
        let (factors, lost_factors) = self.factors(row, &account);
        let was_trimmed = name_trimmed || hash_trimmed;
        Ok(Read { account, was_trimmed, was_reset, factors, lost_factors })
    }

    /// What the user has beside the password. One that the file speaks of and does not have is not passed over.
    fn factors(&self, row: &Row, account: &NewAccount) -> (Vec<ImportedFactor>, Vec<FactorProblem>) {
        let system = self.source.system;
        let mut found = factors::in_row(system, row);
        if let Some(file) = &self.decisions.factors {
            let owners = [Some(Owner::named(account.username.as_str())), Owner::of_user(row)];
            found.extend(owners.iter().flatten().flat_map(|owner| file.of(owner)));
        }
        if found.is_empty() && factors::is_said(system, row) {
            found.push(Err(FactorProblem::NotInFile));
        }
        factors::bounded(found)
    }

    /// By what a row is called in the file of second factors, whether it can be imported or not.
    pub(super) fn owners(&self, row: &Row) -> impl Iterator<Item = Owner> {
        let named = self.name(row).ok().map(|(name, _)| Owner::named(&name));
        named.into_iter().chain(Owner::of_user(row))
    }

    /// The fields of a row that are used so.
    fn used<'a>(&'a self, row: &'a Row, used: Use) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let of = self.columns.iter().filter(move |column| column.fate == Fate::Used(used));
        of.filter_map(|column| Some((column.name.as_str(), row.get(&column.name)?)))
    }

    /// The first that is there, without white space around it; whether there was some.
    fn name(&self, row: &Row) -> Result<(String, bool), RowProblem> {
        let columns = in_order(self.columns, self.source.system, Use::Name);
        let texts = columns.iter().filter_map(|column| text(row.get(*column)?));
        let found = texts.into_iter().find(|text| !text.trim().is_empty());
        let Some(found) = found else {
            let looked_for = match columns.as_slice() {
                [] => Layout::of(self.source.system).names.replace(' ', " or "),
                columns => columns.join(" or "),
            };
            return Err(RowProblem::NoUsername { looked_for });
        };
        Ok((found.trim().to_owned(), found.trim() != found))
    }

    fn hash(&self, row: &Row) -> Result<(Option<String>, bool), RowProblem> {
        let is_spaced = |value: &Value| value.as_str().is_some_and(|text| text.trim() != text);
        for column in in_order(self.columns, self.source.system, Use::Hash) {
            let Some(value) = row.get(column) else { continue };
            let hash = hashes::stored(self.source.system, self.source.firebase, row, value)?;
            if hash.is_some() {
                return Ok((hash, is_spaced(value)));
            }
        }
        Ok((None, false))
    }

    /// A hash that can be checked here; a weak one is left out if that was decided, which is the second.
    fn checked(&self, hash: Option<String>) -> Result<(Option<PasswordHash>, bool), RowProblem> {
        let Some(hash) = hash.map(PasswordHash::from_stored) else { return Ok((None, false)) };
        match self.hasher.can_check(&hash) {
            Ok(()) => Ok((Some(hash), false)),
            Err(UnreadableHash::TooWeak | UnreadableHash::Fast(_)) if self.decisions.reset_weak => {
                Ok((None, true))
            }
            Err(error) => Err(RowProblem::Hash(error)),
        }
    }

    /// One column that says so is enough.
    fn is_disabled(&self, row: &Row) -> Result<bool, RowProblem> {
        let mut unknown = None;
        for column in self.columns {
            let Fate::Used(Use::State(kind)) = column.fate else { continue };
            // In JSON, a member that is not there says as little as null.
            let value = row.get(&column.name).unwrap_or(&Value::Null);
            let value = &prepared(&column.name, value);
            match state(kind, value, &self.decisions.states, self.now) {
                State::Disabled => return Ok(true),
                State::Enabled => {}
                State::Unknown(word) => {
                    unknown = Some(RowProblem::State { column: column.name.clone(), word });
                }
            }
        }
        unknown.map_or(Ok(false), Err)
    }

    fn password_change(&self, row: &Row) -> Result<bool, RowProblem> {
        let asks = row.get("requiredActions").and_then(Value::as_array);
        if asks.is_some_and(|actions| actions.iter().any(|action| action == "UPDATE_PASSWORD")) {
            return Ok(true);
        }
        for (column, value) in self.used(row, Use::PasswordChange) {
            match state(StateKind::Disabled, value, &[], self.now) {
                State::Disabled => return Ok(true),
                State::Enabled => {}
                State::Unknown(word) => return Err(RowProblem::State { column: column.to_owned(), word }),
            }
        }
        Ok(false)
    }

    /// A language that is not offered here is kept: mails are in the next one that is.
    fn locale(&self, row: &Row) -> Result<Option<Locale>, RowProblem> {
        let mut tags = self.used(row, Use::Language).filter_map(|(_, value)| text(value));
        // `de_DE.UTF-8`, as POSIX writes it, is `de-DE`.
        let tag = tags.next().map(|tag| tag.split('.').next().unwrap_or_default().trim().replace('_', "-"));
        tag.map(|tag| Locale::parse(&tag)).transpose().map_err(|_| RowProblem::Details)
    }

    fn claims(&self, row: &Row) -> Result<CustomClaims, RowProblem> {
        let mut claims = Map::new();
        for (column, value) in self.used(row, Use::Claim) {
            match (column, value) {
                (_, Value::Null) => {}
                ("claims", Value::Object(all)) => claims.extend(all.clone()),
                ("claims", _) => return Err(RowProblem::Details),
                (column, value) => {
                    claims.insert(column.to_owned(), value.clone());
                }
            }
        }
        CustomClaims::new(claims).map_err(|_| RowProblem::Details)
    }
}

/// A text that is there. Names may be numbers in JSON.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Two that are written as numbers: Active Directory's bits (2 is disabled, 16 locked out), and the days since 1970 of
/// shadow files.
fn prepared(column: &str, value: &Value) -> Value {
    let number = |value: &Value| value.as_str().and_then(|text| text.trim().parse::<i64>().ok());
    match (normal(column).as_str(), number(value)) {
        ("useraccountcontrol", Some(bits)) => Value::Bool(bits & (2 | 16) != 0),
        ("shadowexpire", Some(days)) if days < 0 => Value::Null,
        ("shadowexpire", Some(days)) => Value::String(format!("{:013}", days.saturating_mul(86_400_000))),
        _ => value.clone(),
    }
}
