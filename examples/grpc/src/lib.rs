//! A gRPC service, its client as `build.rs` has made it, and the guard in front.

use countersign_guard::{AccessClaims, Guard};
use greeter_server::{Greeter, GreeterServer};
use tonic::service::Routes;
use tonic::{Request, Response, Status};

/// Who is greeted is in the access token.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct HelloRequest {}

/// The greeting.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct HelloReply {
    /// For people.
    #[prost(string, tag = "1")]
    pub message: String,
}

#[expect(
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::pedantic,
    clippy::too_many_lines,
    reason = "made by tonic-build"
)]
mod greeter {
    include!(concat!(env!("OUT_DIR"), "/greeter.Greeter.rs"));
}

pub use greeter::{greeter_client, greeter_server};

/// The service behind the guard.
#[must_use]
pub fn routes(guard: &Guard) -> Routes {
    // By way of axum, whose body the guard can make a response with.
    Routes::from(Routes::new(GreeterServer::new(Hello)).into_axum_router().layer(guard.layer()))
}

struct Hello;

#[tonic::async_trait]
impl Greeter for Hello {
    async fn hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        let claims = request.extensions().get::<AccessClaims>();
        let claims = claims.ok_or_else(|| Status::internal("there is no guard"))?;
        Ok(Response::new(HelloReply { message: format!("hello, {}", claims.subject()) }))
    }
}
