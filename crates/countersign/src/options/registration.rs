//! [`RegistrationOptions`]: who can make an account of their own.

use crate::model::account::{EmailAddress, EmailDomain};

/// Who can make an account of their own. It is done by mail, so it needs [`EmailOptions::enabled`](super::EmailOptions::enabled).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RegistrationOptions {
    /// Who can. Default: nobody.
    pub mode: RegistrationMode,
    /// The domains of which an address has to be, exactly: one below such a domain is another. Empty, as by default, for
    /// any. An invitation goes to whatever address an administrator gives.
    pub domains: Vec<EmailDomain>,
}

/// Who can make an account of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegistrationMode {
    /// Nobody: administrators make accounts.
    #[default]
    Off,
    /// Whoever reads the mail of an address, and whoever was invited.
    Open,
    /// Whoever was invited by an administrator.
    Invite,
}

impl RegistrationOptions {
    /// Whether this address may register.
    pub(crate) fn allows(&self, address: &EmailAddress) -> bool {
        self.domains.is_empty() || self.domains.iter().any(|domain| domain.as_str() == address.domain())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// EM-7: domains are compared as A-labels, and none is taken for another one that ends like it.
    #[test]
    fn only_addresses_of_these_very_domains_may_register() {
        let allows = |domains: &[&str], address: &str| {
            let domains = domains.iter().map(|domain| EmailDomain::parse(domain).unwrap()).collect();
            let options = RegistrationOptions { mode: RegistrationMode::Open, domains };
            options.allows(&EmailAddress::parse(address).unwrap())
        };
        assert!(allows(&[], "ada@anywhere.example"));
        let ours = ["Example.org", "bücher.example"];
        for address in
            ["ada@example.org", "ada@EXAMPLE.ORG", "ada@BÜCHER.example", "ada@xn--bcher-kva.example"]
        {
            assert!(allows(&ours, address), "{address}");
        }
        for address in
            ["ada@sub.example.org", "ada@evilexample.org", "ada@example.org.evil.example", "ada@example.com"]
        {
            assert!(!allows(&ours, address), "{address}");
        }
    }
}
