//! An application with its own routes and Countersign's, on its own SQLite file.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::{Router, routing::get};
use countersign::guard::AccessClaims;
use countersign::http::{self, App, HttpOptions};
use countersign::{Actor, Context};
use countersign::{Countersign, Options};
use countersign::{CreateAccountError, Registration};
use countersign::{Role, Username};

async fn reports(claims: AccessClaims) -> String {
    format!("reports for {}\n", claims.username().unwrap_or("somebody"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let mut arg = || args.next().ok_or("usage: embed DIRECTORY ADDRESS USER < PASSWORD");
    let (directory, address, user) = (arg()?, arg()?, arg()?);
    let password = std::io::read_to_string(std::io::stdin())?; // every process can see an argument
    let options = Options::new(format!("http://{address}"), "reports");
    let auth = Countersign::open_directory(directory, options).await?;
    let user = Registration { role: Role::admin(), ..Registration::new(Username::parse(&user)?) };
    let context = Context::local(Actor::System, auth.clock().now());
    match auth.create_account(user, password.trim_end(), &context).await {
        Ok(_) | Err(CreateAccountError::NameTaken) => {}
        Err(error) => return Err(error.into()),
    }
    let auth = Arc::new(auth);
    let app = Router::new()
        .route("/reports", get(reports).route_layer(auth.guard().layer()))
        .merge(http::router(App::new(Arc::clone(&auth), HttpOptions::default())));
    tokio::spawn(async move { auth.run_upkeep().await });
    let listener = tokio::net::TcpListener::bind(address).await?;
    Ok(axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?)
}
