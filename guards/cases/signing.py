"""Signs the tokens of the case table, also the wrong ones, with fixed keys. The keys protect nothing: everybody has them.

The same call gives the same bytes: ECDSA takes its nonce from the message (RFC 6979).
"""

import base64
import hashlib
import hmac
import json
from pathlib import Path

import jwt.algorithms
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value: int, size: int) -> str:
    return b64(value.to_bytes(size, "big"))


def seed(name: str) -> bytes:
    return hashlib.sha256(f"countersign case table: {name}".encode()).digest()


class EcKey:
    alg = "ES256"

    def __init__(self, kid: str):
        self.kid = kid
        self.private = ec.derive_private_key(int.from_bytes(seed(kid), "big"), ec.SECP256R1())

    def sign(self, message: bytes) -> bytes:
        der = self.private.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        return b"".join(part.to_bytes(32, "big") for part in utils.decode_dss_signature(der))

    def jwk(self) -> dict:
        point = self.private.public_key().public_numbers()
        return {"kty": "EC", "crv": "P-256", "x": number(point.x, 32), "y": number(point.y, 32), "kid": self.kid, "alg": self.alg, "use": "sig"}

    def private_jwk(self) -> dict:
        return {**self.jwk(), "d": number(self.private.private_numbers().private_value, 32)}

    def pem(self) -> bytes:
        return self.private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


class EdKey:
    alg = "EdDSA"

    def __init__(self, kid: str):
        self.kid = kid
        self.private = ed25519.Ed25519PrivateKey.from_private_bytes(seed(kid))

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message)

    def jwk(self) -> dict:
        return {"kty": "OKP", "crv": "Ed25519", "x": b64(self.private.public_key().public_bytes_raw()), "kid": self.kid, "alg": self.alg, "use": "sig"}


class RsaKey:
    alg = "RS256"

    def __init__(self, kid: str):
        self.kid = kid
        self.members = json.loads((Path(__file__).parent / "rsa-test-key.json").read_text())
        key = jwt.algorithms.RSAAlgorithm.from_jwk(self.members)
        assert isinstance(key, rsa.RSAPrivateKey)
        self.private = key

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message, padding.PKCS1v15(), hashes.SHA256())

    def jwk(self) -> dict:
        return {"kty": "RSA", "n": self.members["n"], "e": self.members["e"], "kid": self.kid, "alg": self.alg, "use": "sig"}


class HmacKey:
    """Signs with bytes that everybody knows, as a forger would."""

    alg = "HS256"

    def __init__(self, kid: str, secret: bytes):
        self.kid, self.secret = kid, secret

    def sign(self, message: bytes) -> bytes:
        return hmac.new(self.secret, message, hashlib.sha256).digest()


def as_text(value) -> str:
    """The JSON of a value; a text is taken as it is, for JSON that no library would write."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def token(key, header, claims) -> str:
    signing_input = f"{b64(as_text(header).encode())}.{b64(as_text(claims).encode())}"
    return f"{signing_input}.{b64(key.sign(signing_input.encode()))}"
