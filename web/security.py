"""Who may ask: checks of a request before anything else looks at it."""

import hmac
import secrets
from hashlib import sha256
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from .settings import LOOPBACK, Settings

HEADERS = {
    "content-security-policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:;"
        " media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self';"
        " frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}
"""Sent with every answer."""

_OPEN_PATHS = ("/", "/health", "/favicon.ico")
_OPEN_FOLDERS = ("/static/",)
_BODIES = {
    "/uploads": "multipart/form-data",
    **dict.fromkeys(("/query", "/verify", "/identify", "/sql"), "application/json"),
}
"""What is posted where."""
_READING = frozenset({"GET", "HEAD"})
_SAME_SITE = frozenset({"same-origin", "none"})

Refusal = tuple[int, str]


def cookie_for(token: str) -> str:
    """Return what the cookie of a token holds: not the token, and of plain characters."""
    return hmac.new(token.encode(), b"spkret cookie", sha256).hexdigest()


def cookie_name(headers: Headers) -> str:
    """Name the cookie by the port that a browser sees, as its cookies are for all ports."""
    try:
        port = urlsplit(f"//{headers.get('host', '')}").port
    except ValueError:
        port = None
    return "spkret_token" if port is None else f"spkret_token_{port}"


def is_token(given: str, token: str) -> bool:
    """Compare tokens in a time that does not tell how much of them is equal."""
    return secrets.compare_digest(given.encode("utf-8", "replace"), token.encode())


def refusal(scope: Scope, settings: Settings) -> Refusal | None:
    """Return why a request is refused, as a status and a line; None where it may go on."""
    headers = Headers(scope=scope)
    return (
        _wrong_host(headers, settings)
        or _no_token(scope, headers, settings)
        or _forged(scope, headers)
        or _other_body(scope, headers)
    )


def _wrong_host(headers: Headers, settings: Settings) -> Refusal | None:
    """Refuse other names for this computer: a foreign page could have its own name resolve here.

    Such a page has no token, so where one is needed, any name will do: that of a proxy, say.
    """
    host = headers.get("host", "")
    if settings.token is not None or _host_name(host) in LOOPBACK:
        return None
    return 400, f"expected the host {settings.host} or localhost, got {host[:80]!r}"


def _no_token(scope: Scope, headers: Headers, settings: Settings) -> Refusal | None:
    path = scope["path"]
    if settings.token is None or path in _OPEN_PATHS or path.startswith(_OPEN_FOLDERS):
        return None
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and _is_sent(given.strip(), settings.token):
        return None
    if is_token(_cookie(headers), cookie_for(settings.token)):
        return None
    return 401, "expected the token: send `Authorization: Bearer TOKEN`, or open /?token=TOKEN"


def _is_sent(given: str, token: str) -> bool:
    """Compare a header, whose bytes are read as Latin-1 but are mostly sent as UTF-8."""
    as_utf8 = given.encode("latin-1", "replace").decode("utf-8", "replace")
    return is_token(given, token) or is_token(as_utf8, token)


def _forged(scope: Scope, headers: Headers) -> Refusal | None:
    """Refuse what another site's page makes a browser send, be it only to keep the server busy."""
    if scope["method"] in _READING and _is_linked(scope["path"]):
        return None
    site, origin = headers.get("sec-fetch-site", "none"), headers.get("origin")
    if site in _SAME_SITE and (origin is None or _place(origin) == headers.get("host")):
        return None
    return (
        403,
        "expected a request of this server's own page or of a program, got one of another site",
    )


def _is_linked(path: str) -> bool:
    """Tell where links of other sites may lead to: the page and what it is made of."""
    return path == "/" or path.startswith(_OPEN_FOLDERS)


def _other_body(scope: Scope, headers: Headers) -> Refusal | None:
    """Refuse bodies of another type: a page of another site can have forms sent, but no JSON."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    wanted = _BODIES.get(scope["path"], kind)
    if scope["method"] == "POST" and kind != wanted:
        return 415, f"expected the content type {wanted}, got {kind[:80]!r}"
    return None


def _host_name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _place(origin: str) -> str:
    """Return the host and port of an origin; an opaque one (`null`) has none."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _cookie(headers: Headers) -> str:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(cookie_name(headers))
    except CookieError:
        return ""
    return "" if morsel is None else morsel.value
