//! What applications do without a browser: how they say who they are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::options::{Audience, OauthClient};
use serde_json::Value;

use crate::app::{Reply, TestApp};
use crate::oidc::{FILES, query};

/// With a confidential client whose secret is being replaced, a public one, and one that is a service.
pub(crate) async fn with_machines() -> TestApp {
    let options = |options: &mut countersign::Options| {
        options.audiences.others.push(Audience::new(FILES));
        options.audiences.others.push(Audience::new("https://reports.example"));
        let mut shop = OauthClient::new("shop", "The Shop");
        shop.redirect_uris = vec![crate::oidc::CALLBACK.to_owned()];
        shop.resources = vec![FILES.to_owned()];
        let mut wiki =
            OauthClient::new("wi-ki", "The Wiki").with_secret("the old+one").with_secret("the new%20");
        wiki.redirect_uris = vec!["https://wiki.example/cb".to_owned()];
        wiki.resources = vec!["https://reports.example".to_owned()];
        wiki.first_party = true;
        options.oauth.clients = vec![shop, wiki];
    };
    TestApp::with(options, |_| {}).await
}

/// What a client sends: in the form, or by Basic if that is given.
pub(crate) async fn ask(app: &TestApp, path: &str, basic: Option<&str>, pairs: &[(&str, &str)]) -> Reply {
    let mut call = app.post(path);
    if let Some(basic) = basic {
        call = call.header("authorization", &format!("Basic {}", STANDARD.encode(basic)));
    }
    call.form(&query(pairs)).send().await
}

pub(crate) const WIKI: &str = "wi-ki:the old+one";

pub(crate) fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name].as_str().unwrap_or_else(|| panic!("no {name} in {body}"))
}

/// OI-8, RFC 6749 §2.3.1: each of two secrets is good in the header, as it is or encoded as in a form, and in the form.
#[tokio::test]
async fn either_secret_of_a_client_is_good_in_every_way() {
    let app = with_machines().await;
    let status = async |basic: Option<&str>, pairs: &[(&str, &str)]| {
        let with = [&[("grant_type", "refresh_token"), ("refresh_token", "x")], pairs].concat();
        let reply = ask(&app, "/oauth2/token", basic, &with).await;
        (reply.status.as_u16(), text(&reply.json(), "error").to_owned())
    };
    let known = (400, "invalid_grant".to_owned());
    for basic in [
        "wi-ki:the old+one",
        "wi-ki:the%20old%2Bone",
        "wi-ki:the+old%2Bone",
        "wi%2Dki:the+old%2Bone",
        "wi-ki:the new%20",
        "wi%2dki:the+new%2520",
    ] {
        assert_eq!(status(Some(basic), &[]).await, known, "{basic}");
        assert_eq!(status(Some(basic), &[("client_id", "wi-ki")]).await, known, "{basic}");
        let empty = [("client_id", "wi-ki"), ("client_secret", "")];
        assert_eq!(status(Some(basic), &empty).await, known, "an empty parameter is none");
    }
    for secret in ["the old+one", "the new%20"] {
        assert_eq!(status(None, &[("client_id", "wi-ki"), ("client_secret", secret)]).await, known);
    }
    assert_eq!(status(None, &[("client_id", "shop")]).await, known, "a public client has none");
    let unknown = (401, "invalid_client".to_owned());
    for basic in ["wi-ki:the old one", "wi-ki:the+old+one", "wi-ki:", "wi-ki", "shop:", "shop:x", ":x"] {
        assert_eq!(status(Some(basic), &[]).await, unknown, "{basic}");
    }
    for pairs in [
        &[("client_id", "wi-ki"), ("client_secret", "the%20old%2Bone")][..],
        &[("client_id", "wi%2Dki"), ("client_secret", "the old+one")],
        &[("client_id", "wi-ki")],
        &[("client_id", "shop"), ("client_secret", "x")],
    ] {
        assert_eq!(status(None, pairs).await, unknown, "only Basic is encoded twice: {pairs:?}");
    }
    let two = (400, "invalid_request".to_owned());
    assert_eq!(status(Some(WIKI), &[("client_secret", "the old+one")]).await, two);
    assert_eq!(status(Some(WIKI), &[("client_id", "shop")]).await, two);
}
