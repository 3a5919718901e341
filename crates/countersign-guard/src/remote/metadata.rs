//! [`Metadata`]: what an issuer says about itself (RFC 8414, `OpenID` Connect Discovery), and which of it is believed.

use countersign_fetch::{Addresses, FetchError, FetchOptions, FetchUrl, get};
use serde_json::Value;

use super::error::KeysError;

/// Where the metadata may be, tried in this order.
pub(crate) type MetadataUrls = [FetchUrl; 2];

/// Where something of an issuer is.
#[derive(Clone, Debug)]
pub(crate) enum Location {
    /// Where its metadata say.
    Discover(MetadataUrls),
    /// At this URL.
    At(FetchUrl),
}

/// The metadata of the issuer that was asked for.
pub(crate) struct Metadata {
    url: FetchUrl,
    document: Value,
}

impl Metadata {
    pub(crate) fn fetch(
        [first, second]: &MetadataUrls,
        issuer: &str,
        options: &FetchOptions,
    ) -> Result<Self, KeysError> {
        match fetch(first, options) {
            Err(error) if is_absent(&error) => Self::read(second, fetch(second, options), issuer),
            answer => Self::read(first, answer, issuer),
        }
    }

    fn read(url: &FetchUrl, answer: Result<String, FetchError>, issuer: &str) -> Result<Self, KeysError> {
        let text = answer.map_err(|error| KeysError::Metadata { url: url.to_string(), error })?;
        let document = serde_json::from_str(&text).unwrap_or_default();
        let metadata = Self { url: url.clone(), document };
        let said = metadata.text("issuer")?;
        if said != issuer {
            return Err(KeysError::OtherIssuer { url: url.to_string(), said: said.to_owned() });
        }
        Ok(metadata)
    }

    /// A member that is a text.
    pub(crate) fn text(&self, member: &'static str) -> Result<&str, KeysError> {
        let found = self.document.get(member).and_then(Value::as_str);
        found.ok_or_else(|| KeysError::MetadataMember { url: self.url.to_string(), member })
    }

    /// The addresses that a URL of these metadata may lead to. The operator configured the issuer's host, which may be
    /// in their own network. Another host is the choice of the document, which must not reach into that network.
    pub(crate) fn addresses_for(&self, url: &FetchUrl) -> Addresses {
        let is_same = url.host().eq_ignore_ascii_case(self.url.host());
        if is_same { Addresses::Any } else { Addresses::PublicOnly }
    }
}

fn fetch(url: &FetchUrl, options: &FetchOptions) -> Result<String, FetchError> {
    get(url, options)?.into_json_text()
}

/// Whether the server has no such document: it says so by the status, an HTML page, or a redirect to one.
fn is_absent(error: &FetchError) -> bool {
    match error {
        FetchError::Status(status) => status.is_client_error(),
        FetchError::NotJson | FetchError::Redirect { .. } => true,
        _ => false,
    }
}
