"""Figures of what is in a store."""

from collections.abc import Mapping, Sequence

import numpy as np

from ...store.schema import TagSource
from .drawing import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PALETTE,
    PINK,
    SCALE,
    Figure,
    axis,
    figure,
    labels,
)
from .failures import FailureReason
from .inventory import ACOUSTICS, Inventory
from .summaries import Bins, Quartiles

SHOWN_LANGUAGES = 25
_ROW = 26
_SOURCE_COLOURS = {"manifest": BLUE, "folder": GREEN, "tagger": ORANGE, "none": GREY}
_SOURCE_NAMES = {"none": "missing"}


def durations(inventory: Inventory) -> Figure:
    """Histograms of duration and of speech, in the same bins."""
    named = (("duration", inventory.durations, BLUE), ("speech", inventory.speech, ORANGE))
    return figure(
        [_steps(name, bins, colour) for name, bins, colour in named],
        340,
        xaxis=axis("seconds"),
        yaxis=axis("recordings"),
    )


def _steps(name: str, bins: Bins, colour: str) -> Figure:
    from plotly.graph_objects import Scatter

    ranges = [f"{a:.1f} to {b:.1f} s" for a, b in zip(bins.edges, bins.edges[1:], strict=False)]
    return Scatter(
        x=bins.edges,
        y=[*bins.counts, bins.counts[-1]],
        name=name,
        mode="lines",
        line={"shape": "hv", "color": colour, "width": 2},
        fill="tozeroy",
        text=[*ranges, ranges[-1]],
        hovertemplate="%{text}: %{y} recordings<extra>" + name + "</extra>",
    )


def cells(inventory: Inventory) -> Figure:
    """Heat map of recordings by language and noise condition, of the largest languages."""
    from plotly.graph_objects import Heatmap

    languages = list(inventory.languages)[:SHOWN_LANGUAGES]
    noises = sorted(inventory.noises)
    counts = {(cell.language, cell.noise): cell for cell in inventory.cells}
    found = [[counts.get((language, noise)) for noise in noises] for language in languages]
    recordings = [[None if c is None else c.recordings for c in row] for row in found]
    trace = Heatmap(
        x=labels(noises),
        y=labels(languages),
        z=[[None if n is None else float(np.log10(n)) for n in row] for row in recordings],
        text=[["" if n is None else f"{n:,}" for n in row] for row in recordings],
        customdata=[[0 if c is None else c.speakers for c in row] for row in found],
        texttemplate="%{text}",
        hovertemplate="%{y}, %{x}: %{text} recordings of %{customdata} labelled speakers"
        "<extra></extra>",
        colorscale=SCALE,
        showscale=False,
        xgap=2,
        ygap=2,
    )
    return figure(
        [trace],
        110 + _ROW * len(languages),
        xaxis=axis("noise condition", type="category"),
        yaxis=axis("language", type="category", autorange="reversed"),
    )


def recordings_per_speaker(inventory: Inventory) -> Figure:
    """How many speakers have how many recordings."""
    from plotly.graph_objects import Bar

    counts = np.array(list(inventory.recordings_per_speaker.values()))
    top = int(counts.max())
    width = max(1, -(-top // 40))
    edges = np.arange(1, top + width + 1, width)
    speakers = np.histogram(counts, edges)[0]
    last = edges[1:] - 1
    names = [str(a) if a == b else f"{a} to {b}" for a, b in zip(edges, last, strict=False)]
    trace = Bar(
        x=(edges[:-1] + last) / 2,
        y=speakers,
        text=names,
        textposition="none",
        width=width * 0.9,
        marker={"color": BLUE},
        hovertemplate="%{text} recordings: %{y} speakers<extra></extra>",
    )
    return figure([trace], 300, xaxis=axis("recordings of a speaker"), yaxis=axis("speakers"))


def people(inventory: Inventory) -> Figure:
    """Recordings by gender and by age."""
    from plotly.graph_objects import Bar

    genders = {{"f": "female", "m": "male"}.get(k, k): n for k, n in inventory.genders.items()}
    ages = {f"aged {decade}": count for decade, count in inventory.ages.items()}
    counts = genders | ages
    trace = Bar(
        y=labels(list(counts)),
        x=list(counts.values()),
        orientation="h",
        marker={"color": [BLUE] * len(genders) + [GREEN] * len(ages)},
        text=[f"{n:,}" for n in counts.values()],
        textposition="auto",
        hovertemplate="%{y}: %{x} recordings<extra></extra>",
    )
    return figure(
        [trace],
        110 + _ROW * len(counts),
        xaxis=axis("recordings"),
        yaxis=axis("", type="category", autorange="reversed"),
    )


def acoustics(inventory: Inventory, column: str) -> Figure:
    """Box plots of one acoustic column, a box a noise condition."""
    return boxes({"": inventory.acoustics[column]}, ACOUSTICS[column])


def boxes(groups: Mapping[str, Mapping[str, Quartiles]], title: str) -> Figure:
    """Lying box plots from quartiles: a row a name, side by side by group."""
    traces = [
        _box(group, quartiles, colour)
        for (group, quartiles), colour in zip(groups.items(), PALETTE, strict=False)
    ]
    rows = len({name for quartiles in groups.values() for name in quartiles})
    return figure(
        traces,
        110 + 22 * rows * max(1, len(groups)) + 10 * rows,
        boxmode="group",
        showlegend=len(groups) > 1,
        xaxis=axis(title),
        yaxis=axis("", type="category", autorange="reversed"),
    )


def _box(group: str, quartiles: Mapping[str, Quartiles], colour: str) -> Figure:
    from plotly.graph_objects import Box

    values = list(quartiles.values())
    return Box(
        y=labels(list(quartiles)),
        q1=[q.q1 for q in values],
        median=[q.median for q in values],
        q3=[q.q3 for q in values],
        lowerfence=[q.low for q in values],
        upperfence=[q.high for q in values],
        name=group,
        orientation="h",
        marker={"color": colour},
        line={"width": 1.5},
    )


def sources(inventory: Inventory) -> Figure:
    """Stacked bars: where each tag came from."""
    from plotly.graph_objects import Bar

    tags = list(inventory.sources)
    traces = [
        Bar(
            y=tags,
            x=[inventory.sources[tag].get(source.value, 0) for tag in tags],
            name=_SOURCE_NAMES.get(source.value, source.value),
            orientation="h",
            marker={"color": _SOURCE_COLOURS[source.value]},
            hovertemplate="%{y}: %{x} recordings<extra>%{fullData.name}</extra>",
        )
        for source in TagSource
    ]
    return figure(
        traces,
        260,
        barmode="stack",
        xaxis=axis("recordings"),
        yaxis=axis("", type="category", autorange="reversed"),
    )


def failures(reasons: Sequence[FailureReason]) -> Figure:
    """Bars of files by reason."""
    from plotly.graph_objects import Bar

    trace = Bar(
        y=labels([reason.reason for reason in reasons]),
        x=[reason.files for reason in reasons],
        orientation="h",
        marker={"color": PINK},
        text=[f"{reason.files:,}" for reason in reasons],
        textposition="auto",
        hovertemplate="%{y}: %{x} files<extra></extra>",
    )
    return figure(
        [trace],
        110 + _ROW * len(reasons),
        xaxis=axis("files"),
        yaxis=axis("", type="category", autorange="reversed"),
    )
