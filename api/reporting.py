"""The report of a store: its numbers, and the page that shows them."""

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError
from .arguments import opened
from .noting import noted

if TYPE_CHECKING:
    from ..analysis.report.report import Progress, Report
    from .arguments import AnyStore


@noted("report", lambda made: made.inventory.recordings)
def report(
    store: "AnyStore",
    out: str | PathLike[str] | None = "report.html",
    *,
    points: int = 10_000,
    projection: str = "tsne",
    seed: int = 0,
    progress: "Progress | None" = None,
) -> "Report":
    """Say what is in a store and how well it tells speakers apart; change nothing in it.

    Parameters
    ----------
    out : the HTML file to write, readable without network; None writes none
    points : recordings on the map at most, drawn by whole speakers
    projection : of the map, `tsne` or `pca`
    seed : of all that is drawn
    progress : told before each step

    Raises
    ------
    UsageError
        There is no such projection, or `points` is not positive.
    OptionalDependencyError
        `out` is given, and plotly or jinja2 is not installed.
    """
    from ..analysis.projection import Projection
    from ..analysis.report import page
    from ..analysis.report.report import STEPS, make_report

    known = [method.value for method in Projection]
    if projection not in known or points < 1:
        raise UsageError(
            f"expected a projection of {', '.join(known)} and at least 1 point,"
            f" got {projection!r} and {points}"
        )
    if out is not None:
        page.require_drawing()
    made = make_report(
        opened(store),
        points=points,
        projection=Projection(projection),
        seed=seed,
        progress=progress,
    )
    if out is not None:
        Path(out).parent.mkdir(parents=True, exist_ok=True)
        Path(out).write_text(page.render(made), encoding="utf-8", errors="replace")
    if progress is not None:
        progress("report", STEPS, STEPS, "done")
    return made
