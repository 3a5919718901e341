//! `/.well-known/change-password` (W3C, "A Well-Known URL for Changing Passwords"): where password managers send people whose
//! password is weak or has leaked.

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;

use crate::http::app::App;
use crate::http::edge::origins::split_issuer;
use crate::http::pages::options::PagesOptions;
use crate::http::routes::plain_routes;
use crate::store::Store;

/// The address at the root of the origin, where a password manager asks, for pages that are served under a path: merge it into
/// the outermost router. No route for an issuer without a path, where [`pages`](crate::http::pages()) has it, or without an
/// account page.
pub fn root_change_password<S: Store, T: Clone + Send + Sync + 'static>(
    app: &App<S>,
    options: &PagesOptions,
) -> Router<T> {
    let (_, mounted) = split_issuer(&app.countersign().options().issuer);
    let mut router = Router::new();
    if options.account && !mounted.is_empty() {
        let form = format!("{mounted}/account#change-password");
        router = router.route(PATH, get(async move || Redirect::to(&form)));
    }
    plain_routes(app, router)
}

/// Relative, so that it holds under any path.
pub(super) async fn redirect() -> Redirect {
    Redirect::to("../account#change-password")
}

pub(super) const PATH: &str = "/.well-known/change-password";
