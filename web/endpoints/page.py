"""The page for people, and the files it is made of."""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from ..errors import failure
from ..security import cookie_for, cookie_name, is_token
from ..sending import SHARED, send_file
from .shared import Served

STATIC = Path(__file__).parents[1] / "static"

router = APIRouter(include_in_schema=False)


@router.get("/")
def index(request: Request, services: Served, token: str | None = None) -> Response:
    """Show the page; with the right token in the link, remember it in a cookie first."""
    wanted = services.settings.token
    if token is None or wanted is None:
        return send_file(request, STATIC / "index.html", "text/html", SHARED)
    if not is_token(token.strip(), wanted):
        return failure(401, "expected the token that the server was started with, got another one")
    answer = RedirectResponse("/", 303)
    answer.set_cookie(
        cookie_name(request.headers),
        cookie_for(wanted),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


@router.get("/static/plotly.min.js")
def plotly(request: Request) -> Response:
    """Give the library that draws the map, out of the plotly package."""
    return send_file(request, _plotly(), "text/javascript", SHARED)


@lru_cache(maxsize=1)
def _plotly() -> Path:
    spec = find_spec("plotly")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("plotly")
    return Path(spec.origin).parent / "package_data" / "plotly.min.js"
