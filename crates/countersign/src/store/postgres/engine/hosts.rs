//! One configuration for each host of a URL. The driver tries several hosts in turn, but its timeout ends with TCP's handshake:
//! a server that stands still takes the connection and never says a word, and would keep it from the hosts after it.

use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// The hosts, each with everything else that the URL says. Where their numbers do not fit, the driver says so.
pub(super) fn by_host(all: &Config) -> Vec<Config> {
    let (hosts, addresses, ports) = (all.get_hosts().len(), all.get_hostaddrs().len(), all.get_ports().len());
    let count = hosts.max(addresses);
    let fits = |given: usize| given == 0 || given == count;
    if !fits(hosts) || !fits(addresses) || (ports > 1 && ports != count) {
        return vec![all.clone()];
    }
    (0..count).map(|n| of_host(all, n)).collect()
}

fn of_host(all: &Config, n: usize) -> Config {
    let mut one = Config::new();
    match all.get_hosts().get(n) {
        Some(Host::Tcp(name)) => one.host(name),
        Some(Host::Unix(path)) => one.host_path(path),
        None => &mut one,
    };
    if let Some(address) = all.get_hostaddrs().get(n) {
        one.hostaddr(*address);
    }
    if let Some(port) = all.get_ports().get(n).or(all.get_ports().first()) {
        one.port(*port);
    }
    who(all, &mut one);
    how(all, &mut one);
    one
}

fn who(all: &Config, one: &mut Config) {
    if let Some(user) = all.get_user() {
        one.user(user);
    }
    if let Some(password) = all.get_password() {
        one.password(password);
    }
    if let Some(name) = all.get_dbname() {
        one.dbname(name);
    }
    if let Some(options) = all.get_options() {
        one.options(options);
    }
    if let Some(name) = all.get_application_name() {
        one.application_name(name);
    }
}

fn how(all: &Config, one: &mut Config) {
    one.ssl_mode(all.get_ssl_mode())
        .ssl_negotiation(all.get_ssl_negotiation())
        .channel_binding(all.get_channel_binding())
        .target_session_attrs(all.get_target_session_attrs())
        .keepalives(all.get_keepalives())
        .keepalives_idle(all.get_keepalives_idle());
    if let Some(limit) = all.get_connect_timeout() {
        one.connect_timeout(*limit);
    }
    if let Some(limit) = all.get_tcp_user_timeout() {
        one.tcp_user_timeout(*limit);
    }
    if let Some(interval) = all.get_keepalives_interval() {
        one.keepalives_interval(interval);
    }
    if let Some(retries) = all.get_keepalives_retries() {
        one.keepalives_retries(retries);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_everything_that_the_url_says() {
        let rest = "/auth?connect_timeout=2&sslmode=require&sslnegotiation=direct&channel_binding=require&options=-cx%3D1\
                    &application_name=a&target_session_attrs=read-write&keepalives=0&keepalives_idle=7&keepalives_interval=8\
                    &keepalives_retries=9&tcp_user_timeout=3";
        let parsed = |hosts: &str| format!("postgres://ann:hunter2@{hosts}{rest}").parse::<Config>().unwrap();
        let each = by_host(&parsed("one:5433,two,three:5435"));
        assert_eq!(each, ["one:5433", "two:5432", "three:5435"].map(parsed));
        assert_eq!(by_host(&parsed("%2Frun%2Fpg,two")), ["%2Frun%2Fpg", "two"].map(parsed));
        let by_address: Config =
            "host=one,two hostaddr=10.0.0.1,10.0.0.2 port=5433 user=ann".parse().unwrap();
        let second: Config = "host=two hostaddr=10.0.0.2 port=5433 user=ann".parse().unwrap();
        assert_eq!(by_host(&by_address)[1], second);
        let odd: Config = "host=one,two hostaddr=10.0.0.1 user=ann".parse().unwrap();
        assert_eq!(by_host(&odd), [odd]);
    }
}
