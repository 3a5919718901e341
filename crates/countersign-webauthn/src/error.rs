//! Why something is refused: one variant for each way to fail, so that a log says which step it was.

/// Why a registration or an assertion is not accepted.
///
/// For the operator's log. Whoever shows a passkey gets one answer for all of them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CeremonyError {
    /// The JSON has more than 64 KiB.
    #[error("the response has more than 64 KiB")]
    TooLong,
    /// Not the JSON of `PublicKeyCredential.toJSON()` (WebAuthn §5.1): a member is missing or of the wrong type.
    #[error("not the JSON of such a credential: {0}")]
    Json(String),
    /// A member is not in canonical unpadded base64url (RFC 7515 §2).
    #[error("the member `{member}` is not base64url")]
    Encoding {
        /// The name of the member.
        member: &'static str,
    },
    /// `type` is not `public-key`.
    #[error("the credential is not a public key")]
    CredentialType,
    /// `id` is not `rawId` in base64url (§5.1).
    #[error("`id` and `rawId` differ")]
    IdMismatch,
    /// The ID of the credential is empty or has more than 1023 bytes (§7.1, §4).
    #[error("the credential ID is empty or has more than 1023 bytes")]
    CredentialIdLength,
    /// The user handle is empty or has more than 64 bytes (§4).
    #[error("the user handle is empty or has more than 64 bytes")]
    UserHandleLength,
    /// `clientDataJSON` is not UTF-8, not JSON, or a member that is needed is missing or of the wrong type.
    #[error("the client data are not JSON of the wanted form: {0}")]
    ClientDataJson(String),
    /// The client data are for another ceremony: not `webauthn.create`, or not `webauthn.get`.
    #[error("the client data are for another ceremony")]
    CeremonyType,
    /// The challenge is another one: the response is old, or was made for somebody else.
    #[error("the challenge is another one")]
    Challenge,
    /// The page's origin is not among the allowed ones. This is what phishing looks like.
    #[error("the origin `{origin}` is not allowed")]
    Origin {
        /// The origin that the client names, at most 256 bytes of it.
        origin: String,
    },
    /// The page was inside a frame of another origin (`crossOrigin`).
    #[error("the page was inside a frame of another origin")]
    CrossOrigin,
    /// The client names a top-level origin, so the page was inside a frame (`topOrigin`).
    #[error("the page was inside a frame of `topOrigin`")]
    TopOrigin,
    /// The attestation object is not CBOR of an acceptable form (§6.5.4).
    #[error("the attestation object is not acceptable CBOR: {0}")]
    AttestationObjectCbor(CborError),
    /// The attestation object is not a map with a text `fmt`, bytes `authData` and `attStmt`.
    #[error("the attestation object has not the members that it needs")]
    AttestationObjectShape,
    /// The authenticator data do not have the form of §6.1.
    #[error("the authenticator data are malformed: {0}")]
    AuthenticatorData(AuthenticatorDataError),
    /// The authenticator data are for another relying party (`rpIdHash`).
    #[error("the authenticator answered for another RP ID")]
    RpId,
    /// Nobody touched the authenticator (UP).
    #[error("the user was not present")]
    UserNotPresent,
    /// User verification is required, and there was none (UV).
    #[error("the user was not verified")]
    UserNotVerified,
    /// The flags say "backed up" of a credential that cannot be (BS without BE).
    #[error("backed up, and not eligible for it")]
    BackupFlags,
    /// A registration without a credential (AT is not set).
    #[error("the authenticator data have no credential in them")]
    NoCredential,
    /// The authenticator made a credential with another ID than the client names.
    #[error("the credential in the authenticator data has another ID")]
    AttestedId,
    /// The public key of the new credential is not acceptable, or for an algorithm that was not offered.
    #[error("the credential's public key is not acceptable: {0}")]
    PublicKey(PublicKeyError),
    /// The attestation statement has not the form that its format prescribes (§8.2, §8.7).
    #[error("the attestation statement is malformed")]
    AttestationStatement,
    /// The self attestation is not signed with the credential's key, or with another algorithm (§8.2).
    #[error("the self attestation does not verify")]
    AttestationSignature,
    /// The assertion is of another credential than the stored one.
    #[error("the assertion is of another credential")]
    OtherCredential,
    /// The user was not identified before, and the response names none (§7.2 step 6).
    #[error("the response has no user handle")]
    NoUserHandle,
    /// The response names another user than the one whom the credential belongs to (§7.2 step 6).
    #[error("the response names another user")]
    OtherUser,
    /// The credential was eligible for backup when it was registered and is not now, or the other way round.
    #[error("the credential's eligibility for backup has changed")]
    BackupEligibilityChanged,
    /// The signature of the assertion does not match.
    #[error("the signature does not match")]
    Signature,
}

/// Why authenticator data cannot be read (WebAuthn §6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthenticatorDataError {
    /// They end before what the flags announce.
    #[error("they end too early")]
    Truncated,
    /// There is more than what the flags announce.
    #[error("something follows them")]
    TrailingBytes,
    /// The credential's public key is not canonical CBOR.
    #[error("the public key: {0}")]
    PublicKey(CborError),
    /// The extension outputs are not a map in canonical CBOR.
    #[error("the extensions: {0}")]
    Extensions(CborError),
}

/// Why bytes are not the CBOR that this crate reads (RFC 8949, CTAP2's canonical form).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CborError {
    /// The bytes end inside an item.
    #[error("it ends too early")]
    Truncated,
    /// Something follows the item.
    #[error("something follows it")]
    TrailingBytes,
    /// A number or a length is not in its shortest form.
    #[error("a number is not in its shortest form")]
    NotShortest,
    /// A length is indefinite.
    #[error("a length is indefinite")]
    Indefinite,
    /// A tag, a float, `undefined`, another simple value, or a key that is neither a number nor a text.
    #[error("an item of a type that does not belong there")]
    Unsupported,
    /// A text is not UTF-8.
    #[error("a text is not UTF-8")]
    NotUtf8,
    /// A key occurs twice in one map.
    #[error("a key occurs twice")]
    DuplicateKey,
    /// The keys of a map are not in the canonical order.
    #[error("the keys are not in order")]
    KeyOrder,
    /// Nested deeper than five.
    #[error("nested deeper than five")]
    TooDeep,
    /// An array or a map with more than 64 elements.
    #[error("more than 64 elements")]
    TooMany,
    /// The outermost item should be a map.
    #[error("not a map")]
    NotAMap,
}

/// Why a public key in COSE (RFC 9052 §7, RFC 9053 §7, RFC 8230 §4) is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublicKeyError {
    /// Not canonical CBOR.
    #[error("not acceptable CBOR: {0}")]
    Cbor(CborError),
    /// A parameter that the key needs is missing.
    #[error("the parameter {label} is missing")]
    MissingParameter {
        /// The label: 1 is `kty`, 3 `alg`, −1 to −3 those of the key type.
        label: i8,
    },
    /// A parameter has the wrong type, length or form. Compressed points are refused here (WebAuthn §5.8.5).
    #[error("the parameter {label} is malformed")]
    ParameterFormat {
        /// The label.
        label: i8,
    },
    /// There are parameters that a credential's key must not have (WebAuthn §6.5.1.1).
    #[error("there are parameters that do not belong there")]
    UnknownParameter,
    /// The algorithm is not one of those that this crate offers.
    #[error("the algorithm is not one that was offered")]
    Algorithm,
    /// The key type or curve does not fit the algorithm.
    #[error("the key type or the curve does not fit the algorithm")]
    AlgorithmMismatch,
    /// The RSA modulus has more than 4096 bits.
    #[error("the RSA modulus has more than 4096 bits")]
    RsaTooLong,
    /// The key is weak, or not a point of its curve.
    #[error("{0}")]
    Key(countersign_jwt::KeyError),
}

/// The signature does not match, or is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadSignature;
