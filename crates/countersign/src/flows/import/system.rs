//! The systems that exports come from: their names, how one is recognised, and what its hashes have to be turned into.

use std::collections::HashSet;

use serde_json::Value;

use super::hash_forms::{is_better_auth, is_spring, is_werkzeug};
use super::rows::{Form, Row, Table};
use super::words::normal;

macro_rules! systems {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// Where an export comes from.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum System { $($(#[$doc])* $variant,)* }

        impl System {
            /// Every system.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// What it is called on the command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }
    };
}

systems! {
    /// Any table with a name (`username`, `email`, …) and a hash (`password_hash`, `password`, …): Express + bcrypt, …
    Generic = "generic",
    /// Django's `auth_user` as CSV, or `manage.py dumpdata`.
    Django = "django",
    /// The `users` table of a Rails application with Devise.
    Devise = "devise",
    /// `firebase auth:export`, as JSON or CSV.
    Firebase = "firebase",
    /// `better-auth`: `user` joined with `account` where `providerId` is `credential`.
    BetterAuth = "better-auth",
    /// Supabase's `auth.users`.
    Supabase = "supabase",
    /// Auth0's export with password hashes, or its bulk-import format.
    Auth0 = "auth0",
    /// `countersign user export`.
    Countersign = "countersign",
    /// A realm that Keycloak exported with its users, as JSON.
    Keycloak = "keycloak",
    /// Users of a Cognito pool, as its CSV or from `list-users`. It gives no passwords away.
    Cognito = "cognito",
    /// Flask and others with Werkzeug's hashes.
    Werkzeug = "werkzeug",
    /// The `user` table of `FastAPI` Users.
    FastapiUsers = "fastapi-users",
    /// `AspNetUsers` of ASP.NET Core Identity.
    AspNet = "aspnet",
    /// `wp_users`.
    Wordpress = "wordpress",
    /// The `users` table of a Laravel application.
    Laravel = "laravel",
    /// The `users` table of Spring Security.
    Spring = "spring",
    /// Identities of Ory Kratos, with their credentials, as JSON.
    Kratos = "kratos",
    /// A directory as LDIF.
    Ldap = "ldap",
    /// `users` of Discourse, joined with `user_passwords` and the e-mail address.
    Discourse = "discourse",
    /// `users` of Drupal 7.
    Drupal = "drupal",
}

impl System {
    /// Names for the columns of CSV files that have no header.
    pub(super) const fn columns(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Firebase => Some(&FIREBASE_COLUMNS),
            _ => None,
        }
    }

    /// The system whose columns and hashes these are; the first that fits.
    pub(super) fn recognise(table: &Table) -> Self {
        let names: HashSet<String> = table.columns.iter().map(|name| normal(name)).collect();
        let has = |all: &[&str]| all.iter().all(|name| names.contains(*name));
        let begins = |begin: &str| names.iter().any(|name| name.starts_with(begin));
        let hash = |fits: fn(&str) -> bool| {
            let values = table.rows.iter().filter_map(|(_, row)| row.as_ref()).flat_map(|row| row.values());
            values.filter_map(Value::as_str).any(|text| fits(text.trim()))
        };
        match table.form {
            Form::Ldif => return Self::Ldap,
            Form::DjangoDump => return Self::Django,
            Form::Csv | Form::Json => {}
        }
        match () {
            () if has(&["passwordhash", "passwordchangerequired", "claims"]) => Self::Countersign,
            () if has(&["credentials", "username"]) || has(&["username", "disableablecredentialtypes"]) => {
                Self::Keycloak
            }
            () if has(&["cognitousername"]) || has(&["username", "attributes", "userstatus"]) => {
                Self::Cognito
            }
            () if has(&["schemaid"]) && begins("traits") => Self::Kratos,
            () if has(&["localid"]) => Self::Firebase,
            () if has(&["userlogin", "userpass"]) => Self::Wordpress,
            () if has(&["passwordhash", "normalizedusername"]) || has(&["passwordhash", "lockoutend"]) => {
                Self::AspNet
            }
            () if has(&["encryptedpassword", "instanceid"]) || has(&["encryptedpassword", "aud"]) => {
                Self::Supabase
            }
            () if has(&["encryptedpassword"]) && begins("raw") => Self::Supabase,
            () if has(&["encryptedpassword", "email"]) => Self::Devise,
            () if begins("custompasswordhash") || has(&["passwordhash", "connection"]) => Self::Auth0,
            () if has(&["hashedpassword", "issuperuser"]) => Self::FastapiUsers,
            () if has(&["passwordhash", "passwordalgorithm"]) || has(&["passwordhash", "usernamelower"]) => {
                Self::Discourse
            }
            () if has(&["name", "pass", "mail"]) => Self::Drupal,
            () if has(&["password", "lastlogin", "isactive"]) || has(&["password", "issuperuser"]) => {
                Self::Django
            }
            () if has(&["password", "remembertoken"]) => Self::Laravel,
            () if hash(is_better_auth) => Self::BetterAuth,
            () if hash(is_spring) => Self::Spring,
            () if hash(is_werkzeug) => Self::Werkzeug,
            () => Self::Generic,
        }
    }

    /// Whether an entry is not a user at all: a service account of Keycloak's, a folder or a group of a directory.
    pub(super) fn is_no_user(self, row: &Row) -> bool {
        match self {
            Self::Keycloak => row.contains_key("serviceAccountClientId"),
            Self::Ldap => !["uid", "sAMAccountName", "userPrincipalName", "userPassword"]
                .iter()
                .any(|name| row.keys().any(|key| key.eq_ignore_ascii_case(name))),
            _ => false,
        }
    }
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
