"""The command line: `spkret COMMAND`. Each command is options, one library call, print."""

import click

from . import __version__
from .commands.base import Group


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="spkret")
def cli() -> None:
    """Name the one file in a group that is spoken by the anchor's speaker, and say how sure."""


if __name__ == "__main__":
    cli()
