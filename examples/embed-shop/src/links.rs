//! Sign-in by a link: whoever reads the mail of an address is its owner. A link works once, for ten minutes.
//!
//! The link leads to a button, because programs that look at mail open links too, and only a page of the shop's own
//! origin may press it ([`http::own_routes`](countersign::http::own_routes)).

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Form;
use axum::extract::{Path, State};
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign::http::{ApiError, App};
use countersign::store::sqlite::SqliteStore;
use countersign::{AccountId, AuthMethods, Context, CreateAccountError, NewAccount, OutsideProof};
use countersign::{Random, Timestamp, Username};
use serde::Deserialize;

use crate::Shop;

/// The links that are open: their secrets, and whom each signs in until when. A restart forgets them.
#[derive(Clone, Default)]
pub(crate) struct Links(Arc<Mutex<HashMap<String, (AccountId, Timestamp)>>>);

impl Links {
    fn make(&self, id: AccountId, now: Timestamp) -> String {
        let token = URL_SAFE_NO_PAD.encode(Random::system().bytes::<32>());
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, (_, until)| now < *until);
        open.insert(token.clone(), (id, now.plus(Duration::from_mins(10))));
        token
    }

    fn take(&self, token: &str, now: Timestamp) -> Option<AccountId> {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(token);
        found.filter(|(_, until)| now < *until).map(|(id, _)| id)
    }
}

pub(crate) async fn form() -> Html<&'static str> {
    Html(
        r#"<form method="post"><input name="mail" type="email" required><button>Send me a link</button></form>"#,
    )
}

#[derive(Deserialize)]
pub(crate) struct Request {
    mail: String,
}

/// Says the same whether the address is known or not. A real shop also limits how many it sends to one.
pub(crate) async fn send(
    State(shop): State<Shop>,
    parts: Parts,
    Form(Request { mail }): Form<Request>,
) -> Result<&'static str, ApiError> {
    let context = shop.auth.context(&parts);
    let name = Username::parse(&mail).map_err(|_| ApiError::Value("that is no address".into()))?;
    let id = account_of(&shop.auth, name, &context).await?;
    let token = shop.links.make(id, context.now);
    // To be sent by mail.
    let mail = format!("to {mail}: {}/link/{token}", shop.origin);
    writeln!(std::io::stdout(), "{mail}").map_err(|_| ApiError::Internal)?;
    Ok("Look into your mail.\n")
}

/// The account with this name; at the first time, a new one without a password.
async fn account_of(
    app: &App<SqliteStore>,
    name: Username,
    context: &Context,
) -> Result<AccountId, ApiError> {
    let auth = app.countersign();
    if let Some(account) = auth.find_account_by_name(&name).await? {
        return Ok(account.id);
    }
    let new = NewAccount::new(AccountId::random(&Random::system()), name.clone());
    match auth.create_account_with_hash(new, context).await {
        Ok(account) => Ok(account.id),
        // Another request was faster.
        Err(CreateAccountError::NameTaken) => {
            auth.find_account_by_name(&name).await?.map(|account| account.id).ok_or(ApiError::Internal)
        }
        Err(error) => Err(error.into()),
    }
}

pub(crate) async fn confirm() -> Html<&'static str> {
    Html(r#"<form method="post"><button autofocus>Sign in</button></form>"#)
}

/// Starts the session, as a sign-in with a password would.
pub(crate) async fn follow(
    State(shop): State<Shop>,
    Path(token): Path<String>,
    parts: Parts,
) -> Result<Response, ApiError> {
    let context = shop.auth.context(&parts);
    let id = shop.links.take(&token, context.now).ok_or(ApiError::NotFound)?;
    let proof = OutsideProof::new("mail_link", AuthMethods::NONE);
    let vouched = shop.auth.countersign().vouch_for(id, proof, &context).await?;
    let signed_in = shop.auth.start_session(vouched, &parts.headers, context).await?;
    let mut response = Redirect::to("/auth/account").into_response();
    shop.auth.set_cookies(&signed_in, response.headers_mut());
    Ok(response)
}
