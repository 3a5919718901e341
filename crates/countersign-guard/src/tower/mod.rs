//! The guard as a tower layer: [`GuardLayer`] wraps a service into a [`GuardService`], whose response is a
//! [`GuardFuture`].

mod demands;
mod future;
mod layer;
mod service;

pub use future::GuardFuture;
pub use layer::GuardLayer;
pub use service::GuardService;
