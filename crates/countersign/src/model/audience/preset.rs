//! Settings that a known consumer needs, under its name.

use std::collections::BTreeMap;

use countersign_jwt::{Algorithm, TokenType};
use serde_json::{Map, Value, json};

use super::Audience;
use crate::model::account::Role;

/// A consumer whose needs are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Preset {
    /// Spring Security: `JwtTypeValidator` refuses `at+jwt`, and `jwk-set-uri` alone trusts RS256 only.
    Spring,
    /// Amazon's load balancers and HTTP APIs: RS256 only.
    AwsAlb,
    /// `HAProxy`'s `jwt_verify`, which knows neither `EdDSA` nor PS256 and is given one PEM file: RS256.
    Haproxy,
    /// Kubernetes: RS256 by default, no `EdDSA`. The role is a group.
    Kubernetes,
    /// `PostgREST`, which switches to the database role in `role`.
    Postgrest,
    /// Hasura, with its claims namespace. Its `admin` passes by every permission.
    Hasura,
    /// Supabase: everybody is `authenticated`; the role is in `user_role`.
    Supabase,
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Spring,
        Self::AwsAlb,
        Self::Haproxy,
        Self::Kubernetes,
        Self::Postgrest,
        Self::Hasura,
        Self::Supabase,
    ];

    /// Its name in a configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Spring => "spring",
            Self::AwsAlb => "aws-alb",
            Self::Haproxy => "haproxy",
            Self::Kubernetes => "kubernetes",
            Self::Postgrest => "postgrest",
            Self::Hasura => "hasura",
            Self::Supabase => "supabase",
        }
    }

    /// The preset of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name)
    }

    /// Whether the consumer gives its own meaning to role names, so that ours must be given one each. Until that is done,
    /// its audience admits `user` alone.
    #[must_use]
    pub const fn needs_role_names(self) -> bool {
        matches!(self, Self::Postgrest | Self::Hasura)
    }

    /// An audience of this name with the settings that the consumer needs.
    #[must_use]
    pub fn audience(self, name: impl Into<String>) -> Audience {
        let (algorithm, token_type) = match self {
            Self::Spring | Self::AwsAlb | Self::Kubernetes => (Algorithm::Rs256, jwt()),
            Self::Haproxy => (Algorithm::Rs256, TokenType::AccessToken),
            Self::Postgrest | Self::Hasura | Self::Supabase => (Algorithm::Es256, jwt()),
        };
        let role_names = if self.needs_role_names() { only_user() } else { BTreeMap::new() };
        Audience { algorithm, token_type, role_names, claims: self.claims(), ..Audience::new(name) }
    }

    fn claims(self) -> Map<String, Value> {
        let claims = match self {
            Self::Spring | Self::AwsAlb | Self::Haproxy | Self::Postgrest => json!({}),
            Self::Kubernetes => json!({ "groups": ["$role"] }),
            Self::Hasura => json!({ "https://hasura.io/jwt/claims": {
                "x-hasura-user-id": "$sub",
                "x-hasura-default-role": "$role",
                "x-hasura-allowed-roles": ["$role"],
            } }),
            Self::Supabase => json!({ "role": "authenticated", "user_role": "$role" }),
        };
        claims.as_object().cloned().unwrap_or_default()
    }
}

/// An `admin` of ours must not become a database's by its name.
fn only_user() -> BTreeMap<String, String> {
    BTreeMap::from([(Role::USER.to_owned(), Role::USER.to_owned())])
}

fn jwt() -> TokenType {
    TokenType::Exactly("JWT".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_an_audience_by_its_name() {
        for preset in Preset::ALL {
            assert_eq!(Preset::from_name(preset.name()), Some(preset));
            let audience = preset.audience("x");
            assert_eq!(audience.check(), Ok(()), "{preset:?}");
            assert_eq!(audience.admit(&Role::admin()).is_none(), preset.needs_role_names(), "{preset:?}");
        }
        assert_eq!(Preset::from_name("Spring"), None);
    }
}
