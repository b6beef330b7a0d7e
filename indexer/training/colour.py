"""Fit the colour of an encoder: discriminants of long-term spectra, and the gate before them."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from ..encoders.ecapa_tdnn import Colour, band_statistics
from .features import Features, Version

SHARE = 0.7
"""The colour's length beside a voice of length 1, where the gate is open. For `compact`, 0.7 gained
5 (`dev`) and 7 (`backend`) points of top-1 untreated, and lost 3 in random conditions."""

SHRINKAGE = 0.1
GATE_STRENGTH = 0.1

Doubles = npt.NDArray[np.float64]


def fit_colour(
    colour: Colour, features: Features, versions: Sequence[Version], labels: npt.NDArray[np.int64]
) -> None:
    """Set the colour's weights from cached features; left out (share 0) of too few speakers.

    It needs more speakers than it has discriminants, so a network that is trained further keeps
    the colour that it came with.

    The discriminants (Fisher 1936, with shrinkage) tell apart the speakers of unaugmented rows;
    the gate tells those rows from augmented ones by logistic regression.
    """
    plain = np.array([version == "plain" for version in versions])[features.version]
    counts = np.bincount(labels[plain], minlength=labels.max() + 1)
    repeated = plain & (counts[labels] > 1)
    if np.count_nonzero(counts > 1) <= colour.discriminants.out_features or plain.all():
        return
    statistics = _statistics(features)
    mean, scale = statistics.mean(axis=0), statistics.std(axis=0)
    standard = (statistics - mean) / scale
    axes, origin = _discriminants(
        standard[repeated], labels[repeated], colour.discriminants.out_features
    )
    _set(colour.discriminants, axes / scale, -axes @ (mean / scale) - axes @ origin)
    weights, bias = _gate(standard, plain)
    _set(colour.gate, weights / scale, bias - weights @ (mean / scale))
    colour.share.data.fill_(SHARE)


def _statistics(features: Features) -> Doubles:
    """Mean and deviation of each band of every row: (rows, 2 · mels)."""
    rows = (
        torch.tensor(features.frames(i)[None], dtype=torch.float32) for i in range(len(features))
    )
    return np.concatenate([band_statistics(row).numpy() for row in rows]).astype(np.float64)


def _discriminants(
    standard: Doubles, labels: npt.NDArray[np.int64], count: int
) -> tuple[Doubles, Doubles]:
    """The `count` best axes (count, 2 · mels), and the point they start from."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    model = LinearDiscriminantAnalysis(solver="eigen", shrinkage=SHRINKAGE, n_components=count)
    model.fit(standard, labels)
    return model.scalings_[:, :count].T, standard.mean(axis=0)


def _gate(standard: Doubles, plain: npt.NDArray[np.bool_]) -> tuple[Doubles, Doubles]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=GATE_STRENGTH, class_weight="balanced", max_iter=300)
    model.fit(standard, plain)
    return model.coef_, model.intercept_


def _set(layer: torch.nn.Linear, weights: Doubles, bias: Doubles) -> None:
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weights))
        layer.bias.copy_(torch.from_numpy(bias))
