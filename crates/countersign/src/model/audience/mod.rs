//! What an access token is made for: the services that accept it, who may ask for it, and the form in which they
//! want it.

mod claims;
mod preset;

use std::collections::BTreeMap;
use std::time::Duration;

use countersign_jwt::{Algorithm, TokenType};
use serde_json::{Map, Value};

pub(crate) use self::claims::Subject;
pub use self::preset::Preset;
use crate::base::out_of_range::{Broken, OutOfRange};
use crate::model::account::{CustomClaims, Role};

/// Services that accept the same access tokens (RFC 9068 §2.2: `aud`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Audience {
    /// The `aud` claim. Not empty.
    pub name: String,
    /// What its tokens are signed with, by key pairs of ours. Default: ES256. A shared secret has an
    /// algorithm of its own.
    pub algorithm: Algorithm,
    /// The `typ` header of its tokens; not that of assertions, `assertion+jwt`. Default: `at+jwt`.
    pub token_type: TokenType,
    /// How long its tokens live: 1 to 60 minutes, and no longer than
    /// [`SessionPolicy::access_token_ttl`](crate::model::session::SessionPolicy::access_token_ttl), for which
    /// ended sessions are remembered. Default, `None`: exactly as long.
    pub lifetime: Option<Duration>,
    /// The roles that may ask for its tokens; none: all of them.
    pub roles: Vec<Role>,
    /// What its services call our roles. Not empty: these roles alone may ask, and the `role` claim has the service's
    /// name. So no role gets a meaning there that nobody gave it, as `admin` would in a database.
    pub role_names: BTreeMap<String, String>,
    /// Claims that its tokens have beside, and before those of the account. A text in it that is exactly `$sub`,
    /// `$username`, `$role` or `$sid` stands for the account's ID, its name, its role (as the service calls it), or the
    /// session's ID; `$email` for its primary address, which is verified, and `$email_verified` for `true`; `$locale` for its
    /// language. What there is not is left out. Of the names that are ours, only `role` can be among them.
    pub claims: Map<String, Value>,
    /// Whether its tokens are bound to the key of a device (`cnf.jkt`, RFC 9449 §6): its services take each with a proof of that key, and
    /// whoever has no bound session gets none. Default: no. Its services have to check the proofs; one that does not know `cnf` takes such a
    /// token as any other.
    pub dpop_bound: bool,
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
            roles: Vec::new(),
            role_names: BTreeMap::new(),
            claims: Map::new(),
            dpop_bound: false,
        }
    }

    /// What its services call this role; `None` when the role may not ask for its tokens.
    #[must_use]
    pub fn admit<'a>(&'a self, role: &'a Role) -> Option<&'a str> {
        let is_listed = self.roles.is_empty() || self.roles.contains(role);
        let name = if self.role_names.is_empty() {
            Some(role.as_str())
        } else {
            self.role_names.get(role.as_str()).map(String::as_str)
        };
        name.filter(|_| is_listed)
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
        let is_apart = !self.token_type.accepts(Some(ASSERTION));
        broken.unless(is_apart, "token_type", "is that of assertions, which are no access tokens (TK-5)");
        let minutes = Duration::from_mins(1)..=Duration::from_mins(60);
        let lifetime = self.lifetime.is_none_or(|lifetime| minutes.contains(&lifetime));
        broken.unless(lifetime, "lifetime", "is not between 1 and 60 minutes (TK-3)");
        let is_ours = |name: &str| name != "role" && CustomClaims::RESERVED.contains(&name);
        let is_free = !self.claims.keys().any(|name| is_ours(name));
        broken.unless(is_free, "claims", "has a name that the server sets");
        let size = Value::Object(self.claims.clone()).to_string().len();
        broken.unless(size <= CustomClaims::MAX_BYTES, "claims", "take more than 2048 bytes (TK-7)");
        let are_roles = self.role_names.keys().all(|role| Role::parse(role).is_ok());
        broken.unless(are_roles, "role_names", "names something that cannot be a role");
        broken
    }

    fn is_for_everybody(&self) -> bool {
        self.roles.is_empty() && self.role_names.is_empty() && self.claims.is_empty()
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

    /// The audience with this name; the default if none is asked for.
    #[must_use]
    pub fn find(&self, name: Option<&str>) -> Option<&Audience> {
        let Some(name) = name else { return Some(&self.default) };
        self.iter().find(|audience| audience.name == name)
    }

    /// The algorithms that tokens are signed with, each once, the default audience's first.
    #[must_use]
    pub(crate) fn algorithms(&self) -> Vec<Algorithm> {
        let mut algorithms = Vec::new();
        for Audience { algorithm, .. } in self.iter() {
            if !algorithms.contains(algorithm) {
                algorithms.push(*algorithm);
            }
        }
        algorithms
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
        let rule =
            "has roles or claims of its own: the default audience is for everybody, and for this server";
        broken.unless(self.default.is_for_everybody(), "default", rule);
        let rule = "are signed with more than three algorithms: the set would exceed ten keys, the most that some verifiers take";
        broken.unless(self.algorithms().len() <= MAX_ALGORITHMS, "others", rule);
        broken
    }
}

/// The `typ` of assertions (RFC 8725 §3.11).
pub(crate) const ASSERTION: &str = "assertion+jwt";
/// Of each, up to three keys are published: the next, the active and the retired one.
pub(crate) const MAX_ALGORITHMS: usize = 3;

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
        let typ = |text: &'static str| field(|it| it.token_type = TokenType::Exactly(text.into()));
        assert_eq!(typ("JWT"), Ok(()));
        for assertion in ["assertion+jwt", "application/Assertion+JWT"] {
            assert_eq!(typ(assertion), Err("token_type".to_owned()), "TK-5");
        }
    }

    #[test]
    fn the_default_comes_first_and_names_are_told_apart() {
        let mut audiences = Audiences::new(Audience::new("api"));
        assert_eq!(audiences.check(), Ok(()));
        audiences.others = ["api", "files", "files"].map(Audience::new).into();
        let names: Vec<&str> = audiences.iter().map(|audience| audience.name.as_str()).collect();
        assert_eq!(names, ["api", "api", "files", "files"]);
        let faults = audiences.broken().into_vec().into_iter().map(|fault| fault.field);
        assert_eq!(faults.collect::<Vec<_>>(), ["others.0.name", "others.2.name"]);
        assert!(audiences.find(Some("files")).is_some() && audiences.find(Some("file")).is_none());
        assert_eq!(audiences.find(None), Some(&audiences.default));
    }

    /// No role gets a meaning that nobody gave it.
    #[test]
    fn an_audience_is_for_the_roles_that_it_names() {
        let role = |text: &str| Role::parse(text).unwrap();
        let admitted = |audience: &Audience| {
            ["user", "editor", "admin"].map(|name| audience.admit(&role(name)).map(str::to_owned))
        };
        let mut audience = Audience::new("db");
        let name = |text: &str| Some(text.to_owned());
        assert_eq!(admitted(&audience), [name("user"), name("editor"), name("admin")]);
        audience.roles = vec![role("editor"), role("admin")];
        assert_eq!(admitted(&audience), [None, name("editor"), name("admin")]);
        audience.role_names =
            [("user", "reader"), ("editor", "writer")].map(|(a, b)| (a.to_owned(), b.to_owned())).into();
        assert_eq!(admitted(&audience), [None, name("writer"), None]);
    }

    #[test]
    fn claims_of_an_audience_cannot_take_the_place_of_ours() {
        let with =
            |name: &str| field(|audience| drop(audience.claims.insert(name.to_owned(), Value::from("x"))));
        for name in CustomClaims::RESERVED {
            let expected = if name == "role" { Ok(()) } else { Err("claims".to_owned()) };
            assert_eq!(with(name), expected, "{name}");
        }
        assert_eq!(with(&"x".repeat(2_041)), Err("claims".to_owned()));
        let names =
            |role: &str| field(|audience| drop(audience.role_names.insert(role.to_owned(), String::new())));
        assert_eq!((names("a"), names("a b")), (Ok(()), Err("role_names".to_owned())));
    }

    #[test]
    fn audiences_fit_into_one_set_of_keys_and_the_default_is_for_all() {
        use Algorithm::{EdDsa, Es256, Es384, Rs256};
        let mut audiences = Audiences::new(Audience::new("api"));
        let with = |algorithm| Audience { algorithm, ..Audience::new(algorithm.name()) };
        audiences.others = [EdDsa, Rs256, Es256].map(with).into();
        assert_eq!((audiences.check(), audiences.algorithms()), (Ok(()), vec![Es256, EdDsa, Rs256]));
        audiences.others.push(with(Es384));
        assert_eq!(audiences.check().map_err(|error| error.field), Err("others".to_owned()));
        audiences.others.clear();
        audiences.default.roles.push(Role::admin());
        assert_eq!(audiences.check().map_err(|error| error.field), Err("default".to_owned()));
    }
}
