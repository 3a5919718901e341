//! Which field of an export means what, system by system, and how each writes its hashes.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};

use super::RowProblem;
use super::rows::Row;
use crate::password::{NFKC_TAG, TYPED_TAG, UnreadableHash};

/// Where an export comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum System {
    /// Any table with a name (`username`, `email`, …) and a hash (`password_hash`, `password`, …): Express + bcrypt, …
    Generic,
    /// Django's `auth_user`.
    Django,
    /// The `users` table of a Rails application with Devise.
    Devise,
    /// `firebase auth:export`, as JSON or CSV.
    Firebase(FirebaseHashConfig),
    /// `better-auth`: `user` joined with `account` where `providerId` is `credential`.
    BetterAuth,
    /// Supabase's `auth.users`.
    Supabase,
    /// Auth0's export with password hashes, or its bulk-import format.
    Auth0,
    /// `countersign user export`.
    Countersign,
}

/// The project-wide parameters of Firebase's scrypt, as its console shows them ("Password hash parameters").
#[derive(Clone, PartialEq, Eq)]
pub struct FirebaseHashConfig {
    /// `base64_signer_key`. Secret.
    pub signer_key: String,
    /// `base64_salt_separator`.
    pub salt_separator: String,
    /// `rounds`.
    pub rounds: u32,
    /// `mem_cost`.
    pub mem_cost: u32,
}

impl FirebaseHashConfig {
    /// Reads what Firebase's console shows: `hash_config { base64_signer_key: …, … }`, one value a line.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let value = |name: &str| {
            let lines = text.lines().filter_map(|line| line.split_once(':'));
            let mut named = lines.filter(|(key, _)| key.trim() == name);
            named.next().map(|(_, value)| value.trim().trim_end_matches(',').to_owned())
        };
        Some(Self {
            signer_key: value("base64_signer_key")?,
            salt_separator: value("base64_salt_separator")?,
            rounds: value("rounds")?.parse().ok()?,
            mem_cost: value("mem_cost")?.parse().ok()?,
        })
    }
}

impl std::fmt::Debug for FirebaseHashConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FirebaseHashConfig([redacted])")
    }
}

/// What a row says, not yet checked.
pub(super) struct Candidate {
    pub(super) username: String,
    pub(super) hash: Option<String>,
    pub(super) disabled: bool,
    pub(super) password_change_required: bool,
    pub(super) role: Option<String>,
    pub(super) claims: Map<String, Value>,
}

impl System {
    /// Names for the columns of CSV files that have no header.
    pub(super) const fn columns(&self) -> Option<&'static [&'static str]> {
        match self {
            Self::Firebase(_) => Some(&FIREBASE_COLUMNS),
            _ => None,
        }
    }

    /// Finds name, hash and state in a row.
    pub(super) fn candidate(&self, row: &Row) -> Result<Candidate, RowProblem> {
        let looked_for = self.name_fields();
        let username = looked_for.split(" or ").find_map(|name| text(row, name));
        let (role, claims) = match self {
            Self::Countersign => (text(row, "role").map(str::to_owned), claims(row)?),
            _ => (None, Map::new()),
        };
        Ok(Candidate {
            username: username.ok_or(RowProblem::NoUsername { looked_for })?.to_owned(),
            hash: self.hash(row)?,
            disabled: self.is_disabled(row)?,
            password_change_required: says(row, "passwordChangeRequired")? == Some(true),
            role,
            claims,
        })
    }

    /// In the words of the report, the first that is there counts.
    const fn name_fields(&self) -> &'static str {
        match self {
            Self::Django | Self::Countersign => "username",
            Self::Devise | Self::Supabase => "email or username",
            Self::Firebase(_) => "email or localId",
            Self::BetterAuth | Self::Auth0 => "username or email",
            Self::Generic => "username or user_name or login or email",
        }
    }

    fn hash(&self, row: &Row) -> Result<Option<String>, RowProblem> {
        let malformed = RowProblem::Hash(UnreadableHash::Malformed);
        let field = |names: &[&str]| {
            // A number or an object where a hash should be is no account without a password.
            if names
                .iter()
                .any(|name| row.get(*name).is_some_and(|value| !value.is_string() && !value.is_null()))
            {
                return Err(malformed);
            }
            Ok(names.iter().find_map(|name| text(row, name)).map(str::to_owned))
        };
        let hash = match self {
            // Django writes `!` and something random for accounts without a usable password.
            Self::Django => field(&["password"])?.filter(|hash| !hash.starts_with('!')),
            Self::Devise | Self::Supabase => field(&["encrypted_password"])?,
            Self::Firebase(config) => field(&["passwordHash"])?
                .map(|hash| firebase(config, &hash, text(row, "salt").unwrap_or_default())),
            Self::BetterAuth => {
                field(&["password"])?.map(|hash| better_auth(&hash).ok_or(malformed)).transpose()?
            }
            Self::Auth0 => field(&["passwordHash", "password_hash"])?.or_else(|| {
                let custom = row.get("custom_password_hash")?.get("hash")?.get("value")?;
                custom.as_str().map(str::to_owned)
            }),
            Self::Countersign => return field(&["passwordHash"]), // marked already, where it has to be
            Self::Generic => {
                field(&["password_hash", "passwordHash", "hash", "password", "encrypted_password"])?
            }
        };
        Ok(hash.map(mark_reading))
    }

    /// Devise's `locked_at` is a lock that ends by itself and does not count.
    fn is_disabled(&self, row: &Row) -> Result<bool, RowProblem> {
        match self {
            Self::Django => Ok(says(row, "is_active")? == Some(false)),
            Self::Firebase(_) | Self::Generic | Self::Countersign => Ok(says(row, "disabled")? == Some(true)),
            Self::BetterAuth => Ok(says(row, "banned")? == Some(true)),
            Self::Supabase => Ok(is_there(row, "deleted_at") || is_there(row, "banned_until")),
            Self::Auth0 => Ok(says(row, "blocked")? == Some(true)),
            Self::Devise => Ok(is_there(row, "deleted_at")),
        }
    }
}

/// A hash in a form that we use ourselves was computed there over the bytes as typed.
fn mark_reading(hash: String) -> String {
    if hash.starts_with("$argon2") { format!("{TYPED_TAG}{hash}") } else { hash }
}

/// Firebase writes base64url in places; the form we keep has the standard alphabet.
fn firebase(config: &FirebaseHashConfig, hash: &str, salt: &str) -> String {
    let standard = |text: &str| text.trim().replace('-', "+").replace('_', "/");
    format!(
        "$fbscrypt$v=1,n={},r={},p=1,ss={},sk={}${}${}",
        config.mem_cost,
        config.rounds,
        standard(&config.salt_separator),
        standard(&config.signer_key),
        standard(salt),
        standard(hash),
    )
}

/// `<salt>:<key>` in hexadecimal: scrypt with N = 2^14, r = 16 over the NFKC form, where the salt is the hexadecimal text
/// itself.
fn better_auth(hash: &str) -> Option<String> {
    let (salt, key) = hash.split_once(':')?;
    let key = key.as_bytes().chunks(2).map(|pair| {
        let digit = |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let [high, low] = pair else { return None };
        Some(digit(*high)? << 4 | digit(*low)?)
    });
    let key: Vec<u8> = key.collect::<Option<_>>()?;
    let (salt, key) = (BASE64_STANDARD.encode(salt), BASE64_STANDARD.encode(key));
    Some(format!("{NFKC_TAG}$scrypt$ln=14,r=16,p=1${salt}${key}"))
}

fn claims(row: &Row) -> Result<Map<String, Value>, RowProblem> {
    match row.get("claims") {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(claims)) => Ok(claims.clone()),
        Some(_) => Err(RowProblem::Details),
    }
}

/// A text that is there: neither null nor empty.
fn text<'a>(row: &'a Row, name: &str) -> Option<&'a str> {
    row.get(name)?.as_str().filter(|text| !text.is_empty())
}

/// Whether there is a time at which something happened, however it is written.
fn is_there(row: &Row, name: &str) -> bool {
    match row.get(name) {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(_) => true,
    }
}

/// What a field says, as JSON or in a database's spelling; `None` if it is not there. Words that are not known are a
/// problem: a guess could bring back somebody who was shut out.
fn says(row: &Row, name: &str) -> Result<Option<bool>, RowProblem> {
    let said = match row.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Bool(said)) => return Ok(Some(*said)),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::String(said)) => said.to_ascii_lowercase(),
        Some(_) => return Err(RowProblem::State),
    };
    match said.as_str() {
        "" => Ok(None),
        "true" | "t" | "1" | "yes" | "y" => Ok(Some(true)),
        "false" | "f" | "0" | "no" | "n" => Ok(Some(false)),
        _ => Err(RowProblem::State),
    }
}

/// `firebase auth:export --format=csv` writes no header. Between these are names and pictures, and other sign-in methods.
const FIREBASE_COLUMNS: [&str; 27] = {
    let mut columns = [""; 27];
    columns[0] = "localId";
    columns[1] = "email";
    columns[3] = "passwordHash";
    columns[4] = "salt";
    columns[26] = "disabled";
    columns
};
