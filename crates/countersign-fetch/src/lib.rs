//! One outgoing HTTPS request, hardened in one place: no redirects, limits on time and size, plain HTTP to
//! this machine only, and rules about the addresses that a name may resolve to.
//!
//! ```no_run
//! use countersign_fetch::{FetchOptions, FetchUrl, get};
//! use std::time::Duration;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let url = FetchUrl::parse("https://auth.example.com/.well-known/jwks.json")?;
//! let document = get(&url, &FetchOptions::new(Duration::from_secs(10), 64 * 1024))?;
//! println!("{} bytes, fresh for {:?}", document.body.len(), document.fresh_for);
//! # Ok(()) }
//! ```
//!
//! A call blocks its thread until the response is complete or the time is over; [`open`] reads a response that never ends. Nothing is kept between
//! calls: no connection, no cookie, no certificate authority. So the next call uses a renewed bundle of
//! authorities.

mod address;
mod certificate;
mod document;
mod error;
mod exchange;
mod options;
mod request;
mod stream;
mod tls;
mod url;

pub use certificate::{ServerCertificate, certificate};
pub use document::{Answer, Document, Reply};
pub use error::{FetchError, ForbiddenAddress};
pub use exchange::{Exchange, Question, exchange};
pub use options::{Addresses, FetchOptions};
pub use request::{get, get_unless, open, post};
pub use stream::ByteStream;
pub use tls::authorities;
pub use url::{FetchUrl, UrlError};
