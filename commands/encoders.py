"""`spkret models`, `train-encoder`, `export-onnx`: the encoders there are, and new ones."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import Command, device_option, json_option, store_option
from .output import note, print_json, print_table

if TYPE_CHECKING:
    from ..indexer.training.run import TrainResult
    from ..indexer.training.trainer import Progress


@click.command("models", cls=Command, examples=["spkret models", "spkret models --json"])
@store_option
@json_option
def models(store_path: Path, as_json: bool) -> None:
    """List the encoders that `--model` knows by name."""
    from .. import api
    from ..indexer.encoders import registry

    known = [asdict(model) for model in registry.models()]
    bound = api.opened(store_path).encoder if (store_path / "spkret.json").exists() else None
    if as_json:
        print_json({"models": known, "store": bound})
        return
    print_table(list(known[0]), (list(model.values()) for model in known))
    if bound:
        click.echo(f"{store_path} is bound to {bound.name} ({bound.fingerprint})")


@click.command(
    "export-onnx",
    cls=Command,
    examples=[
        "spkret export-onnx ecapa ecapa.onnx",
        "spkret index ./audio --model ecapa.onnx --device openvino --store by-ecapa",
    ],
)
@click.argument("model")
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@store_option
@json_option
def export_onnx(
    model: str,
    out: Path,
    store_path: Path,  # noqa: ARG001 - every command takes --store
    as_json: bool,
) -> None:
    """Write an encoder as one ONNX file.

    MODEL is a name of `models` or a path, OUT the file, which ends in .onnx and takes waveforms. It
    is compared with the encoder before it takes its place; --model takes it, and runs it without
    torch.
    """
    from ..indexer.encoders.export import export_onnx

    written = export_onnx(model, out)
    if as_json:
        print_json(written)
        return
    lengths = ", ".join(f"{seconds:g}" for seconds in written.lengths_s)
    click.echo(
        f"{written.path}: {written.name}, {written.dimension} dimensions, {written.size_mb} MB;"
        f" the same embeddings at {lengths} s: cosine at least {written.cosine:.7f}"
    )


@click.command(
    "train-encoder",
    cls=Command,
    examples=[
        "spkret train-encoder speech/manifest.csv --out my-encoder",
        "spkret train-encoder radio.csv --init compact --steps 2000 --rate 1e-4 --out radio",
    ],
)
@click.argument("manifest", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder to write; --model takes it afterwards.",
)
@click.option("--init", metavar="NAME_OR_DIR", help="Encoder to start from: compact, or a folder.")
@click.option(
    "--sounds",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV of noises and impulse responses to augment with: path, kind.",
)
@click.option("--name", help="Name of the encoder in stores; by default OUT's.")
@click.option("--steps", type=click.IntRange(min=1), help="Training steps.")
@click.option("--batch", type=click.IntRange(min=2), help="Crops in a step.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Highest learning rate.")
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
    sounds: Path | None,
    name: str | None,
    steps: int | None,
    batch: int | None,
    rate: float | None,
    compile: bool,
    seed: int,
    device: str,
    store_path: Path,  # noqa: ARG001 - every command takes --store
    as_json: bool,
) -> None:
    """Train an encoder on the labelled speech of MANIFEST, or train one further.

    Paths are relative to MANIFEST's folder. A column `split` may say train or dev; without it one
    speaker in twenty is held out. An interrupted run goes on from its last checkpoint in OUT.
    """
    from ..indexer.encoders.registry import choose_device
    from ..indexer.training.run import TrainRequest, train_encoder
    from ..indexer.training.trainer import Schedule

    usual = Schedule()
    schedule = replace(
        usual, steps=steps or usual.steps, batch=batch or usual.batch, rate=rate or usual.rate
    )
    request = TrainRequest(
        manifest=manifest,
        out=out,
        name=name or out.resolve().name,
        initial=_folder_of(init),
        sounds=sounds,
        schedule=schedule,
        device=choose_device(device),
        seed=seed,
        compile=compile,
    )
    result = train_encoder(request, _report)
    if as_json:
        print_json(result)
    else:
        _print_result(result)


def _folder_of(init: str | None) -> Path | None:
    from ..indexer.encoders import registry

    if init is None:
        return None
    return registry.SHIPPED if init == registry.DEFAULT else Path(init)


def _report(progress: "Progress") -> None:
    """Print the state of a run at a checkpoint, on stderr."""
    line = f"step {progress.step}  loss {progress.loss:.3f}  {progress.crops_per_s:.0f} crops/s"
    if progress.dev is not None:
        line += f"  dev EER {progress.dev.eer:.2%}  top-1 {progress.dev.top1:.1%}"
    note(line)


def _print_result(result: "TrainResult") -> None:
    measured = result.development
    click.echo(
        f"{result.out}: {result.steps} steps on {result.training_speakers} speakers; on"
        f" {result.development_speakers} others: EER {measured.eer:.2%}, top-1 {measured.top1:.1%}"
    )
    click.echo(f"use it: spkret index ./audio --model {result.out} --store NEW")
