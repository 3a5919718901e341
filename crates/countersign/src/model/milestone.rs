//! Instants that a store remembers of itself, one of each kind.

/// An instant that a store remembers of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Milestone {
    /// Sessions that began before are over.
    SessionsNotBefore,
    /// The last backup was made.
    BackedUp,
}

impl Milestone {
    /// The name under which it is stored.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::SessionsNotBefore => "sessions_not_before",
            Self::BackedUp => "backed_up",
        }
    }
}
