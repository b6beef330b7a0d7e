"""Train a speaker encoder from cached features."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...errors import EncoderError
from ..encoders.ecapa_tdnn import Network
from ..encoders.trainable.base import TrainedNetwork
from . import centres, checkpoint, losses, material
from .batches import Source
from .colour import fit_colour
from .config import TrainConfig
from .dev import DevResult
from .features import Utterance
from .material import Measure
from .optimizer import optimizers, set_rate
from .progress import Clock, Pace, Progress, log
from .recipe import Recipe
from .state import State, moving_average
from .stopping import blend
from .waves import Sounds

STEEPEST = 5.0
"""The norm that gradients are clipped to."""

Report = Callable[[Progress], None]


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

    Raises
    ------
    EncoderError
        The checkpoint is of another run, or the features alone took all the minutes there are.
    """
    clock = Clock()
    source = material.source(config, training, sounds)
    measure = material.measure(config, development)
    torch.manual_seed(config.seed)
    network = config.network.build()
    if initial is not None:
        network.load_state_dict(initial)
    state = _state(config, network, source, trained=initial is not None)
    clock.add(state.seconds)
    _run(config, state, source, measure, clock, report)
    network.voice.load_state_dict(_kept(config, state, initial))
    if isinstance(network, Network) and initial is None:
        fit_colour(network.colour, source.features, material.VERSIONS, source.speakers.labels)
    kept_step = state.best.step if state.best.weights else state.step
    return Trained(network.to("cpu").eval(), state.step, kept_step)


def _state(config: TrainConfig, network: TrainedNetwork, source: Source, trained: bool) -> State:
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
    source: Source,
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
        if state.step:
            checkpoint.save(config.out / "checkpoint.pt", state.dump())
        progress = pace.report(state.step, recipe.batch, result)
        log(config.out / "log.csv", progress)
        report(progress)

    if state.step == 0 and recipe.patience is not None:
        note(measure(state.average.module))
    share = recipe.share(state.step, clock.seconds())
    if share >= 1 and state.step == 0:
        raise EncoderError(
            f"expected time to train within --minutes {recipe.minutes:g}, the features took all of"
            " it; they are cached now: run the same command again"
        )
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
    source: Source,
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
