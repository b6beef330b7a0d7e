"""What the help of a command shows, and a store that was named."""

from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from spkret.cli import cli
from spkret.commands.base import Command, json_option, store_option

ROOT = Path(__file__).parents[2]
Run = Callable[..., Result]


@click.command(
    "weigh",
    cls=Command,
    examples={"spkret weigh a.wav": "one file", "spkret weigh --heavy": "all of it"},
    see_also=("info", "docs/querying.md"),
    fails_if="it is too heavy",
    sections={"Scales": ("--heavy",)},
)
@click.argument("path")
@store_option
@click.option("--heavy", is_flag=True, help="On the large scales.")
@click.option("--light", is_flag=True, help="On the small ones.")
@json_option
def weigh(**_options: object) -> None:
    """Weigh a file."""


def help_of(command: click.Command) -> str:
    result = CliRunner().invoke(command, ["--help"])
    assert result.exit_code == 0
    return result.stdout


def test_options_stand_under_their_headings() -> None:
    parts = help_of(weigh).split("\n\n")
    by_title = {part.splitlines()[0]: part for part in parts}
    assert "--light" in by_title["Options:"]
    assert "--heavy" not in by_title["Options:"]
    assert "--heavy" in by_title["Scales:"]
    for option in ("--store", "--json", "--debug", "--help"):
        assert option in by_title["Common options:"]


def test_help_ends_with_status_relations_and_examples() -> None:
    text = help_of(weigh)
    assert "0 done; 1 failed, or it is too heavy: one line on stderr says why; 2 wrong" in text
    assert "See also:\n  spkret info, docs/querying.md\n" in text
    assert text.endswith(
        "Examples:\n  # one file\n  spkret weigh a.wav\n  # all of it\n  spkret weigh --heavy\n"
    )


def test_examples_need_no_comments() -> None:
    plain = Command("plain", examples=["spkret plain"], help="Do it.")
    assert help_of(plain).endswith("Examples:\n  spkret plain\n")
    assert "See also" not in help_of(plain)


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_what_help_refers_to_is_there(name: str) -> None:
    command = cli.commands[name]
    assert isinstance(command, Command)
    for reference in command.see_also:
        if "/" in reference:
            assert (ROOT / reference).is_file(), reference
        else:
            assert reference in cli.commands
            assert reference != name
    options = {opt for param in command.params for opt in param.opts}
    assert {opt for names in command.sections.values() for opt in names} <= options


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_examples_use_commands_and_options_that_are_there(name: str) -> None:
    command = cli.commands[name]
    assert isinstance(command, Command)
    for example in command.examples:
        for typed in example.split("spkret ")[1:]:
            words = typed.split(">")[0].split("|")[0].split()
            if words[0] not in cli.commands:
                continue  # a folder of that name
            known = {o for p in cli.commands[words[0]].params for o in (*p.opts, *p.secondary_opts)}
            assert {word for word in words if word.startswith("--")} <= known, example


def test_a_store_that_is_named_must_be_there(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run("models")
    assert "mistyped" in run("models", "--store", tmp_path / "mistyped", status=1).stderr
    monkeypatch.setenv("SPKRET_STORE", str(tmp_path / "mistyped"))
    run("models", status=1)
