"""`spkret completion`: what makes a shell complete commands, options and values."""

from pathlib import Path

import click
from click.shell_completion import get_completion_class

from .base import Command, store_option

INSTALL = {
    "bash": "spkret completion bash > ~/.local/share/bash-completion/completions/spkret",
    "zsh": 'spkret completion zsh > "${fpath[1]}/_spkret"',
    "fish": "spkret completion fish > ~/.config/fish/completions/spkret.fish",
}
"""How each shell keeps the script; it reads it when it starts the next time."""

_VARIABLE = "_SPKRET_COMPLETE"


@click.command(
    "completion",
    cls=Command,
    examples={
        'eval "$(spkret completion bash)"': "in this shell only",
        f"mkdir -p ~/.local/share/bash-completion/completions && {INSTALL['bash']}": "for good",
        INSTALL["zsh"]: "zsh",
        INSTALL["fish"]: "fish",
    },
    see_also=("docs/installing.md",),
)
@click.argument("shell", type=click.Choice(list(INSTALL)))
@store_option
@click.pass_context
def completion(
    ctx: click.Context,
    shell: str,
    store_path: Path | str,  # noqa: ARG001 - every command takes --store
) -> None:
    """Print a script that lets a shell complete what you type.

    With it, the tab key completes commands, options, files, names of encoders, and the languages of
    the store. The script's last line says where to keep it.
    """
    root = ctx.find_root()
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"expected a shell of {', '.join(INSTALL)}, got {shell}")
    script = kind(root.command, {}, "spkret", _VARIABLE).source().rstrip()
    click.echo(f"{script}\n\n# to keep it: {INSTALL[shell]}")
