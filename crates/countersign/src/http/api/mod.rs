//! The routes under `/api`: extract, call, respond.

pub(in crate::http) mod account;
#[cfg(feature = "oidc")]
pub(in crate::http) mod apps;
pub(in crate::http) mod device;
pub(in crate::http) mod email;
pub(in crate::http) mod email_sign_in;
pub(in crate::http) mod emails;
pub(in crate::http) mod keys;
pub(in crate::http) mod login;
pub(in crate::http) mod logout;
#[cfg(feature = "mail")]
pub(in crate::http) mod mail_link;
pub(in crate::http) mod passkey_answer;
pub(in crate::http) mod passkeys;
pub(in crate::http) mod password;
pub(in crate::http) mod reach;
pub(in crate::http) mod refresh;
pub(in crate::http) mod revocations;
pub(in crate::http) mod second_factors;
pub(in crate::http) mod second_step;
pub(in crate::http) mod sessions;
pub(in crate::http) mod shown;
pub(in crate::http) mod user;
pub(in crate::http) mod wishes;
