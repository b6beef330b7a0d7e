"""Figures of scores: histograms, DET, top-1, reliability, importance."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from ...store.schema import Noise
from .det import HIGHEST, LOWEST, deviates
from .drawing import (
    BLUE,
    GREY,
    ORANGE,
    SCALE,
    SYSTEM_COLOURS,
    SYSTEM_NAMES,
    Figure,
    axis,
    figure,
    labels,
)
from .figures_store import boxes
from .importance import FeatureImportance
from .matching import Matching, Rate, Reliability, SystemPairs
from .pairs import PairScores

SHOWN_LANGUAGES = 30
SHOWN_FEATURES = 25
_TICKS = (0.0001, 0.001, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6)


def histogram(scores: PairScores) -> Figure:
    """Cosines of both kinds of pairs, each as a share of its kind, and the EER threshold."""
    from plotly.graph_objects import Bar

    edges = scores.histogram.edges
    centres = [(a + b) / 2 for a, b in pairwise(edges)]
    kinds = (
        ("one speaker", scores.histogram.targets, scores.same, BLUE),
        ("two speakers", scores.histogram.nontargets, scores.different, ORANGE),
    )
    traces = [
        Bar(
            x=centres,
            y=[count / total for count in counts],
            name=name,
            marker={"color": colour, "opacity": 0.65},
            hovertemplate="cosine %{x:.2f}: %{y:.1%}<extra>" + name + "</extra>",
        )
        for name, counts, total, colour in kinds
    ]
    drawn = figure(
        traces,
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


def top1_by_noise(matching: Matching, system: str) -> Figure:
    """Heat map of one system's top-1: the anchor's noise condition against the match's."""
    from plotly.graph_objects import Heatmap

    cells = matching.by_noise[system]
    seen = {side for cell in cells for side in cell.split("->")}
    noises = [noise.value for noise in Noise if noise.value in seen]
    found = [[cells.get(f"{anchor}->{match}") for match in noises] for anchor in noises]
    trace = Heatmap(
        x=noises,
        y=noises,
        z=[[None if rate is None else rate.top1 for rate in row] for row in found],
        text=[["" if rate is None else _cell(rate) for rate in row] for row in found],
        customdata=[["" if rate is None else interval(rate) for rate in row] for row in found],
        texttemplate="%{text}",
        hovertemplate="anchor %{y}, match %{x}: %{text} trials %{customdata}<extra></extra>",
        colorscale=SCALE,
        zmin=0,
        zmax=1,
        colorbar={"tickformat": ".0%", "thickness": 12, "outlinewidth": 0},
        xgap=2,
        ygap=2,
    )
    return figure(
        [trace],
        120 + 62 * len(noises),
        xaxis=axis("match", type="category"),
        yaxis=axis("anchor", type="category", autorange="reversed"),
    )


def _cell(rate: Rate) -> str:
    return f"{rate.top1:.0%}<br>of {rate.trials}"


def interval(rate: Rate) -> str:
    """Write an interval; say where there is none."""
    if rate.top1_ci is None:
        return "(too few speakers for an interval)"
    return f"({rate.top1_ci[0]:.1%} to {rate.top1_ci[1]:.1%})"


def languages_shown(matching: Matching) -> list[str]:
    """Name the languages with the most trials, the one found best by the best system first."""
    rates = list(matching.by_language.values())[-1]
    most = sorted(rates, key=lambda name: (-rates[name].trials, name))[:SHOWN_LANGUAGES]
    return sorted(most, key=lambda name: (-rates[name].top1, name))


def top1_by_language(matching: Matching) -> Figure:
    """Points with intervals: a row a language, a colour a system."""
    shown = languages_shown(matching)
    traces = [_points(name, rates, shown) for name, rates in matching.by_language.items()]
    return figure(
        traces,
        120 + 30 * len(shown),
        scattermode="group",
        xaxis=axis("top-1", tickformat=".0%", range=[_lowest(matching, shown), 1.02]),
        yaxis=axis("language of the anchor", type="category", autorange="reversed", dtick=1),
    )


def _lowest(matching: Matching, shown: Sequence[str]) -> float:
    rates = [rates[name] for rates in matching.by_language.values() for name in shown]
    lows = [rate.top1 if rate.top1_ci is None else rate.top1_ci[0] for rate in rates]
    return max(-0.02, min(lows) - 0.05)


def _points(system: str, rates: Mapping[str, Rate], shown: Sequence[str]) -> Any:
    from plotly.graph_objects import Scatter

    of = [rates[name] for name in shown]
    bounds = [rate.top1_ci or (rate.top1, rate.top1) for rate in of]
    return Scatter(
        x=[rate.top1 for rate in of],
        y=labels(shown),
        name=SYSTEM_NAMES[system],
        mode="markers",
        orientation="h",
        marker={
            "color": SYSTEM_COLOURS[system],
            "size": 8,
            "symbol": ["circle-open" if rate.top1_ci is None else "circle" for rate in of],
        },
        error_x={
            "type": "data",
            "array": [high - rate.top1 for rate, (_, high) in zip(of, bounds, strict=True)],
            "arrayminus": [rate.top1 - low for rate, (low, _) in zip(of, bounds, strict=True)],
            "thickness": 1.5,
            "width": 3,
        },
        customdata=[f"{interval(r)}, {r.trials} trials of {r.speakers} speakers" for r in of],
        hovertemplate="%{y}: %{x:.1%} %{customdata}<extra>%{fullData.name}</extra>",
    )


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
