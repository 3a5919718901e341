"""For Flask: a decorator for views."""

from __future__ import annotations

from collections.abc import Sequence
from functools import wraps
from typing import Any, Callable, TypeVar

from flask import Response, g, request

from .claims import AccessClaims
from .guard import Guard
from .refusal import Refusal

View = TypeVar("View", bound=Callable[..., Any])


def protect(guard: Guard, *, scopes: Sequence[str] = (), roles: Sequence[str] = ()) -> Callable[[View], View]:
    """A decorator, below the route's: the view gets only requests with a valid access token that has what is demanded."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(*args: Any, **kwargs: Any) -> Any:
            try:
                # Servers join two headers with a comma, which no token has.
                g.countersign_guard_claims = guard.authenticate(
                    request.headers.getlist("Authorization"), scopes=scopes, roles=roles
                )
            except Refusal as refusal:
                return Response(refusal.json(), refusal.status, refusal.headers, content_type="application/json")
            return view(*args, **kwargs)

        return checked  # type: ignore[return-value]

    return decorate


def current_claims() -> AccessClaims:
    """The claims of this request. Raises ``Refusal`` if no guard has checked it: a forgotten decorator fails closed."""
    claims: AccessClaims | None = g.get("countersign_guard_claims")
    if claims is None:
        raise Refusal("token_required")
    return claims
