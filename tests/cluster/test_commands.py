import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from builders import labelled_table, matched_store
from click.testing import CliRunner

import spkret
from spkret.cli import cli
from spkret.store.store import Store


@pytest.fixture(scope="module")
def labelled(ray: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store of labelled recordings; its workers are stopped at the end."""
    store = matched_store(tmp_path_factory.mktemp("labelled") / "store", labelled_table())
    yield store
    with spkret.searching(store, "local", keep=False):
        pass


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*arguments: str) -> str:
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 2
    return result.stderr


def test_query_on_a_cluster_answers_as_here(labelled: Store) -> None:
    anchor, *_ = labelled.recordings.scan(["path"])["path"].to_pylist()
    asked = ["query", anchor, "--store", str(labelled.path), "--json", "--no-log"]
    here = json.loads(run(*asked))
    assert json.loads(run(*asked, "--ray", "local", "--ray-workers", "1")) == here
    with spkret.searching(labelled.path, ray="auto") as store:
        assert spkret.query(store, anchor, log=False).to_dict() == here


def test_a_group_is_not_sent_to_a_cluster(labelled: Store, tmp_path: Path) -> None:
    group = tmp_path / "group.txt"
    group.write_text("a.wav\n")
    asked = ["query", "a.wav", "--store", str(labelled.path), "--group", str(group)]
    assert "expected --group or --ray, got both" in refused(*asked, "--ray", "local")


@pytest.mark.parametrize("option", [["--ray-workers", "2"], ["--ray-stop"]])
def test_workers_without_a_cluster_are_refused(labelled: Store, option: list[str]) -> None:
    assert "expected --ray ADDRESS" in refused("query", "a.wav", *option)
