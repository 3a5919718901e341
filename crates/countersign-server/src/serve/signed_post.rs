//! A POST that is signed by the scheme of Standard Webhooks.

use std::path::Path;

use anyhow::{Context as _, ensure};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use countersign::{Timestamp, WebhookSecret};
use countersign_fetch::Question;
use zeroize::Zeroizing;

/// The secrets that sign, the newest first. All of them do, so that the receiver can change to another one at any time.
pub(crate) struct Signers(Vec<WebhookSecret>);

impl Signers {
    /// Reads them from a file, one a line.
    ///
    /// # Errors
    /// It cannot be read, or holds none, or something else.
    pub(crate) fn read_file(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).map(Zeroizing::new);
        let signers = text.map_err(anyhow::Error::from).and_then(|text| Self::parse(&text));
        signers.with_context(|| path.display().to_string())
    }

    /// Reads them from a text.
    ///
    /// # Errors
    /// It holds none, or something else.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let secrets = lines.map(WebhookSecret::parse).collect::<Result<Vec<_>, _>>()?;
        ensure!((1..=4).contains(&secrets.len()), "it has 1 to 4 secrets, one a line");
        Ok(Self(secrets))
    }

    /// The request with this body. Each message has an ID of its own, and keeps it when it is sent again.
    ///
    /// # Errors
    /// The ID is not printable.
    pub(crate) fn question(&self, id: &str, now: Timestamp, body: String) -> anyhow::Result<Question> {
        let signatures = self.0.iter().map(|secret| secret.sign(id, now, body.as_bytes()));
        let signatures = signatures.collect::<Vec<_>>().join(" ");
        let headers = HeaderMap::from_iter([
            (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (WEBHOOK_ID, HeaderValue::try_from(id)?),
            (WEBHOOK_TIMESTAMP, HeaderValue::from(now.as_unix_seconds())),
            (WEBHOOK_SIGNATURE, HeaderValue::try_from(signatures)?),
        ]);
        Ok(Question { method: Method::POST, headers, body: body.into_bytes() })
    }
}

const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
