"""Protects the routes of a Python service with Countersign's access tokens, or those of any issuer that publishes its keys.

``countersign_guard.fastapi``, ``.asgi`` (Starlette), ``.django`` and ``.flask`` fit it into frameworks.
"""

from .ask.endpoint import Ask
from .bearer import Authorization
from .claims import AccessClaims, has_role, has_scope
from .environment import Environment
from .guard import Feed, Guard, NotReadyError, Options, Status
from .refusal import Refusal
from .verifier import ShortLeash, WhenLate

__all__ = [
    "AccessClaims",
    "Ask",
    "Authorization",
    "Environment",
    "Feed",
    "Guard",
    "NotReadyError",
    "Options",
    "Refusal",
    "ShortLeash",
    "Status",
    "WhenLate",
    "has_role",
    "has_scope",
]
