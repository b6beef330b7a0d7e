"""Figures of top-1: by noise condition and by language."""

from collections.abc import Mapping, Sequence
from typing import Any

from ...store.schema import Noise
from .drawing import SCALE, SYSTEM_COLOURS, SYSTEM_NAMES, Figure, axis, figure, labels
from .matching import Matching, Rate

SHOWN_LANGUAGES = 30


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
