//! What a system holds for other applications.

use countersign_guard::Guard;

use crate::base::master_key::MasterKeys;
use crate::model::audience::Audience;
use crate::model::session::refresh_token::RefreshTokenCodec;
use crate::options::Options;

/// What other applications need of a system.
#[derive(Debug)]
pub(crate) struct Apps {
    /// Those of applications have a key of their own: the tokens of sign-ins are nothing here, nor these there.
    pub(crate) refresh_tokens: RefreshTokenCodec,
    /// What tokens are made for that are for no resource: the endpoint that says who somebody is.
    pub(crate) userinfo: Audience,
    /// It lets those tokens through, and no others.
    pub(crate) guard: Guard,
}

impl Apps {
    pub(crate) fn open(options: &Options, guard: &Guard, master_keys: &MasterKeys) -> Self {
        let userinfo = Self::userinfo(options);
        let guard = guard.with_policy(options.claims_policy(&userinfo));
        Self { refresh_tokens: RefreshTokenCodec::of_apps(master_keys), userinfo, guard }
    }

    /// SECURITY: an audience of its own, whatever the default audience is called: no application's token manages accounts.
    fn userinfo(options: &Options) -> Audience {
        let mut audience = Audience::new(format!("{}/oauth2/userinfo", options.issuer));
        audience.algorithm = options.audiences.default.algorithm;
        audience
    }
}
