"""What every request passes through: the checks, the limits, the headers, the counting."""

import time
from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .errors import failure
from .metrics import Metrics
from .security import HEADERS, refusal
from .settings import MEBIBYTE, Settings
from .uploads import too_large

_FORM_BYTES = 64 * 1024
_JSON_BYTES = 8 * MEBIBYTE


class Guard:
    """Refuse what may not ask, cut off bodies that are too long, add headers, and count."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status, method = time.perf_counter(), [500], scope["method"]
        if method == "HEAD":  # answered as GET, but for the body
            scope["method"], send = "GET", _without_body(send)
        try:
            await self._answer(scope, receive, _with_headers(send, status))
        finally:
            took = time.perf_counter() - started
            metrics: Metrics = scope["app"].state.services.metrics
            metrics.answered(_template(scope), method, status[0], took)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        most = _JSON_BYTES
        if scope["path"] == "/uploads":
            most = self._settings.max_upload_bytes + _FORM_BYTES
        refused = refusal(scope, self._settings) or _too_long(scope, most)
        if refused is not None:
            await failure(*refused)(scope, receive, send)
            return
        await self._app(scope, _limited(receive, most), send)


def _too_long(scope: Scope, most: int) -> tuple[int, str] | None:
    announced = Headers(scope=scope).get("content-length", "0")
    return too_large(most) if announced.isdecimal() and int(announced[:19]) > most else None


def _limited(receive: Receive, most: int) -> Receive:
    """Stop reading a body that goes on beyond a limit, whatever it announced."""
    left = most

    async def receive_some() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise HTTPException(*too_large(most))
        return message

    return receive_some


def _without_body(send: Send) -> Send:
    """Send the beginning of an answer, and nothing of what follows."""
    is_over = False

    async def send_some(message: Message) -> None:
        nonlocal is_over
        if message["type"] == "http.response.start":
            await send(message)
        elif not is_over:
            is_over = True
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return send_some


def _with_headers(send: Send, status: list[int]) -> Send:
    """Add the headers of every answer, and note its status."""

    async def send_more(message: Message) -> None:
        if message["type"] == "http.response.start":
            status[0] = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
        await send(message)

    return send_more


def _template(scope: MutableMapping[str, Any]) -> str:
    """Return the path of a request as its route writes it, so that there are few of them."""
    if scope["path"].startswith("/static/"):
        return "/static"
    return getattr(scope.get("route"), "path", None) or "other"
