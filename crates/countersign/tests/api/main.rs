//! The HTTP API, driven in-process through the real router, on real SQLite in memory or, with
//! `COUNTERSIGN_TEST_STORE=postgres`, on PostgreSQL, with a clock that the test turns.
//! Ids in comments are those of docs/REQUIREMENTS.md.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot set up its scene has failed")]

mod account;
mod address_change;
mod admin;
mod api_keys;
mod app;
mod audiences;
mod bad_input;
mod binding;
mod bound_tokens;
mod browser_key;
mod cross_origin;
#[path = "../support/postgres.rs"]
#[expect(dead_code, reason = "each test uses what it needs")]
mod database;
mod deliveries;
mod described;
mod feed;
mod forward_auth;
mod guessing;
mod hang_up;
mod hooks;
mod imported_factors;
mod keyed;
mod language;
mod login;
mod logout;
mod mail;
mod mail_codes;
mod mail_contents;
mod mail_gate;
mod mail_links;
mod mail_sign_in;
mod metadata;
mod metrics;
mod mounted;
mod nodes;
mod notices;
mod oauth2;
mod oidc;
mod oidc_clients;
mod oidc_hostile;
mod oidc_logout;
mod overview;
#[path = "../../../countersign-webauthn/tests/support/keys.rs"]
#[expect(dead_code, reason = "some is for the tests of that crate")]
mod passkey_keys;
mod passkeys;
mod passwords;
mod proof_attacks;
mod recent_proof;
mod refresh;
mod register;
mod required_change;
mod second_factor;
mod sessions;
mod turned_off;
mod upstream;
mod verify_only;
mod vouched;
mod walk;
mod withdrawn_key;
