"""Ceremonies of passkeys, most of them with something wrong, one JSON object a line.

    cases.py SEED COUNT

The same seed makes the same bytes. A change is made before anything is hashed and signed, so that it reaches the check that it is for;
some are made afterwards, to what is sent.
"""

import base64
import hashlib
import json
import random
import sys

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

RP_ID, ORIGIN = "example.org", "https://login.example.org"
UP, UV, BE, BS, AT, ED = 1, 4, 8, 16, 64, 128
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


# CBOR, by hand: a library would not write what is wrong.
def head(major, value):
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if value < 24:
            return bytes([major << 5 | value])
        if value < 1 << 8 * size:
            return bytes([major << 5 | info]) + value.to_bytes(size, "big")
    raise ValueError(value)


def integer(value):
    return head(0, value) if value >= 0 else head(1, -1 - value)


def octets(value):
    return head(2, len(value)) + value


def text(value):
    return head(3, len(value.encode())) + value.encode()


def mapping(entries):
    return head(5, len(entries)) + b"".join(key + value for key, value in entries)


def mersenne_rsa():
    p, q, e = 2**1279 - 1, 2**2203 - 1, 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    numbers = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), rsa.RSAPublicNumbers(e, p * q))
    return numbers.private_key()


RSA = mersenne_rsa()


class Ceremony:
    """A sound one; changes are made to its parts."""

    def __init__(self, rng):
        self.rng = rng
        self.kind = rng.choice(["create", "get"])
        self.algorithm = rng.choice([-8, -7, -7, -257])
        self.id, self.handle, self.challenge = rng.randbytes(rng.choice([16, 20, 64])), rng.randbytes(32), rng.randbytes(32)
        if self.algorithm == -8:
            self.key = ed25519.Ed25519PrivateKey.from_private_bytes(rng.randbytes(32))
            self.cose = [(1, integer(1)), (3, integer(-8)), (-1, integer(6)), (-2, octets(self.key.public_key().public_bytes_raw()))]
        elif self.algorithm == -7:
            self.key = ec.derive_private_key(rng.randrange(1, ORDER), ec.SECP256R1())
            point = self.key.public_key().public_numbers()
            x, y = point.x.to_bytes(32, "big"), point.y.to_bytes(32, "big")
            self.cose = [(1, integer(2)), (3, integer(-7)), (-1, integer(1)), (-2, octets(x)), (-3, octets(y))]
        else:
            self.key = RSA
            modulus = RSA.public_key().public_numbers().n
            modulus = modulus.to_bytes((modulus.bit_length() + 7) // 8, "big")
            self.cose = [(1, integer(3)), (3, integer(-257)), (-1, octets(modulus)), (-2, octets(b"\1\0\1"))]
        self.sound_cose = mapping([(integer(label), value) for label, value in self.cose])
        self.client = [("type", f"webauthn.{self.kind}"), ("challenge", b64(self.challenge)), ("origin", ORIGIN), ("crossOrigin", False)]
        self.client_bytes = None
        self.rp_id, self.aaguid, self.extensions, self.tail = RP_ID, bytes(16), b"", b""
        self.flags = UP | UV | (AT if self.kind == "create" else 0) | rng.choice([0, 0, BE, BE | BS])
        self.require_uv = rng.random() < 0.7
        if not self.require_uv and rng.random() < 0.5:
            self.flags &= ~UV
        self.stored_be = bool(self.flags & BE)
        self.stored_count, self.count = rng.choice([(0, 0), (0, 0), (0, 1), (41, 42)])
        self.attested_id = self.id
        self.cose_bytes, self.auth_data, self.object, self.statement = None, None, None, ("none", b"\xa0")
        self.order = ["fmt", "attStmt", "authData"]
        self.identified = rng.random() < 0.5
        self.signature = lambda signature: signature
        self.outer, self.response, self.sent = {}, {}, lambda sent: sent
        self.changes = []

    def client_data(self):
        if self.client_bytes is not None:
            return self.client_bytes
        return ("{" + ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in self.client) + "}").encode()

    def cose_key(self):
        if self.cose_bytes is not None:
            return self.cose_bytes
        return mapping([(integer(label), value) for label, value in self.cose])

    def authenticator_data(self):
        if self.auth_data is not None:
            return self.auth_data
        data = hashlib.sha256(self.rp_id.encode()).digest() + bytes([self.flags]) + self.count.to_bytes(4, "big")
        if self.flags & AT:
            data += self.aaguid + len(self.attested_id).to_bytes(2, "big") + self.attested_id + self.cose_key()
        if self.flags & ED:
            data += self.extensions
        return data + self.tail

    def attestation_object(self):
        if self.object is not None:
            return self.object
        parts = {"fmt": text(self.statement[0]), "attStmt": self.statement[1], "authData": octets(self.authenticator_data())}
        return mapping([(text(name), parts.get(name, b"\xf4")) for name in self.order])

    def signed(self):
        return self.authenticator_data() + hashlib.sha256(self.client_data()).digest()

    def sign(self, message):
        if self.algorithm == -8:
            return self.key.sign(message)
        if self.algorithm == -7:
            return self.key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        return self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())

    def case(self):
        response = {"clientDataJSON": b64(self.client_data())}
        if self.kind == "create":
            response |= {"attestationObject": b64(self.attestation_object()), "transports": ["internal", "hybrid"]}
        else:
            signature = self.signature(self.sign(self.signed()))
            response |= {"authenticatorData": b64(self.authenticator_data()), "signature": b64(signature), "userHandle": b64(self.handle)}
        response = {name: value for name, value in (response | self.response).items() if value != "(absent)"}
        sent = {"id": b64(self.id), "rawId": b64(self.id), "type": "public-key", "response": response, "clientExtensionResults": {}}
        sent = {name: value for name, value in (sent | self.outer).items() if value != "(absent)"}
        return {
            "ceremony": self.kind,
            "changes": self.changes,
            "response": self.sent(json.dumps(sent)),
            "challenge": b64(self.challenge),
            "origin": ORIGIN,
            "rpId": RP_ID,
            "requireUserVerification": self.require_uv,
            "identified": self.identified,
            "stored": {
                "id": b64(self.id),
                "publicKey": b64(self.sound_cose),
                "count": self.stored_count,
                "backupEligible": self.stored_be,
                "userHandle": b64(self.handle),
            },
        }


CHANGES = []


def change(function):
    CHANGES.append(function)
    return function


def byte_changed(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        at = rng.randrange(len(data) + 1)
        what = rng.randrange(4)
        if what == 0 or at == len(data):
            data.insert(at, rng.randrange(256))
        elif what == 1:
            del data[at]
        elif what == 2:
            data[at] ^= 1 << rng.randrange(8)
        else:
            data[at] = rng.randrange(256)
    return bytes(data)


def member(ceremony, name, value):
    ceremony.client = [(other, value if other == name else old) for other, old in ceremony.client]


@change
def the_type(c):
    member(c, "type", c.rng.choice(["webauthn.get", "webauthn.create", "webauthn.Get", "payment.get", "", None, 1, "webauthn.get "]))


@change
def the_challenge(c):
    good = b64(c.challenge)
    other = c.rng.choice([b64(c.rng.randbytes(32)), good + "=", "", good[:-1], good + "A", good.lower(), None, 5, good[:-1] + chr(ord(good[-1]) ^ 1)])
    member(c, "challenge", other)


@change
def the_origin(c):
    others = ["https://example.org", ORIGIN + "/", ORIGIN.upper(), ORIGIN + ":443", "http://login.example.org", ORIGIN + ".evil.example"]
    member(c, "origin", c.rng.choice([*others, "null", "", None, [ORIGIN], ORIGIN + "\0"]))


@change
def a_frame(c):
    member(c, "crossOrigin", c.rng.choice([True, True, "true", 1, None, 0, "", "false"]))
    if c.rng.random() < 0.4:
        c.client.append(("topOrigin", c.rng.choice(["https://evil.example", ORIGIN, None, "", 1])))


@change
def a_top_origin(c):
    c.client.append(("topOrigin", c.rng.choice(["https://evil.example", ORIGIN, None, "", 1])))


@change
def a_member_missing(c):
    del c.client[c.rng.randrange(len(c.client))]


@change
def a_member_twice(c):
    name, value = c.rng.choice(c.client)
    other = (name, c.rng.choice([value, "x", True]))
    c.client.insert(c.rng.randrange(len(c.client) + 1), other)


@change
def another_member(c):
    values = ["x", [1, 2.5, None], {"a": {"b": [True]}}, 1e300, {"status": "present"}, {"status": "odd"}, {"status": "supported"}, ""]
    c.client.append((c.rng.choice(["extraData", "tokenBinding", "androidPackageName", "é"]), c.rng.choice(values)))


@change
def the_text_of_client_data(c):
    good = c.client_data()
    deep = b'{"a":' + b"[" * 300 + b"]" * 300 + b"," + good[1:]
    broken = [b"\xef\xbb\xbf" + good, good + b" \n", b" " + good, good + b"x", good[:-1], b"[" + good + b"]", deep, good.decode().encode("utf-16"), b""]
    inside = [b'"\xff"', b'"\\ud800"', b'"\\u0000"', b"1e999", b"01", b"NaN", b"'a'", b'"\x01"', b"nul", b'"\\x41"', b"-", b'"\xed\xa0\x80"']
    broken += [good[:-1] + b',"extra":' + value + b"}" for value in inside]
    broken += [good.replace(b'"type"', b'"\\u0074ype"'), good.replace(b"}", b",}"), good.replace(b"}", b"}//x")]
    c.client_bytes = c.rng.choice(broken)


@change
def a_byte_of_client_data(c):
    c.client_bytes = byte_changed(c.rng, c.client_data())


@change
def the_rp_id(c):
    c.rp_id = c.rng.choice(["login.example.org", "evil.example", "Example.org", "", "example.org."])


@change
def the_flags(c):
    c.flags ^= 1 << c.rng.randrange(8)


@change
def all_the_flags(c):
    c.flags = c.rng.randrange(256)
    c.extensions = mapping([])


@change
def the_counter(c):
    c.count = c.rng.choice([0, 1, 40, 41, 42, 2**32 - 1])


@change
def the_attested_id(c):
    c.attested_id = c.rng.choice([c.rng.randbytes(16), b"", c.id + b"\0", c.id[:-1], c.rng.randbytes(1024), c.rng.randbytes(2000)])


@change
def an_id_of_any_length(c):
    c.id = c.attested_id = c.rng.randbytes(c.rng.choice([1, 15, 255, 1023, 1024, 3000]))


@change
def a_parameter_of_the_key(c):
    at = c.rng.randrange(len(c.cose))
    label, value = c.cose[at]
    other = [integer(0), integer(7), integer(-7), integer(-8), integer(-257), octets(b""), octets(bytes(32)), b"\xf5", b"\xf6", text("x"), b"\x80"]
    other += [octets(b"\1" + bytes(31)), octets(b"\0" + value[2:]), octets(b"\xff" * 32), integer(1), integer(2), integer(3), integer(6), octets(b"\3")]
    c.cose[at] = (label, c.rng.choice(other))


@change
def a_parameter_missing_or_too_many(c):
    if c.rng.random() < 0.5:
        del c.cose[c.rng.randrange(len(c.cose))]
    else:
        c.cose.append((c.rng.choice([4, 5, -3, -4, -5, 2, 100]), c.rng.choice([octets(b"x"), integer(1), b"\xf5"])))
        if c.rng.random() < 0.7:
            c.cose.sort(key=lambda entry: integer(entry[0]))


@change
def the_encoding_of_the_key(c):
    parts = [integer(label) + value for label, value in c.cose]
    body = b"".join(parts)
    long_kty = b"\x18\x01" + parts[0][1:] + b"".join(parts[1:])
    swapped = list(parts)
    a, b = c.rng.sample(range(len(parts)), 2)
    swapped[a], swapped[b] = swapped[b], swapped[a]
    c.cose_bytes = c.rng.choice([
        b"\xbf" + body + b"\xff", head(5, len(parts)) + long_kty, head(5, len(parts)) + b"".join(swapped),
        head(5, len(parts) + 1) + parts[0] + body, b"\xb8" + bytes([len(parts)]) + body, b"\xc1" + mapping([]) + body,
        head(5, len(parts) - 1) + body, head(4, 2 * len(parts)) + body, head(5, len(parts)) + body[:-1], body, text("key"),
        head(5, len(parts) + 1) + body + integer(-70) + b"\xf9\x3c\x00", b"\xd8\x40" + head(5, len(parts)) + body,
    ])


@change
def a_byte_of_the_key(c):
    c.cose_bytes = byte_changed(c.rng, c.cose_key())


@change
def a_weak_key(c):
    if c.algorithm == -8:
        c.cose[-1] = (-2, octets(c.rng.choice([b"\1" + bytes(31), bytes(32), b"\xff" * 32, b"\xec" + b"\xff" * 30 + b"\x7f"])))
    elif c.algorithm == -7:
        c.cose[-1] = (-3, octets(c.rng.choice([bytes(32), b"\1" * 32, b"\xff" * 32])))
    else:
        n = c.rng.choice([b"\xff" * 127 + b"\xfd", b"\xff" * 256, b"\xff" * 512, b"\xff" * 600, b"\0" + b"\xff" * 256, b"\xff" * 255 + b"\xfe"])
        if c.rng.random() < 0.5:
            c.cose[2] = (-1, octets(n))
        else:
            c.cose[3] = (-2, octets(c.rng.choice([b"\1", b"\2", b"\3", b"\0\1\0\1", b"", b"\1\0\0\0\1", b"\1\0\0"])))


@change
def extensions(c):
    c.flags |= ED
    sound = [mapping([]), mapping([(text("credProtect"), integer(2))]), mapping([(text("uvm"), b"\x81\x83\2\4\2")]), mapping([(text("hmac-secret"), b"\xf5")])]
    odd = [b"", b"\x80", integer(1), mapping([(text("b"), b"\xf5"), (text("a"), b"\xf5")]), mapping([(text("a"), b"\xf9\x3c\x00")]), b"\xbf\xff"]
    odd += [mapping([(text("a"), b"\1"), (text("a"), b"\2")]), mapping([(text("a"), b"\xf7")]), b"\xa1\x61a\x18\1", mapping([(text("a"), b"\x81" * 40 + b"\1")])]
    c.extensions = c.rng.choice(sound + odd)


@change
def more_authenticator_data(c):
    c.tail = c.rng.choice([b"\0", b"\xa0", c.rng.randbytes(5)])


@change
def less_authenticator_data(c):
    data = c.authenticator_data()
    c.auth_data = data[: c.rng.randrange(len(data))]


@change
def a_byte_of_authenticator_data(c):
    c.auth_data = byte_changed(c.rng, c.authenticator_data())


@change
def the_order_of_the_attestation_object(c):
    c.rng.shuffle(c.order)
    if c.rng.random() < 0.3:
        c.order.append(c.rng.choice(["epAtt", "x", "fmt"]))


@change
def a_part_of_the_attestation_object_missing(c):
    c.order.remove(c.rng.choice(c.order))


@change
def the_encoding_of_the_attestation_object(c):
    good = c.attestation_object()
    c.object = c.rng.choice([good + b"\0", b"\xbf" + good[1:] + b"\xff", b"\xb8\x03" + good[1:], b"\xa4" + good[1:], b"\xa2" + good[1:], good[:-1], b"", b"\x80", b"\xd9\xd9\xf7" + good])


@change
def a_byte_of_the_attestation_object(c):
    c.object = byte_changed(c.rng, c.attestation_object())


@change
def the_format(c):
    c.statement = c.rng.choice([("none", mapping([(text("alg"), integer(-7))])), ("none", b"\x80"), ("None", b"\xa0"), ("", b"\xa0"), ("none", b"\xf6"), ("nonesuch", b"\xa0"), ("packed", b"\xa0")])


@change
def self_attestation(c):
    number = c.rng.choice([c.algorithm] * 5 + [-7, -8, -257, -35])
    signature = c.sign(c.signed())
    if c.rng.random() < 0.3:
        signature = byte_changed(c.rng, signature)
    parts = [(text("alg"), integer(number)), (text("sig"), octets(signature))]
    if c.rng.random() < 0.15:
        del parts[c.rng.randrange(2)]
    c.statement = ("packed", mapping(parts))


def der(r, s):
    def number(value):
        data = value.to_bytes(value.bit_length() // 8 + 1, "big")
        return b"\2" + bytes([len(data)]) + data

    body = number(r) + number(s)
    return b"\x30" + bytes([len(body)]) + body


@change
def the_form_of_the_signature(c):
    choice = c.rng.randrange(12)

    def changed(signature):
        if c.algorithm != -7:
            return [signature + b"\0", b"\0" + signature, signature[:-1], b"", signature[::-1], bytes(len(signature))][choice % 6]
        r, s = ((lambda n: (int.from_bytes(signature[4 : 4 + n], "big"), int.from_bytes(signature[6 + n :], "big"))))(signature[3])
        padded = b"\x30" + bytes([signature[1] + 1]) + b"\2" + bytes([signature[3] + 1]) + b"\0" + signature[4:]
        return [
            signature + b"\0", der(r, ORDER - s), r.to_bytes(32, "big") + s.to_bytes(32, "big"), b"\x30\x81" + signature[1:], padded,
            der(r, s + ORDER), der(0, s), der(r, 0), b"", b"\x30\x80" + signature[2:] + b"\0\0", der(r + ORDER, s), signature[:-1],
        ][choice]

    c.signature = changed


@change
def a_byte_of_the_signature(c):
    c.signature = lambda signature: byte_changed(c.rng, signature)


@change
def the_user_handle(c):
    c.response["userHandle"] = c.rng.choice(["(absent)", None, "", b64(c.rng.randbytes(32)), b64(c.rng.randbytes(65)), b64(c.handle) + "=", 5])


@change
def the_id(c):
    good = b64(c.id)
    other = c.rng.choice([b64(c.rng.randbytes(16)), good + "=", "", good[:-1], None, "(absent)", 5, good + "\n"])
    names = c.rng.choice([["id"], ["rawId"], ["id", "rawId"]])
    for name in names:
        c.outer[name] = other


@change
def the_credential_type(c):
    c.outer["type"] = c.rng.choice(["password", "", "(absent)", None, "Public-Key"])


@change
def a_part_of_the_response(c):
    name = c.rng.choice(["clientDataJSON", "attestationObject", "authenticatorData", "signature", "transports"])
    c.response[name] = c.rng.choice(["(absent)", None, 5, "", "AA", "AAAA", "AB", "!!", []])


@change
def the_spelling_of_base64url(c):
    name = c.rng.choice(["clientDataJSON", "attestationObject" if c.kind == "create" else "authenticatorData"])
    good = b64(c.client_data() if name == "clientDataJSON" else c.attestation_object() if c.kind == "create" else c.authenticator_data())
    at = c.rng.randrange(len(good))
    padded = good + "=" * (-len(good) % 4)
    c.response[name] = c.rng.choice([padded, good + "=", good[:at] + "\n" + good[at:], good[:at] + " " + good[at:], good.replace("-", "+").replace("_", "/"), good + "A", good[:at] + "!" + good[at:]])


@change
def members_around_it(c):
    c.outer |= c.rng.choice([
        {"clientExtensionResults": "(absent)"}, {"clientExtensionResults": None}, {"authenticatorAttachment": "platform"}, {"authenticatorAttachment": None},
        {"authenticatorAttachment": "odd"}, {"more": [1]}, {"response": "(absent)"}, {"response": None}, {"response": []},
    ])


@change
def the_text_around_it(c):
    seed = c.rng.randrange(2**32)
    c.sent = lambda sent: byte_changed(random.Random(seed), sent.encode()).decode("latin-1")


def ceremony(rng):
    c = Ceremony(rng)
    applicable = lambda f: not (c.kind == "get" and ("attest" in f.__name__ or "key" in f.__name__ or f.__name__ == "the_format"))
    applicable_get = lambda f: not (c.kind == "create" and ("signature" in f.__name__ or f.__name__ == "the_user_handle"))
    changes = [f for f in CHANGES if applicable(f) and applicable_get(f)]
    for f in rng.sample(changes, rng.choice([0, 1, 1, 1, 1, 1, 1, 2])):
        c.changes.append(f.__name__.replace("_", " "))
        f(c)
    return c.case()


def main():
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    for n in range(count):
        case = ceremony(random.Random(seed * 1_000_000 + n))
        print(json.dumps({"case": n} | case))


main()
