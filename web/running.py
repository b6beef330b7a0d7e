"""A server from its start to its end."""

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote

import uvicorn

from ..errors import UsageError
from .app import create_app
from .connections import BACKLOG, Connection, allow_files, without_floods
from .services import Services
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
    StoreError
        The store cannot be read.
    """
    allow_files()
    with _listening(settings) as listener, contextlib.closing(Services.of(store, settings)) as held:
        held.start()
        url = _url(settings, listener.getsockname()[1])
        server = _Server(_config(held), lambda: ready(url), held.end)
        try:
            server.run([listener])
        except KeyboardInterrupt:  # raised again by uvicorn once it has ended
            return


def _config(services: Services) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(services.store, services.settings, services),
        http=Connection,
        log_level="critical",  # what fails is printed by the app
        access_log=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=_PATIENCE_S,
    )


class _Server(uvicorn.Server):
    """A server that says when it is ready, and ends cleanly when its terminal is closed, too."""

    def __init__(
        self, config: uvicorn.Config, ready: Callable[[], None], ending: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._ready, self._ending = ready, ending

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        asyncio.get_running_loop().set_exception_handler(without_floods)
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let go of who waits, then end."""
        self._ending()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End on a hang-up as on Ctrl-C, unless the process was told to outlive it."""
        with super().capture_signals():
            is_main = threading.current_thread() is threading.main_thread()
            if not is_main or signal.getsignal(signal.SIGHUP) is not signal.SIG_DFL:
                yield
                return
            signal.signal(signal.SIGHUP, self.handle_exit)
            try:
                yield
            finally:
                signal.signal(signal.SIGHUP, signal.SIG_DFL)


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
