//! What an account has beside its password.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_webauthn::Aaguid;

use crate::base::id::{FactorId, TrustedDeviceId};
use crate::model::second_factor::{Passkey, SecondFactor, TrustedDevice};
use crate::wire::field::view;
use crate::wire::{Instant, Optional};

view! {
    /// An authenticator of an account.
    FactorView {
        id: FactorId,
        /// `totp`, `passkey`; other kinds may come.
        kind: &'a str,
        name: &'a str,
        created_at: Instant,
        /// When it was last used to sign in; `null`: not yet.
        last_used_at: Option<Instant>,
        ;optional
        /// What else there is of a passkey.
        passkey: PasskeyView<'a>,
    }
}

view! {
    /// What a passkey is, beside its name and times.
    PasskeyView {
        /// The ID that its authenticator gave it, in base64url.
        credential_id: String,
        /// Whether it can be synchronised to other devices.
        backup_eligible: bool,
        /// Whether it was synchronised when it was last used.
        backed_up: bool,
        /// Whether it signs in alone; one that does not is for the second step.
        signs_in: bool,
        /// How its authenticator can be reached (`internal`, `hybrid`, `usb`, …).
        transports: &'a [String],
        /// The model of its authenticator, a UUID that nothing proves; `null`: it was not said.
        aaguid: Option<String>,
    }
}

impl<'a> PasskeyView<'a> {
    /// The view of a passkey.
    #[must_use]
    pub fn new(passkey: &'a Passkey) -> Self {
        let aaguid = Aaguid::from_bytes(passkey.aaguid);
        Self {
            credential_id: URL_SAFE_NO_PAD.encode(&passkey.credential_id),
            backup_eligible: passkey.backup_eligible,
            backed_up: passkey.backed_up,
            signs_in: passkey.signs_in,
            transports: &passkey.transports,
            aaguid: (!aaguid.is_zero()).then(|| aaguid.to_string()),
        }
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
            passkey: Optional(factor.passkey.as_deref().map(PasskeyView::new)),
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
