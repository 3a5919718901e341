//! Everything below a path, on an origin that belongs to other programs too.

use crate::harness::{PASSWORD, Place};

#[test]
fn everything_is_below_the_path() {
    let place = Place::new();
    place.add_user("ada", "user");
    let server = place.serve(&["--set", "path_prefix=/auth", "--set", "public_origin=https://a.example"]);
    let get = |path: &str| server.request("GET", path, "", "");

    let at_slash = get("/auth");
    assert!(at_slash.status == 308 && at_slash.head.contains("location: /auth/"), "{at_slash:?}");
    for path in ["/auth/", "/auth/login", "/auth/client.js", "/auth/assets/login.js", "/auth/healthz"] {
        assert_eq!(get(path).status, 200, "{path}");
    }
    for path in ["/", "/login", "/api/login", "/assets/login.js", "/.well-known/jwks.json"] {
        let answer = get(path);
        assert_eq!((answer.status, answer.code().as_str()), (404, "not_found"), "{path}");
        assert!(answer.head.contains("x-content-type-options: nosniff"), "{answer:?}");
    }

    let body = serde_json::json!({ "username": "ada", "password": PASSWORD }).to_string();
    let json = "Content-Type: application/json\r\nOrigin: https://a.example\r\n";
    let login = server.request("POST", "/auth/api/login", json, &body);
    assert_eq!(login.status, 200, "{login:?}");
    assert!(login.head.contains("; Path=/; "), "__Host- demands it: {login:?}");

    let metadata = get("/auth/.well-known/openid-configuration").json();
    assert_eq!(metadata["issuer"], "https://a.example/auth");
    assert_eq!(metadata["jwks_uri"], "https://a.example/auth/.well-known/jwks.json");
    assert_eq!(get("/.well-known/oauth-authorization-server/auth").json(), metadata, "RFC 8414");
    assert_eq!(get("/auth/.well-known/jwks.json").status, 200);
}
