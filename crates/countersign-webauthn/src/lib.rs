//! Passkeys on the server: options for the browser, and strict verification of what it answers (WebAuthn Level 3).
//!
//! This crate decides whether a registration (§7.1) or an authentication (§7.2) can be trusted. It has no clock, no
//! network, no files and no randomness: challenges, stored credentials and the relying party are arguments. Challenges
//! that are used once, and credential IDs that no two users share, are for whoever has the store.
//!
//! ```
//! use countersign_webauthn::{
//!     AuthenticationResponse, CeremonyError, Challenge, CreationOptions, CredentialId, Expected, NewUser, Origin, PublicKey,
//!     RegistrationResponse, RelyingParty, RequestOptions, RpId, StoredCredential, User, UserHandle, UserVerification,
//! };
//! # fn random() -> [u8; 32] { [7; 32] }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let site = RelyingParty::new(RpId::parse("example.org")?, Origin::parse("https://login.example.org")?);
//!
//! // A new passkey. The options go to `navigator.credentials.create()`; the challenge is kept until the answer comes.
//! let challenge = Challenge::from_random(random());
//! let handle = UserHandle::from_random(random()); // once for each account, and stored with it
//! let user = NewUser { handle: &handle, name: "alice", display_name: "Alice" };
//! let options = serde_json::to_string(&CreationOptions::new(&site, "Example", &user, &challenge))?;
//! # let registered = |answer: &str, challenge| -> Result<StoredCredential, CeremonyError> {
//! let expected = Expected { relying_party: &site, challenge, user_verification: UserVerification::Required };
//! let new = RegistrationResponse::parse(answer)?.verify(expected)?;
//! // Refuse it if anybody has a credential of this ID already; store it otherwise.
//! let stored = StoredCredential {
//!     id: new.id,
//!     public_key: new.public_key,
//!     sign_count: new.sign_count,
//!     backup_eligible: new.backup_eligible,
//!     user_handle: handle.clone(),
//! };
//! # Ok(stored) };
//!
//! // Signing in with it. The options go to `navigator.credentials.get()`.
//! # let signed_in = |answer: &str, find: &dyn Fn(&CredentialId) -> StoredCredential| -> Result<(), CeremonyError> {
//! let challenge = Challenge::from_random(random());
//! let options = RequestOptions::new(&site, &challenge);
//! let response = AuthenticationResponse::parse(answer)?;
//! let stored = find(response.credential_id());
//! let expected = Expected { relying_party: &site, challenge, user_verification: UserVerification::Required };
//! let assertion = response.verify(expected, User::NamedByCredential, &stored)?;
//! // `assertion.user_handle` is who signs in; `sign_count` and `backed_up` are stored with the credential.
//! # Ok(()) };
//! # assert_eq!(registered("{}", challenge).is_err(), true);
//! # Ok(()) }
//! ```
//!
//! # What is decided, and how
//!
//! - **Origin and RP ID** are compared exactly, byte for byte. There is no rule about subdomains.
//! - **Frames**: a page inside a frame of another origin is refused (`crossOrigin`, `topOrigin`).
//! - **Flags**: user presence always, user verification where it is required; "backed up" only of a credential that can be,
//!   and eligibility for backup must be what it was at the registration.
//! - **Algorithms**: Ed25519, ES256, RS256 with 2048 to 4096 bits; see [`Algorithm`]. A key has exactly the parameters
//!   of its kind. Points must be on their curve and not of small order.
//! - **Encodings** are canonical: base64url without padding, CBOR in CTAP2's form, ECDSA signatures in DER. Only the members
//!   of the attestation object may be in any order. Nesting, counts and sizes are limited.
//! - **Attestation**: `none` is asked for. `none` and self attestation are verified; a statement with certificates is not
//!   evaluated, and proves nothing ([`Attestation`]).
//! - **Counter**: a value, not an error: [`VerifiedAssertion::counter_fell`].
//! - **Extensions**: none is asked for; outputs that nobody asked for are ignored, if they are a map in canonical CBOR.
//!
//! `tests/webauthn/README.md` in the repository says where other libraries decide otherwise, and why.
//!
//! # Not implemented, on purpose
//!
//! Attestation certificates and metadata, the extensions `appid`, `prf` and `largeBlob`, token binding, creation without a
//! gesture of the user (conditional create), COSE algorithms that no common authenticator has alone.
//!
//! # Features
//!
//! - `aws-lc-rs` (default) and `rust-crypto`: the backend of `countersign-jwt` that verifies signatures.
#![deny(clippy::indexing_slicing)]

mod attestation;
mod authentication;
mod authenticator_data;
mod base64url;
mod cbor;
mod ceremony;
mod client_data;
mod der;
mod error;
mod options;
mod public_key;
mod registration;
mod relying_party;
mod values;

pub use attestation::Attestation;
pub use authentication::{AuthenticationResponse, StoredCredential, User, VerifiedAssertion};
pub use ceremony::{Expected, UserVerification};
pub use error::{AuthenticatorDataError, CborError, CeremonyError, PublicKeyError};
pub use options::{
    CreationOptions, CredentialDescriptor, NewUser, RequestOptions, ResidentKey, TIMEOUT_MILLISECONDS,
};
pub use public_key::{Algorithm, PublicKey};
pub use registration::{RegisteredCredential, RegistrationResponse};
pub use relying_party::{NotADomain, NotAnOrigin, Origin, RelyingParty, RpId};
pub use values::{Aaguid, Challenge, CredentialId, UserHandle};
