//! Whether sessions are bound to devices.

/// How sessions are bound to keys of devices. One that is bound is refreshed with a proof of its key alone, whatever these say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceBindingOptions {
    /// Whether a sign-in with a DPoP proof (RFC 9449) binds its session to the key of the proof. Default: yes. A client that sends none is
    /// as it always was.
    pub dpop: bool,
    /// Whether a browser that can is asked to make a key for a session when it begins (Device Bound Session Credentials), if the refresh token goes into a
    /// cookie, the issuer is reached over HTTPS, and the sign-in had no DPoP proof. Default: no. Other browsers lose nothing.
    pub dbsc: bool,
}

impl Default for DeviceBindingOptions {
    fn default() -> Self {
        Self { dpop: true, dbsc: false }
    }
}
