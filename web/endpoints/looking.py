"""What is in the store: health, facets, lists, SQL, the map, metrics."""

from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Query, Response
from prometheus_client import CONTENT_TYPE_LATEST

from ...analysis.projection import Projection
from ...errors import UnknownRecordingError
from ..asking import Statement
from ..catalogue import Filter
from ..describing import details, summary
from ..layout import MOST_POINTS
from ..models import Facets, Health, Map, RecordingDetails, Recordings, Table
from ..tables import answer
from .shared import Served, StoredId, failures

router = APIRouter()

Word = Annotated[str | None, Query(max_length=4096)]
Condition = Annotated[
    str | None,
    Query(max_length=4096, description="A DuckDB SQL condition, such as `duration_s > 2`."),
]


@router.get("/health", tags=["server"], response_model=Health, responses=failures())
async def health(services: Served) -> Any:
    """Say that the server is there, and what it serves."""
    # In a thread of its own: all others may be busy.
    return await to_thread.run_sync(services.health, limiter=services.for_health)


@router.get(
    "/metrics",
    tags=["server"],
    response_class=Response,
    responses=failures() | {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def metrics(services: Served) -> Response:
    """Give counts and times of requests, in Prometheus' text format."""
    return Response(services.metrics.text(), media_type=CONTENT_TYPE_LATEST)


@router.get("/facets", tags=["recordings"], response_model=Facets, responses=failures())
def facets(services: Served) -> Any:
    """Count the recordings of each language, noise and gender."""
    return services.catalogues.newest().facets()


@router.get("/recordings", tags=["recordings"], response_model=Recordings, responses=failures())
def recordings(
    services: Served,
    language: Word = None,
    noise: Word = None,
    gender: Annotated[
        str | None, Query(max_length=4096, description="`f`, `m`, or `unknown`.")
    ] = None,
    speaker: Word = None,
    text: Annotated[
        str | None, Query(max_length=4096, description="A part of the path or the speaker.")
    ] = None,
    where: Condition = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    offset: Annotated[int, Query(ge=0, le=2**53 - 1)] = 0,
) -> Any:
    """List recordings by path, a page at a time."""
    catalogue = services.catalogues.newest()
    chosen = catalogue.select(Filter(language, noise, gender, speaker, text, where))
    rows = catalogue.by_path(chosen)
    page = catalogue.describe(rows[offset : offset + limit])
    return {"total": len(rows), "recordings": [summary(row) for row in page]}


@router.get(
    "/recordings/{id}",
    tags=["recordings"],
    response_model=RecordingDetails,
    responses=failures(404),
)
def recording(services: Served, id: StoredId) -> Any:
    """Give all that is known of one recording."""
    return details(stored(services, id))


@router.post("/sql", tags=["recordings"], response_model=Table, responses=failures(403, 413, 415))
def sql(services: Served, asked: Statement) -> Any:
    """Run one SELECT statement: at most 10,000 rows, 32 MiB, 30 seconds."""
    return Response(answer(services.sandbox, asked.statement), media_type="application/json")


@router.get("/map", tags=["recordings"], response_model=Map, responses=failures())
def layout(
    services: Served,
    method: Projection = Projection.PCA,
    limit: Annotated[int, Query(ge=1, le=MOST_POINTS)] = 3000,
    language: Word = None,
    noise: Word = None,
    where: Condition = None,
) -> Any:
    """Lay embeddings out on a plane; computed once for each version of the store."""
    wanted = Filter(language=language, noise=noise, where=where)
    return services.maps.get(services.catalogues.newest(), method, limit, wanted)


def stored(services: Served, id_: str) -> dict[str, Any]:
    """Return what is stored of an id.

    Raises
    ------
    UnknownRecordingError
        There is no such recording.
    """
    catalogue = services.catalogues.newest()
    row = catalogue.row(int(id_)) if int(id_) < 2**63 else None
    if row is None:
        raise UnknownRecordingError(f"no recording has the id {id_}; see /recordings")
    return catalogue.describe([row])[0]
