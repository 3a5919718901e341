"""The token in the ``Authorization`` header (RFC 6750 §2.1). A token in any other place is not looked at."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Union

from .refusal import Refusal

#: The values of every ``Authorization`` header of a request.
Authorization = Union[str, Sequence[str], None]

_BEARER = re.compile(r"bearer +([A-Za-z0-9\-._~+/=]+)", re.IGNORECASE | re.ASCII)


def bearer_token(authorization: Authorization) -> str:
    """One header, the scheme in any case (RFC 9110 §11.1), nothing after the token. Raises ``Refusal`` for others."""
    values = [authorization] if isinstance(authorization, str) else list(authorization or ())
    if not values:
        raise Refusal("token_required")
    found: re.Match[str] | None = _BEARER.fullmatch(values[0]) if len(values) == 1 else None
    if found is None:
        raise Refusal("malformed")
    return found[1]
