"""What a run learns from and is measured on: cached features, and the batches drawn from them."""

from collections.abc import Callable, Sequence

import numpy as np
from torch import nn

from . import rooms
from .batches import Source, speaker_classes
from .config import TrainConfig
from .dev import DevResult, embed, score
from .distort import Distortion, noise_bank
from .features import Features, Utterance, Version, build
from .speed import Speeds
from .waves import Sounds

AUGMENTED: Version = "augmented"
VERSIONS: tuple[Version, ...] = ("plain", *[AUGMENTED] * 4)

Measure = Callable[[nn.Module], DevResult]


def training_features(
    config: TrainConfig, training: Sequence[Utterance], sounds: Sounds
) -> Features:
    """The cached features of the training files that can be read, in each of `VERSIONS`."""
    cache = config.out / "cache" / "train"
    return build(cache, training, VERSIONS, sounds, config.network.frontend, config.seed)


def development_features(
    config: TrainConfig, development: Sequence[Utterance]
) -> tuple[Features, Sequence[Utterance]]:
    """The cached features of the development files that can be read, and whose each row is."""
    cache = config.out / "cache" / "dev"
    frontend = config.network.frontend
    features = build(cache, development, VERSIONS[:1], Sounds(), frontend, config.seed)
    return features, [development[i] for i in features.utterance]


def measure(config: TrainConfig, development: Sequence[Utterance]) -> Measure:
    """A function that scores a network on the development files."""
    features, heard = development_features(config, development)
    return lambda network: score(embed(network, features), heard)


def source(config: TrainConfig, training: Sequence[Utterance], sounds: Sounds) -> Source:
    """The batches of a run, from the features that it caches first."""
    frontend = config.network.frontend
    simulated = rooms.simulate(rooms.SIMULATED, np.random.default_rng(config.seed))
    sounds = Sounds(sounds.noises, [*sounds.responses, *simulated])
    features = training_features(config, training, sounds)
    return Source(
        features,
        speaker_classes(features, training),
        Speeds(config.recipe.speeds, frontend),
        Distortion(frontend, noise_bank(sounds.noises, frontend)),
        config.recipe.takes,
    )
