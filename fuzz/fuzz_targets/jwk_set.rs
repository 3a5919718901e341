//! Any text as a JWK Set: nothing panics, nothing secret is published, and what is strict is a part of what is lax.

#![no_main]

use countersign_jwt::{Algorithm, JwkSet};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let own = JwkSet::parse(text);
    let foreign = JwkSet::parse_foreign(text, &Algorithm::ALL);
    if let Ok(keys) = &own {
        let (lax, _) = foreign.as_ref().expect("a strict set is a set");
        let public = keys.keys().iter().filter(|key| !key.algorithm().is_symmetric()).count();
        assert_eq!(lax.keys().len(), public);
        let published = keys.to_json();
        assert!(!published.contains("\"k\":") && !published.contains("\"d\":"));
        assert_eq!(JwkSet::parse(&published).map(|set| set.keys().len()), Ok(public));
    }
    if let Ok((keys, _)) = &foreign {
        assert!(JwkSet::new(keys.keys().to_vec()).is_ok());
    }
});
