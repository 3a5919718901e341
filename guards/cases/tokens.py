"""The cases about one request: its `Authorization` header, what the guard knows, and what must come of it."""

from signing import EcKey, EdKey, HmacKey, RsaKey, as_text, b64, seed, token

NOW = 1_700_000_000
ISSUER = "https://auth.example.com"

ES, ES_OTHER, ES_STRANGER = EcKey("es-1"), EcKey("es-2"), EcKey("es-3")
ED, RS = EdKey("ed-1"), RsaKey("rs-1")
ALGORITHMS = ["RS256", "ES256", "ES384", "EdDSA"]

CODES = {
    # reason: (status, code in the body, error of the challenge)
    "token_required": (401, "token_required", None),
    "expired": (401, "token_expired", "invalid_token"),
    "token_too_long": (413, "token_too_large", "invalid_token"),
    "too_old": (401, "token_too_old", "invalid_token"),
    "revoked": (401, "token_revoked", "invalid_token"),
    "token_bound": (401, "token_bound", "invalid_token"),
    "missing_role": (403, "forbidden", "insufficient_scope"),
    "missing_scope": (403, "insufficient_scope", "insufficient_scope"),
    "keys_unavailable": (503, "keys_unavailable", None),
    "revocations_unavailable": (503, "revocations_unavailable", None),
}


def claims(**changes) -> dict:
    """Good claims with some changed; None takes a claim away."""
    good = {
        "iss": ISSUER, "aud": "api", "sub": "ada", "sid": "f219c4f5-5cfd-4a51-99f5-a02fcb6fbeb0", "jti": "j1",
        "client_id": "countersign", "username": "ada", "role": "user", "scope": "read books",
        "iat": NOW - 10, "exp": NOW + 60,
    }  # fmt: skip
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def header(key, **changes) -> dict:
    good = {"alg": key.alg, "typ": "at+jwt", "kid": key.kid}
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def signed(key=ES, typ="at+jwt", **changes) -> str:
    return token(key, header(key, typ=typ), claims(**changes))


GOOD = signed()
_cases: list[dict] = []


def accept(name: str, token: str = GOOD, **setting) -> None:
    _cases.append({"name": name, **setting, "token": token, "accept": True})


def refuse(name: str, reason: str, token: str = GOOD, **setting) -> None:
    status, code, error = CODES.get(reason, (401, "invalid_token", "invalid_token"))
    refusal = {"reason": reason, "status": status, "code": code, "error": error}
    _cases.append({"name": name, **setting, "token": token, "refuse": refusal})


def signatures() -> None:
    accept("ES256")
    accept("EdDSA", signed(ED))
    accept("EdDSA under its new name", token(ED, header(ED, alg="Ed25519"), claims()))
    accept("RS256", signed(RS))
    accept("no kid, and one key of the algorithm", token(ES, header(ES, kid=None), claims()))
    accept("the key has no alg, and one algorithm fits", signed(RS), keys="without alg")
    refuse("the key has no alg, and two algorithms fit", "unknown_key_id", signed(RS), keys="without alg", policy="two for RSA")
    refuse("no kid, and two keys of the algorithm", "key_id_missing", token(ES, header(ES, kid=None), claims()), keys="two")
    refuse("no kid, and no key of the algorithm", "key_id_missing", token(ES, header(ES, kid=None), claims()), keys="only RSA")
    refuse("unknown kid", "unknown_key_id", signed(ES_STRANGER))
    refuse("empty kid", "unknown_key_id", token(ES, header(ES, kid=""), claims()))
    refuse("kid is a path", "unknown_key_id", token(ES, header(ES, kid="../es-1"), claims()))
    refuse("kid is too long", "key_id_too_long", token(ES, header(ES, kid="k" * 129), claims()))
    refuse("kid is a number", "header_parameter_type", token(ES, header(ES, kid=1), claims()))
    refuse("signed by a stranger under a known kid", "bad_signature", token(ES_STRANGER, header(ES), claims()))
    refuse("alg is not the key's", "algorithm_mismatch", token(ES, header(ES, kid="ed-1"), claims()))
    refuse("HS256 with the public key as the secret", "algorithm_mismatch", token(HmacKey("es-1", ES.pem()), {"alg": "HS256", "typ": "at+jwt", "kid": "es-1"}, claims()))
    refuse("HS256 with the public key, without kid", "key_id_missing", token(HmacKey("", ES.pem()), {"alg": "HS256", "typ": "at+jwt"}, claims()))
    refuse("HS256 with a secret from the set", "unknown_key_id", signed(HmacKey("oct-1", seed("oct"))), keys="messy")
    refuse("a key with its private part in the set", "unknown_key_id", signed(ES_OTHER), keys="messy")
    refuse("a key for encryption", "unknown_key_id", signed(ED), keys="messy")
    refuse("an RSA key of 1024 bits", "unknown_key_id", token(RS, header(RS, kid="weak"), claims()), keys="messy")
    refuse("the second key of one kid", "bad_signature", token(ES_STRANGER, header(ES), claims()), keys="messy")
    accept("the good key among bad ones", keys="messy")
    refuse("an algorithm that the policy does not name", "unknown_key_id", signed(ED), policy="only ES256")
    refuse("no keys", "keys_unavailable", keys=None)
    head, body, signature = GOOD.split(".")
    refuse("no signature", "bad_signature", f"{head}.{body}.")
    refuse("half a signature", "bad_signature", f"{head}.{body}.{b64(ES.sign(b'')[:32])}")
    refuse("another payload", "bad_signature", f"{head}.{b64(as_text(claims(role='admin')).encode())}.{signature}")
    refuse("keys in the header are not looked at", "unknown_key_id", token(ES_STRANGER, header(ES_STRANGER, jwk=ES_STRANGER.jwk(), jku="https://evil.example/keys"), claims()))


def headers() -> None:
    for alg in ("none", "None", "nOnE"):
        refuse(f"alg {alg}", "algorithm_none", token(ES, header(ES, alg=alg), claims()))
    refuse("alg none without a signature", "algorithm_none", token(ES, {"alg": "none"}, claims()).rsplit(".", 1)[0] + ".")
    refuse("no alg", "missing_algorithm", token(ES, header(ES, alg=None), claims()))
    refuse("alg in lower case", "unsupported_algorithm", token(ES, header(ES, alg="es256"), claims()))
    refuse("alg is a list", "header_parameter_type", token(ES, header(ES, alg=["ES256"]), claims()))
    refuse("crit", "critical_header", token(ES, header(ES, crit=["exp"]), claims()))
    refuse("crit, empty", "critical_header", token(ES, header(ES, crit=[]), claims()))
    refuse("b64", "unencoded_payload", token(ES, header(ES, b64=True), claims()))
    refuse("cty is a number", "header_parameter_type", token(ES, header(ES, cty=1), claims()))
    refuse("a header name twice", "header_json", token(ES, '{"alg":"ES256","kid":"es-1","typ":"JWT","typ":"at+jwt"}', claims()))
    refuse("a header name twice, once escaped", "header_json", token(ES, '{"alg":"ES256","kid":"es-1","typ":"at+jwt","\\u0074yp":"at+jwt"}', claims()))
    refuse("the header is a list", "header_json", token(ES, "[]", claims()))
    for typ in ("at+JWT", "application/at+jwt", "APPLICATION/AT+JWT"):
        accept(f"typ {typ}", signed(typ=typ))
    for typ in ("JWT", "id+jwt", "at+jwt;x=1", "x/at+jwt", ""):
        refuse(f"typ {typ!r}", "wrong_type", signed(typ=typ))
    refuse("no typ", "wrong_type", signed(typ=None))
    refuse("typ is a number", "header_parameter_type", signed(typ=1))
    for typ in ("JWT", "jwt", "application/jwt", None):
        accept(f"typ {typ} where JWT is demanded", signed(typ=typ), policy="JWT")
    refuse("at+jwt where JWT is demanded", "wrong_type", policy="JWT")
    accept("no jti where JWT is demanded", signed(typ="JWT", jti=None), policy="JWT")


def syntax() -> None:
    head, body, signature = GOOD.split(".")
    refuse("one part", "part_count", head)
    refuse("two parts", "part_count", f"{head}.{body}")
    refuse("four parts", "part_count", f"{GOOD}.{signature}")
    refuse("five parts (encrypted)", "part_count", f"{GOOD}.{body}.{signature}")
    refuse("padded header", "header_encoding", f"{head}==.{body}.{signature}")
    refuse("header with the other alphabet", "header_encoding", f"{head}+.{body}.{signature}")
    refuse("header of an impossible length", "header_encoding", f"{head}{'A' * (5 - len(head) % 4)}.{body}.{signature}")
    refuse("padded signature", "signature_encoding", f"{GOOD}==")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet[alphabet.index(signature[-1]) + 1]  # the same bytes, if the trailing bits are dropped
    refuse("signature with trailing bits", "signature_encoding", f"{head}.{body}.{signature[:-1]}{last}")
    unsigned_body = f"{head}.{body}="
    refuse("padded payload, signed", "payload_encoding", f"{unsigned_body}.{b64(ES.sign(unsigned_body.encode()))}")
    refuse("empty header", "header_json", f".{body}.{signature}")
    refuse("huge token", "token_too_long", signed(note="x" * 8192))
    accept("a token just below the limit", signed(note="x" * 5600))
    refuse("huge header", "header_too_long", token(ES, header(ES, x5c=["A" * 3200]), claims()))
    good = as_text(claims())
    for name, payload in (
        ("a claim twice", good[:-1] + ',"role":"admin"}'),
        ("a claim twice, deep inside", good[:-1] + ',"x":[{"a":1,"a":1}]}'),
        ("nested too deep", good[:-1] + ',"x":' + "[" * 32 + "]" * 32 + "}"),
        ("a number beyond a double", good[:-1] + ',"x":1e999}'),
        ("NaN", good[:-1] + ',"x":NaN}'),
        ("half a surrogate pair", good[:-1] + ',"x":"\\ud800"}'),
        ("a byte order mark", "\ufeff" + good),
        ("text after the object", good + "x"),
        ("a list", "[]"),
        ("a text", '"ada"'),
        ("nothing", ""),
        ("a comma too many", good[:-1] + ",}"),
        ("a leading zero", good[:-1] + ',"x":01}'),
        ("a raw line break in a text", good[:-1] + ',"x":"\n"}'),
    ):
        refuse(f"payload: {name}", "payload_json", token(ES, header(ES), payload))
    accept("payload: nested as deep as allowed", token(ES, header(ES), good[:-1] + ',"x":' + "[" * 31 + "]" * 31 + "}"))
    accept("payload: white space and escapes", token(ES, header(ES), ' { "\\u0061ud" : "api" ,' + as_text(claims(aud=None))[1:] + "\n"))


def times() -> None:
    strict = {"policy": "no leeway"}
    accept("exp in a second", signed(exp=NOW + 1), **strict)
    refuse("exp is now", "expired", signed(exp=NOW), **strict)
    refuse("exp a second ago", "expired", signed(exp=NOW - 1), **strict)
    accept("exp just within the leeway", signed(exp=NOW - 29))
    refuse("exp just beyond the leeway", "expired", signed(exp=NOW - 30))
    refuse("exp with a fraction counts as its whole second", "expired", signed(exp=NOW + 0.9), **strict)
    accept("nbf is now", signed(nbf=NOW), **strict)
    refuse("nbf in a second", "not_yet_valid", signed(nbf=NOW + 1), **strict)
    refuse("nbf with a fraction counts as the next second", "not_yet_valid", signed(nbf=NOW + 0.1), **strict)
    accept("nbf just within the leeway", signed(nbf=NOW + 30))
    refuse("nbf just beyond the leeway", "not_yet_valid", signed(nbf=NOW + 31))
    accept("iat is now", signed(iat=NOW), **strict)
    refuse("iat in a second", "issued_in_the_future", signed(iat=NOW + 1), **strict)
    accept("iat just within the leeway", signed(iat=NOW + 30))
    refuse("iat just beyond the leeway", "issued_in_the_future", signed(iat=NOW + 31))
    accept("the last second of the year 9999", signed(exp=253_402_300_799))
    for claim in ("exp", "iat", "nbf"):
        refuse(f"{claim} in milliseconds", "time_out_of_range", signed(**{claim: NOW * 1000}))
        refuse(f"{claim} before 1970", "time_out_of_range", signed(**{claim: -1}))
        refuse(f"{claim} is a text", "claim_type", signed(**{claim: str(NOW + 60)}))
        refuse(f"{claim} is null", "claim_type", token(ES, header(ES), {**claims(), claim: None}))
        refuse(f"{claim} is true", "claim_type", signed(**{claim: True}))


def registered() -> None:
    for claim in ("iss", "aud", "exp", "iat", "sub", "jti"):
        refuse(f"no {claim}", "missing_claim", signed(**{claim: None}))
    for iss in ("https://auth.example.com/", "https://AUTH.example.com", "https://evil.example", ""):
        refuse(f"iss {iss!r}", "wrong_issuer", signed(iss=iss))
    refuse("iss is a list", "claim_type", signed(iss=[ISSUER]))
    accept("aud is a list with ours", signed(aud=["other", "api"]))
    accept("the second of our audiences", signed(aud="billing"), policy="two audiences")
    for aud in ("other", "API", "api/", "", ["other"], []):
        refuse(f"aud {aud!r}", "wrong_audience", signed(aud=aud))
    for aud in (1, ["api", 1], {"api": True}):
        refuse(f"aud {aud!r}", "claim_type", signed(aud=aud))
    refuse("sub is empty", "claim_type", signed(sub=""))
    refuse("sub is a number", "claim_type", signed(sub=7))
    for claim in ("jti", "sid", "client_id", "scope", "acr"):
        refuse(f"{claim} is a number", "claim_type", signed(**{claim: 7}))
    refuse("amr is a text", "claim_type", signed(amr="pwd"))
    refuse("auth_time is a text", "claim_type", signed(auth_time="now"))
    accept("amr, auth_time and acr", signed(amr=["pwd"], auth_time=NOW - 100, acr="1"))
    thumbprint = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    refuse("bound to a key, as a bearer token", "token_bound", signed(cnf={"jkt": thumbprint}))
    refuse("bound to a key and a certificate", "token_bound", signed(cnf={"x5t#S256": "x", "jkt": thumbprint}))
    refuse("bound to a key, with another scheme", "malformed", signed(cnf={"jkt": thumbprint}), authorization=["DPoP {token}"])
    for cnf in ("x", 7, [], [{"jkt": thumbprint}], {"jkt": 7}, {"jkt": ""}, {"jkt": "x"}, {"jkt": [thumbprint]}):
        refuse(f"cnf {cnf!r}", "claim_type", signed(cnf=cnf))
    refuse("cnf with a thumbprint of another spelling", "claim_type", signed(cnf={"jkt": thumbprint[:-1] + "t"}))
    accept("bound to something else, which is not for a guard to check", signed(cnf={"x5t#S256": "x"}))
    accept("no sid", signed(sid=None))
    accept("claims of every JSON type", signed(x={"a": [1, 1.5, True, None, "ü"]}))
    refuse("of two faults the type is named first", "wrong_type", signed(typ="JWT", exp=NOW - 100))
    refuse("a bad signature is named before the claims", "bad_signature", token(ES_STRANGER, header(ES), claims(exp=NOW - 100)))


def ended() -> None:
    sid = claims()["sid"]
    refuse("its session has ended", "revoked", ended=[sid])
    accept("another session has ended", ended=["a-session"])
    accept("a token without a session, and one has ended", signed(sid=None), ended=[sid])
    refuse("expired, and its session has ended", "expired", signed(exp=NOW - 100), ended=[sid])
    for lateness in ("accept", "reject", "short leash"):
        accept(f"the feed is fresh ({lateness})", feed="fresh", whenLate=lateness)
        refuse(f"ended, and the feed is late ({lateness})", "revoked", feed="late", whenLate=lateness, ended=[sid])
        refuse(f"a bad token, and the feed is late ({lateness})", "expired", signed(exp=NOW - 100), feed="late", whenLate=lateness)
    accept("the feed is late: accept", feed="late", whenLate="accept")
    refuse("the feed is late: reject", "revocations_unavailable", feed="late", whenLate="reject")
    for lateness in ("reject", "short leash"):
        accept(f"the feed is late: a token without a session ({lateness})", signed(sid=None, iat=NOW - 500), feed="late", whenLate=lateness)
    accept("the feed is late: a new token on a short leash", signed(iat=NOW - 120), feed="late", whenLate="short leash")
    refuse("the feed is late: an older token on a short leash", "too_old", signed(iat=NOW - 121), feed="late", whenLate="short leash")
    accept("the feed is fresh: an older token on a short leash", signed(iat=NOW - 121), feed="fresh", whenLate="short leash")


def demands() -> None:
    def role(*names: str) -> dict:
        return {"demand": {"roles": list(names)}}

    def scope(*names: str) -> dict:
        return {"demand": {"scopes": list(names)}}

    accept("a role", **role("user"))
    accept("roles in a list", signed(role=["admin", "auditor"]), **role("auditor", "admin"))
    accept("roles, where role is absent", signed(role=None, roles=["admin"]), **role("admin"))
    refuse("another role", "missing_role", **role("admin"))
    refuse("one of two roles", "missing_role", **role("user", "admin"))
    refuse("roles beside role give nothing", "missing_role", signed(roles=["admin"]), **role("admin"))
    refuse("part of a role's name", "missing_role", signed(role="administrator"), **role("admin"))
    refuse("roles of another type", "missing_role", signed(role=["admin", 1]), **role("admin"))
    refuse("roles in one text", "missing_role", signed(role="admin user"), **role("admin"))
    accept("a scope", **scope("read"))
    accept("two scopes", **scope("books", "read"))
    accept("scp, where scope is absent", signed(scope=None, scp=["read", "books"]), **scope("books"))
    accept("scp as a text", signed(scope=None, scp="read books"), **scope("books"))
    refuse("another scope", "missing_scope", **scope("write"))
    refuse("part of a scope's name", "missing_scope", signed(scope="reader"), **scope("read"))
    refuse("scp beside scope gives nothing", "missing_scope", signed(scp="write"), **scope("write"))
    refuse("no scope at all", "missing_scope", signed(scope=None), **scope("read"))
    refuse("scope and role missing", "missing_scope", demand={"scopes": ["write"], "roles": ["admin"]})
    refuse("an invalid token is told before a missing role", "expired", signed(exp=NOW - 100), **role("admin"))
    accept("demanded by the policy", policy="demanding")
    refuse("role demanded by the policy", "missing_role", signed(role="guest"), policy="demanding")
    refuse("scope demanded by the policy", "missing_scope", signed(scope="books"), policy="demanding")


def authorization() -> None:
    def request(*values: str) -> dict:
        return {"authorization": list(values)}

    for value in ("Bearer {token}", "bearer {token}", "BEARER {token}", "Bearer   {token}"):
        accept(f"header {value!r}", **request(value))
    refuse("no header", "token_required", **request())
    for value in ("", "Bearer", "Bearer ", "Basic {token}", "{token}", "Bearer {token} x", "Bearer\t{token}", "Bearer {token},x", "Bearer:{token}", "Bearer ü", 'Bearer "{token}"'):
        refuse(f"header {value!r}", "malformed", **request(value))
    refuse("two headers", "malformed", **request("Bearer {token}", "Bearer {token}"))
    refuse("two headers of two schemes", "malformed", **request("Basic YTpi", "Bearer {token}"))


def table() -> dict:
    main = [ES.jwk(), ED.jwk(), RS.jwk()]
    without_alg = {name: value for name, value in RS.jwk().items() if name != "alg"}
    weak = {**RS.jwk(), "kid": "weak", "n": b64(b"\xc3" + seed("weak") * 3 + seed("weak")[1:31] + b"\x01")}
    messy = [
        ES.jwk(), ES_OTHER.private_jwk(), {**ED.jwk(), "use": "enc"}, weak, {**ES_STRANGER.jwk(), "kid": "es-1"},
        {"kty": "oct", "kid": "oct-1", "alg": "HS256", "k": b64(seed("oct"))}, {"kty": "what", "kid": "x"},
    ]  # fmt: skip
    strict = {"issuer": ISSUER, "audience": ["api"], "type": "at+jwt", "leeway": 30, "algorithms": ALGORITHMS, "scopes": [], "roles": []}
    for section in (signatures, headers, syntax, times, registered, ended, demands, authorization):
        section()
    names = [case["name"] for case in _cases]
    assert len(names) == len(set(names)), [name for name in names if names.count(name) > 1]
    return {
        "now": NOW,
        "keys": {
            "main": {"keys": main}, "two": {"keys": [ES.jwk(), ES_OTHER.jwk()]}, "only RSA": {"keys": [RS.jwk()]},
            "without alg": {"keys": [without_alg]}, "messy": {"keys": messy},
        },
        "policies": {
            "default": strict,
            "no leeway": {**strict, "leeway": 0},
            "JWT": {**strict, "type": "JWT"},
            "two audiences": {**strict, "audience": ["api", "billing"]},
            "only ES256": {**strict, "algorithms": ["ES256"]},
            "two for RSA": {**strict, "algorithms": ["RS256", "PS256"]},
            "demanding": {**strict, "scopes": ["read"], "roles": ["user"]},
        },
        "cases": _cases,
    }  # fmt: skip
