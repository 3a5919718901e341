//! Whether sessions are bound to devices.

use countersign_jwt::TargetUri;

use crate::base::out_of_range::Broken;
use crate::model::audience::Audiences;

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

impl DeviceBindingOptions {
    /// Whether somebody can have a token for each audience that binds them.
    pub(super) fn check_audiences(self, issuer: &str, audiences: &Audiences, broken: &mut Broken) {
        for (index, audience) in audiences.iter().enumerate() {
            let place = index.checked_sub(1).map_or("default".to_owned(), |index| format!("others.{index}"));
            let field = format!("audiences.{place}.dpop_bound");
            let can_be = |is_possible: bool| !audience.dpop_bound || is_possible;
            let rule = "binds tokens to the keys of sessions, and `device_binding.dpop` is off, so no session has one";
            broken.unless(can_be(self.dpop), &field, rule);
            let rule = "needs an issuer that is a URL: proofs are made for one (RFC 9449 §4.2)";
            broken.unless(can_be(TargetUri::parse(issuer).is_ok()), &field, rule);
        }
    }
}

impl Default for DeviceBindingOptions {
    fn default() -> Self {
        Self { dpop: true, dbsc: false }
    }
}
