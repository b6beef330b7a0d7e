"""What a page is made of: sections of charts, tables and sentences."""

from collections.abc import Sequence
from dataclasses import dataclass

from .drawing import Figure

Cell = str | int | float | None

NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Table:
    """A table: numbers stand to the right, None is a dash."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure, the question it answers, and one sentence on how to read it.

    Attributes
    ----------
    id : unique on the page
    table : the numbers behind it, where they are few
    colourings : what its points may be coloured by, the first is shown; the figure holds how
    """

    id: str
    title: str
    reading: str
    figure: Figure
    table: Table | None = None
    colourings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page.

    Attributes
    ----------
    paragraphs : sentences before the charts
    tables : after the charts, each with its heading
    missing : where there is nothing to show, why, and what to run
    """

    id: str
    title: str
    paragraphs: Sequence[str] = ()
    charts: Sequence[Chart] = ()
    tables: Sequence[tuple[str, Table]] = ()
    missing: str = ""


def share(value: float) -> str:
    """Write a share in percent."""
    return f"{100 * value:.1f} %"


def between(bounds: tuple[float, float] | None) -> str:
    """Write an interval of shares; a dash where there is none."""
    return NOTHING if bounds is None else f"{share(bounds[0])} to {share(bounds[1])}"
