//! The stable code of each failure and what would make the token pass: for command lines, debuggers, logs.
//!
//! The texts are for the operator of the verifier. The sender of a token gets none of them.

use crate::error::VerifyError;

impl VerifyError {
    /// A stable name for programs and metrics, for example `"wrong_audience"`. It never changes once
    /// released.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.row().0
    }

    /// What would make such a token pass: one sentence for the operator of the issuer or of the verifier.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        self.row().1
    }

    /// THE table: stable code, remedy.
    #[expect(clippy::too_many_lines, reason = "one table, one row a variant")]
    fn row(self) -> (&'static str, &'static str) {
        match self {
            Self::TokenTooLong => (
                "token_too_long",
                "Put less into the token (8 KiB is the default limit), or raise the limit for ML-DSA.",
            ),
            Self::PartCount => (
                "part_count",
                "Send header.payload.signature: no prefix, no line break, and no encrypted token (five parts).",
            ),
            Self::HeaderTooLong => {
                ("header_too_long", "Send a header of at most 4 KiB; leave certificates out of it.")
            }
            Self::HeaderEncoding => (
                "header_encoding",
                "Encode the header in base64url without padding, whitespace or the characters + and /.",
            ),
            Self::HeaderJson(_) => {
                ("header_json", "The header must be one JSON object without duplicate names.")
            }
            Self::HeaderParameterType { .. } => {
                ("header_parameter_type", "Make this header parameter a string.")
            }
            Self::CriticalHeader => {
                ("critical_header", "Issue the token without `crit`: no extension is supported.")
            }
            Self::UnencodedPayload => ("unencoded_payload", "Issue the token without `b64`."),
            Self::MissingAlgorithm => {
                ("missing_algorithm", "Name the signature algorithm in the header's `alg`.")
            }
            Self::AlgorithmNone => ("algorithm_none", "Sign the token: an unsigned one is never accepted."),
            Self::UnsupportedAlgorithm => (
                "unsupported_algorithm",
                "Sign with one of HS, RS, PS, ES (256, 384, 512), EdDSA or ML-DSA; names are case-sensitive.",
            ),
            Self::KeyIdTooLong => ("key_id_too_long", "Use a key ID of at most 128 bytes."),
            Self::SignatureEncoding => (
                "signature_encoding",
                "The signature must be canonical base64url without padding: check that the token is whole.",
            ),
            Self::UnknownKeyId => (
                "unknown_key_id",
                "Fetch the issuer's current JWK Set; if the key is not in it, the token is not from this issuer.",
            ),
            Self::KeyIdMissing => (
                "key_id_missing",
                "Put the key's `kid` into the header, or verify with a set that has one key for the algorithm.",
            ),
            Self::AlgorithmMismatch => (
                "algorithm_mismatch",
                "Sign with the algorithm that the key is for, or verify with the key that signed the token.",
            ),
            Self::BadSignature => (
                "bad_signature",
                "Verify with the key that signed the token; if it is the right one, the token was altered.",
            ),
            Self::PayloadEncoding => ("payload_encoding", "Encode the payload in base64url without padding."),
            Self::PayloadJson(_) => {
                ("payload_json", "The payload must be one JSON object without duplicate names.")
            }
            Self::WrongType => (
                "wrong_type",
                "Issue the token with the expected `typ`, or set the verifier to the type that the issuer uses.",
            ),
            Self::MissingClaim { .. } => ("missing_claim", "Issue the token with this claim."),
            Self::ClaimType { .. } => {
                ("claim_type", "Give this claim the JSON type that RFC 7519 or RFC 9068 prescribes.")
            }
            Self::TimeOutOfRange { .. } => {
                ("time_out_of_range", "Give times in whole seconds since 1970, not milliseconds.")
            }
            Self::WrongIssuer => (
                "wrong_issuer",
                "Set the verifier to the token's `iss`, character by character, if you trust that issuer.",
            ),
            Self::WrongAudience => (
                "wrong_audience",
                "Ask the issuer for a token for this audience, or set the verifier to the token's `aud`.",
            ),
            Self::Expired => ("expired", "Get a new token; if it should still be valid, compare the clocks."),
            Self::NotYetValid => {
                ("not_yet_valid", "Wait until `nbf`; if that has passed, compare the clocks.")
            }
            Self::IssuedInTheFuture => (
                "issued_in_the_future",
                "Compare the clocks of issuer and verifier, or allow a little leeway.",
            ),
            Self::WrongClaimValue { .. } => (
                "wrong_claim_value",
                "Get a token of the right kind, or add the value of this claim to those that the verifier accepts.",
            ),
            Self::MissingScope => {
                ("missing_scope", "Ask the issuer for a token with every scope that is demanded.")
            }
            Self::MissingRole => (
                "missing_role",
                "Give the user every role that is demanded, then get a new token; old tokens keep the old roles.",
            ),
        }
    }
}
