"""Figures of the map and of the clusters."""

from collections.abc import Sequence
from typing import Any

from .clusters import Clusters
from .drawing import BLUE, GREEN, GREY, ORANGE, PALETTE, Figure, axis, figure, labels
from .map import EmbeddingMap

METHODS = {"agglomerative": "agglomerative (average linkage)", "hdbscan": "HDBSCAN"}
COLOURINGS = {
    "speaker": "speakers",
    "gender": "genders",
    "language": "languages",
    "noise": "noises",
}
"""What points may be coloured by, and the list of the map that says it."""
_MANY = 1_000


def embedding_map(laid: EmbeddingMap) -> Figure:
    """Points of the map; the page colours them by what `layout.meta` holds."""
    hidden: dict[str, Any] = {"visible": False}
    colourings = {name: colouring(name, getattr(laid, of)) for name, of in COLOURINGS.items()}
    return figure(
        [_points(laid)],
        620,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        xaxis=hidden,
        yaxis=hidden | {"scaleanchor": "x"},
        hovermode="closest",
        dragmode="pan",
        meta={"colourings": colourings},
    )


def _points(laid: EmbeddingMap) -> Any:
    from plotly.graph_objects import Scattergl

    columns = (laid.paths, laid.speakers, laid.genders, laid.languages, laid.noises)
    first = colouring("noise", laid.noises)
    return Scattergl(
        x=laid.x,
        y=laid.y,
        mode="markers",
        marker={
            "size": 5 if len(laid.x) > _MANY else 8,
            "opacity": 0.75,
            "color": [first["palette"][c] for c in first["codes"]],
        },
        customdata=[list(row) for row in zip(*map(labels, columns), strict=True)],
        hovertemplate="%{customdata[0]}<br>speaker %{customdata[1]}<br>gender %{customdata[2]},"
        " %{customdata[3]}, %{customdata[4]}<extra></extra>",
        showlegend=False,
    )


def colouring(name: str, values: Sequence[str | None]) -> dict[str, Any]:
    """Say which colour each point has, and what the colours mean.

    The most frequent values get colours of their own, the others and the unknown grey; speakers
    share colours in turn and have no legend.
    """
    counts: dict[str, int] = {}
    for value in values:
        if value is not None and value != "unknown":
            counts[value] = counts.get(value, 0) + 1
    ranked = sorted(counts, key=lambda value: (-counts[value], value))
    place = {value: rank for rank, value in enumerate(ranked)}
    size, shared = len(PALETTE), name == "speaker"
    codes = [
        size if v not in place else place[v] % size if shared else min(place[v], size)
        for v in values
    ]
    entries = [] if shared else [[v, PALETTE[i]] for i, v in enumerate(ranked[:size])]
    if size in codes:
        others = len(ranked) > size and not shared
        entries.append(["others and unknown" if others else "unknown", GREY])
    return {"codes": codes, "palette": [*PALETTE, GREY], "legend": entries}


def agreement(clusters: Clusters) -> Figure:
    """Bars of how clusters agree with speakers, and of what they leave out, by method."""
    found = [(each, each.agreement) for each in clusters.found if each.agreement is not None]
    bars: dict[tuple[str, str], list[float | None]] = {
        ("adjusted mutual information", BLUE): [a.adjusted_mutual_info for _, a in found],
        ("adjusted Rand index", ORANGE): [a.adjusted_rand for _, a in found],
        ("purity of clusters", GREEN): [a.purity for _, a in found],
        ("single recordings", GREY): [each.single_share for each, _ in found],
    }
    methods = [METHODS[each.method] for each, _ in found]
    return figure(
        [_bars(name, colour, methods, values) for (name, colour), values in bars.items()],
        130 + 110 * len(found),
        barmode="group",
        xaxis=axis("agreement; share single", range=[-0.05, 1.02]),
        yaxis=axis("", type="category", autorange="reversed"),
    )


def _bars(name: str, colour: str, methods: list[str], values: list[float | None]) -> Any:
    from plotly.graph_objects import Bar

    return Bar(
        y=methods,
        x=values,
        name=name,
        orientation="h",
        marker={"color": colour},
        text=["" if value is None else f"{value:.2f}" for value in values],
        textposition="auto",
        hovertemplate="%{y}: %{x:.3f}<extra>" + name + "</extra>",
    )
