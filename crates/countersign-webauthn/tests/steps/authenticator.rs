//! An authenticator and a browser in one, whose every part can be wrong.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_webauthn::{
    Algorithm, AuthenticationResponse, CeremonyError, Challenge, CredentialId, Expected, Origin, PublicKey,
    RegisteredCredential, RegistrationResponse, RelyingParty, RpId, StoredCredential, User, UserHandle,
    UserVerification, VerifiedAssertion,
};
use serde_json::{Value, json};

pub(crate) use crate::support::{Key, array, bytes, cose, int, map, text};

pub(crate) const CHALLENGE: [u8; 32] = [9; 32];
pub(crate) const HANDLE: [u8; 32] = [5; 32];
pub(crate) const ID: [u8; 20] = [7; 20];

pub(crate) const UP: u8 = 1;
pub(crate) const UV: u8 = 1 << 2;
pub(crate) const BE: u8 = 1 << 3;
pub(crate) const BS: u8 = 1 << 4;
pub(crate) const AT: u8 = 1 << 6;
pub(crate) const ED: u8 = 1 << 7;

/// Both ceremonies of one credential. What a test changes is changed before anything is hashed or signed.
pub(crate) struct Ceremony {
    pub(crate) key: Key,
    pub(crate) client_data: Value,
    /// In place of `client_data`, if it is not empty.
    pub(crate) client_data_text: String,
    pub(crate) rp_id: &'static str,
    pub(crate) flags: u8,
    pub(crate) sign_count: u32,
    pub(crate) attested_id: Vec<u8>,
    pub(crate) cose: Vec<u8>,
    pub(crate) extensions: Vec<u8>,
    /// After everything in the authenticator data.
    pub(crate) tail: Vec<u8>,
    /// `fmt`, `attStmt`; in a registration.
    pub(crate) statement: (String, Vec<u8>),
    /// The JSON around it: members put over the sound ones.
    pub(crate) outer: Value,
    pub(crate) response: Value,
    pub(crate) user_verification: UserVerification,
    pub(crate) user: User,
    pub(crate) stored_count: u32,
    pub(crate) stored_backup_eligible: bool,
    pub(crate) stored_id: Vec<u8>,
}

impl Ceremony {
    fn new(algorithm: Algorithm, kind: &str, flags: u8) -> Self {
        let key = Key::new(algorithm);
        Self {
            cose: key.cose(),
            key,
            client_data: json!({
                "type": kind, "challenge": URL_SAFE_NO_PAD.encode(CHALLENGE), "origin": "https://login.example.org",
                "crossOrigin": false,
            }),
            client_data_text: String::new(),
            rp_id: "example.org",
            flags,
            sign_count: 0,
            attested_id: ID.to_vec(),
            extensions: Vec::new(),
            tail: Vec::new(),
            statement: ("none".to_owned(), vec![0xa0]),
            outer: json!({}),
            response: json!({}),
            user_verification: UserVerification::Required,
            user: User::NamedByCredential,
            stored_count: 0,
            stored_backup_eligible: false,
            stored_id: ID.to_vec(),
        }
    }

    pub(crate) fn registration(algorithm: Algorithm) -> Self {
        Self::new(algorithm, "webauthn.create", UP | UV | AT)
    }

    pub(crate) fn authentication(algorithm: Algorithm) -> Self {
        Self::new(algorithm, "webauthn.get", UP | UV)
    }

    pub(crate) fn client_data_json(&self) -> Vec<u8> {
        if self.client_data_text.is_empty() {
            self.client_data.to_string().into_bytes()
        } else {
            self.client_data_text.clone().into_bytes()
        }
    }

    pub(crate) fn authenticator_data(&self) -> Vec<u8> {
        let mut data = countersign_jwt::sha256(self.rp_id.as_bytes()).to_vec();
        data.push(self.flags);
        data.extend(self.sign_count.to_be_bytes());
        if self.flags & AT != 0 {
            data.extend([3; 16]);
            data.extend(u16::try_from(self.attested_id.len()).unwrap().to_be_bytes());
            data.extend(&self.attested_id);
            data.extend(&self.cose);
        }
        if self.flags & ED != 0 {
            data.extend(&self.extensions);
        }
        data.extend(&self.tail);
        data
    }

    /// What is signed.
    pub(crate) fn signed(&self) -> Vec<u8> {
        let hash = countersign_jwt::sha256(&self.client_data_json());
        [self.authenticator_data(), hash.to_vec()].concat()
    }

    pub(crate) fn attestation_object(&self) -> Vec<u8> {
        let (format, statement) = &self.statement;
        map(&[
            (text("fmt"), text(format)),
            (text("attStmt"), statement.clone()),
            (text("authData"), bytes(&self.authenticator_data())),
        ])
    }

    fn json(&self, response: Value) -> String {
        let id = URL_SAFE_NO_PAD.encode(ID);
        let mut json = json!({"id": id, "rawId": id, "type": "public-key", "clientExtensionResults": {}});
        json["response"] = over(response, &self.response);
        over(json, &self.outer).to_string()
    }

    pub(crate) fn registration_json(&self) -> String {
        self.json(json!({
            "clientDataJSON": URL_SAFE_NO_PAD.encode(self.client_data_json()),
            "attestationObject": URL_SAFE_NO_PAD.encode(self.attestation_object()),
            "transports": ["internal", "hybrid"],
        }))
    }

    pub(crate) fn authentication_json(&self) -> String {
        self.json(json!({
            "clientDataJSON": URL_SAFE_NO_PAD.encode(self.client_data_json()),
            "authenticatorData": URL_SAFE_NO_PAD.encode(self.authenticator_data()),
            "signature": URL_SAFE_NO_PAD.encode(self.key.sign(&self.signed())),
            "userHandle": URL_SAFE_NO_PAD.encode(HANDLE),
        }))
    }

    pub(crate) fn register(&self) -> Result<RegisteredCredential, CeremonyError> {
        let relying_party = relying_party();
        RegistrationResponse::parse(&self.registration_json())?.verify(self.expected(&relying_party))
    }

    pub(crate) fn authenticate(&self) -> Result<VerifiedAssertion, CeremonyError> {
        let stored = StoredCredential {
            id: CredentialId::from_bytes(self.stored_id.clone()).unwrap(),
            public_key: PublicKey::from_cose(&self.key.cose()).unwrap(),
            sign_count: self.stored_count,
            backup_eligible: self.stored_backup_eligible,
            user_handle: UserHandle::from_random(HANDLE),
        };
        let relying_party = relying_party();
        let response = AuthenticationResponse::parse(&self.authentication_json())?;
        response.verify(self.expected(&relying_party), self.user, &stored)
    }

    fn expected<'a>(&self, relying_party: &'a RelyingParty) -> Expected<'a> {
        Expected {
            relying_party,
            challenge: Challenge::from_random(CHALLENGE),
            user_verification: self.user_verification,
        }
    }
}

fn relying_party() -> RelyingParty {
    RelyingParty::new(
        RpId::parse("example.org").unwrap(),
        Origin::parse("https://login.example.org").unwrap(),
    )
}

/// The members of `changes` put over those of `base`; `"(absent)"` takes one away.
fn over(mut base: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        if value == "(absent)" {
            base.as_object_mut().unwrap().remove(name);
        } else {
            base[name] = value.clone();
        }
    }
    base
}
