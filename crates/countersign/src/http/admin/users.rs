//! `/api/admin/users`: list, search and page; create, change, disable, delete; list and end their sessions.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, SessionId};
use crate::flows::accounts::Registration;
use crate::http::api::sessions::list_of;
use crate::http::api::user::{UserBody, locale_change};
use crate::http::app::App;
use crate::http::body::json::{Input, Json};
use crate::http::body::member::Member;
use crate::http::body::path::{Id, Ids};
use crate::http::body::query::Query;
use crate::http::body::unique::UniqueObject;
use crate::http::detached::detached;
use crate::http::edge::caller::Caller;
use crate::http::error::api::ApiError;
use crate::model::account::{
    Account, AccountChange, AccountFilter, AccountPage, AccountQuery, CustomClaims, Role, Username,
};
use crate::model::session::SessionSelector;
use crate::store::Store;
use crate::wire::AccountView;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http) struct ListUsers {
    search: Option<String>,
    role: Option<String>,
    disabled: Option<bool>,
    has_password: Option<bool>,
    order: Option<String>,
    after: Option<String>,
    limit: Option<u32>,
}

#[derive(Serialize)]
struct UsersBody<'a> {
    users: Vec<AccountView<'a>>,
    /// How many there are on all pages.
    total: u64,
    /// The `after` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

pub(in crate::http) async fn list<S: Store>(
    State(app): State<App<S>>,
    Query(query): Query<ListUsers>,
) -> Result<Response, ApiError> {
    let limit = query.limit.unwrap_or(50).clamp(1, 200);
    let searched = query.search.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let search = searched.map(Username::parse).transpose().ok();
    let Some(search) = search else { return Ok(body(&[], 0, None)) }; // no name can contain it
    let filter = AccountFilter {
        search: search.map(|name| name.canonical().to_owned()),
        role: query.role.as_deref().map(Role::parse).transpose().map_err(invalid)?,
        disabled: query.disabled,
        has_password: query.has_password,
    };
    let page = page(query.order.as_deref(), query.after)?;
    let total = app.countersign.count_accounts(filter.clone()).await?;
    let found = AccountQuery { filter, page: page.clone(), limit: limit + 1 };
    let mut accounts = app.countersign.list_accounts(found).await?;
    let has_more = accounts.len() > limit as usize;
    accounts.truncate(limit as usize);
    let last = accounts.last().filter(|_| has_more);
    Ok(body(&accounts, total, last.map(|last| place(&page, last))))
}

fn body(accounts: &[Account], total: u64, next: Option<String>) -> Response {
    axum::Json(UsersBody { users: accounts.iter().map(AccountView::from).collect(), total, next })
        .into_response()
}

/// The page after a place that `place` has spelt.
fn page(order: Option<&str>, after: Option<String>) -> Result<AccountPage, ApiError> {
    match order.unwrap_or("name") {
        "name" => Ok(AccountPage::ByName { after }),
        "newest" => {
            let read = |text: &str| {
                let (at, id) = text.split_once('.')?;
                Some((Timestamp::from_unix_millis(at.parse().ok()?), id.parse().ok()?))
            };
            let unknown = || ApiError::Value("`after` is not the `next` of a page in this order".into());
            let before = after.map(|text| read(&text).ok_or_else(unknown)).transpose()?;
            Ok(AccountPage::NewestFirst { before })
        }
        _ => Err(ApiError::Value("`order` is `name` or `newest`".into())),
    }
}

fn place(page: &AccountPage, last: &Account) -> String {
    match page {
        AccountPage::ByName { .. } => last.username.canonical().to_owned(),
        AccountPage::NewestFirst { .. } => format!("{}.{}", last.created_at.as_unix_millis(), last.id),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http) struct CreateUser {
    username: String,
    password: Option<Zeroizing<String>>,
    role: Option<String>,
    claims: Option<UniqueObject>,
    locale: Option<String>,
    #[serde(default)]
    password_change_required: bool,
    /// A program's: nobody signs in.
    #[serde(default)]
    service: bool,
}

impl Input for CreateUser {
    const EXPECTED: &'static str = r#"a JSON object {"username": string, "password": string, "role"?: string, "claims"?: object, "locale"?: string, "passwordChangeRequired"?: boolean}, or {"username": string, "service": true, "role"?: string, "claims"?: object, "locale"?: string}"#;
}

pub(in crate::http) async fn create<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Json(input): Json<CreateUser>,
) -> Result<Response, ApiError> {
    let registration = Registration {
        username: Username::parse(&input.username).map_err(invalid)?,
        role: input.role.as_deref().map(Role::parse).transpose().map_err(invalid)?.unwrap_or_default(),
        claims: CustomClaims::new(input.claims.map(|claims| claims.0).unwrap_or_default())
            .map_err(invalid)?,
        password_change_required: input.password_change_required,
        locale: input.locale.map(|tag| app.countersign.offered_locale(&tag)).transpose().map_err(invalid)?,
    };
    let password = match (input.password, input.service) {
        (Some(password), false) => Some(password),
        (None, true) if !input.password_change_required => None,
        _ => return Err(ApiError::Body { expected: CreateUser::EXPECTED }),
    };
    let create = async move {
        let (countersign, context) = (&app.countersign, &caller.context);
        match password {
            Some(password) => countersign.create_account(registration, &password, context).await,
            None => countersign.create_service_account(registration, context).await,
        }
    };
    let account = detached(create).await??;
    Ok((StatusCode::CREATED, one(&account)).into_response())
}

fn one(account: &Account) -> Response {
    axum::Json(UserBody { user: AccountView::from(account) }).into_response()
}

pub(in crate::http) async fn show<S: Store>(
    State(app): State<App<S>>,
    Id(id): Id<AccountId>,
) -> Result<Response, ApiError> {
    let account = app.countersign.find_account(id).await?.ok_or(ApiError::NotFound)?;
    Ok(one(&account))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http) struct ChangeUser {
    username: Option<String>,
    role: Option<String>,
    claims: Option<UniqueObject>,
    #[serde(default)]
    locale: Member<String>,
    disabled: Option<bool>,
    password_change_required: Option<bool>,
}

impl Input for ChangeUser {
    const EXPECTED: &'static str = r#"a JSON object {"username"?: string, "role"?: string, "claims"?: object, "locale"?: string or null, "disabled"?: boolean, "passwordChangeRequired"?: boolean}"#;
}

pub(in crate::http) async fn change<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Id(id): Id<AccountId>,
    Json(input): Json<ChangeUser>,
) -> Result<Response, ApiError> {
    let change = AccountChange {
        username: input.username.as_deref().map(Username::parse).transpose().map_err(invalid)?,
        role: input.role.as_deref().map(Role::parse).transpose().map_err(invalid)?,
        claims: input.claims.map(|claims| CustomClaims::new(claims.0)).transpose().map_err(invalid)?,
        locale: locale_change(&app.countersign, input.locale)?,
        disabled: input.disabled,
        password_change_required: input.password_change_required,
    };
    let account =
        detached(async move { app.countersign.change_account(id, change, &caller.context).await }).await??;
    Ok(one(&account))
}

pub(in crate::http) async fn delete<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Id(id): Id<AccountId>,
) -> Result<StatusCode, ApiError> {
    detached(async move { app.countersign.delete_account(id, &caller.context).await }).await??;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct SetPassword {
    password: Zeroizing<String>,
}

impl Input for SetPassword {
    const EXPECTED: &'static str = r#"a JSON object {"password": string}"#;
}

pub(in crate::http) async fn set_password<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Id(id): Id<AccountId>,
    Json(input): Json<SetPassword>,
) -> Result<StatusCode, ApiError> {
    let account = app.countersign.find_account(id).await?.ok_or(ApiError::NotFound)?;
    let set = async move { app.countersign.set_password(&account, &input.password, &caller.context).await };
    detached(set).await??;
    Ok(StatusCode::NO_CONTENT)
}

pub(in crate::http) async fn sessions<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Id(id): Id<AccountId>,
) -> Result<Response, ApiError> {
    list_of(&app.countersign, id, &caller).await
}

pub(in crate::http) async fn end_sessions<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Id(id): Id<AccountId>,
) -> Result<StatusCode, ApiError> {
    detached(async move { app.countersign.end_sessions(SessionSelector::AllOf(id), &caller.context).await })
        .await??;
    Ok(StatusCode::NO_CONTENT)
}

/// 404 if the account has no such session, or none any more.
pub(in crate::http) async fn end_session<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Ids(id, session): Ids<AccountId, SessionId>,
) -> Result<StatusCode, ApiError> {
    let which = SessionSelector::OneOf(id, session);
    let ended = detached(async move { app.countersign.end_sessions(which, &caller.context).await }).await??;
    if ended == 0 { Err(ApiError::NotFound) } else { Ok(StatusCode::NO_CONTENT) }
}

fn invalid(error: impl std::error::Error) -> ApiError {
    ApiError::Value(error.to_string().into())
}
