"""Train a speaker encoder from cached features."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..encoders.ecapa_tdnn import Network, NetworkConfig
from ..encoders.trainable.base import Trainable, TrainedNetwork
from . import batches, centres, checkpoint, losses, rooms
from .colour import fit_colour
from .dev import DevResult, embed, score
from .distort import Distortion, noise_bank
from .features import Features, Utterance, Version, build
from .optimizer import optimizers, set_rate
from .progress import Clock, Pace, Progress, log
from .recipe import SCRATCH, Recipe
from .speed import Speeds
from .state import State, moving_average
from .stopping import blend
from .waves import Sounds

AUGMENTED: Version = "augmented"
VERSIONS: tuple[Version, ...] = ("plain", *[AUGMENTED] * 4)
STEEPEST = 5.0
"""The norm that gradients are clipped to."""

Report = Callable[[Progress], None]
Measure = Callable[[nn.Module], DevResult]


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """A training run: where it writes, its recipe, and the network."""

    out: Path
    recipe: Recipe = SCRATCH
    network: Trainable = field(default_factory=NetworkConfig)
    seed: int = 1
    device: str = "cpu"
    compile: bool = False
    checkpoint_every: int = 500


@dataclass(frozen=True, slots=True)
class Trained:
    """A network in evaluation mode on the CPU, the steps it took, and the step that was kept."""

    network: TrainedNetwork
    steps: int
    kept_step: int


def train(
    config: TrainConfig,
    training: Sequence[Utterance],
    development: Sequence[Utterance],
    sounds: Sounds,
    report: Report,
    initial: dict[str, Tensor] | None = None,
) -> Trained:
    """Train to the end of the recipe, from the last checkpoint in `config.out` if there is one.

    Parameters
    ----------
    training, development : utterances; the development speakers are other people
    sounds : noises and impulse responses to augment with
    report : called at every checkpoint and evaluation
    initial : weights of a network of the same sizes to start from
    """
    clock = Clock()
    source = _source(config, training, sounds)
    measure = _measure(config, development)
    torch.manual_seed(config.seed)
    network = config.network.build()
    if initial is not None:
        network.load_state_dict(initial)
    state = _state(config, network, source, trained=initial is not None)
    clock.add(state.seconds)
    _run(config, state, source, measure, clock, report)
    network.voice.load_state_dict(_kept(config, state, initial))
    if isinstance(network, Network) and initial is None:
        fit_colour(network.colour, source.features, VERSIONS, source.speakers.labels)
    kept_step = state.best.step if state.best.weights else state.step
    return Trained(network.to("cpu").eval(), state.step, kept_step)


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


def _measure(config: TrainConfig, development: Sequence[Utterance]) -> Measure:
    features, heard = development_features(config, development)
    return lambda network: score(embed(network, features), heard)


def _source(config: TrainConfig, training: Sequence[Utterance], sounds: Sounds) -> batches.Source:
    """The batches of a run, from the features that it caches first."""
    frontend = config.network.frontend
    simulated = rooms.simulate(rooms.SIMULATED, np.random.default_rng(config.seed))
    sounds = Sounds(sounds.noises, [*sounds.responses, *simulated])
    features = training_features(config, training, sounds)
    return batches.Source(
        features,
        batches.speaker_classes(features, training),
        Speeds(config.recipe.speeds, frontend),
        Distortion(frontend, noise_bank(sounds.noises, frontend)),
        config.recipe.takes,
    )


def _state(
    config: TrainConfig, network: TrainedNetwork, source: batches.Source, trained: bool
) -> State:
    """The state to go on from: of the last checkpoint, else of the first step."""
    recipe = config.recipe
    voice = network.voice.to(config.device)
    loss = losses.build(recipe.loss, config.network.voice, source.classes, recipe.subcentres)
    loss = loss.to(config.device)
    stages = [voice] if recipe.layer_decay == 1 else voice.stages()
    state = State(
        voice,
        moving_average(voice, recipe.average),
        loss,
        optimizers(stages, loss, recipe.rate, recipe.weight_decay, recipe.layer_decay),
        np.random.default_rng(config.seed),
    )
    if (saved := checkpoint.load(config.out / "checkpoint.pt")) is not None:
        state.restore(saved)
    elif trained:
        frames = recipe.frames_at(0.0, config.network.frontend.hop)
        centres.place(loss, voice, source, recipe.batch, frames, config.seed)
    return state


def _run(
    config: TrainConfig,
    state: State,
    source: batches.Source,
    measure: Measure,
    clock: Clock,
    report: Report,
) -> None:
    """Step to the end, with an evaluation and a checkpoint now and then."""
    network = torch.compile(state.network, dynamic=False) if config.compile else state.network
    recipe, pace = config.recipe, Pace()

    def note(result: DevResult | None) -> None:
        if result and recipe.patience is not None:
            state.best.see(result, state.step, state.average.module)
        state.seconds = clock.seconds()
        checkpoint.save(config.out / "checkpoint.pt", state.dump())
        progress = pace.report(state.step, recipe.batch, result)
        log(config.out / "log.csv", progress)
        report(progress)

    if state.step == 0 and recipe.patience is not None:
        note(measure(state.average.module))
    share = recipe.share(state.step, clock.seconds())
    while share < 1 and not _is_over(recipe, state):
        pace.losses.append(_step(config, state, network, source, share))
        state.step += 1
        share = recipe.share(state.step, clock.seconds())
        if share >= 1 or state.step % recipe.evaluate_every == 0:
            note(measure(state.average.module))
        elif state.step % config.checkpoint_every == 0:
            note(None)


def _is_over(recipe: Recipe, state: State) -> bool:
    return recipe.patience is not None and state.best.stale >= recipe.patience


def _step(
    config: TrainConfig,
    state: State,
    network: Callable[..., Any],
    source: batches.Source,
    share: float,
) -> float:
    recipe = config.recipe
    frames = recipe.frames_at(share, config.network.frontend.hop)
    crops, labels = source.draw(recipe.batch, frames, state.rng)
    torch.manual_seed(config.seed + state.step)  # a resumed run drops what a whole one drops
    with torch.autocast(config.device.split(":")[0], torch.bfloat16):
        embeddings = network(torch.from_numpy(crops).to(config.device))
    there = torch.from_numpy(labels).to(config.device)
    loss = state.loss(embeddings, there, recipe.margin_at(share))
    set_rate(state.optimizers, recipe.rate_at(state.step, share))
    for optimizer in state.optimizers:
        optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(state.network.parameters(), STEEPEST)
    for optimizer in state.optimizers:
        optimizer.step()
    state.average.update_parameters(state.network)
    return float(loss.detach())


def _kept(
    config: TrainConfig, state: State, initial: dict[str, Tensor] | None
) -> dict[str, Tensor]:
    """The best weights of a run that looked for them, else the average; a share of the initial."""
    tuned = state.best.weights or state.average.module.state_dict()
    if initial is None or not config.recipe.keep:
        return tuned
    before = {n.removeprefix("voice."): w for n, w in initial.items() if n.startswith("voice.")}
    return blend(tuned, before, config.recipe.keep)
