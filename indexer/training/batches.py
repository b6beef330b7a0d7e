"""Random training batches from cached features, and augmentation in the log-mel domain."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..encoders.frontend import FrontEndConfig, LogMel
from .augment import Wave
from .features import Features, Utterance

NEPERS_PER_DECIBEL = np.log(10) / 10
LONG_SPEAKER_FRAMES = 2_000


@dataclass(frozen=True, slots=True)
class Classes:
    """What the loss tells apart: row i of the features belongs to class `labels[i]`.

    `order` sorts the rows by class, class c owns `order[offsets[c]:offsets[c + 1]]`, and is drawn
    with probability `weights[c]`: the square root of its duration.
    """

    labels: npt.NDArray[np.int64]
    order: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.weights)


def speaker_classes(features: Features, utterances: Sequence[Utterance]) -> Classes:
    """One class for each speaker."""
    speakers = np.array([u.speaker for u in utterances])[features.utterance]
    _, labels = np.unique(speakers, return_inverse=True)
    weights = np.sqrt(np.minimum(np.bincount(labels, features.counts), LONG_SPEAKER_FRAMES))
    return Classes(
        labels=labels,
        order=np.argsort(labels, kind="stable"),
        offsets=np.concatenate([[0], np.cumsum(np.bincount(labels))]),
        weights=weights / weights.sum(),
    )


def draw(
    features: Features, classes: Classes, batch: int, frames: int, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Random crops (batch, frames, mels) of random speakers, and their labels (batch,)."""
    labels = rng.choice(len(classes), batch, p=classes.weights)
    low, high = classes.offsets[labels], classes.offsets[labels + 1]
    rows = classes.order[rng.integers(low, high)]
    crops = np.stack([_crop(features.frames(row), frames, rng) for row in rows])
    return torch.from_numpy(crops).float(), torch.from_numpy(labels)


def noise_bank(noises: Sequence[Wave], frontend: FrontEndConfig) -> list[npt.NDArray[np.float32]]:
    """The log-mel features (frames, mels) of each background noise."""
    log_mel = LogMel(frontend)
    with torch.no_grad():
        return [log_mel(torch.from_numpy(noise)[None])[0].numpy() for noise in noises]


def distort(
    batch: Tensor, bank: Sequence[npt.NDArray[np.float32]], rng: np.random.Generator
) -> Tensor:
    """Add noise to some rows, another microphone's response to some, and hide bands of others."""
    for row in np.flatnonzero(rng.random(len(batch)) < 0.35):
        batch[row] += torch.from_numpy(_response(batch.shape[2], rng))
    for row in np.flatnonzero(rng.random(len(batch)) < 0.2) if bank else ():
        noise = _crop(bank[int(rng.integers(len(bank)))], batch.shape[1], rng)
        quieter = rng.uniform(0, 20) * NEPERS_PER_DECIBEL
        batch[row] = torch.logaddexp(batch[row], torch.from_numpy(noise) - quieter)
    for row in np.flatnonzero(rng.random(len(batch)) < 0.3):
        _hide(batch[row], rng, batch.shape[2])
    return batch


def _response(mels: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """A smooth frequency response (mels,), about 5 dB up and down, in nepers of power."""
    knots = 5 * NEPERS_PER_DECIBEL * rng.standard_normal(7)
    return np.asarray(np.interp(np.linspace(0, 6, mels), np.arange(7), knots), np.float32)


def _hide(features: Tensor, rng: np.random.Generator, mels: int) -> None:
    """Make a few neighbouring bands constant (Park et al. 2019, "SpecAugment"), or all outside."""
    if rng.random() < 0.3:
        features[:, : rng.integers(0, mels // 8)] = 0.0
        features[:, rng.integers(mels * 2 // 3, mels) :] = 0.0
    else:
        width = rng.integers(1, mels // 8 + 1)
        start = rng.integers(0, mels - width)
        features[:, start : start + width] = 0.0


def _crop(
    block: npt.NDArray[np.floating], frames: int, rng: np.random.Generator
) -> npt.NDArray[np.floating]:
    """A random stretch of `frames` frames; a shorter block is repeated from a random start."""
    if len(block) >= frames:
        start = rng.integers(len(block) - frames + 1)
        return np.asarray(block[start : start + frames])
    return np.asarray(block[(rng.integers(len(block)) + np.arange(frames)) % len(block)])
