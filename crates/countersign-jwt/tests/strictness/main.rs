//! Hand-written tokens and keys, each with the one error it must meet. Classes follow what verifiers get
//! wrong.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]
#![expect(clippy::print_stdout, reason = "how many cases ran is part of the result")]
#![expect(clippy::too_many_lines, reason = "tables of cases are long")]

mod claims;
mod encoding;
mod fixture;
mod header;
mod keys;
mod policies;
mod signature;

use fixture::Corpus;

#[test]
fn every_case_meets_its_error() {
    let mut corpus = Corpus::default();
    header::algorithm_none_and_odd_names(&mut corpus);
    header::critical_extensions(&mut corpus);
    header::parameter_types(&mut corpus);
    header::token_types(&mut corpus);
    header::key_injection(&mut corpus);
    encoding::base64url(&mut corpus);
    encoding::parts(&mut corpus);
    encoding::json_forms(&mut corpus);
    encoding::duplicate_names(&mut corpus);
    encoding::size_and_depth(&mut corpus);
    claims::control(&mut corpus);
    claims::times(&mut corpus);
    claims::time_boundaries(&mut corpus);
    claims::issuer_audience_subject(&mut corpus);
    claims::optional_claims(&mut corpus);
    policies::without_audience(&mut corpus);
    policies::without_issued_at(&mut corpus);
    policies::several_issuers_and_audiences(&mut corpus);
    policies::scopes(&mut corpus);
    policies::roles(&mut corpus);
    policies::required_claims(&mut corpus);
    signature::algorithm_confusion(&mut corpus);
    signature::encodings(&mut corpus);
    keys::weak_and_contradictory(&mut corpus);
    keys::secrets(&mut corpus);
    keys::sets(&mut corpus);
    corpus.finish(750);
}
