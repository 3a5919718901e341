//! What answers the requests of all connections.

use arc_swap::ArcSwap;
use axum::Router;

/// The router; may be exchanged at any time, and the next request of every connection goes by the new one.
pub(crate) type Routes = ArcSwap<Router>;
