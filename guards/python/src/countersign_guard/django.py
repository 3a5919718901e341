"""For Django: a decorator for views, synchronous or not."""

from __future__ import annotations

from collections.abc import Sequence
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, Callable, TypeVar

from django.http import HttpRequest, HttpResponse

from .bearer import Authorization
from .claims import AccessClaims
from .guard import Guard
from .refusal import Refusal

View = TypeVar("View", bound=Callable[..., Any])

_KEY = "_countersign_guard_claims"


def protect(guard: Guard, *, scopes: Sequence[str] = (), roles: Sequence[str] = ()) -> Callable[[View], View]:
    """A decorator: the view gets only requests with a valid access token that has what is demanded."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            try:
                claims = guard.authenticate(_authorization(request), scopes=scopes, roles=roles)
            except Refusal as refusal:
                return _response(refusal)
            setattr(request, _KEY, claims)
            return view(request, *args, **kwargs)

        @wraps(view)
        async def checked_async(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            try:
                claims = await guard.authenticate_async(_authorization(request), scopes=scopes, roles=roles)
            except Refusal as refusal:
                return _response(refusal)
            setattr(request, _KEY, claims)
            return await view(request, *args, **kwargs)

        return checked_async if iscoroutinefunction(view) else checked  # type: ignore[return-value]

    return decorate


def claims_of(request: HttpRequest) -> AccessClaims:
    """The claims of this request. Raises ``Refusal`` if no guard has checked it: a forgotten decorator fails closed."""
    claims: AccessClaims | None = getattr(request, _KEY, None)
    if claims is None:
        raise Refusal("token_required")
    return claims


def _authorization(request: HttpRequest) -> Authorization:
    # Servers join two headers with a comma, which no token has.
    return request.headers.get("Authorization")


def _response(refusal: Refusal) -> HttpResponse:
    return HttpResponse(refusal.json(), status=refusal.status, headers=refusal.headers, content_type="application/json")
