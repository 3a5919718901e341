//! The client data (WebAuthn §5.8.1): what the browser says about the page that asked.
//!
//! Steps 5 to 11 of §7.1 and 8 to 14 of §7.2: the kind of ceremony, the challenge, the origin, and no frames of other
//! origins.

use serde::{Deserialize, Deserializer};

use crate::ceremony::Expected;
use crate::error::CeremonyError;

/// What the client data must be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CeremonyType {
    Create,
    Get,
}

/// Members that are not named here are ignored: there may be more in future. One that occurs twice is refused.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
    #[serde(default, deserialize_with = "present")]
    top_origin: Option<String>,
}

/// A member that is there is not absent, also if it is `null`.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Checks everything that the client data say.
pub(crate) fn check(
    client_data_json: &[u8],
    ceremony: CeremonyType,
    expected: &Expected<'_>,
) -> Result<(), CeremonyError> {
    let client_data = parse(client_data_json)?;
    let wanted_type = match ceremony {
        CeremonyType::Create => "webauthn.create",
        CeremonyType::Get => "webauthn.get",
    };
    if client_data.r#type != wanted_type {
        return Err(CeremonyError::CeremonyType);
    }
    if client_data.challenge != expected.challenge.to_base64url() {
        return Err(CeremonyError::Challenge);
    }
    if !expected.relying_party.allows(&client_data.origin) {
        return Err(CeremonyError::Origin {
            origin: client_data.origin.chars().take(MAX_SHOWN_CHARS).collect(),
        });
    }
    if client_data.cross_origin {
        return Err(CeremonyError::CrossOrigin);
    }
    if client_data.top_origin.is_some() {
        return Err(CeremonyError::TopOrigin);
    }
    Ok(())
}

/// "UTF-8 decode" takes a byte order mark away, and the specification demands that. It also replaces what is not UTF-8, which
/// no client writes; that is refused, also in members that are ignored.
fn parse(bytes: &[u8]) -> Result<ClientData, CeremonyError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text =
        std::str::from_utf8(bytes).map_err(|error| CeremonyError::ClientDataJson(error.to_string()))?;
    serde_json::from_str(text).map_err(|error| CeremonyError::ClientDataJson(error.to_string()))
}

const MAX_SHOWN_CHARS: usize = 64;
