//! Invitations: an administrator offers an account to an address, and perhaps takes that back before it is used (EM-1).

use countersign::internal::base::id::TicketId;
use countersign::internal::flows::invite::{Invitation, InviteError};
use countersign::internal::model::account::{EmailAddress, Role};
use countersign::internal::model::context::Context;
use countersign::internal::model::ticket::TicketPurpose;
use countersign::store::StoreError;

use super::{Call, Done, Running, Server, World};
use crate::auditor::{Verdict, ensure};
use crate::executor::Task;

/// What an administrator does about one.
#[derive(Clone, Debug)]
pub(super) enum InviteCall {
    Invite(String),
    Withdraw(TicketId),
}

pub(super) enum InviteDone {
    Invited(Result<Invitation, InviteError>),
    Withdrawn(Result<bool, StoreError>),
}

impl World {
    /// Somebody is invited, or the invitation that was made last is taken back.
    pub(super) fn invitation_happens(&mut self, taken_back: bool) {
        if taken_back {
            return self.withdraws();
        }
        let address = self.newcomers_address();
        self.send(0, Call::Invite(InviteCall::Invite(address)));
    }

    fn withdraws(&mut self) {
        let known = &self.auditor.mails.tickets;
        let is_one = |id: &TicketId| known.get(id).is_some_and(|it| it.purpose == TicketPurpose::Invite);
        let last = self.mails.iter().rev().map(|mail| mail.ticket).find(is_one);
        if let Some(id) = last {
            self.send(0, Call::Invite(InviteCall::Withdraw(id)));
        }
    }

    pub(super) fn start_invitation(call: InviteCall, server: Server, context: Context) -> Task<Done> {
        Box::pin(async move {
            Done::Invited(match call {
                InviteCall::Invite(address) => {
                    let address = EmailAddress::parse(&address).unwrap();
                    InviteDone::Invited(server.invite(&address, &Role::default(), &context).await)
                }
                InviteCall::Withdraw(id) => {
                    InviteDone::Withdrawn(server.withdraw_invitation(id, &context).await)
                }
            })
        })
    }

    pub(super) fn invited(&mut self, done: InviteDone, running: &Running, call: &InviteCall) -> Verdict {
        match (done, call) {
            (InviteDone::Invited(Ok(made)), _) => {
                let known = self.auditor.mails.tickets.get(&made.id);
                let is_one = known.is_some_and(|known| known.purpose == TicketPurpose::Invite);
                ensure(is_one, || {
                    format!("EM-8: the invitation {} was acknowledged, and is not there", made.id)
                })
            }
            (InviteDone::Invited(Err(InviteError::AddressTaken | InviteError::TooManyMails)), _) => Ok(()),
            (InviteDone::Withdrawn(Ok(is_done)), InviteCall::Withdraw(id)) => {
                let is_unused = self.auditor.is_unused(*id, running.context.now);
                ensure(!is_unused, || {
                    format!("EM-1: the invitation {id} is good after it was taken back ({is_done})")
                })
            }
            (InviteDone::Invited(Err(error)), _) => Err(format!("an invitation failed: {error}")),
            (InviteDone::Withdrawn(Err(error)), _) => Err(error.to_string()),
            (InviteDone::Withdrawn(_), InviteCall::Invite(_)) => {
                Err("an invitation that was taken back instead".to_owned())
            }
        }
    }
}
