"""A server from its start to its end."""

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

import uvicorn

from ..api import loading
from ..errors import UsageError
from .app import create_app
from .settings import Settings

if TYPE_CHECKING:
    from ..store.store import Store

_PATIENCE_S = 5


def serve(store: "Store", settings: Settings, ready: Callable[[str], None]) -> None:
    """Serve a store until the process is told to end.

    Parameters
    ----------
    ready : called with the address once requests are answered

    Raises
    ------
    UsageError
        The address cannot be listened on.
    EncoderError, EncoderMismatchError
        The encoder that the settings name cannot be loaded, or is not the store's.
    """
    with _listening(settings) as listener:
        if settings.model is not None:
            loading.embedder(store, settings.model, settings.device)
        config = uvicorn.Config(
            create_app(store, settings),
            log_level="error",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_PATIENCE_S,
        )
        url = _url(settings, listener.getsockname()[1])
        try:
            _Server(config, lambda: ready(url)).run([listener])
        except KeyboardInterrupt:  # raised again by uvicorn once it has ended
            return


class _Server(uvicorn.Server):
    """A server that says when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        if self.started:
            self._ready()


def _listening(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        raise UsageError(
            f"cannot listen on {settings.host} port {settings.port}: {error.strerror};"
            " give another --port, or --port 0 for any that is free"
        ) from error


def _url(settings: Settings, port: int) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    token = "" if settings.token is None else f"?token={quote(settings.token, safe='')}"
    return f"http://{host}:{port}/{token}"
