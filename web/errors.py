"""Failures as answers: a status and one line of JSON, never a traceback."""

import sys
import traceback
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from .. import errors

_STATUS: Mapping[type[errors.SpkretError], int] = {
    errors.UnknownRecordingError: 404,
    errors.AudioError: 422,
    errors.StoreError: 503,
    errors.EncoderError: 503,
    errors.RerankerError: 503,
    errors.OptionalDependencyError: 503,
}
_CHALLENGES: Mapping[int, Mapping[str, str]] = {401: {"www-authenticate": "Bearer"}}
_LONGEST = 500
_LONGEST_INPUT = 60


def failure(status: int, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Answer with a status and one line."""
    text = " ".join(message.split()).encode("utf-8", "replace").decode()
    short = text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
    return JSONResponse(
        {"error": short}, status, {**_CHALLENGES.get(status, {}), **(headers or {})}
    )


def install(app: FastAPI) -> None:
    """Have an app answer every failure this way."""

    @app.exception_handler(errors.SpkretError)
    def _of_spkret(_: Request, error: errors.SpkretError) -> JSONResponse:
        return failure(status_of(error), str(error))

    @app.exception_handler(HTTPException)
    def _of_http(request: Request, error: HTTPException) -> JSONResponse:
        return failure(error.status_code, _in_words(request, error), error.headers)

    @app.exception_handler(RequestValidationError)
    def _of_validation(_: Request, error: RequestValidationError) -> JSONResponse:
        return failure(422, "; ".join(map(_problem, error.errors()[:3])))

    @app.exception_handler(Exception)
    def _of_others(_: Request, error: Exception) -> JSONResponse:
        traceback.print_exception(error, file=sys.stderr)
        return failure(500, "the server failed at this; its own output says why")


def status_of(error: errors.SpkretError) -> int:
    """Return the status that an error is answered with; 400 where the request can be mended."""
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 400)


def _in_words(request: Request, error: HTTPException) -> str:
    if error.status_code == 404 and error.detail == "Not Found":
        return f"expected a path that /openapi.json lists, got {request.url.path[:_LONGEST_INPUT]}"
    if error.status_code == 405:
        return f"{request.url.path} does not take {request.method}; /openapi.json says what it does"
    return str(error.detail)


def _problem(error: Mapping[str, Any]) -> str:
    """Say what is wrong with one part of a request, and what it was."""
    where = ".".join(str(part) for part in error["loc"][1:]) or "the request"
    given = ascii(error.get("input"))
    short = given if len(given) <= _LONGEST_INPUT else f"{given[:_LONGEST_INPUT]}…"
    return f"{where}: {error['msg']}, got {short}"
