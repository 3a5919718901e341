//! A stolen signing key is withdrawn by the command line while two servers and a guard in another process check tokens.

use countersign_guard::Refusal;
use countersign_guard::jwt::VerifyError;
use countersign_guard::jwt::dangerous::decode_unverified;

use crate::feed_guard::Issuing;
use crate::harness::{PASSWORD, eventually};

fn kid(token: &str) -> String {
    decode_unverified(token).unwrap().header["kid"].as_str().unwrap().to_owned()
}

/// KM-3: the server and the follower of its feed refuse its tokens; the session goes on by refreshing, also at the follower;
/// after a restart it is as it was.
#[test]
fn a_follower_refuses_what_a_withdrawn_key_has_signed() {
    let issuing = Issuing::new();
    let server = issuing.serve();
    let guard = issuing.guard().start().blocking().unwrap();
    let signed_in = server.login("ann", PASSWORD);
    let (old, cookie) = (signed_in.token(), signed_in.cookie().unwrap());
    assert!(guard.verify(&old).is_ok(), "{:?}", guard.verify(&old));
    let ran = issuing.place.run(&["key", "withdraw", &kid(&old)]);
    assert!(ran.code == Some(0) && ran.out.contains("is withdrawn"), "{ran:?}");
    eventually(|| guard.verify(&old).is_err());
    assert_eq!(guard.verify(&old).unwrap_err(), Refusal::Invalid(VerifyError::UnknownKeyId));
    assert_eq!(server.profile(&old).status, 401, "it was the server that said so");

    let new = server.refresh(&cookie).unwrap().token();
    assert_ne!(kid(&new), kid(&old));
    assert_eq!(server.profile(&new).status, 200);
    eventually(|| guard.verify(&new).is_ok());
    let again = issuing.place.run(&["key", "withdraw", &kid(&old)]);
    assert!(again.code == Some(0), "{again:?}");
    let unknown = issuing.place.run(&["key", "withdraw", "unknown"]);
    assert!(unknown.code == Some(1) && unknown.err.contains("no signing key"), "{unknown:?}");

    drop((server, guard));
    let server = issuing.serve();
    let guard = issuing.guard().start().blocking().unwrap();
    assert!(guard.verify(&old).is_err() && guard.verify(&new).is_ok());
    assert_eq!((server.profile(&old).status, server.profile(&new).status), (401, 200));
}
