//! Every step of WebAuthn §7.1 and §7.2 fails once, alone, with its own error.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod authentication;
mod authenticator;
mod envelope;
mod keys;
mod registration;
#[path = "../support/keys.rs"]
mod support;
