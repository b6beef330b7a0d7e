"""What the recordings of one speaker have of the probability, together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SHARED = (
    "the whole store was searched: several of the candidates may be by the anchor's speaker;"
    " probabilities are shared among them"
)
"""Warns of probabilities that take one candidate at most for the match."""


@dataclass(frozen=True, slots=True)
class SpeakerShare:
    """The probability that the match is one of a labelled speaker's recordings.

    Parameters
    ----------
    speaker : as labelled
    probability : the sum over their candidates
    ranks : of these candidates, in order
    """

    speaker: str
    probability: float
    ranks: Sequence[int]


def shares_by_speaker(
    speakers: Iterable[str | None], probabilities: Iterable[float]
) -> list[SpeakerShare]:
    """Add up the probabilities of each speaker's candidates.

    Parameters
    ----------
    speakers : of the candidates, the best first; None where unknown
    probabilities : of the candidates

    Returns
    -------
    shares : the largest first
    """
    ranks: dict[str, list[int]] = {}
    sums: dict[str, float] = {}
    for rank, (speaker, probability) in enumerate(zip(speakers, probabilities, strict=True), 1):
        if speaker is not None:
            ranks.setdefault(speaker, []).append(rank)
            sums[speaker] = sums.get(speaker, 0.0) + probability
    shares = [SpeakerShare(name, min(total, 1.0), ranks[name]) for name, total in sums.items()]
    return sorted(shares, key=lambda share: (-share.probability, share.ranks[0]))
