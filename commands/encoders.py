"""`spkret models` and `export-onnx`: the encoders there are, and one as a file."""

from dataclasses import asdict
from pathlib import Path

import click

from .base import Command, json_option, require_named_store, store_option
from .output import print_json, print_table
from .values import complete_model


@click.command(
    "models",
    cls=Command,
    examples={
        "spkret models": "names, sizes, licences, and which are here already",
        "spkret models --json": "for a program",
    },
    see_also=("index", "train-encoder", "docs/choosing-an-encoder.md"),
)
@store_option
@json_option
def models(store_path: Path | str, as_json: bool) -> None:
    """List the encoders that `--model` knows by name.

    An encoder turns a recording into an embedding, the numbers that voices are compared by. One
    that is not here yet is fetched when it is first used. `--model` takes a path, too: an ONNX
    file, a folder that train-encoder wrote, a SpeechBrain folder, or a .nemo file.
    """
    from ..api.arguments import bound_encoder
    from ..indexer.encoders import registry

    require_named_store(store_path)
    known = [asdict(model) for model in registry.models()]
    bound = bound_encoder(store_path)
    if as_json:
        print_json({"models": known, "store": bound})
        return
    print_table(list(known[0]), (list(model.values()) for model in known))
    if bound:
        click.echo(f"{store_path} is bound to {bound.name} ({bound.fingerprint})")


@click.command(
    "export-onnx",
    cls=Command,
    examples={
        "spkret export-onnx ecapa ecapa.onnx": "an encoder by its name",
        "spkret index ./audio --model ecapa.onnx --device openvino --store by-ecapa": "use it",
    },
    see_also=("models", "index", "docs/choosing-an-encoder.md"),
)
@click.argument("model", shell_complete=complete_model)
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@store_option
@json_option
def export_onnx(
    model: str,
    out: Path,
    store_path: Path | str,  # noqa: ARG001 - every command takes --store
    as_json: bool,
) -> None:
    """Write an encoder as one ONNX file that runs without PyTorch.

    MODEL is a name of `spkret models` or a path; OUT, the file, ends in .onnx and takes waveforms.
    It is compared with the encoder before it takes its place. `--model OUT` uses it.
    """
    from ..indexer.encoders.export import export_onnx
    from .progress import Working

    with Working("writing and comparing"):
        written = export_onnx(model, out)
    if as_json:
        print_json(written)
        return
    lengths = ", ".join(f"{seconds:g}" for seconds in written.lengths_s)
    click.echo(
        f"{written.path}: {written.name}, {written.dimension} dimensions, {written.size_mb} MB;"
        f" the same embeddings at {lengths} s: cosine at least {written.cosine:.7f}"
    )
