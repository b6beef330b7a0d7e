"""A small convolutional network over frames."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .classifiers import Classes
from .features import Features, Matrix

if TYPE_CHECKING:
    import torch
    from torch import nn

CROP_FRAMES = 150
_EPOCHS = 25
_BATCH = 64
_CHANNELS = 48
_TEST_CROPS = 4
_RATE = 3e-3


def cnn(train: Features, classes: Classes, test: Features, seed: int) -> Classes:
    """Predict by two convolutions over MFCC frames, then their mean and deviation over time.

    It learns from random crops of 1.5 s (a shorter recording is repeated), each class with the same
    weight, and averages its answers to four crops spread over a recording.

    Parameters
    ----------
    train, test : with `sequences`
    """
    import torch

    frames, others = list(train.sequences or ()), list(test.sequences or ())
    mean, deviation = _scale(frames)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _network(frames[0].shape[1], int(classes.max()) + 1)
        _train(network, [(each - mean) / deviation for each in frames], classes, seed)
    return _predict(network, [(each - mean) / deviation for each in others])


def _scale(frames: list[Matrix]) -> tuple[Matrix, Matrix]:
    every = np.concatenate(frames)
    return every.mean(axis=0), every.std(axis=0) + np.float32(1e-6)


def _network(coefficients: int, classes: int) -> "nn.Module":
    import torch
    from torch import nn

    class MeanAndDeviation(nn.Module):
        def forward(self, values: torch.Tensor) -> torch.Tensor:
            return torch.cat([values.mean(dim=2), values.std(dim=2)], dim=1)

    def convolution(channels: int) -> list[nn.Module]:
        layer = nn.Conv1d(channels, _CHANNELS, kernel_size=5, padding=2)
        return [layer, nn.BatchNorm1d(_CHANNELS), nn.ReLU(), nn.MaxPool1d(2)]

    return nn.Sequential(
        *convolution(coefficients),
        *convolution(_CHANNELS),
        MeanAndDeviation(),
        nn.Dropout(0.2),
        nn.Linear(2 * _CHANNELS, classes),
    )


def _train(network: "nn.Module", frames: list[Matrix], classes: Classes, seed: int) -> None:
    import torch
    from torch.nn.functional import cross_entropy

    generator = np.random.default_rng(seed)
    steps = _EPOCHS * -(-len(frames) // _BATCH)
    optimizer = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps)
    weights, truth = _class_weights(classes), torch.from_numpy(classes)
    network.train()
    for _ in range(_EPOCHS):
        for batch in np.array_split(generator.permutation(len(frames)), steps // _EPOCHS):
            crops = np.stack([_crop(frames[i], generator.random()) for i in batch])
            loss = cross_entropy(network(_tensor(crops)), truth[batch], weight=weights)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    network.eval()


def _predict(network: "nn.Module", frames: list[Matrix]) -> Classes:
    import torch

    places = np.linspace(0, 1, _TEST_CROPS)
    found: list[npt.NDArray[np.int64]] = []
    with torch.inference_mode():
        for start in range(0, len(frames), _BATCH):
            batch = frames[start : start + _BATCH]
            crops = np.stack([_crop(each, place) for each in batch for place in places])
            chances = network(_tensor(crops)).softmax(dim=1)
            mean = chances.reshape(len(batch), _TEST_CROPS, -1).mean(dim=1)
            found.append(mean.argmax(dim=1).numpy())
    return np.concatenate(found)


def _class_weights(classes: Classes) -> "torch.Tensor":
    """Weigh classes (from 0) so that each counts the same, and a recording 1 on average."""
    import torch

    counts = np.maximum(np.bincount(classes), 1)
    return torch.from_numpy((len(classes) / (len(counts) * counts)).astype(np.float32))


def _crop(frames: Matrix, place: float) -> Matrix:
    """Cut 150 frames, `place` from 0 (the first ones) to 1; repeat them where there are fewer."""
    spare = len(frames) - CROP_FRAMES
    if spare < 0:
        return np.resize(frames, (CROP_FRAMES, frames.shape[1]))
    start = round(place * spare)
    return frames[start : start + CROP_FRAMES]


def _tensor(crops: Matrix) -> "torch.Tensor":
    import torch

    return torch.from_numpy(np.ascontiguousarray(crops.transpose(0, 2, 1)))
