"""Files and pictures as answers: asked for again each time, sent again only where they changed."""

import os
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

from fastapi import Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import (
    FileResponse,
    MalformedRangeHeader,
    RangeNotSatisfiable,
    Response,
)
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

PRIVATE = {"cache-control": "private, no-cache"}
"""For voices: kept by nobody on the way, and played only after the server was asked again."""
SHARED = {"cache-control": "no-cache"}
"""For the page: always the one of the server that runs now."""


def send_file(
    request: Request, path: Path, media_type: str | None, headers: Mapping[str, str]
) -> Response:
    """Answer with a file, or a part of it; say so where the browser has it already.

    Raises
    ------
    FileNotFoundError
        It is not there any more.
    """
    answer = _File(path, headers=headers, media_type=media_type, stat_result=path.stat())
    return _unless_known(request, answer)


def send_bytes(
    request: Request, content: bytes, media_type: str, headers: Mapping[str, str]
) -> Response:
    """Answer with bytes, or say that the browser has them already."""
    etag = f'"{blake2b(content, digest_size=16).hexdigest()}"'
    answer = Response(content, media_type=media_type, headers={**headers, "etag": etag})
    return _unless_known(request, answer)


class PageFiles(StaticFiles):
    """What the page is made of."""

    def file_response(
        self,
        full_path: "str | os.PathLike[str]",
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """Answer with one of the files."""
        answer = super().file_response(full_path, stat_result, scope, status_code)
        answer.headers.update(SHARED)
        return answer


class _File(FileResponse):
    """A file whose wrong ranges are failures like any other."""

    @classmethod
    def _parse_range_header(cls, http_range: str, file_size: int) -> list[tuple[int, int]]:
        try:
            return super()._parse_range_header(http_range, file_size)
        except MalformedRangeHeader as error:
            raise HTTPException(
                400, f"expected a range such as bytes=0-99, got {http_range[:60]!r}"
            ) from error
        except RangeNotSatisfiable as error:
            raise HTTPException(
                416,
                f"expected a range within {file_size} bytes, got {http_range[:60]!r}",
                {"content-range": f"bytes */{file_size}"},
            ) from error


def _unless_known(request: Request, answer: Response) -> Response:
    known = request.headers.get("if-none-match", "")
    tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
    if answer.headers["etag"] not in tags:
        return answer
    return NotModifiedResponse(Headers(raw=answer.raw_headers))
