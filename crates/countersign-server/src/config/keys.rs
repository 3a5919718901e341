//! Every key of the configuration, once: the list below is the struct, its defaults, its limits, the
//! commented file that `init` writes, the table in the README and the list that unknown keys are checked
//! against. A server takes over the keys that are marked `live` while it runs (SIGHUP).

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use countersign::Accent;
use countersign::EmailDomain;
use countersign::Role;
use countersign::Timestamp;
use countersign::mail::MailUrl;
use countersign::options::Notice;
use countersign::store::postgres::DatabaseUrl;
use ipnet::IpNet;

use super::events::EventsTarget;
use super::hooks::{HookFailurePolicy, HookQuestion};
use super::key::ConfigKey;
use super::limits::{self, ALGORITHMS, LOG_LEVELS, between, bytes, short_text, ttl};
use super::mail::{MailAddress, MailSignIn};
use super::origin::{Origin, PathPrefix};
use super::otlp::{self, CollectorUrl, Ratio};
use super::place::Problem;
use super::registration::Registration;
use super::second_factor::SecondFactorRequired;
use super::setting::{ByteSize, LogFormat, Secret, Setting, ThrottleStop, Toggle, TokenType, one_of};
use super::sources::Settings;
use super::upstream::{ClientErrorStatus, FieldName, LoginFormat, LoginUrl};

macro_rules! settings {
    ($(
        $(#[doc = $doc:literal])+
        $($live:ident)? $name:literal $field:ident: $type:ty = $default:literal $(, for example $example:literal)? $(, if $check:expr)?;
    )+) => {
        /// A checked configuration: each value is in its range, and no two contradict each other.
        #[derive(Debug)]
        pub(crate) struct Config {
            $( $(#[doc = $doc])+ pub(crate) $field: $type, )+
            /// The source of each value, by key.
            pub(crate) settings: Settings,
        }

        /// All keys.
        pub(crate) const KEYS: &[ConfigKey] = &[$( ConfigKey {
            name: $name,
            doc: concat!($($doc),+),
            kind: <$type as Setting>::KIND,
            default: $default,
            example: { let _example = $default; $( let _example = $example; )? _example },
            is_live: { let _is_live = false; $( let _is_live = stringify!($live).len() > 0; )? _is_live },
        } ),+];

        impl Config {
            /// Takes the values of these live keys from another configuration.
            pub(super) fn adopt_live(&mut self, keys: &[&str], other: &Self) {
                $( $( {
                    const _: &str = stringify!($live);
                    if keys.contains(&$name) {
                        self.$field.clone_from(&other.$field);
                    }
                } )? )+
            }
        }

        /// Reads every value; adds what is wrong to `problems`.
        pub(super) fn read(settings: Settings, problems: &mut Vec<Problem>) -> Option<Config> {
            $(
                let _check: fn(&$type) -> Result<(), String> = |_| Ok(());
                $( let _check: fn(&$type) -> Result<(), String> = $check; )?
                let $field = settings.read::<$type>($name, _check, problems);
            )+
            // One match: a `?` for each of a hundred fields is the code to drop all others, a hundred times.
            match ($( $field, )+) {
                ($( Some($field), )+) => Some(Config { $( $field, )+ settings }),
                _ => None,
            }
        }
    };
}

settings! {
    /// Addresses to listen on. Plain HTTP is refused on anything but loopback, unless `behind_proxy` or `tls`
    /// is set.
    "listen" listen: Vec<SocketAddr> = "127.0.0.1:3000", if |v| limits::listen_addresses(v);
    /// The origin that browsers see, and the issuer of every token. Required for anything but plain HTTP on
    /// loopback.
    "public_origin" public_origin: Option<Origin> = "", for example "https://auth.example.com";
    /// The path under which everything is served, where the origin is shared with other programs. It ends the
    /// issuer of every token. The reverse proxy passes paths on as they are. The cookies' path is `/` all the same.
    "path_prefix" path_prefix: Option<PathPrefix> = "", for example "/auth";
    /// The audience of access tokens; the issuer if unset.
    "audience" audience: Option<String> = "", for example "https://api.example.com", if |v| short_text(v.as_ref());
    /// The directory of the database and the master key (mode 0700). With `store` only the master key is in it.
    "data_dir" data_dir: PathBuf = "countersign-data";
    /// The address of a PostgreSQL database that any number of nodes share; the database in the data directory if unset. Of
    /// several hosts, `postgres://user@host1,host2/name`, the one that takes writes is used. Other machines are reached by
    /// TLS, and their certificates are checked; `sslrootcert=FILE` names the authorities to trust, `sslmode=disable` does
    /// without. A password is not for this file: see `store_password_file`; in the environment it may stand in the
    /// address.
    "store" store: Option<DatabaseUrl> = "", for example "postgres://countersign@db.example.com/countersign";
    /// The way past a pooler in transaction mode, such as `PgBouncer`, to the same database: by it a node hears of log-outs on
    /// other nodes at once, instead of within a fifth of a second. Without a password it has that of `store`.
    "store_direct" store_direct: Option<DatabaseUrl> = "", for example "postgres://countersign@db-direct.example.com/countersign";
    /// A file with the password of `store`.
    "store_password_file" store_password_file: Option<PathBuf> = "", for example "/run/secrets/countersign-store-password";
    /// The password itself. Environment only.
    "store_password" store_password: Option<Secret> = "";
    /// `off` leaves changes of the database's tables to `countersign migrate`: a server that needs one does not start. With
    /// `on` the first server of a new version makes them, beside servers of the version before, which go on.
    "auto_migrate" auto_migrate: Toggle = "on";
    /// The file with the master key (mode 0600), which encrypts every secret in the database; `master.key` in
    /// the data directory if unset. The environment variable `COUNTERSIGN_MASTER_KEY` can hold the key
    /// instead.
    "master_key_file" master_key_file: Option<PathBuf> = "", for example "/run/secrets/countersign-master-key";
    /// The master key itself. Environment only.
    "master_key" master_key: Option<Secret> = "";
    /// A file with the secret that signs tokens with HS256. Better leave it unset: keys are then asymmetric,
    /// they rotate, and services that verify tokens cannot issue any.
    "jwt_secret_file" jwt_secret_file: Option<PathBuf> = "", for example "/run/secrets/jwt-secret";
    /// The HS256 secret itself: at least 64 hex digits, or 32 bytes of text. Environment only, also as
    /// `JWT_SECRET`.
    "jwt_secret" jwt_secret: Option<Secret> = "", if |v| limits::jwt_secret(v.as_ref());
    /// The algorithm that signs access tokens: ES256, ES384, ES512, `EdDSA`, RS256, RS384, RS512, PS256,
    /// PS384 or PS512. Ignored with a JWT secret.
    "algorithm" algorithm: String = "ES256", if |v| one_of(v, ALGORITHMS);
    /// The `typ` of access tokens: `at+jwt` (RFC 9068), or `JWT` for verifiers that accept nothing else.
    "token_type" token_type: TokenType = "at+jwt";
    /// Whether access tokens are bound to the key of a device (`DPoP`, RFC 9449), which every request then proves: signing in takes a
    /// client that has one. Further audiences have a `dpop_bound` of their own. See docs/guides/verify/bound-tokens.md.
    "dpop_bound" dpop_bound: Toggle = "off";
    /// The lifetime of an access token: 1 to 60 minutes.
    "access_token_ttl" access_token_ttl: Duration = "15m", if |v| ttl(*v, "1m", "60m");
    /// A session ends when it is not used for this long.
    "session.idle_ttl" session_idle_ttl: Duration = "7d", if |v| ttl(*v, "5m", "365d");
    /// A session ends this long after the login, however much it is used.
    "session.absolute_ttl" session_absolute_ttl: Duration = "30d", if |v| ttl(*v, "5m", "365d");
    /// For this long after a rotation, the previous refresh token still gets the same successor. 0 follows
    /// OAuth to the letter.
    "session.grace" session_grace: Duration = "15s", if |v| ttl(*v, "0s", "60s");
    /// A refresh token younger than this is accepted without a rotation. At least `grace` + 5 s, unless both
    /// are 0.
    "session.min_age" session_min_age: Duration = "20s", if |v| ttl(*v, "0s", "5m");
    /// The most live sessions of one account; one more ends the oldest.
    "session.max_per_account" session_max_per_account: u32 = "50", if |v| between(*v, 1, 1000);
    /// `on` gives browsers a session cookie too, for a reverse proxy that asks `/api/verify` about requests for pages.
    /// Read docs/guides/verify/forward-auth.md first: those pages then need protection against forged requests.
    "session.cookie" session_cookie: Toggle = "off";
    /// `off` does not bind sessions to the key of a DPoP proof that comes with the sign-in. Sessions that are bound stay so.
    "device_binding.dpop" device_binding_dpop: Toggle = "on";
    /// `on` asks browsers to bind the sessions that begin with a cookie to a key of their own, without a script (Device Bound Session Credentials: Chromium).
    /// `public_origin` has to be https. Other browsers lose nothing.
    "device_binding.dbsc" device_binding_dbsc: Toggle = "off";
    /// The exact web origins that may call the API from a browser. Empty means none.
    live "cors_origins" cors_origins: Vec<Origin> = "", for example "https://app.example.com";
    /// The addresses of the reverse proxies. Only their forwarded headers are believed; TLS is then their
    /// task.
    "behind_proxy" behind_proxy: Vec<IpNet> = "", for example "10.0.0.0/8";
    /// The certificate chain for HTTPS, PEM. Read again when it changes, and on SIGHUP.
    "tls.cert_file" tls_cert_file: Option<PathBuf> = "", for example "/etc/letsencrypt/live/auth.example.com/fullchain.pem";
    /// The certificate's private key, PEM.
    "tls.key_file" tls_key_file: Option<PathBuf> = "", for example "/etc/letsencrypt/live/auth.example.com/privkey.pem";
    /// The fewest characters of a new password, at least 8. Where the password is the only factor, NIST SP
    /// 800-63B-4 asks for 15.
    "password.min_length" password_min_length: u32 = "15", if |v| between(*v, 8, 64);
    /// Names of your product and company; no password may consist of them. The host of `public_origin` is
    /// always one of them.
    "password.service_names" password_service_names: Vec<String> = "countersign", if |v| v.iter().try_for_each(|name| short_text(Some(name)));
    /// How many passwords are hashed at the same time; 0 means all processors but one.
    "password.hash_threads" password_hash_threads: u32 = "0", if |v| between(*v, 0, 256);
    /// The memory of one password hash (argon2id). `countersign calibrate` proposes what this machine can
    /// afford.
    "password.hash_memory" password_hash_memory: ByteSize = "19MiB", if |v| bytes(*v, "7MiB", "1GiB");
    /// How often a password hash passes over its memory: at least twice with 19 MiB, more often with less
    /// (OWASP).
    "password.hash_passes" password_hash_passes: u32 = "2", if |v| between(*v, 1, 16);
    /// The memory that all password hashes together may use; half of what this process may use if unset.
    "password.memory_budget" password_memory_budget: Option<ByteSize> = "", for example "256MiB", if |v| v.map_or(Ok(()), |v| bytes(v, "7MiB", "1024GiB"));
    /// The longest time that a sign-in queues for its hash. One that would wait longer is refused at once,
    /// with `Retry-After`.
    "password.max_wait" password_max_wait: Duration = "1s", if |v| ttl(*v, "100ms", "10s");
    /// A file with the pepper: keys that encrypt the stored password hashes, so that a stolen database alone
    /// does not allow guessing. One `<number> <64 hex digits>` a line, the newest first. If it is lost, all
    /// passwords are lost.
    "password.pepper_file" password_pepper_file: Option<PathBuf> = "", for example "/run/secrets/countersign-pepper";
    /// The pepper itself. Environment only.
    "password.pepper" password_pepper: Option<Secret> = "", if |v| limits::pepper(v.as_ref());
    /// Consecutive failed sign-ins after which unknown devices must wait.
    live "throttle.delay_from" throttle_delay_from: u32 = "5", if |v| between(*v, 1, 100);
    /// The first wait; it doubles with each further failure.
    live "throttle.first_delay" throttle_first_delay: Duration = "1s", if |v| ttl(*v, "1ms", "24h");
    /// The longest wait.
    live "throttle.longest_delay" throttle_longest_delay: Duration = "15m", if |v| ttl(*v, "1s", "24h");
    /// Consecutive failures that an account allows, at most 100 (NIST SP 800-63B-4): a fifth for its known
    /// devices together, the rest for unknown devices.
    live "throttle.stop_after" throttle_stop_after: u32 = "100", if |v| between(*v, 1, 100);
    /// What happens after that: `one-a-day` allows one attempt a day; `strict` allows none from unknown
    /// devices until the password is set again. `strict` follows NIST SP 800-63B-4 to the letter, and lets a
    /// stranger lock out an owner without a known device.
    live "throttle.stop" throttle_stop: ThrottleStop = "one-a-day";
    /// Consecutive failures that one known device has for itself, within that fifth. A device is known once
    /// it has signed in.
    live "throttle.device_budget" throttle_device_budget: u32 = "10", if |v| between(*v, 1, 100);
    /// Failures are forgotten when none follows for this long. Failures that caused a wait are kept thirty
    /// times as long, and never expire if `throttle.stop` is `strict`.
    live "throttle.forget_after" throttle_forget_after: Duration = "24h", if |v| ttl(*v, "1m", "365d");
    /// Failures that one address (IPv6: one /64) may cause at once.
    live "throttle.network_burst" throttle_network_burst: u32 = "60", if |v| between(*v, 1, 1_000_000);
    /// The time after which such an address may cause one more.
    live "throttle.network_interval" throttle_network_interval: Duration = "6s", if |v| ttl(*v, "1ms", "24h");
    /// Failures that one neighbourhood (IPv4 /24, IPv6 /48) may cause at once.
    live "throttle.neighbourhood_burst" throttle_neighbourhood_burst: u32 = "600", if |v| between(*v, 1, 1_000_000);
    /// The time after which a neighbourhood may cause one more.
    live "throttle.neighbourhood_interval" throttle_neighbourhood_interval: Duration = "600ms", if |v| ttl(*v, "1ms", "24h");
    /// How many accounts may see a first failure at once before it counts as password spraying.
    live "throttle.spray_burst" throttle_spray_burst: u32 = "300", if |v| between(*v, 1, 1_000_000);
    /// The time after which one more account may.
    live "throttle.spray_interval" throttle_spray_interval: Duration = "2s", if |v| ttl(*v, "1ms", "24h");
    /// The most accounts and devices whose failures are remembered.
    live "throttle.max_records" throttle_max_records: u32 = "65536", if |v| between(*v, 1024, 16_777_216);
    /// How long a signing key signs before the next one takes over; 0 means until `key rotate`.
    "keys.rotate_every" keys_rotate_every: Duration = "90d", if |v| limits::rotate_every(*v);
    /// How long the next key is published before it signs: longer than any verifier caches the JWK Set.
    "keys.publish_before" keys_publish_before: Duration = "24h", if |v| ttl(*v, "11m", "30d");
    /// A JWK or JWK Set with the public keys of an old system, at most four: its tokens pass beside ours until
    /// `keys.verify_only_until`, and nothing is signed with them. Read docs/guides/operating.md first.
    "keys.verify_only_file" keys_verify_only_file: Option<PathBuf> = "", for example "/etc/countersign/old-keys.json";
    /// When these keys stop to count: an instant such as 2027-03-01T00:00:00Z. The last tokens of the old system should have
    /// expired by then.
    "keys.verify_only_until" keys_verify_only_until: Option<Timestamp> = "", for example "2027-03-01T00:00:00Z";
    /// The most services that follow the feed of ended sessions at once; further ones get 503.
    "feed.max_followers" feed_max_followers: u32 = "1000", if |v| between(*v, 1, 100_000);
    /// `on` lets anybody follow the feed of ended sessions without a key (`countersign feed-key add`). Session IDs are no
    /// credentials, but how many people sign out, and when, is for everybody to see then.
    "feed.public" feed_public: Toggle = "off";
    /// `off` leaves the deletion of accounts to administrators. Otherwise people can delete their own.
    "account_deletion" account_deletion: Toggle = "on";
    /// For how long they can take it back, by signing in: it is disabled until then. With 0 it is deleted at once.
    "account_deletion_grace" account_deletion_grace: Duration = "14d", if |v| ttl(*v, "0s", "365d");
    /// How long the audit log is kept.
    "retention.audit" retention_audit: Duration = "400d", if |v| ttl(*v, "1d", "3650d");
    /// Where every row of the audit log is sent, for a SIEM: `file:PATH` (JSON Lines), `syslog`, `syslog:/SOCKET`,
    /// `syslog:udp:HOST:PORT`, `syslog:tcp:HOST:PORT` or `syslog:tls:HOST:PORT`. See docs/guides/webhooks.md.
    "events" events: Option<EventsTarget> = "", for example "syslog:tls:siem.example.com:6514";
    /// A PEM file with further certificate authorities that a syslog daemon may have its certificate from.
    "events_ca_file" events_ca_file: Option<PathBuf> = "", for example "/etc/countersign/siem-ca.pem";
    /// The address of the login of the system that people come from. It is asked about names that have no account or no
    /// password here; if it says yes, the password is taken over, and the next sign-in asks nobody. An
    /// account that you delete comes back as long as it says yes: disable it instead.
    "import.upstream.url" import_upstream_url: Option<LoginUrl> = "", for example "https://old.example.com/login";
    /// How it is asked: `json` or `form`, by POST.
    "import.upstream.format" import_upstream_format: LoginFormat = "json";
    /// The member or field for the name.
    "import.upstream.username_field" import_upstream_username_field: String = "username", if |v| short_text(Some(v));
    /// The member or field for the password.
    "import.upstream.password_field" import_upstream_password_field: String = "password", if |v| short_text(Some(v));
    /// A member of its JSON response, like `data.token`, without which a status 2xx is no yes. It says no if it is not
    /// there, false, null, 0 or empty.
    "import.upstream.success_member" import_upstream_success_member: Option<String> = "", for example "data.token", if |v| short_text(v.as_ref());
    /// The statuses by which it says no. Any other but 2xx is an outage, which counts as no failure of anybody.
    "import.upstream.failure_statuses" import_upstream_failure_statuses: Vec<ClientErrorStatus> = "400,401,403,422";
    /// The longest time that it may take.
    "import.upstream.timeout" import_upstream_timeout: Duration = "5s", if |v| ttl(*v, "100ms", "10s");
    /// How many requests to it are open at the same time; further sign-ins wait as long as one may take.
    "import.upstream.max_requests" import_upstream_max_requests: u32 = "8", if |v| between(*v, 1, 256);
    /// A PEM file with further certificate authorities that it may have its certificate from.
    "import.upstream.ca_file" import_upstream_ca_file: Option<PathBuf> = "", for example "/etc/countersign/old-ca.pem";
    /// A header field by which it knows us. Its value is in `header_file`.
    "import.upstream.header" import_upstream_header: Option<FieldName> = "", for example "Authorization";
    /// The file with that value, one line.
    "import.upstream.header_file" import_upstream_header_file: Option<PathBuf> = "", for example "/run/secrets/old-login";
    /// The address of your own server, which is asked before somebody signs in, or asks for a mail. It may be in your network; without TLS it is
    /// on this machine. See docs/guides/webhooks.md.
    "hooks.url" hooks_url: Option<LoginUrl> = "", for example "https://app.example.com/countersign/hook";
    /// What it is asked about: `before_sign_in`, whether somebody whose password was right may sign in; `claims`, what each of
    /// their access tokens says, at a sign-in and at every refresh; `before_mail`, whether a mail is sent that somebody asks for who
    /// has not signed in, as with a captcha.
    "hooks.ask" hooks_ask: Vec<HookQuestion> = "before_sign_in", for example "before_sign_in,claims";
    /// A file with the secret that signs what it is asked, `whsec_…`. While it is changed, one a line, the newest first.
    "hooks.secret_file" hooks_secret_file: Option<PathBuf> = "", for example "/run/secrets/countersign-hooks";
    /// The secret itself. Environment only.
    "hooks.secret" hooks_secret: Option<Secret> = "";
    /// The longest time that it may take.
    "hooks.timeout" hooks_timeout: Duration = "2s", if |v| ttl(*v, "50ms", "5s");
    /// What happens without a clear answer in time: `deny` refuses with 503, `allow` goes on as if it had allowed the sign-in,
    /// and without its claims.
    "hooks.on_failure" hooks_on_failure: HookFailurePolicy = "deny";
    /// How many requests to it are open at the same time; further ones wait, within the same time.
    "hooks.max_requests" hooks_max_requests: u32 = "32", if |v| between(*v, 1, 1024);
    /// A PEM file with further certificate authorities that it may have its certificate from.
    "hooks.ca_file" hooks_ca_file: Option<PathBuf> = "", for example "/etc/countersign/app-ca.pem";
    /// Where mails go: `smtps://USER@HOST`, `smtp+starttls://USER@HOST`, `smtp://localhost`, or `file:DIRECTORY` for a file each.
    /// Other machines are reached by TLS, and their certificates are checked. The server starts and signs people in while
    /// this one is down. No mails are sent if unset.
    live "mail.url" mail_url: Option<MailUrl> = "", for example "smtps://countersign@mail.example.com";
    /// Whom mails are from.
    live "mail.from" mail_from: Option<MailAddress> = "", for example "Example <no-reply@example.com>";
    /// Where responses to them go; to `mail.from` if unset.
    live "mail.reply_to" mail_reply_to: Option<MailAddress> = "", for example "help@example.com";
    /// A file with the password of the user in `mail.url`.
    live "mail.password_file" mail_password_file: Option<PathBuf> = "", for example "/run/secrets/countersign-mail-password";
    /// The password itself. Environment only.
    live "mail.password" mail_password: Option<Secret> = "";
    /// A PEM file with further certificate authorities that the mail server may have its certificate from.
    live "mail.ca_file" mail_ca_file: Option<PathBuf> = "", for example "/etc/countersign/mail-ca.pem";
    /// From how many requests for mails on, from one network within ten minutes, a browser has to show a proof of work. The pages do
    /// it by themselves. 0: never.
    "mail.proof_per_network" mail_proof_per_network: u32 = "10", if |v| between(*v, 0, 1_000_000);
    /// The same for the requests that this server gets from everywhere.
    "mail.proof_overall" mail_proof_overall: u32 = "100", if |v| between(*v, 0, 1_000_000);
    /// The most that is demanded, in zero bits of a hash; it begins with 14, and each bit doubles the work. 18 are half a second in the
    /// browser of a notebook, and some seconds on a cheap phone.
    "mail.proof_most_bits" mail_proof_most_bits: u32 = "18", if |v| between(*v, 14, 22);
    /// Whether people sign in by a mail to a verified address, without their password: `on`, or `same_browser` if a mail that is
    /// opened elsewhere must not let the browser go on that asked. It makes a mailbox as good as a password.
    "mail.sign_in" mail_sign_in: MailSignIn = "off";
    /// The mails that tell people what was done to their accounts: `address_undo` with the link that brings a former address back,
    /// `address_changed`, `password_changed`, `password_reset_done`, `second_factor_changed`, `new_device`. People cannot turn them off, because a thief
    /// could.
    "mail.notices" mail_notices: Vec<Notice> = "address_undo,address_changed,password_changed,password_reset_done,second_factor_changed,new_device";
    /// Who can make an account of their own: `off` nobody, `invite` whom an administrator has invited, `open` everybody. The address
    /// is verified first, so `mail.url` is needed.
    "registration.mode" registration_mode: Registration = "off", for example "invite";
    /// With `open`, the domains of which an address has to be, exactly; any if unset. Invitations go to other domains too.
    "registration.domains" registration_domains: Vec<EmailDomain> = "", for example "example.com,example.org";
    /// Who has to have a second factor: `nobody`, `everybody`, or the `roles` of `second_factor.roles`. Whoever has one is always
    /// asked for it.
    "second_factor.required" second_factor_required: SecondFactorRequired = "nobody", for example "roles";
    /// The roles that have to have one, where `second_factor.required` is `roles`.
    "second_factor.roles" second_factor_roles: Vec<Role> = "", for example "admin";
    /// From when on they have to have one, as an instant. Until then they may. At once if unset.
    "second_factor.from" second_factor_from: Option<Timestamp> = "", for example "2027-03-01T00:00:00Z";
    /// For how long people may have a device trusted, on which they are not asked for it again; `0s` is never. Administrators are
    /// asked each time.
    "second_factor.trust" second_factor_trust: Duration = "30d", if |v| ttl(*v, "0s", "400d");
    /// `off` offers no passkeys. They are offered where browsers have them: where `public_origin` is https, or http on localhost.
    "passkeys.enabled" passkeys_enabled: Toggle = "on";
    /// The domain that passkeys are for: the host of `public_origin`, or a domain above it, so that other hosts below it can use them
    /// too. They are bound to it for ever: another one makes all of them useless. The host of `public_origin` if unset.
    "passkeys.rp_id" passkeys_rp_id: Option<String> = "", for example "example.com";
    /// What browsers call the site when somebody makes a passkey; `pages.name` if unset.
    "passkeys.rp_name" passkeys_rp_name: Option<String> = "", for example "Example", if |v| short_text(v.as_ref());
    /// Other origins whose pages may use the passkeys. `/.well-known/webauthn` lists them for browsers, which is where browsers look for those
    /// that are not below `passkeys.rp_id`.
    "passkeys.related_origins" passkeys_related_origins: Vec<String> = "", for example "https://example.de,https://example.fr";
    /// The name of your product, in the title and the header of every page. No password may consist of it.
    "pages.name" pages_name: String = "Countersign", if |v| limits::product_name(v);
    /// The picture beside it: SVG, PNG, JPEG, WebP or GIF, at most 256 KiB. It has to look well on white and on black.
    "pages.logo_file" pages_logo_file: Option<PathBuf> = "", for example "/etc/countersign/logo.svg";
    /// The colour of buttons and links, in pages and mails, as `#rrggbb`. White text on it has to be legible; for dark pages a
    /// lighter one is made of it. The one of Countersign if unset.
    "pages.accent_color" pages_accent_color: Option<Accent> = "", for example "#0a58ca";
    /// `off` removes the page at `/`.
    "pages.front" pages_front: Toggle = "on";
    /// `off` removes `/account`. A sign-in that no other page has asked for then leads to `/`.
    "pages.account" pages_account: Toggle = "on";
    /// `off` removes `/admin`. The API for administrators stays.
    "pages.admin" pages_admin: Toggle = "on";
    /// `off` removes `/debugger`.
    "pages.debugger" pages_debugger: Toggle = "on";
    /// `off` removes `/docs`, the description of the API, and `/openapi.json`.
    "pages.docs" pages_docs: Toggle = "on";
    /// `on`: sessions that begin on these pages are bound to a key in the browser, so that a copy of its cookies is of no use. All other pages
    /// that share the session have to use `/client-device.js` too, and be of this origin. Not together with `oauth.clients`.
    "pages.device_proof" pages_device_proof: Toggle = "off";
    /// A directory whose files replace those of the same name among the templates of mails and pages, and single sentences.
    /// `countersign templates export` writes them all, `countersign templates check` tries yours. Read at the start, and on SIGHUP where mails are sent.
    live "templates" templates: Option<PathBuf> = "", for example "/etc/countersign/templates";
    /// The languages of mails and of the pages that people see, mails by the choice of the account if it has made one, otherwise by the browser's; the first where none of them fits.
    /// Mails are complete in English, German, ar, es, fr, it and pt, pages in English and German; what a file of your own lacks is in
    /// English, and so is the token debugger.
    "languages" languages: Vec<String> = "en,de", if |v| limits::languages(v);
    /// An address to serve `/metrics` on for Prometheus, without TLS and a password: let nobody but the monitoring reach it. Not
    /// served if unset.
    "metrics" metrics: Option<SocketAddr> = "", for example "127.0.0.1:9464";
    /// The address of an OpenTelemetry collector that takes OTLP over HTTP: a trace of each request is sent to it, without anything
    /// that says who asked. Without TLS it is on this machine. Only in a program that was built with the feature `otlp`.
    "otlp.url" otlp_url: Option<CollectorUrl> = "", for example "http://127.0.0.1:4318", if |v| otlp::is_built(v.as_ref());
    /// The share of the traces that is sent, from 0 to 1. Of a request with a `traceparent` its sender decides.
    "otlp.ratio" otlp_ratio: Ratio = "1.0";
    /// The most connections at the same time; further ones wait to be accepted. One client gets at most a
    /// quarter of them.
    "max_connections" max_connections: u32 = "4096", if |v| between(*v, 16, 1_000_000);
    /// `on` allows core files and debuggers, for finding a fault. A crash then leaves the memory, with the
    /// passwords of the moment, in a file.
    "core_dumps" core_dumps: Toggle = "off";
    /// The format of the log on standard error: `text` for people, `json` for programs.
    "log.format" log_format: LogFormat = "text";
    /// The lowest level that is logged: error, warn, info, debug or trace.
    live "log.level" log_level: String = "info", if |v| one_of(v, LOG_LEVELS);
    /// `on` logs every request: method, route, status, microseconds, client address and request ID.
    live "log.access" log_access: Toggle = "off";
}

impl Default for Settings {
    /// The defaults.
    fn default() -> Self {
        Self::new(KEYS)
    }
}
