//! `GET /api/admin/followers`: who follows the feed of ended sessions of this server at this moment, and how far behind
//! they are.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::http::app::App;
use crate::store::Store;
use crate::wire::FollowerView;

#[derive(Serialize)]
struct FollowersBody<'a> {
    followers: Vec<FollowerView<'a>>,
}

pub(in crate::http) async fn list<S: Store>(State(app): State<App<S>>) -> Response {
    let followers = app.countersign.feed().followers();
    axum::Json(FollowersBody { followers: followers.iter().map(FollowerView::from).collect() })
        .into_response()
}
