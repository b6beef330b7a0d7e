"""Random training batches from cached features."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .distort import Crop, Distortion, cut
from .features import Features, Utterance
from .speed import Speeds

LONG_SPEAKER_FRAMES = 2_000
PLAIN_SHARE = 0.35
OWN_SPEED_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Classes:
    """What the loss tells apart: row i of the features belongs to class `labels[i]`.

    `order` sorts the rows by class, class c owns `order[offsets[c]:offsets[c + 1]]`, its `plain[c]`
    unaugmented rows first, and is drawn with probability `weights[c]`: the square root of its
    duration.
    """

    labels: npt.NDArray[np.int64]
    order: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]
    plain: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.weights)


def speaker_classes(features: Features, utterances: Sequence[Utterance]) -> Classes:
    """One class for each speaker; version 0 of the features is the unaugmented one."""
    speakers = np.array([u.speaker for u in utterances])[features.utterance]
    _, labels = np.unique(speakers, return_inverse=True)
    weights = np.sqrt(np.minimum(np.bincount(labels, features.counts), LONG_SPEAKER_FRAMES))
    return Classes(
        labels=labels,
        order=np.lexsort((features.version, labels)),
        offsets=np.concatenate([[0], np.cumsum(np.bincount(labels))]),
        plain=np.bincount(labels[features.version == 0], minlength=len(weights)),
        weights=weights / weights.sum(),
    )


@dataclass(frozen=True, slots=True)
class Source:
    """Where batches come from: the speakers' features, at several speeds, distorted anew.

    With `takes` above 1, a batch holds so many crops of each class drawn, for losses that compare
    crops with each other.
    """

    features: Features
    speakers: Classes
    speeds: Speeds
    distortion: Distortion
    takes: int = 1

    @property
    def classes(self) -> int:
        """How many classes the labels tell apart: each speaker at each speed."""
        return len(self.speakers) * len(self.speeds.speeds)

    def draw(
        self, batch: int, frames: int, rng: np.random.Generator
    ) -> tuple[Crop, npt.NDArray[np.int64]]:
        """Random crops float32 (batch, frames, mels) of random speakers, and labels (batch,).

        A crop is of an unaugmented row with probability `PLAIN_SHARE`, else of any row; it is at
        its own speed with probability `OWN_SPEED_SHARE`. A batch that `takes` does not divide is
        that much smaller.
        """
        classes = batch // self.takes
        drawn = rng.choice(len(self.speakers), classes, p=self.speakers.weights)
        speakers = np.repeat(drawn, self.takes)
        rows = self._rows(speakers, rng)
        others = rng.random(classes) >= OWN_SPEED_SHARE
        paces = rng.integers(len(self.speeds.speeds), size=classes) * others
        speeds = np.repeat(paces, self.takes)
        crops = [self._crop(row, frames, int(s), rng) for row, s in zip(rows, speeds, strict=True)]
        labels = speakers + speeds * len(self.speakers)
        return self.distortion(np.stack(crops), rng), labels

    def _rows(
        self, speakers: npt.NDArray[np.int64], rng: np.random.Generator
    ) -> npt.NDArray[np.int64]:
        known = self.speakers
        low, high, plain = (
            known.offsets[speakers],
            known.offsets[speakers + 1],
            known.plain[speakers],
        )
        unaugmented = (rng.random(len(speakers)) < PLAIN_SHARE) & (plain > 0)
        return known.order[rng.integers(low, np.where(unaugmented, low + plain, high))]

    def _crop(self, row: int, frames: int, speed: int, rng: np.random.Generator) -> Crop:
        before = self.speeds.frames_before(frames, speed)
        return self.speeds.warp(cut(self.features.frames(row), before, rng), frames, speed)
