"""Connections: closed where nothing comes, and no more of them than the process has files for."""

import asyncio
import errno
import resource
from typing import Any

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from ..store.schema import Seconds

HEADER_S: Seconds = 10.0
"""How long a request may take to say what it wants."""
IDLE_S: Seconds = 30.0
"""How long nothing of a body may come."""
BACKLOG = 32
"""Accepted in one go at most, so that connections too many are closed before files run out."""

_WANTED_FILES = 4096
_OWN_FILES = 128
_MOST = 512


class Connection(H11Protocol):
    """A connection that is closed where its request does not come, or where there are too many."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._most = most_connections()
        self._deadline: asyncio.TimerHandle | None = None
        self._in_body = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        if len(self.connections) > self._most:
            transport.abort()
        else:
            self._wait(HEADER_S)

    def data_received(self, data: bytes) -> None:
        """Take what came, and wait for the rest of it, if there is one."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Go on to the next request, of which some may have come."""
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._wait(None)
        super().connection_lost(exc)

    def _watch(self) -> None:
        was_in_body, self._in_body = self._in_body, self.conn.their_state is h11.SEND_BODY
        if self._in_body:
            self._wait(IDLE_S)
        elif self.conn.their_state is not h11.IDLE:
            self._wait(None)
        elif was_in_body or self._deadline is None:
            self._wait(HEADER_S)

    def _wait(self, seconds: Seconds | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None if seconds is None else self.loop.call_later(seconds, self._give_up)

    def _give_up(self) -> None:
        if self._in_body and self.flow.read_paused:  # it is the app that takes its time
            self._wait(IDLE_S)
        else:
            self.transport.abort()


def most_connections() -> int:
    """Return how many there may be: each takes a file, and may take another for its body."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(1, min(_MOST, (most - _OWN_FILES) // 2))


def allow_files() -> None:
    """Raise this process's limit of open files to what it may be, up to what a server wants."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED_FILES if hard == resource.RLIM_INFINITY else min(_WANTED_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def without_floods(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Handle what asyncio reports, but for "no more files", which it tells for every connection."""
    error = context.get("exception")
    if not (isinstance(error, OSError) and error.errno in {errno.EMFILE, errno.ENFILE}):
        loop.default_exception_handler(context)
