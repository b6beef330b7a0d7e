"""What features say in words: a family of them makes one phrase, with units.

A phrase is made of what is known; a family of which nothing is known says nothing.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .features import FEATURES, NAMES

Known = Mapping[str, float]
"""Values of the features that are known, by name."""
Group = int | str
"""How many candidates there are, or what they are in words, to be nearest of."""

_PARTS = tuple(name for name in NAMES if re.fullmatch(r"part\d+", name))
_SYSTEMS = ("cosine", "centred", "asnorm", "plda", *_PARTS)
_NOISES = ("communication", "background", "clean")
_LONGEST_SPEECH_S = 20.0
_SHORT_SPEECH_S = 2.0
_TIE = 5e-7
_CERTAIN = 0.995
_DOCS = {feature.name: (feature.doc, feature.unit) for feature in FEATURES}


@dataclass(frozen=True, slots=True)
class Family:
    """Features that look at one thing.

    Parameters
    ----------
    names : of the features
    phrase : makes words of what is known, given the group; None if it says nothing
    """

    names: tuple[str, ...]
    phrase: Callable[[Known, Group], str | None]


def other_family(name: str) -> Family:
    """Make the family of a feature that is in none of `FAMILIES`: its meaning and its value."""
    meaning, unit = _DOCS.get(name, (name, ""))

    def phrase(known: Known, _group: Group) -> str | None:
        return f"{meaning}: {known[name]:.3g} {unit}".rstrip() if name in known else None

    return Family((name,), phrase)


def _similarity(known: Known, _group: Group) -> str | None:
    if "cosine" not in known:
        return None
    words = f"cosine {known['cosine']:.2f}"
    if "asnorm" not in known:
        return words
    side = "above" if known["asnorm"] >= 0 else "below"
    return f"{words}, {abs(known['asnorm']):.1f} deviations {side} the cohort"


def _place(known: Known, group: Group) -> str | None:
    rank, lead = known.get("cosine_rank"), known.get("cosine_lead")
    if rank is None or lead is None:
        return None
    if abs(lead) < _TIE:
        return f"nearest of {group}, level with another"
    if lead > 0:
        return f"nearest of {group}, {lead:.2f} ahead of the next"
    return f"{_ordinal(int(rank))} nearest of {group}, {-lead:.2f} behind the first"


def _rivals(known: Known, _group: Group) -> str | None:
    if "reverse_lead" not in known:
        return None
    lead, rank = known["reverse_lead"], known.get("reverse_rank")
    if lead >= 0:
        return f"nearer to the anchor than to any other of the group, by {lead:.2f}"
    if rank is None or rank < 2:
        return f"nearer to another of the group than to the anchor, by {-lead:.2f}"
    return f"nearer to {int(rank) - 1} of the group than to the anchor"


def _speech(known: Known, _group: Group) -> str | None:
    if not {"speech_min", "speech_max"} <= set(known):
        return None
    least, most = known["speech_min"], known["speech_max"]
    if most < _SHORT_SPEECH_S:
        return f"both under {_SHORT_SPEECH_S:.0f} s of speech"
    if least >= _LONGEST_SPEECH_S:
        return f"both over {_LONGEST_SPEECH_S:.0f} s of speech"
    longer = f"over {most:.0f}" if most >= _LONGEST_SPEECH_S else f"{most:.1f}"
    return f"{least:.1f} s and {longer} s of speech"


def _both(name: str, words: str) -> Callable[[Known, Group], str | None]:
    """Say the values of both sides."""

    def phrase(known: Known, _group: Group) -> str | None:
        if not {f"{name}_min", f"{name}_max"} <= set(known):
            return None
        return f"{words} {known[f'{name}_min']:.2f} and {known[f'{name}_max']:.2f}"

    return phrase


def _noise(known: Known, _group: Group) -> str | None:
    if "same_noise" not in known:
        return None
    sides = [known.get(name) for name in ("anchor_noise", "candidate_noise")]
    named = [_NOISES[int(side)] for side in sides if side is not None]
    if known["same_noise"] > 0:
        return " ".join(["same noise condition", *(f"({name})" for name in named[:1])])
    return " ".join(["other noise condition", *([f"({', '.join(named)})"] if named else [])])


def _agreement(name: str, what: str) -> Callable[[Known, Group], str | None]:
    """Say whether both sides are alike, and how likely that is where it is not certain."""

    def phrase(known: Known, _group: Group) -> str | None:
        if name not in known:
            return None
        likely = max(known[name], 1 - known[name])
        words = f"{'same' if known[name] > 0.5 else 'other'} {what}"
        return words if likely > _CERTAIN else f"{words} ({likely:.0%} likely)"

    return phrase


def _age(known: Known, _group: Group) -> str | None:
    return _one(known, "age_difference", "ages {:.0f} years apart")


def _pitch(known: Known, _group: Group) -> str | None:
    return _one(known, "f0_distance", "pitch {:.1f} semitones apart")


def _snr(known: Known, _group: Group) -> str | None:
    if not {"snr_min", "snr_diff"} <= set(known):
        return None
    least, most = known["snr_min"], known["snr_min"] + known["snr_diff"]
    return f"speech {least:.0f} and {most:.0f} dB above the noise"


def _bandwidth(known: Known, _group: Group) -> str | None:
    least, ratio = known.get("bandwidth_min"), known.get("bandwidth_ratio", 0.0)
    if least is None or ratio <= 0:
        return None
    return f"bandwidth {least / 1000:.1f} and {least / ratio / 1000:.1f} kHz"


def _spectra(known: Known, _group: Group) -> str | None:
    return _one(known, "spectrum_distance", "mean spectra {:.1f} dB apart")


def _variation(known: Known, _group: Group) -> str | None:
    return _one(known, "spread_distance", "variation of the spectra {:.1f} dB apart")


def _one(known: Known, name: str, words: str) -> str | None:
    return words.format(known[name]) if name in known else None


def _ordinal(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def _about(quality: str) -> tuple[str, ...]:
    """Name the features of a quality of the two sides."""
    return tuple(
        name for name in NAMES if name.startswith(f"{quality}_") or name.endswith(f"_{quality}")
    )


FAMILIES: tuple[Family, ...] = (
    Family(_SYSTEMS, _similarity),
    Family(
        tuple(f"{system}_{kind}" for system in _SYSTEMS for kind in ("rank", "lead", "z", "mass")),
        _place,
    ),
    Family(("rest_similarity", "reverse_rank", "reverse_lead", "reverse_z", "profile"), _rivals),
    Family(_about("speech"), _speech),
    Family(
        (*_about("norm"), *(name for part in _PARTS for name in _about(f"{part}_length"))),
        _both("norm", "embedding lengths"),
    ),
    Family(_about("cohort"), _both("cohort", "other speakers reach cosines of")),
    Family(("anchor_noise", "candidate_noise", "same_noise"), _noise),
    Family(("same_language",), _agreement("same_language", "language")),
    Family(("same_gender",), _agreement("same_gender", "gender")),
    Family(("age_difference",), _age),
    Family(("f0_distance", "f0_distance_z"), _pitch),
    Family(("snr_min", "snr_diff"), _snr),
    Family(("bandwidth_min", "bandwidth_ratio"), _bandwidth),
    Family(
        tuple(name for name in NAMES if name.startswith("spectrum_")),
        _spectra,
    ),
    Family(("spread_distance", "spread_distance_z"), _variation),
)
