//! The attestation object (WebAuthn §6.5.4) and its statement (§8).
//!
//! This crate asks for attestation `none`, trusts no manufacturer's certificate, and so has no use for a statement that
//! needs one. `none` must be empty (§8.7). Self attestation needs no certificate and is verified (§8.2). Of every other
//! statement only the form is looked at: it makes the credential no more trustworthy than `none` would. §7.1 lets a
//! relying party register such a credential if its policy permits, as one of which no model is proved.

use crate::cbor::{self, Item, KeyOrder};
use crate::error::CeremonyError;
use crate::public_key::{Algorithm, PublicKey};

/// What the attestation statement of a new credential proves.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Attestation {
    /// There is none (`none`, §8.7). The usual case.
    None,
    /// Signed with the credential's own key (`packed` without certificates, §8.2): whoever registers has that key.
    SelfSigned,
    /// A statement of another kind, which was not evaluated. It proves nothing.
    NotEvaluated {
        /// Its format, for example `tpm`, `fido-u2f`, or `packed` with certificates.
        format: String,
    },
}

/// The parts of an attestation object.
pub(crate) struct AttestationObject<'a> {
    format: &'a str,
    statement: Item<'a>,
    pub(crate) authenticator_data: &'a [u8],
}

impl<'a> AttestationObject<'a> {
    /// Reads all of `bytes`.
    ///
    /// The order of the members is not looked at: nobody signs it, and not all clients write it canonically.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, CeremonyError> {
        let object = cbor::decode(bytes, KeyOrder::Any).map_err(CeremonyError::AttestationObjectCbor)?;
        let (Some(Item::Text(format)), Some(Item::Bytes(authenticator_data)), Some(statement)) =
            (object.member("fmt"), object.member("authData"), object.member("attStmt"))
        else {
            return Err(CeremonyError::AttestationObjectShape);
        };
        Ok(Self { format, authenticator_data, statement: statement.clone() })
    }

    /// Steps 21 to 24 of §7.1. `signed` is authenticator data and client data hash, one after the other.
    pub(crate) fn evaluate(&self, key: &PublicKey, signed: &[u8]) -> Result<Attestation, CeremonyError> {
        // RFC 8809 §2.1: identifiers have at most 32 bytes.
        let is_identifier =
            (1..=32).contains(&self.format.len()) && self.format.bytes().all(|byte| byte.is_ascii_graphic());
        match (&self.statement, self.format) {
            (Item::Map(members), "none") if members.is_empty() => Ok(Attestation::None),
            (Item::Map(_), "packed") if self.statement.member("x5c").is_none() => {
                self.self_attestation(key, signed)
            }
            (Item::Map(_), format) if is_identifier && format != "none" => {
                Ok(Attestation::NotEvaluated { format: format.to_owned() })
            }
            // Several statements in one (§8.9).
            (Item::Array(_), "compound") => Ok(Attestation::NotEvaluated { format: "compound".to_owned() }),
            _ => Err(CeremonyError::AttestationStatement),
        }
    }

    fn self_attestation(&self, key: &PublicKey, signed: &[u8]) -> Result<Attestation, CeremonyError> {
        let (Some(algorithm), Some(Item::Bytes(signature))) =
            (self.statement.member("alg"), self.statement.member("sig"))
        else {
            return Err(CeremonyError::AttestationStatement);
        };
        if Algorithm::from_item(algorithm) != Some(key.algorithm()) {
            return Err(CeremonyError::AttestationSignature);
        }
        key.verify(signed, signature).map_err(|_| CeremonyError::AttestationSignature)?;
        Ok(Attestation::SelfSigned)
    }
}
