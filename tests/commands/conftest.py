"""One store of the example corpus, made by a small fast encoder, for all tests of commands."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from builders import SpectralEncoder
from click.testing import CliRunner, Result

from spkret.api import loading
from spkret.cli import cli
from spkret.commands.demo import CORPUS

Run = Callable[..., Result]


def run_cli(*arguments: object, status: int = 0, stdin: str | None = None) -> Result:
    """Run a command; the exit status must be the expected one."""
    result = CliRunner().invoke(cli, [str(a) for a in arguments], input=stdin)
    assert result.exit_code == status, result.output
    return result


@pytest.fixture(scope="session")
def run() -> Run:
    return run_cli


@pytest.fixture(autouse=True)
def encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "encoder", lambda *_, **__: SpectralEncoder())


@pytest.fixture(scope="session")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("indexed") / "store"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "encoder", lambda *_, **__: SpectralEncoder())
        run_cli("index", CORPUS, "--store", store)
    return store


@pytest.fixture
def store(indexed: Path, tmp_path: Path) -> Path:
    """A copy of the store, to do with as a test likes."""
    return Path(shutil.copytree(indexed, tmp_path / "store"))
