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
from ..retrieval.voices import Labels, Voices
from ..store.schema import UNKNOWN_LANGUAGE, Noise
from .acoustics import f0_distance, spectral_distances
from .relative import leads, ranks, z_scores
from .rivals import standing

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

_PAIRS_A_BLOCK = 32_768
_LONGEST_SPEECH_S = 20.0
_NOISE_CODES = {Noise.COMMUNICATION: 0.0, Noise.BACKGROUND: 1.0, Noise.CLEAN: 2.0}


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the feature matrix.

    `monotone` is 1 where a larger value may only raise the reranker's score, -1 where it may only
    lower it, 0 where it may do either.
    """

    name: str
    unit: str
    range: str
    doc: str
    monotone: int = 0


def _quality(name: str, unit: str, top: str, what: str) -> tuple[Feature, ...]:
    """Four ways to look at one quality of the two sides (Thienpondt et al. 2021)."""
    return (
        Feature(f"{name}_min", unit, f"0 to {top}", f"{what}: the smaller of both sides"),
        Feature(f"{name}_max", unit, f"0 to {top}", f"{what}: the larger of both sides"),
        Feature(f"{name}_diff", unit, f"0 to {top}", f"{what}: difference of both sides"),
        Feature(f"{name}_ratio", "", "0 to 1", f"{what}: smaller over larger"),
    )


def _relative(name: str, what: str) -> Feature:
    return Feature(f"{name}_z", "sd", "-7 to 7", f"{what}, in deviations from the group's mean")


FEATURES: tuple[Feature, ...] = (
    Feature("cosine", "", "-1 to 1", "cosine of anchor and candidate", 1),
    Feature("centred", "", "-1 to 1", "cosine after the mean of each side's cell is removed", 1),
    Feature("asnorm", "sd", "-10 to 30", "centred cosine, normalised by the top cohort scores", 1),
    Feature("plda", "nats", "-200 to 200", "log-likelihood ratio of one speaker to two, by PLDA",
            1),
    Feature("cosine_rank", "", "1 to group size", "rank of the cosine in the group", -1),
    Feature("asnorm_rank", "", "1 to group size", "rank of the normalised score", -1),
    Feature("cosine_lead", "", "-2 to 2", "cosine less the best other cosine of the group", 1),
    Feature("centred_lead", "", "-2 to 2", "the same of the centred cosine", 1),
    Feature("asnorm_lead", "sd", "-30 to 30", "the same of the normalised score", 1),
    Feature("cosine_z", "sd", "-7 to 7", "cosine, in deviations from the group's mean", 1),
    Feature("centred_z", "sd", "-7 to 7", "centred cosine, likewise", 1),
    Feature("asnorm_z", "sd", "-7 to 7", "normalised score, likewise", 1),
    Feature("plda_lead", "nats", "-400 to 400", "PLDA score less the best other of the group", 1),
    Feature("plda_z", "sd", "-7 to 7", "PLDA score, in deviations from the group's mean", 1),
    Feature("rest_similarity", "", "-1 to 1", "mean centred cosine with the rest of the group"),
    Feature("reverse_rank", "", "1 to group size", "the anchor's rank among the group, seen from"
            " the candidate", -1),
    Feature("reverse_lead", "", "-2 to 2", "centred cosine less the candidate's best with the"
            " rest of the group", 1),
    Feature("reverse_z", "sd", "-10 to 30", "centred cosine in deviations above the candidate's"
            " with the rest of the group", 1),
    *_quality("speech", "s", "20", "speech, capped at 20 s"),
    *_quality("norm", "", "∞", "length of the embedding before it was normalised"),
    *_quality("cohort", "", "1", "mean of the top cohort cosines"),
    Feature("anchor_noise", "", "0 to 2", "0 communication, 1 background, 2 clean"),
    Feature("candidate_noise", "", "0 to 2", "the same of the candidate"),
    Feature("same_noise", "", "0 or 1", "both have the same noise condition"),
    Feature("same_language", "", "0 or 1", "both have the same language"),
    Feature("same_gender", "", "0 or 1", "both have the same gender"),
    Feature("f0_distance", "semitones", "0 to 30", "distance of the median pitches"),
    _relative("f0_distance", "distance of the median pitches"),
    Feature("snr_min", "dB", "-10 to 60", "signal-to-noise ratio: the smaller of both sides"),
    Feature("snr_diff", "dB", "0 to 70", "signal-to-noise ratio: difference of both sides"),
    Feature("bandwidth_min", "Hz", "0 to 8000", "bandwidth: the smaller of both sides"),
    Feature("bandwidth_ratio", "", "0 to 1", "bandwidth: smaller over larger"),
    Feature("spectrum_distance", "dB", "0 to 40", "difference of the mean spectra over shared"
            " bands"),
    _relative("spectrum_distance", "difference of the mean spectra"),
    Feature("spectrum_cosine", "", "-1 to 1", "cosine of the mean spectra over shared bands"),
    _relative("spectrum_cosine", "cosine of the mean spectra"),
    Feature("spread_distance", "dB", "0 to 20", "difference of the spectra's deviations over time"),
    _relative("spread_distance", "difference of the spectra's deviations over time"),
)  # fmt: skip

NAMES = tuple(feature.name for feature in FEATURES)


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
        numbers = [self.names.index(name) for name in names]
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


def compute(voices: Voices, centred: Centred, groups: Groups, plda: Plda | None = None) -> Features:
    """Compute all features of all candidates.

    Parameters
    ----------
    voices : the recordings that `groups` counts
    centred : the same recordings against a background
    groups : anchors and candidates
    plda : scores the centred embeddings; without one, its features are unknown
    """
    matrix = np.empty((len(groups.candidates), len(NAMES)), np.float32)
    for block in _blocks(groups):
        part = groups.take(block)
        columns: dict[str, Floats | Doubles] = {
            **_scores(voices, centred, part, plda),
            **_qualities(voices, centred, part),
            **_conditions(voices, part),
            **_acoustics(voices, part),
        }
        rows = slice(groups.offsets[block[0]], groups.offsets[block[-1] + 1])
        for number, name in enumerate(NAMES):
            matrix[rows, number] = columns[name]
    return Features(matrix)


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
        "cosine_rank": ranks(cosine, groups),
        "asnorm_rank": ranks(asnorm, groups),
        "rest_similarity": rest.similarity,
        "reverse_rank": rest.rank,
        "reverse_lead": rest.lead,
        "reverse_z": rest.deviations,
    }
    ratio = np.full(len(cosine), np.nan)
    if plda is not None:
        ratio = plda.group_scores(centred.embeddings, groups)
    systems = {"cosine": cosine, "centred": plain, "asnorm": asnorm, "plda": ratio}
    for name, score in systems.items():
        columns |= {name: score, **_standing(name, score, groups)}
    return columns


def _standing(name: str, scores: Doubles, groups: Groups) -> dict[str, Doubles]:
    return {f"{name}_lead": leads(scores, groups), f"{name}_z": z_scores(scores, groups)}


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


def _conditions(voices: Voices, groups: Groups) -> dict[str, Doubles]:
    noises = voices.noises.tolist()
    codes = np.array([_NOISE_CODES.get(noise, np.nan) for noise in noises])
    anchor, candidate = codes[groups.anchor_rows], codes[groups.candidates]
    same_noise = np.where(np.isnan(anchor + candidate), np.nan, anchor == candidate)
    return {
        "anchor_noise": anchor,
        "candidate_noise": candidate,
        "same_noise": same_noise,
        "same_language": _agreement(voices.languages, groups, UNKNOWN_LANGUAGE),
        "same_gender": _agreement(voices.genders, groups, None),
    }


def _agreement(labels: Labels, groups: Groups, unknown: str | None) -> Doubles:
    left, right = labels[groups.anchor_rows], labels[groups.candidates]
    blank = (left == unknown) | (right == unknown)
    return np.where(blank, np.nan, left == right).astype(np.float64)


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
