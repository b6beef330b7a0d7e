"""The contract every tagger keeps: what it gets, what it gives, and which tags it may set."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ...store.schema import UNKNOWN_LANGUAGE, Acoustics, Noise, Tag, TagSource, Vector

TagName = Literal["noise", "gender", "language"]
TAG_NAMES: tuple[TagName, ...] = ("noise", "gender", "language")
MISSING = frozenset({None, "", UNKNOWN_LANGUAGE, Noise.UNKNOWN})
"""Values of a tag that say nothing."""

Probabilities = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of `n` recordings, or of `n` windows of one.

    Attributes
    ----------
    acoustics : n measurements, as stored
    embeddings : (n, dimension) float32, of unit length
    windows : gives the sound of one row as `audio.windows` does: waveforms float32 (samples,), mono
        at 16 kHz, several for a long file; reads the file if it must, so a tagger that can do
        without does not call it. Raises AudioError where there is no sound
    """

    acoustics: Sequence[Acoustics]
    embeddings: Vector
    windows: Callable[[int], Iterator[Vector]]

    def __len__(self) -> int:
        return len(self.acoustics)


class Tagger(ABC):
    """A classifier for one tag."""

    tag: TagName
    classes: Sequence[str]
    """The values it knows, as the store holds them; the order of the probabilities."""

    @abstractmethod
    def probabilities(self, evidence: Evidence) -> Probabilities:
        """Return how likely each class is, float32 (n, classes).

        A row sums to one, or is NaN where nothing can be said: that recording gets no tag. It does
        not depend on the other rows.
        """


def best(tagger: Tagger, evidence: Evidence) -> list[Tag | None]:
    """Return the likeliest value of each row as a tag, None where nothing can be said."""
    if not len(evidence):
        return []
    probabilities = tagger.probabilities(evidence)
    return [winner(tagger.classes, row) for row in probabilities]


def may_set(tag: Tag) -> bool:
    """Tell whether a tagger may replace a tag: one that is missing, or that a tagger set."""
    missing = tag.source == TagSource.NONE and tag.value in MISSING
    return missing or tag.source == TagSource.TAGGER


def winner(classes: Sequence[str], probabilities: Probabilities) -> Tag | None:
    """Return the likeliest of `classes` as a tag, None where nothing can be said."""
    if not np.isfinite(probabilities).all():
        return None
    first = int(probabilities.argmax())
    return Tag(classes[first], TagSource.TAGGER, float(probabilities[first]))
