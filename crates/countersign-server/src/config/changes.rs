//! A configuration that was read again while the server runs: what of it is taken over, and what needs a restart.

use super::audiences;
use super::keys::Config;

/// The keys whose values have changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// These are in force now.
    pub(crate) taken_over: Vec<&'static str>,
    /// These will be when the server is started again.
    pub(crate) need_restart: Vec<&'static str>,
}

impl Config {
    /// Takes the live keys over from `new`, and says what else differs.
    pub(crate) fn take_over(&mut self, new: &Self) -> Changes {
        let mut changes = Changes::default();
        for key in self.settings.changed(&new.settings) {
            if key.is_live { &mut changes.taken_over } else { &mut changes.need_restart }.push(key.name);
        }
        if self.settings.audiences() != new.settings.audiences() {
            changes.need_restart.push(audiences::KEY);
        }
        self.adopt_live(new);
        self.settings.adopt(&changes.taken_over, &new.settings);
        changes
    }
}
