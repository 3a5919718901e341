//! [`FetchError`]: every way in which a request can fail.

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use ureq::http::StatusCode;

/// Why there is no usable response.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// A status other than 200, and than 304 where the caller named an `ETag`.
    #[error("its response is {0}")]
    Status(StatusCode),
    /// 429 or 503 that says when to come back (RFC 9110 §10.2.3).
    #[error("its response is {status}, to be tried again in {after:?}")]
    RetryAfter {
        /// The status.
        status: StatusCode,
        /// `Retry-After`, where it is a number of seconds.
        after: Duration,
    },
    /// A redirect. It is not followed, since its target is another party's choice.
    #[error("it redirects to {to} ({status}); redirects are not followed")]
    Redirect {
        /// The status.
        status: StatusCode,
        /// The `Location` header, as it is.
        to: String,
    },
    /// The response was not complete in time, or nothing more of a stream came in time.
    #[error("no complete response within {0:?}")]
    Timeout(Duration),
    /// The body is longer than that many bytes.
    #[error("the response is longer than {} KiB", .0 / 1024)]
    TooLong(u64),
    /// The `Content-Type` is not JSON, or the body is not UTF-8.
    #[error("the response is not JSON")]
    NotJson,
    /// No such name.
    #[error("the host is not known")]
    HostNotFound,
    /// The name resolves to an address that the options forbid.
    #[error(transparent)]
    ForbiddenAddress(ForbiddenAddress),
    /// The certificate is not one of a trusted authority, or not for this host.
    #[error("no trusted connection: {0} (SSL_CERT_FILE can name other certificate authorities)")]
    Untrusted(io::Error),
    /// Neither the system nor the options name a certificate authority.
    #[error(
        "this system has no certificate authorities: install the package ca-certificates, or set SSL_CERT_FILE"
    )]
    NoAuthorities,
    /// The file of further certificate authorities cannot be read, or holds none.
    #[error("no certificate authorities in {}: {error}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The connection failed.
    #[error(transparent)]
    Connection(io::Error),
    /// The response is not HTTP, or the client failed in another way.
    #[error("{0}")]
    Protocol(String),
}

/// An address that the rules of the request forbid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its name leads to {0}, which this request may not go to")]
pub struct ForbiddenAddress(pub IpAddr);

impl FetchError {
    pub(crate) fn from_client(error: ureq::Error, timeout: Duration) -> Self {
        match error {
            ureq::Error::Timeout(_) => Self::Timeout(timeout),
            ureq::Error::BodyExceedsLimit(most) => Self::TooLong(most),
            ureq::Error::HostNotFound => Self::HostNotFound,
            ureq::Error::Io(error) => Self::from_io(error),
            other => Self::Protocol(other.to_string()),
        }
    }

    fn from_io(error: io::Error) -> Self {
        let cause = error.get_ref();
        if let Some(forbidden) = cause.and_then(|cause| cause.downcast_ref::<ForbiddenAddress>()) {
            Self::ForbiddenAddress(*forbidden)
        } else if cause.is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>) {
            Self::Untrusted(error)
        } else {
            Self::Connection(error)
        }
    }
}
