//! Access tokens, of sessions and of API keys: at every node they work until they expire or are ended, and not after that
//! (J1, J6). What one node ends, the others and the followers of the feed refuse within [`HEARD`].

use std::collections::BTreeSet;

use countersign::internal::base::id::SessionId;

use super::{Auditor, End, Moment, Verdict, ensure};
use crate::world::{HEARD, Node};

#[derive(Debug)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) expires: i64,
    /// That of the clock when it was made.
    pub(super) jump: i64,
    /// Which node made it.
    pub(super) node: usize,
}

impl Token {
    /// Whether a clock of this moment says that it has not expired. Not of one from before the clock was set.
    fn is_running(&self, node: &Node, at: Moment) -> bool {
        node.clock.now().as_unix_seconds() < self.expires && self.jump == at.jump
    }
}

impl Auditor {
    pub(super) fn check_tokens(&self, nodes: &[Node], at: Moment) -> Verdict {
        for (id, tokens, end) in self.tokens() {
            for (number, node) in nodes.iter().enumerate() {
                let knows = end.is_some_and(|end| end.by == Some(number) || at.time > end.at + HEARD);
                for token in tokens.iter().rev().take(3) {
                    let accepted = node.server.guard().verify(&token.text).is_ok();
                    ensure(!(accepted && knows), || {
                        format!("J1: an access token of {id} works at node {number} after it has ended")
                    })?;
                    let may_not_know_key = number != token.node && at.time <= self.keys_changed + HEARD;
                    let must = end.is_none() && token.is_running(node, at) && !may_not_know_key;
                    ensure(accepted || !must, || {
                        format!("J6: an access token of {id} does not work at node {number}")
                    })?;
                }
            }
        }
        Ok(())
    }

    /// A follower has asked this node, which had just read the log.
    pub(crate) fn check_follower(&self, heard: &BTreeSet<String>, node: &Node, at: Moment) -> Verdict {
        for (id, tokens, end) in self.tokens() {
            let matters = end.is_some() && tokens.iter().any(|token| token.is_running(node, at));
            ensure(!matters || heard.contains(&id.to_string()), || {
                format!("J1: a follower of the feed has not heard that {id} has ended")
            })?;
        }
        Ok(())
    }

    fn tokens(&self) -> impl Iterator<Item = (&SessionId, &[Token], Option<&End>)> {
        let sessions = self.sessions.iter().map(|(id, known)| (id, &known.access[..], known.ended.as_ref()));
        let keys = self.key_tokens.iter().map(|(id, of)| (id, &of.access[..], of.ended.as_ref()));
        sessions.chain(keys)
    }
}
