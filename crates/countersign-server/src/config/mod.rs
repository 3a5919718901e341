//! The configuration: its keys (`keys`), the sources of values (`sources`), and what is allowed (`limits`,
//! `rules`).
//!
//! Values come from, in rising precedence: the default, the TOML file, the environment (and `.env`), the
//! command line. Anything unknown, misspelt or out of range stops the start with its place and the remedy
//! (OP-3).

mod audiences;
mod changes;
mod dotenv;
mod events;
mod hooks;
mod key;
mod keys;
mod library;
mod limits;
mod load;
mod mail;
mod oauth;
mod origin;
mod otlp;
mod place;
mod registration;
mod rules;
mod second_factor;
mod setting;
mod sources;
mod store;
mod template;
mod upstream;
mod warnings;
mod weak_secret;
mod webhooks;

pub(crate) use self::changes::Changes;
pub(crate) use self::events::EventsTarget;
pub(crate) use self::hooks::{HookFailurePolicy, HookQuestion};
pub(crate) use self::key::ConfigKey;
pub(crate) use self::keys::{Config, KEYS};
pub(crate) use self::limits::is_loopback_name;
pub(crate) use self::load::read_line;
pub(crate) use self::oauth::{read_keys as read_oauth_keys, read_secret as read_oauth_secret};
pub(crate) use self::origin::{Origin, PathPrefix};
#[cfg(feature = "otlp")]
pub(crate) use self::otlp::Ratio;
pub(crate) use self::place::{ConfigError, Place};
pub(crate) use self::setting::parse_duration;
pub(crate) use self::setting::{LogFormat, Toggle};
pub(crate) use self::sources::{Environment, Settings};
pub(crate) use self::template::{markdown_table, toml_template};
pub(crate) use self::upstream::LoginFormat;
pub(crate) use self::webhooks::Webhook;

#[cfg(test)]
mod tests;
