"""The app: everything a server answers, put together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

from fastapi import Depends, FastAPI
from fastapi.security import HTTPBearer
from starlette.concurrency import run_in_threadpool

from .. import __version__
from . import errors
from .endpoints import hearing, looking, matching, page
from .middleware import Guard
from .noting import note
from .sending import PageFiles
from .services import Services
from .settings import Settings
from .uploads import Uploads

if TYPE_CHECKING:
    from ..store.store import Store

_DESCRIPTION = """\
Whose voice is it: name the one recording of a group that has an anchor's speaker, and say how sure
that is. Recordings are referred to by a stored id, a stored path, or `upload:ID`. Every failure is
`{"error": "one line"}`.
"""
_SWEEP_S = 60.0
_TAGS = [
    {"name": "voices", "description": "Match, verify and identify."},
    {"name": "recordings", "description": "What is in the store."},
    {"name": "audio", "description": "Uploads, playback and spectrograms."},
    {"name": "server", "description": "Health and metrics."},
]


def create_app(
    store: "Store", settings: Settings | None = None, services: Services | None = None
) -> FastAPI:
    """Make the app that serves a store; its encoder is loaded when it starts.

    Parameters
    ----------
    services : of this store and these settings, started already; they are closed with the app

    Raises
    ------
    UsageError
        The settings contradict each other.
    """
    chosen = settings or Settings()
    app = FastAPI(
        title="spkret",
        version=__version__,
        description=_DESCRIPTION,
        openapi_tags=_TAGS,
        docs_url=None,
        redoc_url=None,
        lifespan=partial(_running, store, chosen, services),
    )
    errors.install(app)
    app.add_middleware(Guard, settings=chosen)
    secured = [Depends(HTTPBearer(auto_error=False))] if chosen.token else []
    secured.append(Depends(note))
    for router in (matching.router, looking.router, hearing.router):
        app.include_router(router, dependencies=secured)
    app.include_router(page.router)
    app.mount("/static", PageFiles(directory=page.STATIC, check_dir=False), name="static")
    return app


@asynccontextmanager
async def _running(
    store: "Store", settings: Settings, started: Services | None, app: FastAPI
) -> AsyncIterator[None]:
    """Hold what the app needs while it runs."""
    services = app.state.services = started or Services.of(store, settings)
    try:
        if started is None:
            await run_in_threadpool(services.start)
        sweeping = asyncio.create_task(_sweep(services.uploads))
        yield
        sweeping.cancel()
        with suppress(asyncio.CancelledError):
            await sweeping
    finally:
        await run_in_threadpool(services.close)


async def _sweep(uploads: Uploads) -> None:
    """Delete uploads once they are too old, whether or not anybody asks for one."""
    while True:
        await asyncio.sleep(_SWEEP_S)
        await run_in_threadpool(uploads.sweep)
