//! What an account has beside its password.

use crate::base::id::{FactorId, TrustedDeviceId};
use crate::model::second_factor::{SecondFactor, TrustedDevice};
use crate::wire::Instant;
use crate::wire::field::view;

view! {
    /// An authenticator of an account.
    FactorView {
        id: FactorId,
        /// `totp`; other kinds may come.
        kind: &'a str,
        name: &'a str,
        created_at: Instant,
        /// When it was last used to sign in; `null`: not yet.
        last_used_at: Option<Instant>,
    }
}

view! {
    /// A device on which the owner of an account is not asked for a second factor.
    TrustedDeviceView {
        id: TrustedDeviceId,
        created_at: Instant,
        /// Until when it is trusted.
        expires_at: Instant,
        /// What its browser called itself.
        user_agent: Option<&'a str>,
    }
}

impl<'a> FactorView<'a> {
    /// The view of an authenticator.
    #[must_use]
    pub fn new(factor: &'a SecondFactor) -> Self {
        Self {
            id: factor.id,
            kind: factor.kind.name(),
            name: &factor.name,
            created_at: Instant(factor.created_at),
            last_used_at: factor.last_used_at.map(Instant),
        }
    }
}

impl<'a> TrustedDeviceView<'a> {
    /// The view of a trusted device.
    #[must_use]
    pub fn new(device: &'a TrustedDevice) -> Self {
        Self {
            id: device.id,
            created_at: Instant(device.created_at),
            expires_at: Instant(device.expires_at),
            user_agent: device.user_agent.as_deref(),
        }
    }
}
