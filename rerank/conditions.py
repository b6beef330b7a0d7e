"""Whether both sides were recorded alike and may be one person: noise, language, gender, age."""

import numpy as np
import numpy.typing as npt

from ..retrieval.groups import Groups
from ..retrieval.voices import Labels, Voices
from ..store.schema import UNKNOWN_LANGUAGE, Noise

Doubles = npt.NDArray[np.float64]

NOISE_CODES = {Noise.COMMUNICATION: 0.0, Noise.BACKGROUND: 1.0, Noise.CLEAN: 2.0}


def conditions(voices: Voices, groups: Groups) -> dict[str, Doubles]:
    """Compare the tags of every candidate and its anchor: (total,) each."""
    codes = np.array([NOISE_CODES.get(noise, np.nan) for noise in voices.noises.tolist()])
    anchor, candidate = codes[groups.anchor_rows], codes[groups.candidates]
    return {
        "anchor_noise": anchor,
        "candidate_noise": candidate,
        "same_noise": np.where(np.isnan(anchor + candidate), np.nan, anchor == candidate),
        "same_language": _agreement(voices.languages, groups, UNKNOWN_LANGUAGE),
        "same_gender": _same_gender(voices, groups),
        "age_difference": _age_difference(voices, groups),
    }


def _agreement(labels: Labels, groups: Groups, unknown: str | None) -> Doubles:
    left, right = labels[groups.anchor_rows], labels[groups.candidates]
    blank = (left == unknown) | (right == unknown)
    return np.where(blank, np.nan, left == right).astype(np.float64)


def _same_gender(voices: Voices, groups: Groups) -> Doubles:
    """Probability that both genders are one: each of two genders, a tagger's with what it is worth.

    With tags right by p and q, equal ones agree by p q + (1 - p)(1 - q), others by the rest.
    """
    p = voices.gender_certainty[groups.anchor_rows].astype(np.float64)
    q = voices.gender_certainty[groups.candidates].astype(np.float64)
    both = p * q + (1 - p) * (1 - q)
    equal = _agreement(voices.genders, groups, None)
    return equal * both + (1 - equal) * (1 - both)


def _age_difference(voices: Voices, groups: Groups) -> Doubles:
    ages = voices.ages.astype(np.float64)
    difference: Doubles = np.abs(ages[groups.anchor_rows] - ages[groups.candidates])
    return difference
