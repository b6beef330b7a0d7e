"""What endpoints have in common."""

from typing import Annotated, Any

from fastapi import Depends, Path, Request

from ..models import ErrorAnswer
from ..services import Services

Failures = dict[int | str, dict[str, Any]]

_MEANINGS = {
    400: "The request cannot be right.",
    401: "The token is missing or wrong.",
    403: "Another site's page sent it.",
    404: "There is no such recording or upload.",
    413: "The file is larger than the server takes.",
    415: "The body is of another type.",
    422: "A value is out of range, or a file holds no usable audio.",
    503: "The store, its reranker or its encoder cannot do this now, or too many ask.",
}


def failures(*statuses: int) -> Failures:
    """Describe the failures of an endpoint beside those that all have."""
    every = sorted({400, 401, 403, 422, 503, *statuses})
    return {status: {"model": ErrorAnswer, "description": _MEANINGS[status]} for status in every}


async def services_of(request: Request) -> Services:
    """Return what the server holds, at once: no thread is waited for."""
    services: Services = request.app.state.services
    return services


Served = Annotated[Services, Depends(services_of)]
StoredId = Annotated[str, Path(pattern=r"^[0-9]{1,19}$", description="Id of a stored recording.")]
UploadId = Annotated[
    str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="Id that `POST /uploads` gave.")
]
