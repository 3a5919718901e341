//! Everything that is served: the API, the pages, and the response to all other paths.

use std::sync::Arc;

use axum::response::Redirect;
use axum::routing::get;
use axum::{Router, middleware};
#[cfg(feature = "otlp")]
use countersign::Random;
use countersign::http::{self, App, HttpOptions, PagesOptions};
use countersign::store::AnyStore;

use crate::config::{Config, PathPrefix, Toggle};
use crate::net::loopback;
#[cfg(feature = "otlp")]
use crate::otlp;
use crate::serve::access_log::{self, AccessLog};
use crate::serve::dev_mail::DevMail;
use crate::serve::instance::Instance;
use crate::serve::mode::Mode;

/// The router of the server.
pub(crate) fn router(
    instance: &Arc<Instance>,
    config: &Config,
    pages: &PagesOptions,
    (mode, dev_mail): (Mode, &DevMail),
) -> Router {
    let options = HttpOptions {
        allowed_origins: config.cors_origins.iter().map(ToString::to_string).collect(),
        trusted_proxies: config.behind_proxy.clone(),
        development: mode == Mode::Development,
    };
    let app = App::new(Arc::clone(instance), options);
    let log = AccessLog { clock: instance.clock().clone(), proxies: config.behind_proxy.clone() };
    let mut router = mounted(&app, pages, config.path_prefix.as_ref());
    if mode == Mode::Development {
        router = router.merge(dev_mail.routes()).layer(middleware::from_fn(loopback::only));
    }
    if config.log_access == Toggle::On {
        router = router.layer(middleware::from_fn_with_state(log, access_log::write));
    }
    #[cfg(feature = "otlp")]
    if config.otlp_url.is_some() {
        let tracer = otlp::Tracer { ratio: config.otlp_ratio, random: Random::system() };
        router = router.layer(middleware::from_fn_with_state(tracer, otlp::trace));
    }
    router
}

/// All routes, under the path if there is one, and the response to all other paths.
fn mounted(app: &App<AnyStore>, options: &PagesOptions, prefix: Option<&PathPrefix>) -> Router {
    // Without a home there is no front page.
    let front = options.home.as_ref().map(|_| http::front_page(app, options));
    let pages = http::pages(app, options);
    let at_root = http::root_metadata(app).merge(http::root_change_password(app, options));
    let routes = http::not_found_page(app, options).merge(pages).merge(http::router(app.clone()));
    let front_page = front.clone().unwrap_or_default();
    let Some(prefix) = prefix else { return at_root.merge(front_page).merge(routes) };
    let mut others = Router::new().fallback(http::not_found);
    if front.is_some() {
        let start = format!("{prefix}/");
        // Every address in a page is relative to the slash.
        let to_start = Redirect::permanent(&start);
        others = others.route(prefix.as_str(), get(async move || to_start));
    }
    let others = http::plain_routes(app, others).merge(at_root);
    others.nest(&format!("{prefix}/"), front_page).nest(prefix.as_str(), routes)
}
