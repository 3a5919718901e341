//! What is to be done about a token that is refused because its issuer's feed is late: with the feature `remote`, the issuer
//! can be asked about its session; without it, there is no feed.

#[cfg(feature = "remote")]
mod wait;

#[cfg(feature = "remote")]
pub(crate) use wait::Asking;
#[cfg(not(feature = "remote"))]
pub(crate) use without_feed::Asking;

#[cfg(feature = "remote")]
mod with_feed {
    use http::{HeaderMap, Method, Uri};

    use super::Asking;
    use crate::claims::AccessClaims;
    use crate::credentials::credentials;
    use crate::guard::Guard;
    use crate::refusal::Refusal;

    impl Guard {
        /// As [`authenticate`](Self::authenticate); and with [`WhenLate::Ask`](crate::WhenLate::Ask) it waits for the
        /// issuer's word, at most three seconds. On any runtime.
        ///
        /// # Errors
        /// Those of [`authenticate`](Self::authenticate).
        pub async fn authenticate_async(&self, headers: &HeaderMap) -> Result<AccessClaims, Refusal> {
            self.or_asked(self.authenticate(headers), headers).await
        }

        /// As [`authenticate_request`](Self::authenticate_request), and waits as
        /// [`authenticate_async`](Self::authenticate_async) does.
        ///
        /// # Errors
        /// Those of [`authenticate_request`](Self::authenticate_request).
        pub async fn authenticate_request_async(
            &self,
            method: &Method,
            uri: &Uri,
            headers: &HeaderMap,
        ) -> Result<AccessClaims, Refusal> {
            self.or_asked(self.authenticate_request(method, uri, headers), headers).await
        }

        async fn or_asked(
            &self,
            verdict: Result<AccessClaims, Refusal>,
            headers: &HeaderMap,
        ) -> Result<AccessClaims, Refusal> {
            match verdict {
                Err(Refusal::FeedLate) => match self.ask(headers) {
                    Some(asking) => asking.await,
                    None => Err(Refusal::FeedLate),
                },
                verdict => verdict,
            }
        }

        /// Asks the issuer about the token that these headers have, whose proof was checked; `None` if it is not to be asked, or not now.
        pub(crate) fn ask(&self, headers: &HeaderMap) -> Option<Asking> {
            let (_, token) = credentials(headers).ok()?;
            let (claims, realm) = self.identify(token, self.unix_now()).ok()?;
            Asking::new(self, realm.feed.as_ref()?.asker()?, &claims, token)
        }
    }
}

#[cfg(not(feature = "remote"))]
mod without_feed {
    use std::future::Future;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use http::HeaderMap;

    use crate::claims::AccessClaims;
    use crate::guard::Guard;
    use crate::refusal::Refusal;

    /// There is none.
    pub(crate) enum Asking {}

    impl Guard {
        #[expect(clippy::unused_self, reason = "with the feature `remote` it has somebody to ask")]
        pub(crate) const fn ask(&self, _: &HeaderMap) -> Option<Asking> {
            None
        }
    }

    impl Future for Asking {
        type Output = Result<AccessClaims, Refusal>;

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
            match *self {}
        }
    }
}
