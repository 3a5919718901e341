//! The JSON of each thing, once: for the API, and for `--json` of the command line. The schemas of the API's description say the same.
//!
//! Field names are camelCase. An instant is text in the form of RFC 3339, in UTC with milliseconds; an ID is a lower-case
//! UUID. A field is always there, `null` where there is nothing, unless its type is [`Optional`].

mod account;
mod api_key;
mod audit;
mod client;
#[cfg(feature = "oidc")]
mod connected_app;
mod email;
mod feed_key;
mod field;
mod follower;
mod invitation;
mod key;
mod overview;
mod second_factor;
mod session;
mod token;

pub use self::account::{AccountView, UserView};
pub use self::api_key::ApiKeyView;
pub use self::audit::AuditEventView;
pub use self::client::ClientView;
#[cfg(feature = "oidc")]
pub use self::connected_app::ConnectedAppView;
pub use self::email::EmailView;
pub use self::feed_key::FeedKeyView;
pub use self::field::{Instant, Optional};
pub use self::follower::FollowerView;
pub use self::invitation::InvitationView;
pub use self::key::KeyView;
pub use self::overview::{FindingView, OverviewView, SeriesView};
pub use self::second_factor::{FactorView, PasskeyView, TrustedDeviceView};
pub use self::session::SessionView;
pub use self::token::TokenResponse;
