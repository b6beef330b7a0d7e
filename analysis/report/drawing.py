"""What all figures share: colours, sizes, and texts that cannot become markup."""

import html
import json
from collections.abc import Sequence
from typing import Any, TypeAlias

Figure: TypeAlias = Any
"""A `plotly.graph_objects.Figure`, which has no types."""

BLUE, ORANGE, GREEN, PINK, SKY, RED, GREY = (
    *("#2B83C6", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C8C8C"),
)
"""Colours that colour-blind readers can tell apart (Okabe and Ito 2008), and a grey.

The blue is lighter than theirs, to be seen on black too.
"""
PALETTE = (BLUE, ORANGE, GREEN, PINK, SKY, RED)
SCALE = "Cividis"
SYSTEM_COLOURS = {"cosine": BLUE, "asnorm": ORANGE, "reranker": GREEN, "qmf": PINK}
SYSTEM_NAMES = {
    "cosine": "cosine",
    "asnorm": "AS-norm",
    "reranker": "reranker",
    "qmf": "reranker, for pairs (QMF)",
}

_ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def figure(traces: Sequence[Any], height: int, **layout: Any) -> Figure:
    """Make a figure; the page lends it the colours of light or dark."""
    from plotly.graph_objects import Figure as PlotlyFigure

    margin = {"l": 64, "r": 16, "t": 16, "b": 56}
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"}
    base = {"template": "none", "height": height, "margin": margin, "legend": legend}
    return PlotlyFigure(list(traces), base | layout)


def labels(texts: Sequence[str | None]) -> list[str]:
    """Write texts so that plotly, which reads a little HTML, shows them as they are."""
    return ["unknown" if text is None else html.escape(text, quote=False) for text in texts]


def axis(title: str, **more: Any) -> dict[str, Any]:
    """Describe an axis that makes room for its own labels."""
    return {"title": {"text": title}, "automargin": True, "ticklabelstandoff": 4, **more}


def to_json(document: Any) -> str:
    """Write JSON that can stand in a script element: no `<`, `>` or `&` in it.

    Parameters
    ----------
    document : a figure or plain values; what is not finite in a figure becomes null
    """
    is_figure = hasattr(document, "to_json")
    text = document.to_json() if is_figure else json.dumps(document, allow_nan=False)
    return str(text).translate(_ESCAPES)
