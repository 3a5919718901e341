//! [`PagesOptions`]: whose pages they are, and which of them there are.

use serde::Serialize;

use crate::http::pages::logo::Logo;
use crate::model::accent::Accent;
use crate::options::{Options, RegistrationMode};

/// Whose pages they are, and which of them there are.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a page or a part of one that there is or is not")]
pub struct PagesOptions {
    /// The name in the title and the header of every page, as text. Default `Countersign`.
    pub product_name: String,
    /// The picture beside the name, and the icon of the browser's tab. Default the one of Countersign.
    pub logo: Option<Logo>,
    /// The colour of buttons and links. Default the one of Countersign.
    pub accent: Accent,
    /// The languages of the pages for signing in, a forgotten password, the account, the administration and a mistyped address,
    /// of `en` and `de`; the first is for a browser that asks for none of them. The home page, the debugger and the description of
    /// the API are in English. Default `en`, `de`.
    pub languages: Vec<String>,
    /// The address that name and logo lead to; `None` for no link. Default `./`, the path that the pages are
    /// mounted under.
    pub home: Option<String>,
    /// Whether there is `/account`. Without it a sign-in that no other page has asked for leads to `home`. Default
    /// `true`.
    pub account: bool,
    /// Whether there is `/admin`. The API for administrators stays. Default `true`.
    pub admin: bool,
    /// Whether there is `/debugger`. Default `true`.
    pub debugger: bool,
    /// Whether there is `/docs`, which shows `/openapi.json`, and that document. Default `true`.
    pub docs: bool,
    /// Whether these pages bind the sessions that begin on them to a key in the browser (DPoP, RFC 9449). Every other page that shares
    /// the session then has to be of the same origin, and to use the client's module for it. Default `false`.
    pub device_proof: bool,
    /// Accounts whose passwords are public: the sign-in page shows them, and a click fills them in. Only in development
    /// ([`HttpOptions::development`](crate::http::HttpOptions::development)). Default none.
    pub demo_users: Vec<DemoUser>,
}

/// An account for trying things out.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DemoUser {
    /// Its name.
    pub username: String,
    /// Its password, which everybody knows.
    pub password: String,
}

impl DemoUser {
    /// An account with a public password.
    #[must_use]
    pub fn new(username: &str, password: &str) -> Self {
        Self { username: username.to_owned(), password: password.to_owned() }
    }
}

impl PagesOptions {
    /// Each page that can be off, and whether it is on. Those of what people do by mail follow the server.
    fn switches(&self, server: &Options) -> [(&'static str, bool); 8] {
        let is_open = server.registration.mode == RegistrationMode::Open;
        [
            ("account", self.account),
            // No page, but a part of one.
            ("apps", cfg!(feature = "oidc") && !server.oauth.clients.is_empty()),
            ("admin", self.admin),
            ("debugger", self.debugger),
            ("docs", self.docs),
            ("forgot", server.email.enabled),
            ("mail-sign-in", server.email.enabled && server.email.sign_in),
            ("register", is_open && server.email.enabled),
        ]
    }

    /// The names of the pages that are on.
    pub(super) fn on(&self, server: &Options) -> impl Iterator<Item = &'static str> {
        self.switches(server).into_iter().filter(|(_, is_on)| *is_on).map(|(name, _)| name)
    }

    /// The names of the pages that are off.
    pub(super) fn off(&self, server: &Options) -> impl Iterator<Item = &'static str> {
        self.switches(server).into_iter().filter(|(_, is_on)| !is_on).map(|(name, _)| name)
    }
}

impl Default for PagesOptions {
    fn default() -> Self {
        Self {
            product_name: "Countersign".to_owned(),
            logo: None,
            accent: Accent::default(),
            languages: vec!["en".to_owned(), "de".to_owned()],
            home: Some("./".to_owned()),
            account: true,
            admin: true,
            debugger: true,
            docs: true,
            device_proof: false,
            demo_users: Vec::new(),
        }
    }
}
