"""Requests are noted in the store's log, where that is switched on, before they are answered."""

from fastapi import Request

from ..store.provenance import StoreLog

_UNNOTED = "/health"


def note(request: Request) -> None:
    """Note a request by its route, which names no recording.

    Raises
    ------
    StoreError
        It cannot be noted; then it is not answered.
    """
    store = request.app.state.services.store
    log, path = StoreLog(store.path), request.scope["route"].path
    if log.on and path != _UNNOTED:
        command = f"serve {request.method} {path}"
        log.append(command, store.recordings.version(), None, "asked")
