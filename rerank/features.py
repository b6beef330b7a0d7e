"""What the reranker knows of a candidate: a row of `FEATURES` for each anchor, candidate, group.

NaN means unknown. No feature depends on names or on the order of candidates.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..retrieval.groups import Groups
from ..retrieval.normalize import Centred
from ..retrieval.plda import Plda
from ..retrieval.search import group_cosines
from ..retrieval.voices import Voices
from .acoustics import f0_distance, spectral_contrast, spectral_distances
from .calibration import softmax
from .conditions import conditions
from .feature_table import FEATURES, NAMES, Feature
from .parts import part_features
from .relative import leads, ranks, z_scores
from .rivals import standing
from .user_columns import UserColumn, user_features

__all__ = ["FEATURES", "NAMES", "Feature", "Features", "Plan", "compute"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

_PAIRS_A_BLOCK = 32_768
_LONGEST_SPEECH_S = 20.0
_SHARPNESS = {"cosine": 0.1, "asnorm": 1.0, "plda": 1.0}


@dataclass(frozen=True, slots=True)
class Plan:
    """What features are computed from besides the recordings themselves.

    Parameters
    ----------
    parts : of the encoder's embeddings
    columns : the user's own
    """

    parts: tuple[int, ...] = ()
    columns: tuple[UserColumn, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The features that are computed, in order."""
        return (*NAMES, *(name for column in self.columns for name in column.names))


@dataclass(frozen=True, slots=True)
class Features:
    """The feature matrix of all candidates: float32 (total, len(names))."""

    matrix: Floats
    names: tuple[str, ...] = NAMES

    def column(self, name: str) -> Doubles:
        """Return one feature of all candidates: float64 (total,)."""
        return self.matrix[:, self.names.index(name)].astype(np.float64)

    def columns(self, names: tuple[str, ...]) -> Doubles:
        """Return some features of all candidates: float64 (total, len(names))."""
        return self.select(names).matrix.astype(np.float64)

    def select(self, names: tuple[str, ...]) -> "Features":
        """Pick some features, in this order."""
        if names == self.names:
            return self
        numbers = np.array([self.names.index(name) for name in names], np.intp)
        return Features(np.take(self.matrix, numbers, axis=1), names)

    def with_plda(self, scores: Doubles, groups: Groups) -> "Features":
        """Fill in the features of PLDA from its scores (total,); NaN without them."""
        matrix = self.matrix.copy()
        columns = {"plda": scores, **_standing("plda", scores, groups)}
        for name, values in columns.items():
            matrix[:, self.names.index(name)] = values
        return Features(matrix, self.names)

    def take(self, positions: Rows) -> "Features":
        """Pick the candidates at these positions."""
        return Features(self.matrix[positions], self.names)


def compute(
    voices: Voices,
    centred: Centred,
    groups: Groups,
    plda: Plda | None = None,
    plan: Plan | None = None,
) -> Features:
    """Compute all features of all candidates.

    Parameters
    ----------
    voices : the recordings that `groups` counts
    centred : the same recordings against a background
    groups : anchors and candidates
    plda : scores the centred embeddings; without one, its features are unknown
    plan : without one, an embedding is one whole, and there are no columns of the user
    """
    plan = plan or Plan()
    matrix = np.empty((len(groups.candidates), len(plan.names)), np.float32)
    for block in _blocks(groups):
        part = groups.take(block)
        columns: dict[str, Floats | Doubles] = {
            **_scores(voices, centred, part, plda),
            **_qualities(voices, centred, part),
            **conditions(voices, part),
            **_acoustics(voices, part),
            **part_features(voices.embeddings, centred.embeddings, part, plan.parts),
            **user_features(voices.extras, part, plan.columns),
        }
        rows = slice(groups.offsets[block[0]], groups.offsets[block[-1] + 1])
        for number, name in enumerate(plan.names):
            matrix[rows, number] = columns[name]
    return Features(matrix, plan.names)


def _blocks(groups: Groups) -> Iterator[Rows]:
    """Consecutive groups of about `_PAIRS_A_BLOCK` candidates, one group at least."""
    block_of = groups.offsets[:-1] // _PAIRS_A_BLOCK
    for block in np.unique(block_of):
        yield np.flatnonzero(block_of == block)


def _scores(
    voices: Voices, centred: Centred, groups: Groups, plda: Plda | None
) -> dict[str, Doubles]:
    cosine = group_cosines(voices.embeddings, groups)
    plain = group_cosines(centred.embeddings, groups)
    asnorm = centred.normalised(plain, groups.anchor_rows, groups.candidates)
    rest = standing(centred.embeddings, plain, groups)
    columns = {
        "rest_similarity": rest.similarity,
        "reverse_rank": rest.rank,
        "reverse_lead": rest.lead,
        "reverse_z": rest.deviations,
        "profile": rest.profile,
    }
    ratio = np.full(len(cosine), np.nan)
    if plda is not None:
        ratio = plda.group_scores(centred.embeddings, groups)
    systems = {"cosine": cosine, "centred": plain, "asnorm": asnorm, "plda": ratio}
    for name, score in systems.items():
        columns |= {name: score, **_standing(name, score, groups)}
    return columns


def _standing(name: str, scores: Doubles, groups: Groups) -> dict[str, Doubles]:
    """See one system's scores within their groups."""
    columns = {f"{name}_lead": leads(scores, groups), f"{name}_z": z_scores(scores, groups)}
    if name in _SHARPNESS:
        columns[f"{name}_rank"] = ranks(scores, groups)
        columns[f"{name}_mass"] = softmax(scores / _SHARPNESS[name], groups)
    return columns


def _qualities(voices: Voices, centred: Centred, groups: Groups) -> dict[str, Floats]:
    speech = np.minimum(voices.speech_s, np.float32(_LONGEST_SPEECH_S))
    sides = {"speech": speech, "norm": voices.norms, "cohort": centred.cohort_mean}
    columns = {}
    for name, values in sides.items():
        left, right = values[groups.anchor_rows], values[groups.candidates]
        columns[f"{name}_min"] = np.minimum(left, right)
        columns[f"{name}_max"] = np.maximum(left, right)
        columns[f"{name}_diff"] = np.abs(left - right)
        columns[f"{name}_ratio"] = _ratio(left, right)
    return columns


def _ratio(left: Floats, right: Floats) -> Floats:
    """Smaller over larger; NaN where the larger is not positive."""
    larger = np.maximum(left, right)
    return (np.minimum(left, right) / np.where(larger > 0, larger, np.nan)).astype(np.float32)


def _acoustics(voices: Voices, groups: Groups) -> dict[str, Doubles]:
    left, right = groups.anchor_rows, groups.candidates
    pitch = f0_distance(voices, left, right)
    spectrum, cosine, spread = spectral_distances(voices, left, right)
    snr, bandwidth = voices.snr_db, voices.bandwidth_hz
    columns = {
        "f0_distance": pitch,
        "spectrum_distance": spectrum,
        "spectrum_cosine": cosine,
        "spread_distance": spread,
        "spectrum_contrast": spectral_contrast(voices, groups),
    }
    relative = {
        f"{name}_z": z_scores(values.astype(np.float64), groups) for name, values in columns.items()
    }
    return {
        **columns,
        **relative,
        "snr_min": np.minimum(snr[left], snr[right]),
        "snr_diff": np.abs(snr[left] - snr[right]),
        "bandwidth_min": np.minimum(bandwidth[left], bandwidth[right]),
        "bandwidth_ratio": _ratio(bandwidth[left], bandwidth[right]),
    }
