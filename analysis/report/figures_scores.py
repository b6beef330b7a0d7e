"""Figures of scores: histograms, DET, reliability, importance."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from .det import HIGHEST, LOWEST, deviates
from .drawing import (
    BLUE,
    GREY,
    ORANGE,
    SYSTEM_COLOURS,
    SYSTEM_NAMES,
    Figure,
    axis,
    figure,
    labels,
)
from .figures_store import boxes
from .importance import FeatureImportance
from .matching import Reliability, SystemPairs
from .pairs import PairScores

SHOWN_FEATURES = 25
_TICKS = (0.0001, 0.001, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6)


def histogram(scores: PairScores) -> Figure:
    """Cosines of both kinds of pairs, each as a share of its kind, and the EER threshold."""
    drawn = figure(
        _humps(scores),
        360,
        barmode="overlay",
        bargap=0,
        xaxis=axis("cosine"),
        yaxis=axis("share of the pairs of a kind", tickformat=".0%"),
    )
    drawn.add_vline(
        x=scores.threshold,
        line={"dash": "dash", "color": GREY, "width": 2},
        annotation={"text": f"EER at {scores.threshold:.2f}", "showarrow": False, "y": 1.0},
    )
    return drawn


def _humps(scores: PairScores) -> list[Any]:
    from plotly.graph_objects import Bar

    centres = [(a + b) / 2 for a, b in pairwise(scores.histogram.edges)]
    kinds = (
        ("one speaker", scores.histogram.targets, scores.same, BLUE),
        ("two speakers", scores.histogram.nontargets, scores.different, ORANGE),
    )
    return [
        Bar(
            x=centres,
            y=[count / total for count in counts],
            name=name,
            marker={"color": colour, "opacity": 0.65},
            hovertemplate="cosine %{x:.2f}: %{y:.1%}<extra>" + name + "</extra>",
        )
        for name, counts, total, colour in kinds
    ]


def by_noise(scores: PairScores) -> Figure:
    """Boxes of the cosines of both kinds, a row a pair of noise conditions."""
    kinds = {
        "one speaker": {n: pair.same for n, pair in scores.by_noise.items() if pair.same},
        "two speakers": {n: p.different for n, p in scores.by_noise.items() if p.different},
    }
    return boxes(kinds, "cosine")


def det(systems: Mapping[str, SystemPairs]) -> Figure:
    """DET curves on probit axes, the point of equal errors marked on each."""
    from plotly.graph_objects import Scatter

    low, high = deviates([LOWEST, HIGHEST]).tolist()
    diagonal = Scatter(
        x=[low, high],
        y=[low, high],
        mode="lines",
        line={"color": GREY, "dash": "dot", "width": 1},
        hoverinfo="skip",
        showlegend=False,
    )
    traces = [t for name, system in systems.items() for t in _curve(name, system)]
    ticks = {
        "tickvals": deviates(list(_TICKS)).tolist(),
        "ticktext": [f"{100 * tick:g} %" for tick in _TICKS],
        "range": [low, high],
        "zeroline": False,
    }
    return figure(
        [diagonal, *traces],
        520,
        xaxis=axis("false alarms", **ticks),
        yaxis=axis("misses", **ticks),
    )


def _curve(name: str, system: SystemPairs) -> list[Any]:
    from plotly.graph_objects import Scatter

    rates = zip(system.det.false_alarm, system.det.miss, strict=True)
    (at,) = deviates([system.eer]).tolist()
    shared = {"legendgroup": name, "name": SYSTEM_NAMES[name]}
    curve = Scatter(
        x=deviates(system.det.false_alarm).tolist(),
        y=deviates(system.det.miss).tolist(),
        mode="lines",
        line={"color": SYSTEM_COLOURS[name], "width": 2},
        customdata=list(rates),
        hovertemplate="false alarms %{customdata[0]:.2%}, misses %{customdata[1]:.2%}"
        f"<extra>{SYSTEM_NAMES[name]}</extra>",
        **shared,
    )
    point = Scatter(
        x=[at],
        y=[at],
        mode="markers",
        marker={"color": SYSTEM_COLOURS[name], "size": 9, "symbol": "circle-open"},
        hovertemplate=f"EER {system.eer:.2%}<extra>{SYSTEM_NAMES[name]}</extra>",
        showlegend=False,
        **shared,
    )
    return [curve, point]


def reliability(found: Reliability) -> Figure:
    """Share of right answers against the probability given, and the line where they agree."""
    from plotly.graph_objects import Scatter

    perfect = Scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": GREY, "dash": "dot"},
        name="as said",
        hoverinfo="skip",
    )
    bins = Scatter(
        x=[part.probability for part in found.bins],
        y=[part.outcome for part in found.bins],
        mode="lines+markers",
        name="as found",
        marker={"color": SYSTEM_COLOURS["reranker"], "size": 9},
        line={"color": SYSTEM_COLOURS["reranker"]},
        customdata=[part.count for part in found.bins],
        hovertemplate="said %{x:.1%}, found %{y:.1%} of %{customdata} trials<extra></extra>",
    )
    return figure(
        [perfect, bins],
        420,
        xaxis=axis("probability of the best candidate", tickformat=".0%", range=[0, 1.03]),
        yaxis=axis("share that is the match", tickformat=".0%", range=[0, 1.03]),
    )


def importance(features: Sequence[FeatureImportance]) -> Figure:
    """Bars of how far the leading features move candidates."""
    from plotly.graph_objects import Bar

    shown = features[:SHOWN_FEATURES]
    trace = Bar(
        y=labels([feature.name for feature in shown]),
        x=[feature.contribution for feature in shown],
        orientation="h",
        marker={"color": SYSTEM_COLOURS["reranker"]},
        customdata=[
            [m, f.gain] for m, f in zip(labels([f.meaning for f in shown]), shown, strict=True)
        ],
        hovertemplate="%{customdata[0]}<br>moves by %{x:.2f} log odds, gain %{customdata[1]:.1%}"
        "<extra>%{y}</extra>",
    )
    return figure(
        [trace],
        110 + 22 * len(shown),
        xaxis=axis("mean move of a candidate, in log odds"),
        yaxis=axis("", type="category", autorange="reversed", dtick=1),
    )
