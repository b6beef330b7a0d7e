"""The plots of a probe, by matplotlib, without a display."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...indexer.optional import required
from .classifiers import NAIVE
from .features import Features
from .figures import Doubles
from .report import ProbeReport
from .run import Probed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DPI = 130
_FIGURES = {"accuracy": "accuracy", "balanced_accuracy": "balanced accuracy", "f1": "macro F1"}
_SHOWN_FEATURES = 6
_SHOWN_CLASSES = 7
_OVERLAID_CLASSES = 4
_WRITTEN_CLASSES = 12


def require_matplotlib() -> None:
    """Refuse to draw where matplotlib is not installed.

    Raises
    ------
    OptionalDependencyError
        It is not.
    """
    required("matplotlib", "probe --out", "matplotlib", "plots")


def draw(probed: Probed, folder: Path) -> None:
    """Draw `classifiers`, `confusion`, `distributions` and `projection` as PNG into a folder."""
    figures = {
        "classifiers": _classifiers(probed.report),
        "confusion": _confusion(probed.report),
        "distributions": _distributions(probed),
        "projection": _projection(probed),
    }
    for name, figure in figures.items():
        figure.savefig(folder / f"{name}.png", dpi=_DPI)


def _figure(width: float, height: float) -> "Figure":
    from matplotlib.figure import Figure

    return Figure((width, height), layout="constrained")


def _classifiers(report: ProbeReport) -> "Figure":
    """Draw bars with intervals: a group of bars a classifier."""
    figure = _figure(7.5, 4)
    axes = figure.subplots()
    places = np.arange(len(report.classifiers))
    width = 0.8 / len(_FIGURES)
    for i, (name, title) in enumerate(_FIGURES.items()):
        found = [getattr(each.figures, name) for each in report.classifiers]
        value, low, high = np.array([(f.value, f.low, f.high) for f in found]).T
        reach = np.maximum(np.stack([value - low, high - value]), 0)
        at = places + (i - 1) * width
        axes.bar(at, value, width, yerr=reach, label=title, capsize=3, ecolor="0.25")
    naive = next(each for each in report.classifiers if each.name == NAIVE)
    axes.axhline(naive.figures.balanced_accuracy.value, color="0.25", linestyle="--", linewidth=1)
    axes.set_xticks(places, [each.name for each in report.classifiers])
    axes.set_ylim(0, 1.05)
    axes.set_title(f"{report.target} from {report.features}, 95 % intervals over speakers")
    figure.legend(loc="outside lower center", ncols=len(_FIGURES), frameon=False)
    return figure


def _confusion(report: ProbeReport) -> "Figure":
    """Draw the confusion of the best classifier, as shares of each true class."""
    names = [each.name for each in report.classes]
    counts = np.array(report.best.confusion, np.float64)
    shares = counts / counts.sum(axis=1, keepdims=True)
    size = float(np.clip(2.5 + 0.45 * len(names), 4, 12))
    figure = _figure(size + 1, size)
    axes = figure.subplots()
    image = axes.imshow(shares, vmin=0, vmax=1, cmap="Blues")
    font = 9 if len(names) <= _WRITTEN_CLASSES else 6
    shown = [_short(name) for name in names]
    axes.set_xticks(range(len(names)), shown, rotation=90 if len(names) > 4 else 0, fontsize=font)
    axes.set_yticks(range(len(names)), shown, fontsize=font)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.set_title(f"{report.target}: {report.best.name}")
    if len(names) <= _WRITTEN_CLASSES:
        _write_cells(axes, shares)
    figure.colorbar(image, shrink=0.8, label="share of the true class")
    return figure


def _write_cells(axes: "Axes", shares: Doubles) -> None:
    for (row, column), share in np.ndenumerate(shares):
        colour = "white" if share > 0.5 else "black"
        axes.text(column, row, f"{share:.2f}", ha="center", va="center", color=colour, fontsize=8)


def _distributions(probed: Probed) -> "Figure":
    """Draw the features that tell most, a line a class: the share of its recordings in each bin."""
    report = probed.report
    top = report.inspection.features[:_SHOWN_FEATURES]
    figure = _figure(10, 6)
    grid = figure.subplots(2, _SHOWN_FEATURES // 2, squeeze=False).ravel()
    for axes, feature in zip(grid, top, strict=False):
        values = probed.features.values[:, probed.features.names.index(feature.name)]
        _histograms(axes, values.astype(np.float64), probed)
        axes.set_title(f"{feature.name} (ANOVA F {feature.anova_f:.1f})", fontsize=9)
    for axes in grid[len(top) :]:
        axes.axis("off")
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False)
    figure.suptitle(f"The features that differ most with the {report.target}; share of each class")
    return figure


def _histograms(axes: "Axes", values: Doubles, probed: Probed) -> None:
    known = values[np.isfinite(values)]
    low, high = np.quantile(known, [0.005, 0.995])
    bins = int(np.clip(np.sqrt(len(known)), 8, 30))
    edges = np.linspace(low, high if high > low else low + 1, bins + 1)
    for name, position in _largest(probed.report, _OVERLAID_CLASSES):
        mine = values[(probed.classes == position) & np.isfinite(values)]
        counts, _ = np.histogram(np.clip(mine, edges[0], edges[-1]), edges)
        axes.stairs(counts / max(len(mine), 1), edges, label=_short(name), linewidth=1.4)
    axes.tick_params(labelsize=8)


def _projection(probed: Probed) -> "Figure":
    """Draw the first two principal components, a colour a class; the classes of least are grey."""
    points, explained = principal_components(probed.features)
    figure = _figure(7.5, 6)
    axes = figure.subplots()
    shown = _largest(probed.report, _SHOWN_CLASSES)
    others = ~np.isin(probed.classes, [position for _, position in shown])
    if others.any():
        axes.scatter(
            points[others, 0], points[others, 1], 6, color="0.85", label="others", linewidths=0
        )
    for name, position in shown:
        mine = probed.classes == position
        axes.scatter(
            points[mine, 0], points[mine, 1], 12, alpha=0.7, label=_short(name), linewidths=0
        )
    axes.set_xlabel(f"first component ({explained[0]:.0%} of the variance)")
    axes.set_ylabel(f"second component ({explained[1]:.0%})")
    axes.set_title(f"{probed.report.features} by {probed.report.target}")
    figure.legend(loc="outside right upper", frameon=False, markerscale=2)
    return figure


def principal_components(features: Features) -> tuple[Doubles, Doubles]:
    """Project standardised features on their first two principal components.

    Returns
    -------
    points : float64 (n, 2)
    explained : float64 (2,), shares of the variance
    """
    from sklearn.decomposition import PCA
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    impute = SimpleImputer(strategy="median", keep_empty_features=True)
    parts = min(2, *features.values.shape)
    steps = make_pipeline(impute, StandardScaler(), PCA(parts, random_state=0))
    points = np.zeros((len(features), 2))
    explained = np.zeros(2)
    points[:, :parts] = steps.fit_transform(features.values.astype(np.float64))
    explained[:parts] = np.nan_to_num(steps[-1].explained_variance_ratio_)
    return points, explained


def _largest(report: ProbeReport, most: int) -> list[tuple[str, int]]:
    """Return the names and positions of the classes with the most recordings, in order of name."""
    sizes = [-each.recordings for each in report.classes]
    picked = np.sort(np.argsort(sizes, kind="stable")[:most])
    return [(report.classes[i].name, int(i)) for i in picked]


def _short(name: str) -> str:
    """Shorten a long name in its middle: names of one source differ at their ends."""
    return name if len(name) <= 16 else f"{name[:6]}…{name[-9:]}"
