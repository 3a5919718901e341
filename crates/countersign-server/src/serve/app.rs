//! Everything that is served: the API, the pages, and the response to all other paths.

use std::sync::Arc;

use axum::{Router, middleware};
use countersign::http::{self, App, HttpOptions};

use crate::config::{Config, Toggle};
use crate::net::loopback;
use crate::serve::access_log::{self, AccessLog};
use crate::serve::instance::Instance;
use crate::serve::mode::Mode;

/// The router of the server.
pub(crate) fn router(instance: &Arc<Instance>, config: &Config, mode: Mode) -> Router {
    let options = HttpOptions {
        allowed_origins: config.cors_origins.iter().map(ToString::to_string).collect(),
        trusted_proxies: config.behind_proxy.clone(),
        development: mode == Mode::Development,
    };
    let app = App::new(Arc::clone(instance), options);
    let log = AccessLog { clock: instance.clock().clone(), proxies: config.behind_proxy.clone() };
    let mut router = Router::new()
        .fallback(http::not_found)
        .layer(middleware::from_fn_with_state(app.is_https(), http::security_headers))
        .merge(http::front_page(&app))
        .merge(http::pages(&app))
        .merge(http::router(app));
    if mode == Mode::Development {
        router = router.layer(middleware::from_fn(loopback::only));
    }
    if config.log_access == Toggle::On {
        router = router.layer(middleware::from_fn_with_state(log, access_log::write));
    }
    router
}
