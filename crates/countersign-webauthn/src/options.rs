//! The options for the browser: `PublicKeyCredentialCreationOptionsJSON` and `PublicKeyCredentialRequestOptionsJSON`
//! (WebAuthn §5.1.8, §5.1.9), for `parseCreationOptionsFromJSON()` and `parseRequestOptionsFromJSON()`.

use serde::Serialize;

use crate::ceremony::UserVerification;
use crate::public_key::Algorithm;
use crate::relying_party::RelyingParty;
use crate::values::{Challenge, CredentialId, UserHandle};

/// How long a browser lets people take, in milliseconds: five minutes (WebAuthn §15.1).
pub const TIMEOUT_MILLISECONDS: u32 = 300_000;

/// Who a new passkey is for. Names are shown by password managers and may be changed later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser<'a> {
    /// The account's handle.
    pub handle: &'a UserHandle,
    /// What the user signs in with: a user name or an address.
    pub name: &'a str,
    /// What the user is called; may be empty.
    pub display_name: &'a str,
}

/// Whether the new credential must be one that names its user by itself (WebAuthn §5.4.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ResidentKey {
    /// Yes: a passkey, which signs in without a name being typed.
    Required,
    /// If the authenticator can.
    Preferred,
    /// No: a security key for a second step keeps its few places.
    Discouraged,
}

/// Options for `navigator.credentials.create()`: a new credential without attestation, for one of [`Algorithm::ALL`].
///
/// Serialises as a `PublicKeyCredentialCreationOptionsJSON`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreationOptions {
    rp: RpEntity,
    user: UserEntity,
    challenge: String,
    pub_key_cred_params: Vec<Parameter>,
    timeout: u32,
    exclude_credentials: Vec<CredentialDescriptor>,
    authenticator_selection: AuthenticatorSelection,
    attestation: &'static str,
}

impl CreationOptions {
    /// Options for a passkey: a resident key and user verification are required.
    ///
    /// `rp_name` is what the site is called.
    #[must_use]
    pub fn new(
        relying_party: &RelyingParty,
        rp_name: &str,
        user: &NewUser<'_>,
        challenge: &Challenge,
    ) -> Self {
        Self {
            rp: RpEntity { id: relying_party.id().as_str().to_owned(), name: rp_name.to_owned() },
            user: UserEntity {
                id: user.handle.to_base64url(),
                name: user.name.to_owned(),
                display_name: user.display_name.to_owned(),
            },
            challenge: challenge.to_base64url(),
            pub_key_cred_params: Algorithm::ALL.map(Parameter::new).to_vec(),
            timeout: TIMEOUT_MILLISECONDS,
            exclude_credentials: Vec::new(),
            authenticator_selection: AuthenticatorSelection::new(
                ResidentKey::Required,
                UserVerification::Required,
            ),
            attestation: "none",
        }
    }

    /// The same for another kind of credential: a second step asks for less.
    #[must_use]
    pub fn with_selection(mut self, resident_key: ResidentKey, user_verification: UserVerification) -> Self {
        self.authenticator_selection = AuthenticatorSelection::new(resident_key, user_verification);
        self
    }

    /// The same without the authenticators that have one of these already: all credentials of the user.
    #[must_use]
    pub fn excluding(mut self, credentials: impl IntoIterator<Item = CredentialDescriptor>) -> Self {
        self.exclude_credentials.extend(credentials);
        self
    }
}

/// Options for `navigator.credentials.get()`.
///
/// Serialises as a `PublicKeyCredentialRequestOptionsJSON`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestOptions {
    challenge: String,
    rp_id: String,
    timeout: u32,
    allow_credentials: Vec<CredentialDescriptor>,
    user_verification: UserVerification,
}

impl RequestOptions {
    /// Options for any passkey of the site, with user verification: the browser asks which, and nothing is said about
    /// who has one.
    #[must_use]
    pub fn new(relying_party: &RelyingParty, challenge: &Challenge) -> Self {
        Self {
            challenge: challenge.to_base64url(),
            rp_id: relying_party.id().as_str().to_owned(),
            timeout: TIMEOUT_MILLISECONDS,
            allow_credentials: Vec::new(),
            user_verification: UserVerification::Required,
        }
    }

    /// The same for credentials of a user who is known already. Give these only to that user: they tell which
    /// authenticators somebody has.
    #[must_use]
    pub fn allowing(mut self, credentials: impl IntoIterator<Item = CredentialDescriptor>) -> Self {
        self.allow_credentials.extend(credentials);
        self
    }

    /// The same with another demand on the authenticator.
    #[must_use]
    pub fn with_user_verification(mut self, user_verification: UserVerification) -> Self {
        self.user_verification = user_verification;
        self
    }
}

/// A credential that options name, with the ways to reach it (WebAuthn §5.8.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CredentialDescriptor {
    r#type: &'static str,
    id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    transports: Vec<String>,
}

impl CredentialDescriptor {
    /// Names a credential. `transports` are those of its registration.
    #[must_use]
    pub fn new(id: &CredentialId, transports: &[String]) -> Self {
        Self { r#type: "public-key", id: id.to_base64url(), transports: transports.to_vec() }
    }
}

#[derive(Clone, Debug, Serialize)]
struct RpEntity {
    id: String,
    name: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct UserEntity {
    id: String,
    name: String,
    display_name: String,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Parameter {
    r#type: &'static str,
    alg: i16,
}

impl Parameter {
    fn new(algorithm: Algorithm) -> Self {
        Self { r#type: "public-key", alg: algorithm.cose_number() }
    }
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AuthenticatorSelection {
    resident_key: ResidentKey,
    /// What clients of WebAuthn Level 1 read.
    require_resident_key: bool,
    user_verification: UserVerification,
}

impl AuthenticatorSelection {
    fn new(resident_key: ResidentKey, user_verification: UserVerification) -> Self {
        Self { resident_key, require_resident_key: resident_key == ResidentKey::Required, user_verification }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{json, to_value};

    use super::*;
    use crate::relying_party::{Origin, RpId};

    fn relying_party() -> RelyingParty {
        RelyingParty::new(RpId::parse("example.org").unwrap(), Origin::parse("https://example.org").unwrap())
    }

    fn descriptor(byte: u8, transports: &[&str]) -> CredentialDescriptor {
        let transports: Vec<String> = transports.iter().map(|&transport| transport.into()).collect();
        CredentialDescriptor::new(&CredentialId::from_bytes([byte; 3]).unwrap(), &transports)
    }

    #[test]
    fn creation_options_are_as_browsers_read_them() {
        let handle = UserHandle::from_random([1; 32]);
        let user = NewUser { handle: &handle, name: "alice", display_name: "Alice" };
        let options =
            CreationOptions::new(&relying_party(), "Example", &user, &Challenge::from_random([0; 32]))
                .excluding([descriptor(1, &["internal", "hybrid"]), descriptor(2, &[])]);
        let expected = json!({
            "rp": {"id": "example.org", "name": "Example"},
            "user": {"id": "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE", "name": "alice", "displayName": "Alice"},
            "challenge": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "pubKeyCredParams": [
                {"type": "public-key", "alg": -8},
                {"type": "public-key", "alg": -7},
                {"type": "public-key", "alg": -257},
            ],
            "timeout": 300_000,
            "excludeCredentials": [
                {"type": "public-key", "id": "AQEB", "transports": ["internal", "hybrid"]},
                {"type": "public-key", "id": "AgIC"},
            ],
            "authenticatorSelection": {
                "residentKey": "required", "requireResidentKey": true, "userVerification": "required",
            },
            "attestation": "none",
        });
        assert_eq!(to_value(&options).unwrap(), expected);
        let second_step = options.with_selection(ResidentKey::Discouraged, UserVerification::Preferred);
        assert_eq!(
            to_value(&second_step).unwrap()["authenticatorSelection"],
            json!({"residentKey": "discouraged", "requireResidentKey": false, "userVerification": "preferred"}),
        );
    }

    #[test]
    fn request_options_are_as_browsers_read_them() {
        let options = RequestOptions::new(&relying_party(), &Challenge::from_random([0; 32]));
        let mut expected = json!({
            "challenge": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "rpId": "example.org",
            "timeout": 300_000,
            "allowCredentials": [],
            "userVerification": "required",
        });
        assert_eq!(to_value(&options).unwrap(), expected);
        let known =
            options.allowing([descriptor(1, &["usb"])]).with_user_verification(UserVerification::Discouraged);
        expected["allowCredentials"] = json!([{"type": "public-key", "id": "AQEB", "transports": ["usb"]}]);
        expected["userVerification"] = json!("discouraged");
        assert_eq!(to_value(&known).unwrap(), expected);
    }
}
