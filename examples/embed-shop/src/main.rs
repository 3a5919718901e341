//! A shop with Countersign under `/auth`: its own state and table of customers, sign-in by a link, claims from its
//! table, and a rule of its own about who may sign in.
//!
//! `embed-shop DIRECTORY ADDRESS`, then ask for a link at `http://ADDRESS/`.

mod customers;
mod links;

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::{FromRef, State};
use axum::{Router, routing::get};
use countersign::guard::AccessClaims;
use countersign::http::{self, ApiError, App, HttpOptions, PagesOptions};
use countersign::options::{Hooks, SignInVerdict};
use countersign::store::sqlite::SqliteStore;
use countersign::{Countersign, Options};

use crate::customers::Customers;
use crate::links::Links;

/// The state of the shop's own routes. Countersign's have their own.
#[derive(Clone)]
struct Shop {
    origin: String,
    auth: App<SqliteStore>,
    customers: Customers,
    links: Links,
}

impl FromRef<Shop> for App<SqliteStore> {
    fn from_ref(shop: &Shop) -> Self {
        shop.auth.clone()
    }
}

/// A protected route that reads the shop's own data about the caller.
async fn orders(State(shop): State<Shop>, claims: AccessClaims) -> Result<String, ApiError> {
    let id = claims.subject().parse().map_err(|_| ApiError::Internal)?;
    let count = shop.customers.sign_ins(id).await.map_err(|_| ApiError::Internal)?;
    Ok(format!("{} has signed in {count} times\n", claims.username().unwrap_or("somebody")))
}

fn hooks(customers: &Customers) -> Hooks {
    let [created, before, after, claims] = std::array::from_fn(|_| customers.clone());
    Hooks::default()
        .after_create(move |new| {
            let customers = created.clone();
            async move { customers.welcome(new.account.id).await }
        })
        .before_sign_in(move |sign_in| {
            let customers = before.clone();
            async move {
                let closed = customers.is_closed(sign_in.account.id).await?;
                let refuse = || SignInVerdict::refuse("closed", "This customer account is closed");
                Ok(if closed { refuse() } else { SignInVerdict::Allow })
            }
        })
        .after_sign_in(move |sign_in| {
            let customers = after.clone();
            async move { customers.count_sign_in(sign_in.account.id).await }
        })
        .claims(move |request| {
            let customers = claims.clone();
            async move { customers.claims(request.account.id).await }
        })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let mut arg = || args.next().ok_or("usage: embed-shop DIRECTORY ADDRESS");
    let (directory, address) = (PathBuf::from(arg()?), arg()?);
    std::fs::create_dir_all(&directory)?;
    let customers = Customers::open(&directory.join("shop.db"))?;

    // The issuer is the address under which the routes are mounted.
    let origin = format!("http://{address}");
    let mut options = Options::new(format!("{origin}/auth"), "shop");
    options.hooks = hooks(&customers);
    let auth = Arc::new(Countersign::open_directory(directory.join("auth"), options).await?);
    let app = App::new(Arc::clone(&auth), HttpOptions::default());
    let shop = Shop { origin, auth: app.clone(), customers, links: Links::default() };

    // The pages are the shop's: its name, a way back to it, and no debugger.
    let pages = PagesOptions {
        product_name: "The Shop".to_owned(),
        home: Some("/".to_owned()),
        debugger: false,
        ..PagesOptions::default()
    };
    let own = Router::new()
        .route("/", get(links::form).post(links::send))
        .route("/link/{token}", get(links::confirm).post(links::follow))
        .route("/orders", get(orders).route_layer(auth.guard().layer()))
        .with_state(shop);
    let router = http::own_routes(&app, own)
        .merge(http::root_metadata(&app))
        .nest("/auth", http::pages(&app, &pages).merge(http::router(app)));
    tokio::spawn(async move { auth.run_upkeep().await });
    let listener = tokio::net::TcpListener::bind(address).await?;
    Ok(axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await?)
}
