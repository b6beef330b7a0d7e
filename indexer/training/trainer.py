"""Train an ECAPA-TDNN speaker encoder from cached features."""

import csv
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ..encoders.ecapa_tdnn import Network, NetworkConfig
from . import batches, checkpoint, rooms
from .colour import fit_colour
from .dev import DevResult, embed, score
from .distort import Distortion, noise_bank
from .features import Features, Utterance, Version, build
from .loss import AamSoftmax
from .optimizer import optimizers
from .schedule import Schedule
from .speed import Speeds
from .state import State, moving_average
from .waves import Sounds

AUGMENTED: Version = "augmented"
VERSIONS: tuple[Version, ...] = ("plain", *[AUGMENTED] * 4)


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """A training run: what it reads, where it writes, and its recipe."""

    out: Path
    schedule: Schedule = field(default_factory=Schedule)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    seed: int = 1
    device: str = "cpu"
    compile: bool = False
    evaluate_every: int = 1_500
    checkpoint_every: int = 500


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run is: the last loss, and the dev figures when they were just measured."""

    step: int
    loss: float
    crops_per_s: float
    dev: DevResult | None = None


def train(
    config: TrainConfig,
    training: Sequence[Utterance],
    development: Sequence[Utterance],
    sounds: Sounds,
    report: Callable[[Progress], None],
    initial: dict[str, torch.Tensor] | None = None,
) -> Network:
    """Train to the end of the schedule, from the last checkpoint in `config.out` if there is one.

    Parameters
    ----------
    training, development : utterances; the development speakers are other people
    sounds : noises and impulse responses to augment with
    report : called at every checkpoint and evaluation
    initial : weights of a network of the same sizes to start from

    Returns
    -------
    network : in evaluation mode, on the CPU
    """
    frontend = config.network.frontend
    source = _source(config, training, sounds)
    held_out = build(
        config.out / "cache" / "dev", development, VERSIONS[:1], Sounds(), frontend, config.seed
    )
    state = _start(config, source.classes, initial)
    heard = [development[i] for i in held_out.utterance]
    _run(config, state, source, (held_out, heard), report)
    network = Network(config.network)
    network.voice.load_state_dict(state.average.module.state_dict())
    fit_colour(network.colour, source.features, VERSIONS, source.speakers.labels)
    return network.eval()


def _source(config: TrainConfig, training: Sequence[Utterance], sounds: Sounds) -> batches.Source:
    """The batches of a run, from the features that it caches first."""
    frontend = config.network.frontend
    simulated = rooms.simulate(rooms.SIMULATED, np.random.default_rng(config.seed))
    sounds = Sounds(sounds.noises, [*sounds.responses, *simulated])
    features = build(
        config.out / "cache" / "train", training, VERSIONS, sounds, frontend, config.seed
    )
    return batches.Source(
        features,
        batches.speaker_classes(features, training),
        Speeds(config.schedule.speeds, frontend),
        Distortion(frontend, noise_bank(sounds.noises, frontend)),
    )


def _start(config: TrainConfig, classes: int, initial: dict[str, torch.Tensor] | None) -> State:
    torch.manual_seed(config.seed)
    network = Network(config.network)
    if initial is not None:
        network.load_state_dict(initial)
    voice = network.voice.to(config.device)
    loss = AamSoftmax(config.network.voice, classes).to(config.device)
    schedule = config.schedule
    state = State(
        voice,
        moving_average(voice, schedule.average),
        loss,
        optimizers(voice, loss, schedule.rate, schedule.weight_decay),
        np.random.default_rng(config.seed),
    )
    if (saved := checkpoint.load(config.out / "checkpoint.pt")) is not None:
        state.restore(saved)
    return state


def _run(
    config: TrainConfig,
    state: State,
    source: batches.Source,
    held_out: tuple[Features, Sequence[Utterance]],
    report: Callable[[Progress], None],
) -> None:
    network = torch.compile(state.network, dynamic=False) if config.compile else state.network
    schedule, losses, began = config.schedule, [], time.monotonic()
    while state.step < schedule.steps:
        losses.append(_step(config, state, network, source))
        state.step += 1
        last = state.step == schedule.steps
        result = None
        if last or state.step % config.evaluate_every == 0:
            result = score(embed(state.average.module, held_out[0]), held_out[1])
        if last or result or state.step % config.checkpoint_every == 0:
            checkpoint.save(config.out / "checkpoint.pt", state.dump())
            speed = len(losses) * schedule.batch / (time.monotonic() - began)
            progress = Progress(state.step, float(np.mean(losses)), speed, result)
            _log(config.out / "log.csv", progress)
            report(progress)
            losses, began = [], time.monotonic()


def _step(
    config: TrainConfig, state: State, network: Callable[..., Any], source: batches.Source
) -> float:
    schedule = config.schedule
    frames = schedule.final_frames if schedule.is_final(state.step) else schedule.frames
    crops, labels = source.draw(schedule.batch, frames, state.rng)
    torch.manual_seed(config.seed + state.step)  # a resumed run drops what a whole one drops
    with torch.autocast(config.device.split(":")[0], torch.bfloat16):
        embeddings = network(torch.from_numpy(crops).to(config.device))
    there = torch.from_numpy(labels).to(config.device)
    loss = state.loss(embeddings, there, schedule.margin_at(state.step))
    for optimizer in state.optimizers:
        optimizer.zero_grad()
        for group in optimizer.param_groups:
            group["lr"] = schedule.rate_at(state.step)
    loss.backward()
    nn.utils.clip_grad_norm_(state.network.parameters(), 5.0)
    for optimizer in state.optimizers:
        optimizer.step()
    state.average.update_parameters(state.network)
    return float(loss.detach())


def _log(path: Path, progress: Progress) -> None:
    row = asdict(progress)
    row.update(row.pop("dev") or {"eer": "", "top1": "", "cells": ""})
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, row)
        if new:
            writer.writeheader()
        writer.writerow(row)
