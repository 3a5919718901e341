"""What PyPI's webauthn says about each ceremony."""

import base64
import json
import sys

from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers.cose import COSEAlgorithmIdentifier

ALGORITHMS = [COSEAlgorithmIdentifier(number) for number in (-8, -7, -257)]


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def verify(case):
    shared = {
        "credential": case["response"],
        "expected_challenge": decode(case["challenge"]),
        "expected_rp_id": case["rpId"],
        "expected_origin": case["origin"],
        "require_user_verification": case["requireUserVerification"],
    }
    if case["ceremony"] == "create":
        found = verify_registration_response(**shared, supported_pub_key_algs=ALGORITHMS)
        return {"id": found.credential_id, "key": found.credential_public_key, "count": found.sign_count}
    stored = case["stored"]
    key = {"credential_public_key": decode(stored["publicKey"]), "credential_current_sign_count": stored["count"]}
    return {"count": verify_authentication_response(**shared, **key).new_sign_count}


for line in sys.stdin:
    case = json.loads(line)
    try:
        found = verify(case)
        verdict = {"accepts": True, "found": {name: value.hex() if isinstance(value, bytes) else value for name, value in found.items()}}
    except RecursionError:
        verdict = {"accepts": False, "why": "RecursionError"}
    except Exception as error:  # whatever it raises, it does not accept
        verdict = {"accepts": False, "why": f"{type(error).__name__}: {error}"}
    print(json.dumps({"case": case["case"]} | verdict))
