//! One outgoing HTTPS request, hardened once for everybody who makes one: no redirects, a limit on the time
//! and on the size, plain HTTP to this machine only, and rules about the addresses that a name may lead to.
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
//! A call blocks its thread until the answer is complete or the time is over. Nothing is kept between calls:
//! no connection, no cookie, no certificate authority. So a renewed bundle of authorities counts from the
//! next call on.

mod address;
mod document;
mod error;
mod options;
mod request;
mod tls;
mod url;

pub use document::{Answer, Document};
pub use error::{FetchError, ForbiddenAddress};
pub use options::{Addresses, FetchOptions};
pub use request::{get, get_unless};
pub use url::{FetchUrl, UrlError};
