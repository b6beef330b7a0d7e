"""`spkret train-encoder`: new encoders, and known ones made better on one's own recordings."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from ..errors import UsageError
from .base import Command, device_option, json_option, store_option
from .output import note, print_json
from .values import complete_model

if TYPE_CHECKING:
    from ..indexer.encoders.trainable.base import Trainable
    from ..indexer.training.progress import Progress
    from ..indexer.training.recipe import Recipe
    from ..indexer.training.run import Family, TrainResult

F = TypeVar("F", bound=Callable[..., Any])

NETWORKS = ("ecapa-tdnn", "ecapa-cnn-tdnn", "speakernet")
LOSSES = ("aam", "softmax", "angular", "triplet", "supcon")
PAIR_LOSSES = ("triplet", "supcon")
TAKES = 4
POSITIVE = click.FloatRange(min=0, min_open=True)
SHARE = click.FloatRange(min=0, max=1)
SLOWEST, FASTEST = 0.5, 2.0


def _speeds(
    _context: click.Context, _option: click.Parameter, written: str | None
) -> tuple[float, ...] | None:
    """Read `0.9,1,1.1`; the recording's own speed, 1, is always one of them and the first."""
    if written is None:
        return None
    try:
        speeds = sorted({float(speed) for speed in written.split(",")} - {1.0})
    except ValueError as error:
        raise click.BadParameter(f"expected numbers such as 0.9,1,1.1, got {written!r}") from error
    if any(not SLOWEST <= speed <= FASTEST for speed in speeds):
        raise click.BadParameter(f"expected speeds from {SLOWEST} to {FASTEST}, got {written!r}")
    return (1.0, *speeds)


RECIPE_OPTIONS = (
    click.option("--loss", type=click.Choice(LOSSES), help="What is made small; by default aam."),
    click.option(
        "--subcentres",
        type=click.IntRange(min=1),
        help="Centres a speaker, for noisy labels (aam, angular); by default 1.",
    ),
    click.option(
        "--crops-per-speaker",
        "takes",
        type=click.IntRange(min=1),
        help="Crops of each speaker in a batch; by default 1, for triplet and supcon 4.",
    ),
    click.option(
        "--steps",
        type=click.IntRange(min=1),
        help="Training steps at most; by default 9500, with --init 2000.",
    ),
    click.option("--minutes", type=POSITIVE, help="Minutes at most; the schedule shrinks to fit."),
    click.option("--batch", type=click.IntRange(min=2), help="Crops in a step; by default 64."),
    click.option(
        "--rate", type=POSITIVE, help="Highest learning rate; by default 0.002, with --init 0.0002."
    ),
    click.option(
        "--layer-decay",
        type=click.FloatRange(min=0, max=1, min_open=True),
        help="Rate of a layer over that of the one above; by default 1, with --init 0.8.",
    ),
    click.option(
        "--speeds",
        callback=_speeds,
        metavar="LIST",
        help="Speeds that make a speaker another one; by default 0.9,1,1.1, and 1 for none.",
    ),
    click.option(
        "--evaluate-every",
        type=click.IntRange(min=1),
        help="Steps between dev figures; by default 1500, with --init 100.",
    ),
    click.option(
        "--patience",
        type=click.IntRange(min=0),
        help="Stop after so many dev figures that are no better, and keep the best weights;"
        " by default 0, which is never, with --init 5.",
    ),
    click.option(
        "--keep", type=SHARE, help="Share of the initial weights in the result; by default 0."
    ),
)


def recipe_options(function: F) -> F:
    """Add the options that change a recipe; their names are those of its fields."""
    for option in reversed(RECIPE_OPTIONS):
        function = option(function)
    return function


@click.command(
    "train-encoder",
    cls=Command,
    examples={
        "spkret train-encoder speech/manifest.csv --out my-encoder": "from scratch",
        "spkret train-encoder radio.csv --init compact --minutes 10 --keep 0.3 --out radio": (
            "train the shipped one further, for ten minutes"
        ),
        "spkret train-encoder calls.csv --init ecapa --language es --out calls": "one language",
        "spkret train-encoder speech.csv --network speakernet --loss supcon --out small": (
            "another network and loss"
        ),
    },
    see_also=("fuse-encoders", "index", "docs/training-an-encoder.md"),
    sections={
        "Recipe": (
            *("--loss", "--subcentres", "--crops-per-speaker", "--steps", "--minutes", "--batch"),
            *("--rate", "--layer-decay", "--speeds", "--evaluate-every", "--patience", "--keep"),
            *("--compile", "--seed"),
        )
    },
)
@click.argument("manifest", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder to write; --model takes it afterwards.",
)
@click.option(
    "--init",
    metavar="MODEL",
    shell_complete=complete_model,
    help="Encoder to train further: compact, ecapa, titanet-large, titanet-small, speakernet,"
    " a folder, or a .nemo file.",
)
@click.option(
    "--network",
    type=click.Choice(NETWORKS),
    help="Network to train from scratch; by default ecapa-tdnn.",
)
@click.option(
    "--channels",
    type=click.IntRange(min=8),
    help="Its width; by default 256, for speakernet 192.",
)
@click.option("--language", metavar="CODE", help="Use only the files in this language: en, zh.")
@click.option(
    "--sounds",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV of noises and impulse responses to augment with: path, kind.",
)
@click.option("--name", help="Name of the encoder in stores; by default OUT's.")
@recipe_options
@click.option("--compile", is_flag=True, help="Compile first: a slow start, then faster steps.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of everything random."
)
@device_option
@store_option
@json_option
def train_encoder(
    manifest: Path,
    out: Path,
    init: str | None,
    network: str | None,
    channels: int | None,
    language: str | None,
    sounds: Path | None,
    name: str | None,
    compile: bool,
    seed: int,
    device: str,
    store_path: Path | str,  # noqa: ARG001 - every command takes --store
    as_json: bool,
    **numbers: Any,
) -> None:
    """Train an encoder on labelled speech, or train one further.

    MANIFEST lists the recordings, with the columns path and speaker. The encoder is written into
    the folder --out, which `spkret index --model` takes; the figures printed at the end are of
    speakers that it was not trained on. EER is the rate at which it takes two speakers for one as
    often as one for two.

    Paths are relative to MANIFEST's folder. A column `split` may say train or dev; without it one
    speaker in twenty is held out. An interrupted run goes on from its last checkpoint in OUT. The
    page docs/training-an-encoder.md explains the options.
    """
    from ..indexer.encoders.registry import choose_device
    from ..indexer.training.run import TrainRequest, train_encoder
    from .progress import Working

    request = TrainRequest(
        manifest=manifest,
        out=out,
        name=name or out.resolve().name,
        initial=init,
        network=_network(init, network, channels),
        language=language.replace("_", "-").split("-")[0].lower() if language else None,
        sounds=sounds,
        recipe=_recipe(init, numbers),
        device=choose_device(device),
        seed=seed,
        compile=compile,
    )
    with Working("training") as bar:
        told = bar.part("steps")
        result = train_encoder(request, partial(_report, told, request.recipe.steps))
    if as_json:
        print_json(result)
    else:
        _print_result(result)


def _network(init: str | None, network: str | None, channels: int | None) -> "Trainable":
    from ..indexer.training.run import new_network

    if init is not None and (network or channels):
        raise UsageError(
            f"expected --network and --channels only without --init, which brings the network of"
            f" {init!r}; leave them out"
        )
    return new_network(cast("Family", network or "ecapa-tdnn"), channels)


def _recipe(init: str | None, numbers: dict[str, Any]) -> "Recipe":
    """The recipe for a run from scratch or from a trained network, with what was asked for."""
    from ..indexer.training.recipe import FINE_TUNING, SCRATCH

    given = {name: value for name, value in numbers.items() if value is not None}
    if given.get("loss") in PAIR_LOSSES:
        given.setdefault("takes", TAKES)
    if given.get("patience") == 0:
        given["patience"] = None
    return replace(SCRATCH if init is None else FINE_TUNING, **given)


def _report(told: Callable[[int, int], None], steps: int, progress: "Progress") -> None:
    """Print the state of a run at a checkpoint, on stderr."""
    told(progress.step, steps)
    line = f"step {progress.step}"
    if progress.loss is not None:
        line += f"  loss {progress.loss:.3f}  {progress.crops_per_s:.0f} crops/s"
    if progress.dev is not None:
        line += f"  dev EER {progress.dev.eer:.2%}  top-1 {progress.dev.top1:.1%}"
    note(line)


def _print_result(result: "TrainResult") -> None:
    measured = result.development
    click.echo(
        f"{result.out}: {result.steps} steps on {result.training_speakers} speakers; on"
        f" {result.development_speakers} others: EER {measured.eer:.2%}, top-1 {measured.top1:.1%}"
    )
    if result.kept_step != result.steps:
        click.echo(f"kept the weights of step {result.kept_step}, the best on the others")
    click.echo(f"use it: spkret index ./audio --model {result.out} --store NEW")
