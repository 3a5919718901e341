//! Verifiers of other makers, and what each takes: as the guides in `docs/guides/verify` say, and the tests there try against
//! the real thing.

use countersign::options::Preset;

/// What a verifier takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Consumer {
    pub(super) name: &'static str,
    /// JWS algorithms; empty where Countersign itself decides.
    pub(super) algorithms: &'static [&'static str],
    /// `typ`; empty where it is not looked at.
    pub(super) types: &'static [&'static str],
    pub(super) preset: Option<Preset>,
}

const fn consumer(
    name: &'static str,
    algorithms: &'static [&'static str],
    types: &'static [&'static str],
    preset: Option<Preset>,
) -> Consumer {
    Consumer { name, algorithms, types, preset }
}

/// All that are known, by the names of their guides.
pub(super) const CONSUMERS: &[Consumer] = &[
    consumer("apache", RSA_AND_EC, ANY, None),
    consumer("aspnet", RSA_AND_EC, ACCESS, None),
    consumer("aws", RS256, JWT, Some(Preset::AwsAlb)),
    consumer("aws-lambda", NO_PSS, ACCESS, None),
    consumer("caddy", OURS, ANY, None),
    consumer("django", ALL, ACCESS, None),
    consumer("elixir", ALL, ACCESS, None),
    consumer("envoy", ALL, ANY, None),
    consumer("express", ALL, ACCESS, None),
    consumer("fastapi", ALL, ACCESS, None),
    consumer("fastify", RSA_AND_EC, ACCESS, None),
    consumer("flask", ALL, ACCESS, None),
    // Its proxy is Envoy; its documentation names these two.
    consumer("gcp-apigateway", &["RS256", "ES256"], ANY, None),
    consumer("go", ALL, ACCESS, None),
    consumer("haproxy", RS_AND_EC, ACCESS, Some(Preset::Haproxy)),
    consumer("hasura", ALL, ANY, Some(Preset::Hasura)),
    consumer("hono", ALL, ACCESS, None),
    consumer("koa", ALL, ACCESS, None),
    consumer("kubernetes", RS256, ANY, Some(Preset::Kubernetes)),
    consumer("nextjs", ALL, ACCESS, None),
    consumer("nginx", OURS, ANY, None),
    consumer("nginx-njs", ES256, ACCESS, None),
    consumer("perl", ALL, ACCESS, None),
    consumer("php", ES256, ACCESS, None),
    consumer("postgrest", ALL, ANY, Some(Preset::Postgrest)),
    consumer("ruby", RSA_AND_EC, ACCESS, None),
    consumer("spring", RS256, JWT, Some(Preset::Spring)),
    consumer("supabase", &["RS256", "ES256"], ANY, Some(Preset::Supabase)),
    consumer("traefik", OURS, ANY, None),
    consumer("workers", ALL, ACCESS, None),
];

const OURS: &[&str] = &[];
const ES256: &[&str] = &["ES256"];
const RS256: &[&str] = &["RS256"];
const RS_AND_EC: &[&str] = &["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"];
const RSA_AND_EC: &[&str] =
    &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];
const NO_PSS: &[&str] = &["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA"];
const ALL: &[&str] =
    &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
const ANY: &[&str] = &[];
const JWT: &[&str] = &["JWT"];
const ACCESS: &[&str] = &["at+jwt"];
