//! What an access token is made for: the services that accept it, and the form in which they want it.

use std::time::Duration;

use countersign_jwt::{Algorithm, TokenType};

use crate::base::out_of_range::{Broken, OutOfRange};

/// Services that accept the same access tokens (RFC 9068 §2.2: `aud`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Audience {
    /// The `aud` claim. Not empty.
    pub name: String,
    /// What its tokens are signed with, by key pairs of ours. Default: ES256. A shared secret has an
    /// algorithm of its own.
    pub algorithm: Algorithm,
    /// The `typ` header of its tokens. Default: `at+jwt`.
    pub token_type: TokenType,
    /// How long its tokens live: 1 to 60 minutes, and no longer than
    /// [`SessionPolicy::access_token_ttl`](crate::model::session::SessionPolicy::access_token_ttl), for which
    /// ended sessions are remembered. Default, `None`: exactly as long.
    pub lifetime: Option<Duration>,
}

impl Audience {
    /// The defaults for this `aud` claim.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            algorithm: Algorithm::Es256,
            token_type: TokenType::AccessToken,
            lifetime: None,
        }
    }

    /// Whether tokens can be made for it.
    ///
    /// # Errors
    /// [`OutOfRange`] with the first field that is out of its range.
    pub fn check(&self) -> Result<(), OutOfRange> {
        self.broken().into_result()
    }

    pub(crate) fn broken(&self) -> Broken {
        let mut broken = Broken::default();
        broken.unless(!self.name.is_empty(), "name", "is empty");
        let rule = "is an HMAC, of which there is no key pair: every verifier could sign (TK-1)";
        broken.unless(!self.algorithm.is_symmetric(), "algorithm", rule);
        let minutes = Duration::from_mins(1)..=Duration::from_mins(60);
        let lifetime = self.lifetime.is_none_or(|lifetime| minutes.contains(&lifetime));
        broken.unless(lifetime, "lifetime", "is not between 1 and 60 minutes (TK-3)");
        broken
    }
}

/// The audiences of one issuer. There is always a default.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Audiences {
    /// What a sign-in and a refresh give tokens for unless another audience is asked for, and what the guard
    /// of the system itself accepts.
    pub default: Audience,
    /// Any further ones, each with a name of its own.
    pub others: Vec<Audience>,
}

impl Audiences {
    /// One audience, the default.
    #[must_use]
    pub const fn new(default: Audience) -> Self {
        Self { default, others: Vec::new() }
    }

    /// All of them, the default first.
    pub fn iter(&self) -> impl Iterator<Item = &Audience> {
        std::iter::once(&self.default).chain(&self.others)
    }

    /// Whether every audience is acceptable, and so are all together.
    ///
    /// # Errors
    /// [`OutOfRange`] with the first field that is not.
    pub fn check(&self) -> Result<(), OutOfRange> {
        self.broken().into_result()
    }

    pub(crate) fn broken(&self) -> Broken {
        let mut broken = Broken::default();
        broken.within("default", self.default.broken());
        for (index, other) in self.others.iter().enumerate() {
            let place = format!("others.{index}");
            broken.within(&place, other.broken());
            let is_first = self.iter().take(index + 1).all(|earlier| earlier.name != other.name);
            broken.unless(is_first, &format!("{place}.name"), "names an audience that is already there");
        }
        // The types are there for many; sign-in and refresh have no way yet to ask for another than the
        // default.
        broken.unless(
            self.others.is_empty(),
            "others",
            "is not empty: tokens are made for one audience only",
        );
        broken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(change: impl FnOnce(&mut Audience)) -> Result<(), String> {
        let mut audience = Audience::new("api");
        change(&mut audience);
        audience.check().map_err(|error| error.field)
    }

    /// TK-1, TK-3.
    #[test]
    fn an_audience_has_a_name_a_key_pair_and_a_short_life() {
        let lifetime = |millis| field(|audience| audience.lifetime = Some(Duration::from_millis(millis)));
        assert_eq!(field(|_| {}), Ok(()));
        assert_eq!([60_000, 3_600_000].map(lifetime), [Ok(()), Ok(())]);
        assert_eq!([59_999, 3_600_001].map(lifetime), [(); 2].map(|()| Err("lifetime".to_owned())));
        assert_eq!(field(|audience| audience.name.clear()), Err("name".to_owned()));
        assert_eq!(field(|audience| audience.algorithm = Algorithm::Hs256), Err("algorithm".to_owned()));
    }

    #[test]
    fn the_default_comes_first_and_names_are_told_apart() {
        let mut audiences = Audiences::new(Audience::new("api"));
        assert_eq!(audiences.check(), Ok(()));
        audiences.others = ["api", "files", "files"].map(Audience::new).into();
        let names: Vec<&str> = audiences.iter().map(|audience| audience.name.as_str()).collect();
        assert_eq!(names, ["api", "api", "files", "files"]);
        let faults = audiences.broken().into_vec().into_iter().map(|fault| fault.field);
        assert_eq!(faults.collect::<Vec<_>>(), ["others.0.name", "others.2.name", "others"]);
    }
}
