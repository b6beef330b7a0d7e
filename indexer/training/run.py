"""`spkret train-encoder`: a manifest in, an encoder folder out."""

import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import EncoderError
from ..encoders import native
from ..encoders.ecapa_tdnn import Network, NetworkConfig
from . import dev
from .corpus import Corpus, read_corpus, read_sounds
from .features import build
from .schedule import Schedule
from .trainer import VERSIONS, Progress, TrainConfig, train
from .waves import Sounds

if TYPE_CHECKING:
    import torch

GRID_SAMPLES = 4_000


@dataclass(frozen=True, slots=True)
class TrainRequest:
    """What to train on, from what, into which folder; `name` is the encoder's name in stores.

    `compile` has torch compile the network first: minutes at the start, then twice the speed.
    """

    manifest: Path
    out: Path
    name: str
    initial: Path | None = None
    sounds: Path | None = None
    schedule: Schedule = field(default_factory=Schedule)
    device: str = "cpu"
    seed: int = 1
    compile: bool = False


@dataclass(frozen=True, slots=True)
class TrainResult:
    """The folder that was written, and how the encoder does on the speakers held out."""

    out: Path
    steps: int
    training_speakers: int
    development_speakers: int
    development: dev.DevResult


def train_encoder(request: TrainRequest, report: Callable[[Progress], None]) -> TrainResult:
    """Train, from the last checkpoint in the folder if there is one, and write the encoder.

    Raises
    ------
    EncoderError
        The manifest names too few speakers, or `initial` is no encoder of this family.
    ManifestError
        A manifest cannot be read.
    """
    corpus = read_corpus(request.manifest, request.seed)
    sizes, initial = _initial(request.initial)
    work = request.out / "training"
    work.mkdir(parents=True, exist_ok=True)
    config = TrainConfig(
        work, request.schedule, sizes, request.seed, request.device, request.compile
    )
    sounds = read_sounds(request.sounds)
    network = train(config, corpus.training, corpus.development, sounds, report, initial)
    result = _measure(request, corpus, config, network)
    native.save(
        request.out, request.name, network, sizes, GRID_SAMPLES, model_card(request, result)
    )
    shutil.rmtree(work / "cache")
    return result


def _initial(folder: Path | None) -> tuple[NetworkConfig, dict[str, "torch.Tensor"] | None]:
    if folder is None:
        return NetworkConfig(), None
    if not (folder / native.CONFIG).exists():
        raise EncoderError(
            f"expected the folder of an encoder that spkret trained to start from, got {folder}"
        )
    sizes = native.network_config(native.read_config(folder))
    return sizes, native.load_network(folder).network.state_dict()


def _measure(
    request: TrainRequest, corpus: Corpus, config: TrainConfig, network: Network
) -> TrainResult:
    cache = config.out / "cache" / "dev"
    features = build(
        cache, corpus.development, VERSIONS[:1], Sounds(), config.network.frontend, config.seed
    )
    heard = [corpus.development[i] for i in features.utterance]
    return TrainResult(
        out=request.out,
        steps=request.schedule.steps,
        training_speakers=len({u.speaker for u in corpus.training}),
        development_speakers=len({u.speaker for u in corpus.development}),
        development=dev.score(dev.embed(network, features), heard),
    )


def model_card(request: TrainRequest, result: TrainResult) -> str:
    """The model card: what the encoder is, what it learned from, the recipe, the dev figures."""
    import torch

    schedule, measured = request.schedule, result.development
    return f"""# {request.name}

An ECAPA-TDNN speaker encoder of 16 kHz speech, trained by `spkret train-encoder`.

- **Data**: `{request.manifest.name}`, {result.training_speakers} training speakers; state here
  the sources and their licences before you share the model.
- **Recipe**: AAM-softmax, margin {schedule.margin} then {schedule.final_margin}; {schedule.steps}
  steps of {schedule.batch} crops of {schedule.frames} then {schedule.final_frames} frames of 15 ms;
  AdamW at {schedule.rate}, constant then linear to zero over the last {schedule.decay:.0%};
  every utterance as it is and twice in a random room, noise and channel; noise, microphone
  responses and hidden bands on the log-mel crops; seed {request.seed}.
- **Measured** on {result.development_speakers} held-out speakers, untreated, mean of
  {measured.cells} cells of one source and language: EER {measured.eer:.1%}, top-1 in groups of 50
  {measured.top1:.1%}.
- **Made with** torch {torch.__version__}, Python {platform.python_version()}.
"""
