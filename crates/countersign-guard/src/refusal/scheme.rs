//! By which schemes a guard takes tokens.

/// How a token is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// Whoever has the token may use it (RFC 6750 §2.1).
    Bearer,
    /// With a proof of the key that it is bound to (RFC 9449 §7.1).
    Dpop,
}

/// Which schemes a guard offers, and which one the request used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// `Bearer` alone.
    Bearer,
    /// `Bearer` and `DPoP`, to a request that used this one.
    Both(Scheme),
}
