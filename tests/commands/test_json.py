"""`--json` of every command: one document on stdout, and nothing else; never a bar."""

import json
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import Result

from spkret.cli import cli
from spkret.commands.demo import CORPUS

Run = Callable[..., Result]

WITHOUT = {"demo", "completion", "serve"}
"""A tour, a script and a server have no document to give."""

IN_A_STORE = {
    "index": (CORPUS / "en",),
    "tag": (),
    "tag-windows": (CORPUS / "en" / "001.opus",),
    "query": ("en/001.opus", "--language", "en", "--top", 3),
    "verify": ("en/001.opus", "en/017.opus"),
    "identify": ("en/001.opus",),
    "make-trials": ("--records", 10, "--group-size", 4, "--out", "OUT/trials.jsonl"),
    "evaluate": ("OUT/list.jsonl",),
    "sql": ("select count(*) as n from recordings",),
    "info": (),
    "audit": (),
    "check": (),
    "forget": ("--speaker", "en-f1", "--yes"),
    "log": ("--show",),
    "models": (),
    "doctor": ("--quick",),
}
"""Arguments of commands that answer within a second or two."""

ELSEWHERE = {"train-reranker", "train-encoder", "fuse-encoders", "export-onnx", "probe"}
"""Slower ones, whose JSON their own tests read."""

OF_OTHERS = {"export", "import", "report"}
"""Commands that write files, whose JSON their own tests read."""


def test_every_command_has_json_or_a_reason_for_none() -> None:
    having = {
        name
        for name, command in cli.commands.items()
        if any("--json" in param.opts for param in command.params)
    }
    assert set(cli.commands) - having <= WITHOUT
    assert set(cli.commands) <= WITHOUT | set(IN_A_STORE) | ELSEWHERE | OF_OTHERS


def test_every_json_option_is_the_same() -> None:
    helps = {
        param.help
        for command in cli.commands.values()
        for param in command.params
        if isinstance(param, click.Option) and "--json" in param.opts
    }
    assert helps == {"Print one JSON document and nothing else."}


@pytest.mark.parametrize("name", IN_A_STORE)
def test_json_is_one_document_and_nothing_else(
    run: Run, store: Path, tmp_path: Path, name: str
) -> None:
    trial = {"anchor": "en/001.opus", "group": ["en/017.opus", "en/002.opus"]}
    (tmp_path / "list.jsonl").write_text(json.dumps({**trial, "match": "en/017.opus"}) + "\n")
    arguments = [str(each).replace("OUT", str(tmp_path)) for each in IN_A_STORE[name]]
    result = run(name, *arguments, "--store", store, "--json")
    assert isinstance(json.loads(result.stdout), dict | list)
    assert result.stdout.endswith(("}\n", "]\n"))
    assert "\x1b" not in result.output
