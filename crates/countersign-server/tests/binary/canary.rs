//! LG-1, LG-2, CK-2, J12: whatever people send, and at whatever level we log, no secret is in what the server says or in
//! its audit log. Each secret is a value that is found nowhere else.

use crate::harness::{PASSWORD, Place};

#[test]
fn no_secret_is_in_any_output_at_any_level() {
    for format in ["text", "json"] {
        let mut place = Place::new();
        let master_key = "7c3a91e04d5b2f8861d0cab97e43f512".repeat(2);
        let jwt_secret = "e19b4c07a5d83f62b8417c0d95fa2e36d7183c4b60fe95a2417bd08c3e6f92a5";
        place.set("COUNTERSIGN_MASTER_KEY", &master_key);
        place.set("JWT_SECRET", jwt_secret);
        place.add_user("ann", "admin");
        let server = place.serve(&[
            "--set",
            "log.level=trace",
            "--set",
            &format!("log.format={format}"),
            "--set",
            "log.access=on",
        ]);
        let login = server.login("ann", PASSWORD);
        let (token, cookie) = (login.token(), login.cookie().unwrap());
        let bearer = format!("Authorization: Bearer {token}\r\n");
        let json = "Content-Type: application/json\r\n";
        server.login("ann", "canary-wrong-password");
        server.login("canary-user-name-that-is-a-password", "canary-other-password");
        server.request("POST", "/api/login", json, r#"{"username":"ann","password":"canary-broken-json"#);
        server.request("POST", "/api/login", json, r#"{"username":"ann","canary-field":"canary-value"}"#);
        server.request("POST", "/api/login", "Content-Type: canary/type\r\n", "canary-body");
        server.request("GET", "/api/profile?access_token=canary-query", &bearer, "");
        server.request("GET", "/api/profile", "Authorization: Bearer canary-token\r\n", "");
        server.request("GET", "/api/profile", "Authorization: Basic Y2FuYXJ5LWJhc2ljOng=\r\n", "");
        server.request("GET", "/canary-path/canary", "Cookie: refreshToken=canary-cookie\r\n", "");
        let refreshed = server.refresh(&cookie).unwrap().token();
        server.refresh("refreshToken=csr_canaryCookie").unwrap();
        let change = format!(r#"{{"currentPassword":"{PASSWORD}","newPassword":"canary new password"}}"#);
        assert_eq!(server.request("PUT", "/api/password", &format!("{bearer}{json}"), &change).status, 204);
        for (new, status) in [("canary", 422), ("canary newest password", 200)] {
            let login =
                format!(r#"{{"username":"ann","password":"canary new password","newPassword":"{new}"}}"#);
            assert_eq!(server.request("POST", "/api/login", json, &login).status, status);
        }
        server.request("POST", "/api/logout", &format!("Cookie: {cookie}\r\n"), "");
        let (_, said) = server.stop();
        assert!(said.contains("listening"), "there is a log: {said}");
        let audit = place.run(&["audit", "--json"]).out;
        assert!(audit.contains("login_failed"), "{audit}");
        let said = said + &audit;
        let signature = |token: &str| token.rsplit('.').next().unwrap().to_owned();
        let value = cookie.split_once('=').unwrap().1.to_owned();
        for secret in [
            &master_key[..32],
            jwt_secret,
            PASSWORD,
            "canary",
            "Y2FuYXJ5",
            &signature(&token),
            &signature(&refreshed),
            &value[8..],
        ] {
            assert!(!said.contains(secret), "{secret} is in the {format} log:\n{said}");
        }
    }
}
