//! The one response of each refusal. The body tells the client the kind of failure and no detail.

use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::reason::Refusal;
use super::scheme::Offer;

impl Refusal {
    /// The HTTP response: status, challenge and a JSON body `{"error": …, "code": …}`, which no cache may
    /// store.
    ///
    /// Of a guard that checks DPoP proofs, [`Guard::refuse`](crate::Guard::refuse) is the better one.
    #[must_use]
    pub fn into_response<B: From<String>>(self) -> Response<B> {
        self.respond(Offer::Bearer)
    }

    pub(crate) fn respond<B: From<String>>(self, offer: Offer) -> Response<B> {
        let body = serde_json::json!({ "error": self.public_text(), "code": self.code() }).to_string();
        let mut response = Response::new(B::from(body));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        for challenge in self.challenges(offer) {
            headers.append(header::WWW_AUTHENTICATE, challenge);
        }
        if self.status() == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        self.add_nonce(headers);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }

    /// The response to a gRPC call: HTTP status 200, as its clients demand, the true status in `grpc-status`, and no body
    /// (a response of trailers only, gRPC over HTTP/2, "Responses").
    #[must_use]
    pub fn into_grpc_response<B: From<String>>(self) -> Response<B> {
        let mut response = Response::new(B::from(String::new()));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert("grpc-status", HeaderValue::from_static(self.grpc_status()));
        headers.insert("grpc-message", HeaderValue::from_static(self.public_text()));
        self.add_nonce(headers);
        response
    }

    fn add_nonce(&self, headers: &mut HeaderMap) {
        let Self::NonceRequired { nonce } = self else { return };
        if let Ok(nonce) = HeaderValue::try_from(nonce) {
            headers.insert("dpop-nonce", nonce);
        }
    }

    /// As gRPC maps HTTP statuses: `UNAUTHENTICATED`, `PERMISSION_DENIED`, `UNAVAILABLE`.
    fn grpc_status(&self) -> &'static str {
        match self.status() {
            StatusCode::FORBIDDEN => "7",
            StatusCode::SERVICE_UNAVAILABLE => "14",
            _ => "16",
        }
    }
}
