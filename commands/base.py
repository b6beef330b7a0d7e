"""What every command shares: its errors, `--debug` and `--store`."""

import errno
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from ..errors import SpkretError, UsageError

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_STORE = "spkret-store"


class Failed(click.ClickException):
    """A command that failed: a one-line reason on stderr, exit status 1."""

    exit_code = 1


class Misused(click.ClickException):
    """Arguments that cannot be right together: a one-line reason on stderr, exit status 2."""

    exit_code = 2


class Command(click.Command):
    """A command that turns a user's mistake into one line, and shows its traceback on `--debug`."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)
        self.params.append(
            click.Option(
                ["--debug"],
                is_flag=True,
                expose_value=False,
                callback=_remember_debug,
                help="Show the traceback of a failure.",
            )
        )

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Close the help with the examples, unwrapped, so that they can be copied."""
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write(f"{'':>{formatter.current_indent}}{example}\n")

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; SpkretError and OSError become `Failed` or `Misused`."""
        try:
            return super().invoke(ctx)
        except (SpkretError, OSError) as error:
            if ctx.find_root().meta.get("debug") or _broken_pipe(error):
                raise
            failure = Misused if isinstance(error, UsageError) else Failed
            raise failure(_one_line(error)) from error


class Group(click.Group):
    """A group that lists its commands in the order they are added."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Names of the commands, in the order of work."""
        return list(self.commands)


def store_option(function: F) -> F:
    """Add `--store`: the folder of the store."""
    return click.option(
        "--store",
        "store_path",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="SPKRET_STORE",
        default=DEFAULT_STORE,
        show_default=True,
        show_envvar=True,
        help="Folder of the store.",
    )(function)


def json_option(function: F) -> F:
    """Add `--json`: one JSON document on stdout and nothing else."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON document and nothing else."
    )(function)


def device_option(function: F) -> F:
    """Add `--device`: where the encoder runs."""
    return click.option(
        "--device", default="auto", show_default=True, help="auto, cpu, openvino, cuda or cuda:N."
    )(function)


def model_option(function: F) -> F:
    """Add `--model`: the encoder for files that are not stored."""
    return click.option(
        "--model", help="Encoder for files that are not stored; by default the store's own."
    )(function)


def language_model_option(function: F) -> F:
    """Add `--language-model`: what tells languages."""
    return click.option(
        "--language-model",
        metavar="NAME_OR_DIR",
        help="What tells languages: a folder in SpeechBrain's format, or a repository on Hugging "
        "Face such as speechbrain/lang-id-voxlingua107-ecapa, fetched once.",
    )(function)


def filter_options(function: F) -> F:
    """Add `--language`, `--noise` and `--where`: which recordings of the store take part."""
    options = [
        click.option("--language", help="Only this language, as in the store: en, zh, und."),
        click.option(
            "--noise",
            type=click.Choice(["communication", "background", "clean", "unknown"]),
            help="Only this noise condition.",
        ),
        click.option("--where", metavar="SQL", help='Only rows that satisfy: "duration_s > 2".'),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def log_option(function: F) -> F:
    """Add `--no-log`: write nothing to the scores table."""
    return click.option(
        "--log/--no-log",
        default=True,
        show_default=True,
        help="Write the scores to the store's scores table.",
    )(function)


def _remember_debug(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        ctx.find_root().meta["debug"] = True


def _broken_pipe(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno == errno.EPIPE


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
