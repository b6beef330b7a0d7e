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

from ...errors import EncoderError
from ..encoders.ecapa_tdnn import Network, NetworkConfig
from . import batches, checkpoint
from .augment import Sounds
from .colour import fit_colour
from .dev import DevResult, embed, score
from .features import Features, Utterance, Version, build
from .loss import AamSoftmax

VERSIONS: tuple[Version, ...] = ("plain", "augmented", "augmented")


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how hard: linear warm-up, a constant rate, then a linear fall to zero.

    The margin grows over `margin_steps` from `margin_start` on: from the first step, it keeps a
    network that cannot tell thousands of speakers apart yet from learning.

    The fall, the last `decay` of the steps, uses longer crops (frames) and a larger margin
    (Thienpondt et al. 2021, "The IDLab VoxSRC-20 submission").
    """

    steps: int = 20_000
    batch: int = 32
    rate: float = 1e-3
    weight_decay: float = 2e-2
    warmup: int = 300
    decay: float = 0.3
    frames: int = 100
    final_frames: int = 150
    margin: float = 0.2
    final_margin: float = 0.3
    margin_start: int = 2_500
    margin_steps: int = 5_000

    def falling(self, step: int) -> bool:
        """Whether a step lies in the last stretch."""
        return step >= self.steps * (1 - self.decay)

    def rate_at(self, step: int) -> float:
        """The learning rate of a step."""
        rise = min(1.0, (step + 1) / self.warmup)
        fall = min(1.0, (self.steps - step) / max(1.0, self.steps * self.decay))
        return self.rate * min(rise, fall)

    def margin_at(self, step: int) -> float:
        """The margin of a step, in radians."""
        if self.falling(step):
            return self.final_margin
        return self.margin * float(np.clip((step - self.margin_start) / self.margin_steps, 0, 1))


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


@dataclass(slots=True)
class State:
    """All that a checkpoint holds."""

    network: Network
    loss: AamSoftmax
    optimizer: torch.optim.Optimizer
    rng: np.random.Generator
    step: int = 0

    def dump(self) -> dict[str, Any]:
        """The state as tensors and plain values."""
        return {
            "network": self.network.state_dict(),
            "loss": self.loss.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "rng": _rng_words(self.rng),
            "step": self.step,
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Take up a dumped state; an EncoderError if it is of another run."""
        try:
            self.network.load_state_dict(saved["network"])
            self.loss.load_state_dict(saved["loss"])
        except RuntimeError as error:
            raise EncoderError(
                "expected the checkpoint of this run, got one of another network or of other"
                " speakers; use another --out, or remove its folder `training`"
            ) from error
        self.optimizer.load_state_dict(saved["optimizer"])
        words = {name: int(word) for name, word in saved["rng"].items()}
        self.rng.bit_generator.state = {**self.rng.bit_generator.state, "state": words}
        self.step = saved["step"]


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
    cache, frontend = config.out / "cache", config.network.frontend
    features = build(cache / "train", training, VERSIONS, sounds, frontend, config.seed)
    held_out = build(cache / "dev", development, VERSIONS[:1], Sounds(), frontend, config.seed)
    classes = batches.speaker_classes(features, training)
    state = _start(config, len(classes), initial)
    bank = batches.noise_bank(sounds.noises, frontend)
    heard = [development[i] for i in held_out.utterance]
    _run(config, state, (features, classes, bank), (held_out, heard), report)
    network = state.network.cpu().eval()
    fit_colour(network.colour, features, VERSIONS, classes.labels)
    return network


def _start(config: TrainConfig, classes: int, initial: dict[str, torch.Tensor] | None) -> State:
    torch.manual_seed(config.seed)
    network = Network(config.network)
    if initial is not None:
        network.load_state_dict(initial)
    network.to(config.device)
    loss = AamSoftmax(config.network.voice, classes).to(config.device)
    optimizer = torch.optim.AdamW(
        [*network.voice.parameters(), *loss.parameters()],
        lr=config.schedule.rate,
        weight_decay=config.schedule.weight_decay,
        fused=True,
    )
    state = State(network, loss, optimizer, np.random.default_rng(config.seed))
    if (saved := checkpoint.load(config.out / "checkpoint.pt")) is not None:
        state.restore(saved)
    return state


def _run(
    config: TrainConfig,
    state: State,
    data: tuple[Features, batches.Classes, list[Any]],
    held_out: tuple[Features, Sequence[Utterance]],
    report: Callable[[Progress], None],
) -> None:
    voice = (
        torch.compile(state.network.voice, dynamic=False) if config.compile else state.network.voice
    )
    schedule, losses, began = config.schedule, [], time.monotonic()
    while state.step < schedule.steps:
        losses.append(_step(config, state, voice, data))
        state.step += 1
        last = state.step == schedule.steps
        result = None
        if last or state.step % config.evaluate_every == 0:
            result = score(embed(state.network, held_out[0]), held_out[1])
        if last or result or state.step % config.checkpoint_every == 0:
            checkpoint.save(config.out / "checkpoint.pt", state.dump())
            speed = len(losses) * schedule.batch / (time.monotonic() - began)
            progress = Progress(state.step, float(np.mean(losses)), speed, result)
            _log(config.out / "log.csv", progress)
            report(progress)
            losses, began = [], time.monotonic()


def _step(
    config: TrainConfig,
    state: State,
    voice: Callable[..., Any],
    data: tuple[Features, batches.Classes, list[Any]],
) -> float:
    features, classes, bank = data
    schedule = config.schedule
    frames = schedule.final_frames if schedule.falling(state.step) else schedule.frames
    crops, labels = batches.draw(features, classes, schedule.batch, frames, state.rng)
    crops = batches.distort(crops, bank, state.rng)
    torch.manual_seed(config.seed + state.step)  # a resumed run drops what a whole one drops
    with torch.autocast(config.device.split(":")[0], torch.bfloat16):
        voices = voice(crops.to(config.device))
    loss = state.loss(voices, labels.to(config.device), schedule.margin_at(state.step))
    for group in state.optimizer.param_groups:
        group["lr"] = schedule.rate_at(state.step)
    state.optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(state.network.voice.parameters(), 5.0)
    state.optimizer.step()
    return float(loss.detach())


def _rng_words(rng: np.random.Generator) -> dict[str, str]:
    """The two 128-bit words of the generator, as text since they exceed a tensor's integers."""
    return {name: str(word) for name, word in rng.bit_generator.state["state"].items()}


def _log(path: Path, progress: Progress) -> None:
    row = asdict(progress)
    row.update(row.pop("dev") or {"eer": "", "top1": "", "cells": ""})
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, row)
        if new:
            writer.writeheader()
        writer.writerow(row)
