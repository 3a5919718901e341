//! A span that has ended, as far as it leaves this machine: nothing in it says who asked, from where, or what with. So a request has
//! its route as it stands in the router, and not its path, which can hold a token.

/// A span that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) place: Place,
    pub(super) what: What,
    /// In nanoseconds since 1970.
    pub(super) start: u64,
    pub(super) end: u64,
}

/// Where a span is in its trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) trace: u128,
    pub(super) span: u64,
    pub(super) parent: Option<u64>,
}

/// What the time was spent on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    Request {
        method: String,
        /// None for a path that no route matches.
        route: Option<String>,
        /// None if the client hung up before there was one.
        status: Option<u16>,
    },
    /// An operation of the store, by its name.
    Store(String),
}
