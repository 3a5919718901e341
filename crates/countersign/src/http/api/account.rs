//! `/api/account`: its owner takes a copy of everything that is kept about it, or has it deleted.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt as _};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::base::clock::Timestamp;
use crate::flows::account_export::{ExportCursor, ExportPage};
use crate::http::app::App;
use crate::http::body::json::{Input, Json};
use crate::http::detached::detached;
use crate::http::edge::caller::Caller;
use crate::http::error::api::ApiError;
use crate::model::session::SessionPolicy;
use crate::store::Store;
use crate::wire::{
    AccountView, ApiKeyView, AuditEventView, EmailView, FactorView, Instant, SessionView, TrustedDeviceView,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http) struct DeleteAccount {
    current_password: Option<Zeroizing<String>>,
}

impl Input for DeleteAccount {
    const EXPECTED: &'static str = r#"a JSON object {"currentPassword"?: string}"#;
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeletionBody {
    deletion_at: Instant,
}

pub(in crate::http) async fn delete<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Json(input): Json<DeleteAccount>,
) -> Result<Response, ApiError> {
    let Caller { account, session, context } = caller;
    let context = app.at_this_moment(context);
    let (countersign, cookies) = (app.countersign, app.cookies);
    let password = input.current_password.as_deref().map(String::as_str);
    let checked = countersign.check_own_deletion((account, session), password, &context).await?;
    let at = detached(async move { countersign.delete_own_account(checked, &context).await }).await??;
    let mut response =
        (StatusCode::ACCEPTED, axum::Json(DeletionBody { deletion_at: Instant(at) })).into_response();
    cookies.clear(response.headers_mut());
    Ok(response)
}

/// One JSON document, written as the pages come. If the store fails on the way, the body breaks off: half a document must not
/// look like a whole one.
pub(in crate::http) async fn export<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
) -> Result<Response, ApiError> {
    let (countersign, id, now) = (app.countersign, caller.account, caller.context.now);
    let first = countersign.export_account(id, ExportCursor::default()).await?;
    let (page, cursor) = first.ok_or(ApiError::NotFound)?;
    let document = Document { now, policy: countersign.options().sessions, part: "" };
    let begin = document.begin(&page)?;
    let rest = stream::try_unfold((document, cursor), move |(mut document, cursor)| {
        let countersign = Arc::clone(&countersign);
        async move {
            let next = countersign.export_account(id, cursor).await.map_err(ApiError::from)?;
            let Some((page, cursor)) = next else { return Ok(None) };
            Ok::<_, ApiError>(Some((document.go_on(&page)?, (document, cursor))))
        }
    });
    let all =
        stream::once(async { Ok(begin) }).chain(rest).chain(stream::once(async { Ok("]}\n".to_owned()) }));
    let name = format!("attachment; filename=\"account-{:.10}.json\"", now.to_string());
    let name = HeaderValue::try_from(name).map_err(|_| ApiError::Internal)?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, Body::from_stream(all)).into_response())
}

/// The document, as far as it is written.
struct Document {
    now: Timestamp,
    policy: SessionPolicy,
    /// The list that is open.
    part: &'static str,
}

impl Document {
    fn begin(&self, page: &ExportPage) -> Result<String, ApiError> {
        let ExportPage::Account(account) = page else { return Err(ApiError::Internal) };
        let (at, user) = (json(&Instant(self.now))?, json(&AccountView::from(&**account))?);
        Ok(format!("{{\"exportedAt\":{at},\"user\":{user}"))
    }

    /// The text of a page: with the name of its list, if that begins.
    fn go_on(&mut self, page: &ExportPage) -> Result<String, ApiError> {
        let (part, items) = match page {
            ExportPage::Account(_) => return Err(ApiError::Internal),
            ExportPage::Sessions(all) => {
                ("sessions", list(all, |one| SessionView::new(one, &self.policy, None))?)
            }
            ExportPage::ApiKeys(all) => ("apiKeys", list(all, |one| ApiKeyView::new(one, self.now))?),
            ExportPage::Emails(all) => ("emails", list(all, EmailView::new)?),
            ExportPage::Factors(all) => ("factors", list(all, FactorView::new)?),
            ExportPage::TrustedDevices(all) => ("trustedDevices", list(all, TrustedDeviceView::new)?),
            ExportPage::AuditEvents(all) => ("auditEvents", list(all, AuditEventView::from)?),
            ExportPage::Actions(all) => ("actions", list(all, AuditEventView::from)?),
        };
        let before = match (self.part == part, self.part.is_empty(), items.is_empty()) {
            (true, _, false) => ",".to_owned(),
            (true, _, true) => String::new(),
            (false, true, _) => format!(",\"{part}\":["),
            (false, false, _) => format!("],\"{part}\":["),
        };
        self.part = part;
        Ok(before + &items)
    }
}

fn list<'a, T, V: Serialize>(all: &'a [T], view: impl Fn(&'a T) -> V) -> Result<String, ApiError> {
    Ok(all.iter().map(|one| json(&view(one))).collect::<Result<Vec<_>, _>>()?.join(","))
}

fn json(value: &impl Serialize) -> Result<String, ApiError> {
    serde_json::to_string(value).map_err(|_| ApiError::Internal)
}
