"""`spkret train-encoder`: a manifest in, an encoder folder out."""

import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np

from ...errors import UsageError
from ..encoders import native
from ..encoders.ecapa_tdnn import NetworkConfig
from ..encoders.trainable.base import Trainable
from . import dev
from .card import Facts, data_sources, model_card
from .config import TrainConfig
from .corpus import Corpus, read_corpus, read_sounds
from .initial import Initial, load_initial
from .losses import LOSSES
from .material import development_features, training_features
from .recipe import SCRATCH, Recipe
from .trainer import Report, Trained, train
from .waves import Sounds

GRID_SAMPLES = 4_000
Family = Literal["ecapa-tdnn", "ecapa-cnn-tdnn", "speakernet"]
STEM_CHANNELS = 32


@dataclass(frozen=True, slots=True)
class TrainRequest:
    """What to train on, from what, into which folder; `name` is the encoder's name in stores.

    `initial` is the name or path of a network to train further; without it, `network` is trained
    from random weights. `language` is a primary subtag: only its files are used. `compile` has
    torch compile the network first: minutes at the start, then twice the speed.
    """

    manifest: Path
    out: Path
    name: str
    initial: str | None = None
    network: Trainable = field(default_factory=NetworkConfig)
    language: str | None = None
    sounds: Path | None = None
    recipe: Recipe = SCRATCH
    device: str = "cpu"
    seed: int = 1
    compile: bool = False


@dataclass(frozen=True, slots=True)
class TrainResult:
    """The folder that was written, and how the encoder does on the speakers held out.

    `kept_step` is the step whose weights were written: the last, or the best on dev.
    """

    out: Path
    steps: int
    kept_step: int
    training_speakers: int
    development_speakers: int
    development: dev.DevResult


def new_network(family: Family, channels: int | None = None) -> Trainable:
    """A network to train from random weights; `channels` are those of its blocks."""
    if family == "speakernet":
        from ..encoders.trainable.nemo import small_speakernet

        return small_speakernet(channels) if channels else small_speakernet()
    plain = NetworkConfig(stem=STEM_CHANNELS if family == "ecapa-cnn-tdnn" else 0)
    return replace(plain, channels=channels, pooled=3 * channels) if channels else plain


def train_encoder(request: TrainRequest, report: Report) -> TrainResult:
    """Train, from the last checkpoint in the folder if there is one, and write the encoder.

    Raises
    ------
    EncoderError
        The manifest names too few speakers, or `initial` is no network that can be trained.
    ManifestError
        A manifest cannot be read.
    UsageError
        The recipe contradicts itself.
    """
    _check(request)
    corpus = read_corpus(request.manifest, request.seed, request.language)
    initial = load_initial(request.initial) if request.initial else None
    work = request.out / "training"
    work.mkdir(parents=True, exist_ok=True)
    network = initial.config if initial else request.network
    config = TrainConfig(
        work, request.recipe, network, request.seed, request.device, request.compile
    )
    sounds, weights = read_sounds(request.sounds), initial.weights if initial else None
    trained = train(config, corpus.training, corpus.development, sounds, report, weights)
    result = _measured(request, corpus, config, trained)
    card = model_card(_facts(request, corpus, config, initial, result), request.recipe)
    native.save(request.out, request.name, trained.network, network, GRID_SAMPLES, card)
    shutil.rmtree(work / "cache")
    return result


def _check(request: TrainRequest) -> None:
    recipe = request.recipe
    kind = LOSSES.get(recipe.loss)
    if recipe.keep and request.initial is None:
        raise UsageError("expected a network to keep a share of; name it: --init compact")
    if recipe.batch < 2 * recipe.takes:
        raise UsageError(
            f"expected crops of two speakers in a batch, got {recipe.batch} crops of which"
            f" {recipe.takes} are of one; use a larger --batch"
        )
    if kind and kind.pairs and recipe.takes < 2:
        raise UsageError(
            f"expected several crops of a speaker in a batch for the loss {recipe.loss!r},"
            " got 1; use --crops-per-speaker 4"
        )


def _measured(
    request: TrainRequest, corpus: Corpus, config: TrainConfig, trained: Trained
) -> TrainResult:
    features, heard = development_features(config, corpus.development)
    return TrainResult(
        out=request.out,
        steps=trained.steps,
        kept_step=trained.kept_step,
        training_speakers=len({u.speaker for u in corpus.training}),
        development_speakers=len({u.speaker for u in corpus.development}),
        development=dev.score(dev.embed(trained.network, features), heard),
    )


def _facts(
    request: TrainRequest,
    corpus: Corpus,
    config: TrainConfig,
    initial: Initial | None,
    result: TrainResult,
) -> Facts:
    """What the model card tells; the features are cached, so reading them takes no time."""
    features = training_features(config, corpus.training, Sounds())
    return Facts(
        name=request.name,
        manifest=request.manifest.name,
        language=request.language,
        initial=initial.name if initial else None,
        network=config.network,
        versions=len(np.unique(features.version)),
        seed=request.seed,
        steps=result.steps,
        kept_step=result.kept_step,
        sources=data_sources(features, corpus.training, config.network.frontend.hop),
        training_speakers=result.training_speakers,
        development_speakers=result.development_speakers,
        development=result.development,
    )
