//! Warnings about values that are allowed but risky: printed at each start and by `config check`.

use super::keys::Config;
use super::place::Place;

impl Config {
    /// One sentence a warning.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut all = Vec::new();
        let place = |key| self.settings.place(key);
        // OP-1: every child process inherits the environment, and many tools show it.
        for key in ["master_key", "jwt_secret", "password.pepper"] {
            if let Place::Environment(name) = place(key) {
                all.push(format!(
                    "{name} is in the environment, where other programs may see it; a file is safer: {key}_file"
                ));
            }
        }
        // PP-1.
        if self.password_min_length < NIST_MIN_LENGTH {
            all.push(format!(
                "{}: password.min_length is {}; where the password is the only factor, NIST SP 800-63B-4 asks \
                 for {NIST_MIN_LENGTH}",
                place("password.min_length"),
                self.password_min_length
            ));
        }
        all
    }
}

const NIST_MIN_LENGTH: u32 = 15;
