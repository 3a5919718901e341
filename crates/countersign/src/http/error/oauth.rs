//! Errors in the shape of OAuth: `{"error": code, "error_description": text}` (RFC 6749 §5.2), for `/oauth2/*`.
#![deny(clippy::wildcard_enum_match_arm)]

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::flows::api_keys::ExchangeError;
use crate::flows::audience::AudienceError;
use crate::flows::oauth::client_credentials::ClientTokenError;
use crate::flows::oauth::held::RevokeError;
use crate::flows::oauth::token::AppTokenError;
use crate::http::error::api::ApiError;
use crate::http::error::finish;
use crate::http::error::public::{Public, public};
use crate::model::oauth::{AuthorizeRefusal, ClientGrantRefusal, CodeRefusal, PageFault};
use crate::store::StoreError;

/// What a request of a client can fail with.
#[derive(Debug, thiserror::Error)]
pub(in crate::http) enum OauthError {
    /// A parameter is missing, is there twice, or comes in two ways.
    #[error("the request is malformed: {0}")]
    Request(&'static str),
    /// The client is unknown, or its secret is wrong or missing.
    #[error("the client is not authenticated")]
    Client,
    /// There is no such grant here.
    #[error("the grant type is not supported")]
    GrantType,
    /// The scope is malformed, or more than the client has.
    #[error("the scope is not one of the client's")]
    Scope,
    /// A code or a refresh token that is good for nothing: a stable word, and why.
    #[error("the grant is not good: {0}")]
    Grant(&'static str, &'static str),
    /// The resource was not allowed (RFC 8707 §2.2).
    #[error("the resource was not allowed")]
    Target,
    /// The scope is malformed, or more than was allowed (RFC 6749 §6).
    #[error("the scope is more than was allowed")]
    AppScope,
    /// A request for authorization that was pushed is refused: with this code, and why.
    #[error("the pushed request is not good: {1}")]
    Pushed(&'static str, &'static str),
    /// The client may not have a token for itself.
    #[error("the client may not use this grant")]
    GrantNotAllowed,
    /// The client may not have a token for its audience.
    #[error("the client may not have this token: {0}")]
    NotPermitted(AudienceError),
    /// The body could not be read, or the server failed.
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl From<StoreError> for OauthError {
    fn from(error: StoreError) -> Self {
        Self::Api(error.into())
    }
}

/// RFC 9126 §2.3.
impl From<AuthorizeRefusal> for OauthError {
    fn from(refusal: AuthorizeRefusal) -> Self {
        match refusal {
            AuthorizeRefusal::Page(PageFault::Client) => {
                Self::Pushed("invalid_request", "client_id is missing, or names another client")
            }
            AuthorizeRefusal::Page(PageFault::RedirectUri(_)) => {
                Self::Pushed("invalid_request", "redirect_uri is missing, or not one of the client's")
            }
            AuthorizeRefusal::Page(PageFault::TooLong) => {
                Self::Pushed("invalid_request", "the request is too long")
            }
            AuthorizeRefusal::Redirect(refused) => Self::Pushed(refused.error.name(), refused.description),
        }
    }
}

impl From<RevokeError> for OauthError {
    fn from(error: RevokeError) -> Self {
        match error {
            RevokeError::OtherClient => {
                Self::Grant("token_of_other_client", "The token was issued to another client")
            }
            RevokeError::Store(error) => error.into(),
        }
    }
}

impl From<ClientTokenError> for OauthError {
    fn from(error: ClientTokenError) -> Self {
        match error {
            ClientTokenError::Refused(ClientGrantRefusal::NotAllowed) => Self::GrantNotAllowed,
            ClientTokenError::Refused(ClientGrantRefusal::Scope) => Self::AppScope,
            ClientTokenError::Refused(ClientGrantRefusal::Target) => Self::Target,
            ClientTokenError::Audience(error) => Self::NotPermitted(error),
            ClientTokenError::Sign(error) => Self::Api(ExchangeError::Sign(error).into()),
        }
    }
}

impl From<ExchangeError> for OauthError {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::Scope => Self::Scope,
            ExchangeError::Audience(error) => Self::NotPermitted(error),
            error @ (ExchangeError::Hook(_) | ExchangeError::Sign(_) | ExchangeError::Store(_)) => {
                Self::Api(error.into())
            }
        }
    }
}

impl From<AppTokenError> for OauthError {
    fn from(error: AppTokenError) -> Self {
        match error {
            AppTokenError::Code(CodeRefusal::Target) | AppTokenError::Target => Self::Target,
            AppTokenError::Code(why) => {
                Self::Grant(why.name(), "The code is not valid, or not for this request")
            }
            AppTokenError::UnknownToken => {
                Self::Grant("invalid_refresh_token", "The refresh token is not valid")
            }
            AppTokenError::OtherClient => {
                Self::Grant("refresh_token_of_other_client", "The refresh token is another client's")
            }
            AppTokenError::Expired => Self::Grant("session_expired", "The session has expired"),
            AppTokenError::Revoked(_) => Self::Grant("session_revoked", "The session was ended"),
            AppTokenError::ProofRequired => Self::Grant(
                "device_proof_required",
                "The session is bound to a device, which must prove itself",
            ),
            AppTokenError::Reused => Self::Grant(
                "refresh_token_reused",
                "The refresh token was used again, so the session was ended",
            ),
            AppTokenError::SecondFactorRequired => {
                Self::Grant("second_factor_required", "A second factor is required: sign in again")
            }
            AppTokenError::Scope => Self::AppScope,
            AppTokenError::Audience(error) => Self::NotPermitted(error),
            AppTokenError::Store(error) => Self::Api(error.into()),
            AppTokenError::Sign(error) => Self::Api(ExchangeError::Sign(error).into()),
            AppTokenError::Hook(error) => Self::Api(error.into()),
        }
    }
}

impl OauthError {
    fn public(&self) -> Public {
        match self {
            Self::Request(why) => public(StatusCode::BAD_REQUEST, "invalid_request", *why),
            Self::Client => {
                public(StatusCode::UNAUTHORIZED, "invalid_client", "Client authentication failed")
            }
            Self::GrantType => public(
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                "The grant type must be client_credentials",
            ),
            Self::Scope => public(
                StatusCode::BAD_REQUEST,
                "invalid_scope",
                "The scope is malformed, or not among the scopes of the key",
            ),
            Self::Grant(_, why) => public(StatusCode::BAD_REQUEST, "invalid_grant", *why),
            Self::Target => {
                public(StatusCode::BAD_REQUEST, "invalid_target", "The resource is not one that was allowed")
            }
            Self::AppScope => public(
                StatusCode::BAD_REQUEST,
                "invalid_scope",
                "The scope is malformed, or more than was allowed",
            ),
            Self::Pushed(code, why) => public(StatusCode::BAD_REQUEST, *code, *why),
            Self::GrantNotAllowed => public(
                StatusCode::BAD_REQUEST,
                "unauthorized_client",
                "The client may do nothing by itself: it has no client_credentials_scopes",
            ),
            Self::NotPermitted(_) => public(
                StatusCode::BAD_REQUEST,
                "unauthorized_client",
                "The audience of the key is not there any more, or not for the role of its account",
            ),
            Self::Api(error) => {
                let mut public = error.public();
                // The codes of RFC 6749 §5.2 and §4.1.2.1; there are no others to choose from.
                public.code = if public.status.is_server_error() {
                    "temporarily_unavailable"
                } else {
                    "invalid_request"
                }
                .into();
                public
            }
        }
    }
}

impl IntoResponse for OauthError {
    fn into_response(self) -> Response {
        let public = self.public();
        let mut body = serde_json::json!({ "error": public.code, "error_description": public.text });
        if let Self::Grant(code, _) = &self {
            body["code"] = (*code).into();
        }
        let mut response = (public.status, axum::Json(body)).into_response();
        if public.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static(r#"Basic realm="oauth2", charset="UTF-8""#);
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        finish(response, &public, &self, false)
    }
}
