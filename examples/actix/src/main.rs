//! An actix-web service whose handlers take the caller as an argument. actix-web has types of its own for headers and
//! responses, so the guard is given the one header that it reads, and its refusal is translated.
//!
//! `actix https://auth.example.com AUDIENCE 127.0.0.1:4001`

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{App, FromRequest, HttpRequest, HttpResponse, HttpServer, ResponseError, web};
use countersign_guard::{AccessClaims, Guard, Refusal};
use http::{HeaderMap, HeaderValue, header};

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let mut arg = || args.next().ok_or("usage: actix ISSUER AUDIENCE ADDRESS");
    let (issuer, audience, address) = (arg()?, arg()?, arg()?);

    let guard = Guard::discover(issuer, audience).await?;
    let server = HttpServer::new(move || App::new().configure(|config| routes(config, guard.clone())));
    Ok(server.bind(address)?.run().await?)
}

fn routes(config: &mut web::ServiceConfig, guard: Guard) {
    config
        .app_data(web::Data::new(guard))
        .route("/hello", web::get().to(hello))
        .route("/books", web::get().to(books));
}

async fn hello(Caller(claims): Caller) -> String {
    format!("hello, {}\n", claims.subject())
}

async fn books(Caller(claims): Caller) -> Result<&'static str, Refused> {
    if claims.has_role("auditor") { Ok("the books\n") } else { Err(Refused(Refusal::RoleRequired)) }
}

/// The claims of a good access token. A handler without this argument is open to everybody.
struct Caller(AccessClaims);

impl FromRequest for Caller {
    type Error = Refused;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Refused>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let guard = request.app_data::<web::Data<Guard>>().cloned();
        let mut headers = HeaderMap::new();
        for value in request.headers().get_all("authorization") {
            // Two such headers must stay two, so that the guard refuses them; one that is no text stays no token.
            let value = HeaderValue::from_bytes(value.as_bytes());
            headers.append(header::AUTHORIZATION, value.unwrap_or(HeaderValue::from_static("")));
        }
        Box::pin(async move {
            let guard = guard.ok_or(Refused(Refusal::KeysUnavailable))?;
            guard.authenticate_async(&headers).await.map(Caller).map_err(Refused)
        })
    }
}

#[derive(Debug)]
struct Refused(Refusal);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status().as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let (parts, body) = self.0.clone().into_response::<String>().into_parts();
        let mut response = HttpResponse::build(self.status_code());
        for (name, value) in &parts.headers {
            response.insert_header((name.as_str(), value.as_bytes()));
        }
        response.body(body)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use countersign_guard::jwt::{Algorithm, ClaimsPolicy, JwkSet, SigningKey, TokenType, sign};

    use super::*;

    const NOW: i64 = 1_700_000_000;

    #[actix_web::test]
    async fn only_good_tokens_pass_until_their_session_ends() {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let policy = ClaimsPolicy::new("https://a.example", "api", TokenType::AccessToken, Duration::ZERO);
        let guard = Guard::with_clock(JwkSet::new(vec![key.verifying_key()]).unwrap(), policy, || NOW);
        let app = init_service(App::new().configure(|config| routes(config, guard.clone()))).await;
        let header = |role: &str| {
            let claims = serde_json::json!({
                "iss": "https://a.example", "aud": "api", "sub": "ada", "sid": "s", "jti": "j", "role": role,
                "iat": NOW, "exp": NOW + 60,
            });
            format!("Bearer {}", sign(&claims, &key, "at+jwt").unwrap())
        };
        let get = async |path: &str, headers: &[String]| {
            let mut request = TestRequest::get().uri(path);
            for header in headers {
                request = request.append_header(("authorization", header.as_str()));
            }
            let response = call_service(&app, request.to_request()).await;
            let challenge =
                response.headers().get("www-authenticate").map(|value| value.to_str().unwrap().to_owned());
            let status = response.status().as_u16();
            (status, challenge, String::from_utf8(read_body(response).await.to_vec()).unwrap())
        };
        let (user, auditor) = (header("user"), header("auditor"));
        let user = std::slice::from_ref(&user);
        assert_eq!(get("/hello", user).await, (200, None, "hello, ada\n".to_owned()));
        assert_eq!(get("/books", &[auditor]).await, (200, None, "the books\n".to_owned()));
        assert_eq!(get("/books", user).await.0, 403);
        let (status, challenge, body) = get("/hello", &[]).await;
        assert_eq!((status, challenge.as_deref()), (401, Some(r#"Bearer realm="api""#)));
        assert_eq!(body, r#"{"code":"token_required","error":"Token required"}"#);
        assert_eq!(get("/hello", &["Bearer garbage".to_owned()]).await.0, 401);
        assert_eq!(get("/hello", &[user[0].clone(), user[0].clone()]).await.0, 401, "which one?");
        guard.revocations().revoke("s", NOW + 60);
        assert_eq!(get("/hello", user).await.0, 401);
    }
}
