//! Whether sessions are bound to devices.

/// How sessions are bound to keys of devices. One that is bound is refreshed with a proof of its key alone, whatever these say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceBindingOptions {
    /// Whether a sign-in with a DPoP proof (RFC 9449) binds its session to the key of the proof. Default: yes. A client that sends none is
    /// as it always was.
    pub dpop: bool,
}

impl Default for DeviceBindingOptions {
    fn default() -> Self {
        Self { dpop: true }
    }
}
