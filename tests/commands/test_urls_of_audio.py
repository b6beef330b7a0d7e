import json
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from builders import voice, write_audio
from click.testing import CliRunner, Result

from spkret.cli import cli

URL = "memory://calls/audio"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Path]:
    """A store of two files at a URL, beside which lies a third one."""
    system = fsspec.filesystem("memory")
    for number, name in enumerate(("audio/ann/0.wav", "audio/bob/1.wav", "new/2.wav")):
        file = write_audio(tmp_path / "a.wav", voice(0.5, f0_hz=100 + 60 * number, seed=number))
        system.pipe(f"/calls/{name}", file.read_bytes())
    done = invoke("index", URL, "--store", str(tmp_path / "store"))
    assert "2 of 2 files indexed" in done.stdout
    assert "is gone" not in done.stderr
    yield tmp_path / "store"
    system.rm("/", recursive=True)


def invoke(*arguments: str) -> Result:
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    return result


def test_an_anchor_at_a_url_is_embedded(store: Path) -> None:
    asked = ["memory://calls/new/2.wav", "--store", str(store), "--no-log", "--json"]
    found = json.loads(invoke("query", *asked).stdout)
    assert found["anchor"] == "memory://calls/new/2.wav"
    assert {one["path"] for one in found["candidates"]} == {"ann/0.wav", "bob/1.wav"}


def test_a_stored_recording_is_named_and_forgotten_by_its_url(store: Path) -> None:
    url = f"{URL}/ann/0.wav"
    answer = invoke("verify", url, "ann/0.wav", "--store", str(store), "--no-log", "--json")
    assert json.loads(answer.stdout)["cosine"] == pytest.approx(1)
    invoke("forget", "--path", url, "--store", str(store), "--yes")
    left = invoke("sql", "select path from recordings", "--store", str(store), "--format", "csv")
    assert left.stdout.split() == ["path", "bob/1.wav"]
