//! How a store answers.

use std::future::Future;

/// A store's answer: a future that can be sent between threads.
pub trait Answer<T>: Future<Output = Result<T, StoreError>> + Send {}
impl<T, F: Future<Output = Result<T, StoreError>> + Send> Answer<T> for F {}

/// Why a store did not answer. Nothing is known to have happened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Too many operations are waiting; try again a little later.
    #[error("the store takes nothing more for now: too many operations wait, or its disk does not answer")]
    Overloaded,
    /// The database cannot be reached, read or written.
    #[error("the store is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Only this crate has stores: a new verb breaks nobody.
pub trait Sealed: Send + Sync + 'static {}
