"""The model card of a trained encoder: what it is, its data, its recipe, its figures."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from ..encoders.base import SAMPLE_RATE_HZ
from ..encoders.trainable.base import Trainable
from .dev import DevResult
from .features import Features, Utterance
from .losses import LOSSES
from .recipe import Recipe

FROM_SCRATCH = {"ecapa-tdnn": "an ECAPA-TDNN", "nemo": "a SpeakerNet"}
"""What is trained from random weights; `ecapa-fused` never is."""


@dataclass(frozen=True, slots=True)
class DataSource:
    """Training speech of one source and licence; both empty where the manifest names none."""

    name: str
    licence: str
    speakers: int
    hours: float


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a card tells beside the recipe; `initial` is the network it started from."""

    name: str
    manifest: str
    language: str | None
    initial: str | None
    network: Trainable
    versions: int
    seed: int
    steps: int
    kept_step: int
    sources: Sequence[DataSource]
    training_speakers: int
    development_speakers: int
    development: DevResult


def data_sources(features: Features, utterances: Sequence[Utterance], hop: int) -> list[DataSource]:
    """What was heard of each source and licence, as it is; frames are `hop` samples apart."""
    plain = features.version == 0
    heard = zip(features.utterance[plain].tolist(), features.counts[plain].tolist(), strict=True)
    rows = sorted(
        ((utterances[i].source, utterances[i].licence), utterances[i].speaker, frames)
        for i, frames in heard
    )
    found = []
    for (source, licence), group in groupby(rows, key=lambda row: row[0]):
        files = list(group)
        hours = sum(frames for *_, frames in files) * hop / SAMPLE_RATE_HZ / 3_600
        found.append(DataSource(source, licence, len({speaker for _, speaker, _ in files}), hours))
    return found


def model_card(facts: Facts, recipe: Recipe) -> str:
    """The card, in Markdown."""
    import torch

    measured = facts.development
    return f"""# {facts.name}

A speaker encoder of 16 kHz speech with {facts.network.dimension} dimensions, made by
`spkret train-encoder`: {_kind(facts)}.

## Data

`{facts.manifest}`, {facts.training_speakers} training speakers\
{f" of the language {facts.language}" if facts.language else ""}.

{_table(facts.sources)}
## Recipe

{_recipe(recipe, facts)}
## Measured

On {facts.development_speakers} held-out speakers, untreated, mean of {measured.cells} cells of one
source and language: EER {measured.eer:.1%}, top-1 in groups of 50 {measured.top1:.1%}.

## Made with

torch {torch.__version__}, Python {platform.python_version()}, seed {facts.seed}.
"""


def _kind(facts: Facts) -> str:
    if facts.initial is None:
        return f"{FROM_SCRATCH[facts.network.family]} trained from scratch"
    return f"`{facts.initial}` trained further, whose data and licence count here too"


def _table(sources: Sequence[DataSource]) -> str:
    if not any(source.name or source.licence for source in sources):
        return (
            "The manifest has no columns `source` and `licence`; state the sources and their"
            "\nlicences here before you share the model.\n"
        )
    lines = ["| source | speakers | hours | licence |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {s.name or 'not named'} | {s.speakers} | {s.hours:.2f} | {s.licence or 'not stated'} |"
        for s in sources
    ]
    return "\n".join(lines) + "\n"


def _recipe(recipe: Recipe, facts: Facts) -> str:
    lines = [
        _loss(recipe),
        f"{facts.steps} steps of {recipe.batch} crops ({recipe.takes} of each speaker drawn) of"
        f" {recipe.crop_s} s, in the last {recipe.final:.0%} of the run of {recipe.final_crop_s} s",
        f"Muon and AdamW at {recipe.rate}, {recipe.warmup} steps of warm-up, then constant, falling"
        f" to zero over the last {recipe.decay:.0%}; weight decay {recipe.weight_decay}; each stage"
        f" below the top at {recipe.layer_decay} times the rate of the one above",
        f"speakers drawn by the square root of their speech; at speeds"
        f" {', '.join(map(str, recipe.speeds))}, each a speaker of its own",
        f"every utterance as it is and {facts.versions - 1} times in a random room, noise and"
        " channel; rooms, noise, microphones, bands and hidden stretches on the log-mel crops",
        f"moving average of the weights, {recipe.average} a step; weights of step"
        f" {facts.kept_step}" + (", the best on dev" if recipe.patience is not None else ""),
    ]
    if recipe.minutes is not None:
        lines.append(f"at most {recipe.minutes:g} minutes")
    if recipe.keep:
        lines.append(f"{recipe.keep:.0%} of the initial weights kept in the average of both")
    return "".join(f"- {line}.\n" for line in lines)


def _loss(recipe: Recipe) -> str:
    kind = LOSSES[recipe.loss]
    centres = f" with {recipe.subcentres} centres a class" if recipe.subcentres > 1 else ""
    margin = f", margin {recipe.margin} then {recipe.final_margin}" if kind.margin else ""
    return f"{kind.title}{centres}{margin}"
