"""Why a candidate stands where it does: contributions, values, and words made of both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .features import Features
from .phrases import FAMILIES, Group, Known, other_family
from .ranker import Reranker
from .scoring import Scored

Doubles = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

MOST_FOR, MOST_AGAINST = 6, 3
_LEAST_SHARE = 0.02


@dataclass(frozen=True, slots=True)
class Explanation:
    """One score explained.

    Parameters
    ----------
    contributions : what each feature added to the score, the strongest first
    features : the value of every feature, None where unknown
    words : what speaks for one speaker, then what speaks against
    """

    contributions: Mapping[str, float]
    features: Mapping[str, float | None]
    words: str


def explanations(
    scored: Scored, positions: Rows, reranker: Reranker | None, where: str | None = None
) -> list[Explanation]:
    """Explain the scores of the candidates at these positions.

    A stand-in for the reranker is one feature, which is all that contributes to its score.

    Parameters
    ----------
    where : what the candidates are the nearest of, where they are no group that was given
    """
    features = scored.features.take(positions)
    names, parts = _contributions(scored.system, features, reranker)
    sizes = scored.groups.spread(scored.groups.sizes)[positions].tolist()
    return [
        _explanation(
            dict(zip(features.names, row, strict=True)),
            dict(zip(names, added, strict=True)),
            size if where is None else f"the {size} nearest {where}",
        )
        for row, added, size in zip(features.matrix.tolist(), parts.tolist(), sizes, strict=True)
    ]


def in_words(known: Known, contributions: Mapping[str, float], group: Group) -> str:
    """Say what the strongest contributions come from: likeness, place, conditions, sound.

    The contributions of a family of features are added up: their sign tells for from against.
    Families that hold under 2 % of all contributions are left out.

    Parameters
    ----------
    known : values of the features that are known
    contributions : of each feature to the score
    group : how many candidates there are, or what they are in words
    """
    weights = _weighed(known, contributions, group)
    least = max(_LEAST_SHARE * sum(abs(weight) for weight in weights.values()), 1e-9)
    speaks_for = {phrase: weight for phrase, weight in weights.items() if weight >= least}
    against = {phrase: -weight for phrase, weight in weights.items() if -weight >= least}
    parts = (("for", speaks_for, MOST_FOR), ("against", against, MOST_AGAINST))
    return "; ".join(
        f"{label}: {'; '.join(_strongest(phrases, most))}"
        for label, phrases, most in parts
        if phrases
    )


def _strongest(phrases: Mapping[str, float], most: int) -> list[str]:
    """Choose the phrases of most weight, in the order that they are in."""
    chosen = set(sorted(phrases, key=lambda phrase: -phrases[phrase])[:most])
    return [phrase for phrase in phrases if phrase in chosen]


def _weighed(known: Known, contributions: Mapping[str, float], group: Group) -> dict[str, float]:
    """Give the phrase of each family that says something its weight, in the order of families."""
    named = {name for family in FAMILIES for name in family.names}
    others = [other_family(name) for name in sorted(contributions) if name not in named]
    weights = {}
    for family in (*FAMILIES, *others):
        phrase = family.phrase(known, group)
        if phrase is not None:
            weights[phrase] = sum(contributions.get(name, 0.0) for name in family.names)
    return weights


def _contributions(
    system: str, features: Features, reranker: Reranker | None
) -> tuple[Sequence[str], Doubles]:
    """Names of features, and what each adds to each score: (n, len(names))."""
    if reranker is None:
        return (system,), features.columns((system,))
    if system == "qmf":
        return reranker.qmf.names, reranker.qmf.contributions(features)
    return reranker.names, reranker.contributions(features)


def _explanation(
    values: Mapping[str, float], contributions: Mapping[str, float], group: Group
) -> Explanation:
    known = {name: value for name, value in values.items() if not np.isnan(value)}
    strongest = sorted(contributions.items(), key=lambda item: -abs(item[1]))
    return Explanation(
        contributions=dict(strongest),
        features={name: known.get(name) for name in values},
        words=in_words(known, contributions, group),
    )
