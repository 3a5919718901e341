//! Who is asking, from where and when. It goes into every use case, and from there into the audit log.

use std::net::IpAddr;

use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, RequestId};
use crate::model::device_cookie::DeviceCookie;
use crate::model::device_proof::DeviceProof;

/// The caller of a use case, their address, and the instant of the call. The audit log keeps most of it.
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "internal-testing"), non_exhaustive)]
pub struct Context {
    /// The instant that all rules of this call use.
    pub now: Timestamp,
    /// The caller.
    pub actor: Actor,
    /// The ID of the HTTP request, if the call came over HTTP.
    pub request_id: Option<RequestId>,
    /// The client's address, if the call came over a network.
    pub address: Option<IpAddr>,
    /// The `User-Agent`, cut to 256 bytes.
    pub user_agent: Option<String>,
    /// The device cookie that came along: it may prove that this browser has signed in before.
    pub device_cookie: Option<DeviceCookie>,
    /// What came along of proofs that the device holds a key.
    pub device: DeviceProof,
}

impl Context {
    /// A call that did not come over a network: the command line, or the server itself.
    #[must_use]
    pub const fn local(actor: Actor, now: Timestamp) -> Self {
        Self {
            now,
            actor,
            request_id: None,
            address: None,
            user_agent: None,
            device_cookie: None,
            device: DeviceProof::NONE,
        }
    }

    /// What the audit log keeps of it.
    pub(crate) const fn origin(&self) -> Origin {
        Origin { now: self.now, actor: self.actor, request_id: self.request_id, address: self.address }
    }
}

/// What of a context is written down with every change. It is copied into the store's transaction, where a
/// whole context would have to be cloned for each refresh.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    pub(crate) now: Timestamp,
    pub(crate) actor: Actor,
    pub(crate) request_id: Option<RequestId>,
    pub(crate) address: Option<IpAddr>,
}

/// The one who does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Nobody we know yet: a login, a refresh.
    Anonymous,
    /// A signed-in account.
    Account(AccountId),
    /// A person or a script at the command line of the host.
    CommandLine,
    /// The server on its own: a schedule.
    System,
}

impl Actor {
    /// The kind of actor as one word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Account(_) => "account",
            Self::CommandLine => "command_line",
            Self::System => "system",
        }
    }

    /// Which account, when it is one.
    #[must_use]
    pub const fn account_id(self) -> Option<AccountId> {
        match self {
            Self::Account(id) => Some(id),
            Self::Anonymous | Self::CommandLine | Self::System => None,
        }
    }
}
