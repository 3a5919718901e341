//! The examples of RFC 9449: figures 2 and 13 with their key, the thumbprint of figure 9, `ath` of figure 14.

use countersign_jwt::{DpopError, DpopPolicy, DpopRequest, JwkThumbprint, TargetUri, verify_dpop_proof};

const HEADER: &str = concat!(
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0Rs",
    "cEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2",
    "In19",
);
/// Figure 2.
const TOKEN_REQUEST: &str = concat!(
    ".eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwi",
    "aWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg",
);
/// Figure 13.
const RESOURCE_REQUEST: &str = concat!(
    ".eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0",
    "ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9",
    ".2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA",
);
const ACCESS_TOKEN: &str = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";

fn thumbprint() -> JwkThumbprint {
    "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I".parse().unwrap()
}

#[test]
fn the_proof_of_a_token_request() {
    let target = TargetUri::parse("https://server.example.com/token").unwrap();
    let request = DpopRequest::new("POST", &target);
    let text = format!("{HEADER}{TOKEN_REQUEST}");
    let proof = verify_dpop_proof(&text, &request, &DpopPolicy::default(), 1_562_262_616).unwrap();
    assert_eq!(proof.thumbprint(), thumbprint());
    assert_eq!((proof.id(), proof.issued_at()), ("-BwC3ESc6acc2lTc", 1_562_262_616));
    assert_eq!(proof.good_until(), 1_562_262_676);
}

#[test]
fn the_proof_of_a_resource_request() {
    let target = TargetUri::parse("https://resource.example.org/protectedresource").unwrap();
    let text = format!("{HEADER}{RESOURCE_REQUEST}");
    let verdict = |token: &str, key: JwkThumbprint| {
        let request = DpopRequest::new("GET", &target).with_access_token(token, key);
        verify_dpop_proof(&text, &request, &DpopPolicy::default(), 1_562_262_618)
            .map(|proof| proof.id().to_owned())
    };
    assert_eq!(verdict(ACCESS_TOKEN, thumbprint()).as_deref(), Ok("e1j3V_bKic8-LAEB"));
    assert_eq!(verdict("another", thumbprint()), Err(DpopError::WrongAccessToken));
    let other = JwkThumbprint::from_bytes([0; 32]);
    assert_eq!(verdict(ACCESS_TOKEN, other), Err(DpopError::WrongKey));
}
