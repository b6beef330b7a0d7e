"""What every command shares: its errors, `--debug` and `--store`."""

import errno
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from ..errors import SpkretError, UsageError
from .values import PathOrUrl, complete_device, complete_language, complete_model

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_STORE = "spkret-store"

_COMMON = "Common options"
_SHARED = {"--store", "--device", "--json", "--debug", "--help"}


class Failed(click.ClickException):
    """A command that failed: a one-line reason on stderr, exit status 1."""

    exit_code = 1


class Misused(click.ClickException):
    """Arguments that cannot be right together: a one-line reason on stderr, exit status 2."""

    exit_code = 2


class Command(click.Command):
    """A command that turns a user's mistake into one line, and shows its traceback on `--debug`.

    Parameters
    ----------
    examples : command lines for the help; a mapping says of each what it does
    see_also : names of commands and pages of docs/ that go with it
    fails_if : when it exits with status 1 beside a failure, such as `the store is not whole`
    sections : options under a heading of their own, `{"Pairs": ("--pairs", "--prior")}`; the others
        stand under Options, and those that every command shares under Common options
    """

    def __init__(
        self,
        *args: Any,
        examples: Sequence[str] | Mapping[str, str] = (),
        see_also: Sequence[str] = (),
        fails_if: str = "",
        sections: Mapping[str, Sequence[str]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)
        self.comments = examples if isinstance(examples, Mapping) else {}
        self.see_also = tuple(see_also)
        self.fails_if = fails_if
        self.sections = sections or {}
        self.params.append(
            click.Option(
                ["--debug"],
                is_flag=True,
                expose_value=False,
                callback=_remember_debug,
                help="Show the traceback of a failure.",
            )
        )

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options: the command's own, those with a heading, those that all share."""
        placed = {name: title for title, names in self.sections.items() for name in names}
        rows: dict[str, list[tuple[str, str]]] = {"Options": []}
        rows |= {title: [] for title in (*self.sections, _COMMON)}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and record[1]:  # an argument may have no help
                rows[_heading(param.opts, placed)].append(record)
        for title, records in rows.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Close the help: exit status, what goes with it, and examples that can be copied."""
        failed = f"failed, or {self.fails_if}" if self.fails_if else "failed"
        status = f"0 done; 1 {failed}: one line on stderr says why; 2 wrong usage"
        _write_section(formatter, "Exit status", status)
        if self.see_also:
            _write_section(formatter, "See also", ", ".join(map(_reference, self.see_also)))
        if self.examples:
            with formatter.section("Examples"):
                for line in self._example_lines():
                    formatter.write(f"{'':>{formatter.current_indent}}{line}\n")

    def _example_lines(self) -> Iterable[str]:
        for example in self.examples:
            if example in self.comments:
                yield f"# {self.comments[example]}"
            yield example

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


class StorePlace(PathOrUrl):
    """A folder, or the URL of one, such as s3://bucket/store."""

    def __init__(self) -> None:
        super().__init__(file_okay=False, path_type=Path)


def store_option(function: F) -> F:
    """Add `--store`: the folder of the store, or its URL."""
    return click.option(
        "--store",
        "store_path",
        type=StorePlace(),
        envvar="SPKRET_STORE",
        default=DEFAULT_STORE,
        show_default=True,
        show_envvar=True,
        help="Folder of the store, or its URL: s3://bucket/store.",
    )(function)


def require_named_store(store_path: Path | str) -> None:
    """Refuse a store that was named, by --store or the environment, and is not there.

    For commands that can do without one.

    Raises
    ------
    StoreNotFoundError
        There is none.
    """
    from .. import api

    source = click.get_current_context().get_parameter_source("store_path")
    if source is not ParameterSource.DEFAULT:
        api.opened(store_path)


def json_option(function: F) -> F:
    """Add `--json`: one JSON document on stdout and nothing else."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON document and nothing else."
    )(function)


def device_option(function: F) -> F:
    """Add `--device`: where the encoder runs."""
    return click.option(
        "--device",
        default="auto",
        show_default=True,
        shell_complete=complete_device,
        help="Where the encoder runs: auto, cpu, openvino, cuda or cuda:N.",
    )(function)


def model_option(function: F) -> F:
    """Add `--model`: the encoder for files that are not stored."""
    return click.option(
        "--model",
        metavar="MODEL",
        shell_complete=complete_model,
        help="Encoder for files that are not stored: a name of `spkret models` or a path; by"
        " default the store's own.",
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
        click.option(
            "--language",
            metavar="CODE",
            shell_complete=complete_language,
            help="Only this language, as in the store: en, zh, und (unknown).",
        ),
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


def _heading(names: Sequence[str], placed: Mapping[str, str]) -> str:
    """The heading under which an option stands."""
    for name in names:
        if name in placed:
            return placed[name]
    return _COMMON if _SHARED & set(names) else "Options"


def _write_section(formatter: click.HelpFormatter, title: str, text: str) -> None:
    with formatter.section(title):
        formatter.write_text(text)


def _reference(name: str) -> str:
    return name if "/" in name else f"spkret {name}"


def _remember_debug(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        ctx.find_root().meta["debug"] = True


def _broken_pipe(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno == errno.EPIPE


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
