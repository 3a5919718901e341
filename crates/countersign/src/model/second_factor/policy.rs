//! Who has to have a second factor.

use std::time::Duration;

use crate::base::clock::Timestamp;
use crate::base::out_of_range::Broken;
use crate::model::account::Role;
use crate::model::device_cookie::DeviceCookie;

/// Who has to have a second factor. Whoever has one is always asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecondFactorPolicy {
    /// Whether everybody has to. Default: no.
    pub everybody: bool,
    /// The roles that have to. Default: none.
    pub roles: Vec<Role>,
    /// From when on they have to. Until then they may.
    pub from: Option<Timestamp>,
    /// For how long an owner may have a device trusted, on which they are not asked again; 0 to 400 days, and 0 is never.
    /// Administrators are asked each time. Default: 30 days.
    pub trust: Duration,
}

impl Default for SecondFactorPolicy {
    fn default() -> Self {
        Self { everybody: false, roles: Vec::new(), from: None, trust: Duration::from_hours(30 * 24) }
    }
}

impl SecondFactorPolicy {
    /// Whether an account with this role has to have one now.
    #[must_use]
    pub fn requires(&self, role: &Role, now: Timestamp) -> bool {
        (self.everybody || self.roles.contains(role)) && self.asks(now)
    }

    /// Whether anybody has to have one now.
    #[must_use]
    pub fn asks(&self, now: Timestamp) -> bool {
        (self.everybody || !self.roles.is_empty()) && self.from.is_none_or(|from| from <= now)
    }

    /// Whether the owner of an account with this role may have a device trusted.
    #[must_use]
    pub fn may_trust(&self, role: &Role) -> bool {
        !self.trust.is_zero() && !role.is_admin()
    }

    pub(crate) fn broken(&self) -> Broken {
        let mut broken = Broken::default();
        broken.unless(self.trust <= DeviceCookie::MAX_AGE, "trust", "is longer than 400 days");
        broken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::session::testing::T;

    #[test]
    fn a_policy_is_for_everybody_or_for_roles_and_from_an_instant_on() {
        let (user, admin) = (Role::default(), Role::admin());
        let of = |everybody, roles: &[&Role], from| SecondFactorPolicy {
            everybody,
            roles: roles.iter().map(|role| (*role).clone()).collect(),
            from,
            ..SecondFactorPolicy::default()
        };
        let late = T.plus(Duration::from_millis(1));
        for (policy, for_user, for_admin) in [
            (of(false, &[], None), false, false),
            (of(true, &[], None), true, true),
            (of(false, &[&admin], None), false, true),
            (of(true, &[], Some(T)), true, true),
            (of(true, &[&admin], Some(late)), false, false),
        ] {
            assert_eq!((policy.requires(&user, T), policy.requires(&admin, T)), (for_user, for_admin));
        }
        assert!(of(true, &[], None).may_trust(&user) && !of(true, &[], None).may_trust(&admin));
        let never = SecondFactorPolicy { trust: Duration::ZERO, ..SecondFactorPolicy::default() };
        assert!(!never.may_trust(&user));
        let longest = SecondFactorPolicy { trust: DeviceCookie::MAX_AGE, ..SecondFactorPolicy::default() };
        assert!(longest.broken().into_vec().is_empty());
        let longer = SecondFactorPolicy { trust: longest.trust + Duration::from_millis(1), ..longest };
        assert_eq!(longer.broken().into_vec().len(), 1);
    }
}
