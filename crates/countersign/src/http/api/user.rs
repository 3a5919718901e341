//! `GET /api/profile`: the claims of the access token, without the store. `GET /api/user`: the account as it is now; `PATCH`
//! changes what its owner may say about it.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use countersign_guard::AccessClaims;
use serde::Deserialize;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::Countersign;
use crate::http::app::App;
use crate::http::body::json::{Input, Json};
use crate::http::body::member::Member;
use crate::http::detached::detached;
use crate::http::edge::caller::Caller;
use crate::http::error::api::ApiError;
use crate::model::account::{AccountChange, LocaleChange};
use crate::store::Store;
use crate::wire::AccountView;

/// All claims of the token, and `sub` again under the name that a token response uses.
struct Profile<'a>(&'a AccessClaims);

impl Serialize for Profile<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("userId", self.0.subject())?;
        for (name, value) in self.0.claims() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// The envelope of one account.
#[derive(serde::Serialize)]
pub(in crate::http) struct UserBody<T> {
    pub(in crate::http) user: T,
}

pub(in crate::http) async fn profile(claims: AccessClaims) -> Response {
    axum::Json(UserBody { user: Profile(&claims) }).into_response()
}

pub(in crate::http) async fn user<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
) -> Result<Response, ApiError> {
    let account = app.countersign.find_account(caller.account).await?.ok_or(ApiError::NotFound)?;
    Ok(axum::Json(UserBody { user: AccountView::from(&account) }).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ChangeOwnUser {
    #[serde(default)]
    locale: Member<String>,
}

impl Input for ChangeOwnUser {
    const EXPECTED: &'static str = r#"a JSON object {"locale"?: string or null}"#;
}

/// It takes nothing away, and asks for no password: notices are in the language of before for a week.
pub(in crate::http) async fn change<S: Store>(
    State(app): State<App<S>>,
    Caller { account, context, .. }: Caller,
    Json(input): Json<ChangeOwnUser>,
) -> Result<Response, ApiError> {
    let locale = locale_change(&app.countersign, input.locale)?;
    let change = AccountChange { locale, ..AccountChange::default() };
    let change = async move { app.countersign.change_account(account, change, &context).await };
    let account = detached(change).await??;
    Ok(axum::Json(UserBody { user: AccountView::from(&account) }).into_response())
}

/// A tag has to be one of those that are offered.
pub(in crate::http) fn locale_change<S: Store>(
    countersign: &Countersign<S>,
    wanted: Member<String>,
) -> Result<LocaleChange, ApiError> {
    let offered = |tag: String| countersign.offered_locale(&tag);
    Ok(match wanted {
        Member::Absent => LocaleChange::Keep,
        Member::Null => LocaleChange::ByBrowser,
        Member::Is(tag) => {
            LocaleChange::To(offered(tag).map_err(|error| ApiError::Value(error.to_string().into()))?)
        }
    })
}
