"""The table of features: what each is, its unit and range, which way it may move the score."""

from collections.abc import Sequence
from dataclasses import dataclass

MOST_PARTS = 3
"""As many parts of an embedding have features of their own."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the feature matrix.

    `monotone` is 1 where a larger value may only raise the reranker's score, -1 where it may only
    lower it, 0 where it may do either. `source` is the publication that the idea is from.
    """

    name: str
    unit: str
    range: str
    doc: str
    monotone: int = 0
    source: str = "spkret"


_ASNORM = "Matějka et al. 2017"
_PLDA = "Ioffe 2006"
_QMF = "Thienpondt et al. 2021"
_RECIPROCAL = "Zhong et al. 2017"
_SPECTRUM = "Rose 2002"


def _sides(name: str, unit: str, top: str, what: str) -> tuple[Feature, ...]:
    """Four ways to look at one quality of the two sides."""
    forms = (
        ("min", "the smaller of both sides"),
        ("max", "the larger of both sides"),
        ("diff", "difference of both sides"),
    )
    return (
        *(
            Feature(f"{name}_{form}", unit, f"0 to {top}", f"{what}: {how}", 0, _QMF)
            for form, how in forms
        ),
        Feature(f"{name}_ratio", "", "0 to 1", f"{what}: smaller over larger", 0, _QMF),
    )


def _part(number: int) -> tuple[Feature, ...]:
    """What the part of an embedding of this number says by itself.

    It may move the score either way: where the whole cosine is the same, more of one part is less
    of another.
    """
    name = f"part{number}"
    what = f"centred cosine of the embedding's part {number} alone"
    share = f"length of part {number} of an embedding of length 1"
    return (
        Feature(name, "", "-1 to 1", what),
        Feature(f"{name}_lead", "", "-2 to 2", f"{what}, less the best other of the group"),
        Feature(f"{name}_z", "sd", "-7 to 7", f"{what}, in deviations from the group's mean"),
        Feature(f"{name}_length_min", "", "0 to 1", f"{share}: the smaller of both sides"),
        Feature(f"{name}_length_max", "", "0 to 1", f"{share}: the larger of both sides"),
    )


def _relative(name: str, what: str) -> Feature:
    return Feature(f"{name}_z", "sd", "-7 to 7", f"{what}, in deviations from the group's mean")


_SCORES = (
    Feature("cosine", "", "-1 to 1", "cosine of anchor and candidate", 1),
    Feature("centred", "", "-1 to 1", "cosine after the mean of each side's cell is removed", 1),
    Feature("asnorm", "sd", "-10 to 30", "centred cosine, normalised by the top cohort scores", 1,
            _ASNORM),
    Feature("plda", "nats", "-200 to 200", "log-likelihood ratio of one speaker to two, by PLDA",
            1, _PLDA),
    *(feature for number in range(1, MOST_PARTS + 1) for feature in _part(number)),
)  # fmt: skip

_GROUP = (
    Feature("cosine_rank", "", "1 to group size", "rank of the cosine in the group", -1),
    Feature("asnorm_rank", "", "1 to group size", "rank of the normalised score", -1),
    Feature("plda_rank", "", "1 to group size", "rank of the PLDA score", -1),
    Feature("cosine_lead", "", "-2 to 2", "cosine less the best other cosine of the group", 1),
    Feature("centred_lead", "", "-2 to 2", "the same of the centred cosine", 1),
    Feature("asnorm_lead", "sd", "-30 to 30", "the same of the normalised score", 1),
    Feature("plda_lead", "nats", "-400 to 400", "the same of the PLDA score", 1),
    Feature("cosine_z", "sd", "-7 to 7", "cosine, in deviations from the group's mean", 1),
    Feature("centred_z", "sd", "-7 to 7", "centred cosine, likewise", 1),
    Feature("asnorm_z", "sd", "-7 to 7", "normalised score, likewise", 1),
    Feature("plda_z", "sd", "-7 to 7", "PLDA score, likewise", 1),
    Feature("cosine_mass", "", "0 to 1", "share of the group's softmax of cosine / 0.1", 1),
    Feature("asnorm_mass", "", "0 to 1", "share of the group's softmax of the normalised score",
            1),
    Feature("plda_mass", "", "0 to 1", "share of the group's softmax of the PLDA score", 1),
    Feature("rest_similarity", "", "-1 to 1", "mean centred cosine with the rest of the group"),
    Feature("reverse_rank", "", "1 to group size", "the anchor's rank among the group, seen from"
            " the candidate", -1, _RECIPROCAL),
    Feature("reverse_lead", "", "-2 to 2", "centred cosine less the candidate's best with the"
            " rest of the group", 1, _RECIPROCAL),
    Feature("reverse_z", "sd", "-10 to 30", "centred cosine in deviations above the candidate's"
            " with the rest of the group", 1, _RECIPROCAL),
    Feature("profile", "", "-1 to 1", "correlation of the anchor's and the candidate's centred"
            " cosines with the rest of the group", 0, _RECIPROCAL),
)  # fmt: skip

_QUALITIES = (
    *_sides("speech", "s", "20", "speech, capped at 20 s"),
    *_sides("norm", "", "∞", "length of the embedding before it was normalised"),
    *_sides("cohort", "", "1", "mean of the top cohort cosines"),
)

_CONDITIONS = (
    Feature("anchor_noise", "", "0 to 2", "0 communication, 1 background, 2 clean"),
    Feature("candidate_noise", "", "0 to 2", "the same of the candidate"),
    Feature("same_noise", "", "0 or 1", "both have the same noise condition"),
    Feature("same_language", "", "0 or 1", "both have the same language"),
    Feature("same_gender", "", "0 to 1", "probability that both have the same gender, 0 or 1"
            " where no tagger set it"),
    Feature("age_difference", "years", "0 to 120", "difference of the ages"),
)  # fmt: skip

_ACOUSTICS = (
    Feature("f0_distance", "semitones", "0 to 30", "distance of the median pitches", 0, _SPECTRUM),
    _relative("f0_distance", "distance of the median pitches"),
    Feature("snr_min", "dB", "-10 to 60", "signal-to-noise ratio: the smaller of both sides"),
    Feature("snr_diff", "dB", "0 to 70", "signal-to-noise ratio: difference of both sides"),
    Feature("bandwidth_min", "Hz", "0 to 8000", "bandwidth: the smaller of both sides"),
    Feature("bandwidth_ratio", "", "0 to 1", "bandwidth: smaller over larger"),
    Feature("spectrum_distance", "dB", "0 to 40", "difference of the mean spectra over shared"
            " bands", 0, _SPECTRUM),
    _relative("spectrum_distance", "difference of the mean spectra"),
    Feature("spectrum_cosine", "", "-1 to 1", "cosine of the mean spectra over shared bands", 0,
            _SPECTRUM),
    _relative("spectrum_cosine", "cosine of the mean spectra"),
    Feature("spread_distance", "dB", "0 to 20", "difference of the spectra's deviations over"
            " time"),
    _relative("spread_distance", "difference of the spectra's deviations over time"),
    Feature("spectrum_contrast", "", "-1 to 1", "cosine of the mean spectra less the group's mean"
            " spectrum, over shared bands"),
    _relative("spectrum_contrast", "cosine of the mean spectra less the group's"),
)  # fmt: skip

FEATURES: Sequence[Feature] = (*_SCORES, *_GROUP, *_QUALITIES, *_CONDITIONS, *_ACOUSTICS)

NAMES: tuple[str, ...] = tuple(feature.name for feature in FEATURES)
