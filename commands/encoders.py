"""`spkret models` and `spkret train-encoder`: the encoders there are, and new ones."""

from dataclasses import asdict
from pathlib import Path

import click

from .base import Command, json_option, store_option
from .output import print_json, print_table


@click.command("models", cls=Command, examples=["spkret models", "spkret models --json"])
@store_option
@json_option
def models(store_path: Path, as_json: bool) -> None:
    """List the encoders that `--model` knows by name, and the one the store is bound to."""
    from .. import api
    from ..indexer.encoders import registry

    known = [asdict(model) for model in registry.models()]
    bound = (
        asdict(api.opened(store_path).encoder) if (store_path / "spkret.json").exists() else None
    )
    if as_json:
        print_json({"models": known, "store": bound})
        return
    print_table(list(known[0]), (list(model.values()) for model in known))
    if bound:
        click.echo(f"{store_path} is bound to {bound['name']} ({bound['fingerprint']})")
