"""Where an issuer has something, by its metadata (RFC 8414 §3, OpenID Connect Discovery §4). Decides what of them is believed."""

from __future__ import annotations

from .environment import Environment
from .fetch import FetchError, NoDocumentError, check_url, get_json
from .strict_json import parse_object

#: A member that is fetched, and the option that says the same.
_OPTIONS = {"jwks_uri": "jwks_url", "introspection_endpoint": "Ask(url=…)"}


def check_issuer(issuer: str) -> None:
    """Raises ``ValueError`` if there are no metadata of this issuer that could be fetched."""
    check_url(issuer)
    if any(char in issuer for char in "?#"):
        raise ValueError(f"the issuer {issuer} has a query or a fragment")  # RFC 8414 §2


def discover(env: Environment, issuer: str, timeout: float, member: str) -> str:
    """The address that the metadata of RFC 8414 give, or else those of OpenID. Raises ``FetchError`` or ``ValueError``."""
    first, second = _metadata_urls(issuer)
    try:
        return _read_metadata(env, first, issuer, timeout, member)
    except NoDocumentError:
        return _read_metadata(env, second, issuer, timeout, member)


def _read_metadata(env: Environment, url: str, issuer: str, timeout: float, member: str) -> str:
    answer = get_json(env.open, url, timeout)
    metadata = parse_object(answer.data or b"") or {}
    # RFC 8414 §3.3: the keys of another issuer would verify tokens in the name of this one.
    if metadata.get("issuer") != issuer:
        raise FetchError(f"{url}: the metadata is of the issuer {metadata.get('issuer')!r}")
    place = metadata.get(member)
    if not isinstance(place, str):
        raise FetchError(f"{url}: the metadata name no {member}")
    # The operator chose the issuer's host. Another one is the choice of a document, which must not reach into the
    # operator's network, nor send a secret elsewhere.
    if check_url(place).netloc.lower() != check_url(url).netloc.lower():
        raise FetchError(f"{url}: the {member} is on another host; set {_OPTIONS[member]} to {place} if you trust it")
    return place


def _metadata_urls(issuer: str) -> tuple[str, str]:
    """RFC 8414 §3.1 puts the well-known part between host and path; OpenID Connect Discovery §4 puts it at the end."""
    url = check_url(issuer)
    origin, path = f"{url.scheme}://{url.netloc}", url.path.rstrip("/")
    return f"{origin}/.well-known/oauth-authorization-server{path}", f"{origin}{path}/.well-known/openid-configuration"
