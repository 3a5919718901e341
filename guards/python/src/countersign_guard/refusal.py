"""Every way to be refused and its one response: status, ``WWW-Authenticate`` (RFC 6750 §3) and JSON body.

The body tells the client the kind of failure and no detail; the detail is in ``reason``, for the log.
"""

from __future__ import annotations

import json
from typing import NamedTuple


class _Row(NamedTuple):
    code: str
    status: int
    text: str
    #: What follows ``Bearer realm="api"``; None for a 503, which challenges nobody: another token would fare no better.
    challenge: str | None


_INVALID = ', error="invalid_token"'
_INSUFFICIENT = ', error="insufficient_scope"'

#: THE table: reasons with a response of their own. Each other one is an invalid token.
_ROWS = {
    # A request without a token gets no error code (RFC 6750 §3.1, last paragraph).
    "token_required": _Row("token_required", 401, "Token required", ""),
    "expired": _Row("token_expired", 401, "Token expired", f'{_INVALID}, error_description="The access token expired"'),
    "token_too_long": _Row("token_too_large", 413, "Token too large", _INVALID),
    "too_old": _Row("token_too_old", 401, "Invalid token", _INVALID),
    "token_bound": _Row(
        "token_bound",
        401,
        "Invalid token",
        f'{_INVALID}, error_description="The access token is bound to a key"',
    ),
    "revoked": _Row("token_revoked", 401, "Session ended", _INVALID),
    "missing_role": _Row("forbidden", 403, "Not allowed", _INSUFFICIENT),
    "missing_scope": _Row("insufficient_scope", 403, "Not allowed", _INSUFFICIENT),
    # The token may be valid, so these are no 401, at which a client would discard it.
    "keys_unavailable": _Row("keys_unavailable", 503, "Try again later", None),
    "revocations_unavailable": _Row("revocations_unavailable", 503, "Try again later", None),
}


class Refusal(Exception):
    """Why a request is refused, and the response to it."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"refused: {reason}")
        row = _ROWS.get(reason, _Row("invalid_token", 401, "Invalid token", _INVALID))
        #: Which check failed, for the log and not for the client: ``"wrong_audience"``.
        self.reason = reason
        #: The stable code in the body: ``"invalid_token"``.
        self.code = row.code
        #: The status: 401, 403, 413 or 503.
        self.status = row.status
        #: The JSON body of the response.
        self.body = {"error": row.text, "code": row.code}
        #: The headers of the response, but for its type.
        self.headers = {"Cache-Control": "no-store"}
        if row.challenge is None:
            self.headers["Retry-After"] = "5"
        else:
            self.headers["WWW-Authenticate"] = f'Bearer realm="api"{row.challenge}'

    def json(self) -> str:
        """The body as text, of the type ``application/json``."""
        return json.dumps(self.body)
