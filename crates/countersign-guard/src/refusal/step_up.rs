//! [`StepUp`]: which sign-in a route asks for (RFC 9470).

use std::fmt::Write as _;
use std::sync::Arc;

/// What a sign-in must be like, so that a client can ask for another one (RFC 9470 §3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepUp {
    /// `None`: of any class.
    pub(crate) acr_values: Option<Arc<[Box<str>]>>,
    pub(crate) max_age_seconds: Option<u64>,
}

impl StepUp {
    /// The classes of which the token's `acr` must be one, the most wanted first; none: any.
    pub fn acr_values(&self) -> impl Iterator<Item = &str> {
        self.acr_values.iter().flat_map(|names| names.iter()).map(|name| &**name)
    }

    /// How many seconds ago the sign-in (`auth_time`) may have been at most.
    #[must_use]
    pub const fn max_age_seconds(&self) -> Option<u64> {
        self.max_age_seconds
    }

    /// `acr_values` and `max_age` of the challenge, each with a comma before it.
    pub(super) fn parameters(&self) -> String {
        let mut out = String::new();
        if let Some(names) = self.acr_values.as_ref().filter(|names| !names.is_empty()) {
            // In a quoted string (RFC 9110 §5.6.4); what no header can hold is left out.
            let names = names.join(" ").replace(|char: char| !(' '..='~').contains(&char), "");
            let _infallible =
                write!(out, ", acr_values=\"{}\"", names.replace('\\', "\\\\").replace('"', "\\\""));
        }
        if let Some(seconds) = self.max_age_seconds {
            let _infallible = write!(out, ", max_age=\"{seconds}\"");
        }
        out
    }
}
