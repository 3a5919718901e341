//! `/api/account/apps`: the applications that the caller is connected to; disconnects one (OI-6).

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use crate::http::app::App;
use crate::http::body::path::Id;
use crate::http::detached::detached;
use crate::http::edge::caller::Caller;
use crate::http::error::api::ApiError;
use crate::model::oauth::ConnectedApp;
use crate::store::Store;
use crate::wire::ConnectedAppView;

#[derive(Serialize)]
struct AppsBody<'a> {
    apps: Vec<ConnectedAppView<'a>>,
}

pub(in crate::http) async fn list<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
) -> Result<Response, ApiError> {
    let countersign = &app.countersign;
    let apps = countersign.connected_apps(caller.account, caller.context.now).await?;
    let clients = &countersign.options().oauth;
    let view = |app| {
        let app: &ConnectedApp = app;
        ConnectedAppView::new(app, clients.client(&app.client_id))
    };
    Ok(axum::Json(AppsBody { apps: apps.iter().map(view).collect() }).into_response())
}

pub(in crate::http) async fn disconnect<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Id(client): Id<String>,
) -> Result<StatusCode, ApiError> {
    let disconnect =
        async move { app.countersign.disconnect_app(caller.account, client, &caller.context).await };
    if detached(disconnect).await?? { Ok(StatusCode::NO_CONTENT) } else { Err(ApiError::NotFound) }
}
