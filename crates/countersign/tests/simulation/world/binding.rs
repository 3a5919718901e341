//! Clients whose sessions are bound to a key: their proofs, and what only they survive.

use countersign::internal::base::clock::Timestamp;
use countersign::internal::base::id::SessionId;
use countersign::internal::model::device_proof::DeviceProof;
use countersign::store::SessionStore as _;

use super::{Call, Event, Request, Server, World, place};
use crate::executor::now;
use crate::seeded_key::SeededKey;

/// Milliseconds until a refresh that comes just after the minimum age (20 s), and of the next one, long after the grace.
const JUST_ROTATES: i64 = 20_100;
const MUCH_LATER: i64 = 900_000;

impl World {
    /// What the device that sends this proves: each attempt once, however often it arrives.
    pub(super) fn proof_for(&self, request: &Request, server: &Server, at: Timestamp) -> DeviceProof {
        let client = &self.clients[request.client];
        let thieves = SeededKey::new(&[9; 32]);
        let mut key = client.key.as_ref();
        let path = match request.call {
            Call::Refresh { thief: true, .. } if !client.key_stolen => {
                key = request.attempt.is_multiple_of(2).then_some(&thieves);
                "/api/refresh"
            }
            Call::Refresh { .. } => "/api/refresh",
            Call::Login { .. } => "/api/login",
            _ => return DeviceProof::default(),
        };
        let Some(key) = key else { return DeviceProof::default() };
        let uri = format!("{}{path}", self.options.issuer);
        let proof = key.proof(&uri, &request.attempt.to_string(), at.as_unix_seconds());
        server.verify_dpop(&proof, ("POST", path), at).unwrap()
    }

    pub(super) fn is_bound(&self, id: SessionId) -> bool {
        let stored = now(self.server(0).store().inner.find_session(id));
        stored.is_ok_and(|session| session.is_some_and(|session| session.bound_key.is_some()))
    }
}

/// Somebody between repeats a refresh just after the minimum age, and the repeat rotates; its response is lost, while that to the
/// first, which was young, arrives. Long after the grace the owner comes again. The failure, if it is one.
pub(crate) fn lost_second_response(is_bound: bool) -> Option<String> {
    let _runtime = place::runtime().enter();
    let mut world = World::new(359, None);
    let client = usize::from(is_bound);
    let token = world.clients[client].jar.clone().unwrap();
    let refresh = |attempt, answer_lost| Request {
        client,
        tab: None,
        attempt,
        call: Call::Refresh { token: token.clone(), thief: false },
        cut_off: false,
        answer_lost,
    };
    world.at(JUST_ROTATES - 200, Event::Arrives(refresh(1_001, false)));
    world.at(JUST_ROTATES, Event::Arrives(refresh(1_002, true)));
    world.at(JUST_ROTATES + MUCH_LATER, Event::Arrives(refresh(1_003, false)));
    world.live().err()
}
