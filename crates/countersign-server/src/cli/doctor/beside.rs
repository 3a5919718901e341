//! The look that a running server takes at itself every few minutes: what is cheap, and can be wrong while a server runs.

use std::ffi::OsString;

use super::finding::Rule;
use super::rules::all;
use crate::cli::global::Global;

/// The arguments of this program that print it.
pub(in crate::cli) fn arguments(global: &Global) -> Vec<OsString> {
    let only: Vec<_> = all().filter(|rule| is_wanted(rule)).map(|rule| rule.id).collect();
    let mut arguments = ["doctor", "--json", "--only", &only.join(",")].map(OsString::from).to_vec();
    arguments.extend(global.arguments());
    arguments
}

fn is_wanted(rule: &Rule) -> bool {
    // Nobody has said from where to ask, and for whom a token is.
    !["reach", "consumer"].contains(&rule.group())
        // It computes hashes on all threads; and that the server listens, it knows.
        && !["passwords.hash-time", "config.listen"].contains(&rule.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_left_out_is_there() {
        let left_out: Vec<_> = all().filter(|rule| !is_wanted(rule)).map(|rule| rule.id).collect();
        assert!(
            left_out.contains(&"passwords.hash-time") && left_out.contains(&"config.listen"),
            "{left_out:?}"
        );
        assert!(all().any(|rule| is_wanted(rule) && rule.id == "backup.age"));
    }
}
