//! [`JwkThumbprint`]: the name of a public key that nobody can choose (RFC 7638).

use std::fmt;
use std::str::FromStr;

use super::error::ThumbprintError;
use crate::base64url;

/// The SHA-256 thumbprint of a public key (RFC 7638): `jkt` of a proof, `cnf.jkt` of an access token (RFC 9449 §6.1).
///
/// Written as 43 characters of base64url. It is no secret, so the time of a comparison tells nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JwkThumbprint([u8; 32]);

impl JwkThumbprint {
    /// The thumbprint with these bytes, for example from a database.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for JwkThumbprint {
    type Err = ThumbprintError;

    /// Reads the one spelling: 43 characters of unpadded, canonical base64url.
    fn from_str(text: &str) -> Result<Self, ThumbprintError> {
        if text.len() != ENCODED_BYTES {
            return Err(ThumbprintError);
        }
        let bytes = base64url::decode(text).map_err(|_| ThumbprintError)?;
        bytes.as_slice().try_into().map(Self).map_err(|_| ThumbprintError)
    }
}

impl fmt::Display for JwkThumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base64url::encode(self.0))
    }
}

impl fmt::Debug for JwkThumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JwkThumbprint({self})")
    }
}

/// Checked before anything is decoded.
const ENCODED_BYTES: usize = 43;

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7638 §3.1, and what is near it.
    #[test]
    fn a_thumbprint_has_one_spelling() {
        let text = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
        let thumbprint: JwkThumbprint = text.parse().unwrap();
        assert_eq!(thumbprint.to_string(), text);
        assert_eq!(JwkThumbprint::from_bytes(*thumbprint.as_bytes()), thumbprint);
        for other in [
            "",
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9X",
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs=",
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9XsA",
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xt",
            "NzbLsXh8uDCcd+6MNwXF4W/7noWXFZAfHkxZsRGC9Xs",
            " zbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
        ] {
            assert_eq!(other.parse::<JwkThumbprint>(), Err(ThumbprintError), "{other}");
        }
    }
}
