"""Indexing on Ray with everything on S3, and jobs that are interrupted again and again."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import voice, write_audio

import spkret
from spkret.store.arrays import embeddings
from spkret.store.store import Store
from spkret.store.urls import filesystem

FILES = 48
pytestmark = pytest.mark.slow


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    root = tmp_path / "audio"
    for number in range(FILES):
        wave = voice(0.3, f0_hz=90 + 3 * number, seed=number)
        write_audio(root / f"s{number % 6}" / f"{number:02}.wav", wave)
    (root / "s1" / "bad.wav").write_text("no audio")
    return root


@pytest.fixture
def here(audio: Path, tmp_path: Path) -> Store:
    """The store that this process makes of the files."""
    spkret.index(audio, tmp_path / "here")
    return Store.open(tmp_path / "here")


@pytest.fixture
def environment(bucket: str, tmp_path: Path) -> dict[str, str]:
    """What a process needs to know of the bucket; it starts a cluster of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    return kept | {"SPKRET_CACHE": str(tmp_path / "cache")}


def uploaded(audio: Path, bucket: str) -> str:
    system, top = filesystem(f"{bucket}/audio")
    for path in audio.glob("*/*"):
        system.pipe_file(f"{top}/{path.relative_to(audio)}", path.read_bytes())
    return f"{bucket}/audio"


def command(audio: str | Path, store: str | Path) -> list[str]:
    code = "from spkret.cli import main; print('started', flush=True); main()"
    given = ["index", str(audio), "--store", str(store), "--ray", "local", "--ray-workers", "2"]
    return [sys.executable, "-c", code, *given]


def assert_same_rows(found: Any, here: Store) -> None:
    expected = here.recordings.scan()
    order = np.argsort(found["path"].to_numpy()), np.argsort(expected["path"].to_numpy())
    found, expected = found.take(order[0]), expected.take(order[1])
    for name in ("path", "content_hash", "speaker", "speaker_source", "extra"):
        assert found[name].to_pylist() == expected[name].to_pylist()
    np.testing.assert_allclose(embeddings(found), embeddings(expected), atol=1e-5)


def test_audio_and_store_on_s3(
    audio: Path,
    here: Store,
    bucket: str,
    environment: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SPKRET_CACHE", environment["SPKRET_CACHE"])
    url, place = uploaded(audio, bucket), f"{bucket}/store"
    run = subprocess.run(command(url, place), env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert f"{FILES} of {FILES + 1} files indexed into {place}" in run.stdout
    shutil.rmtree(environment["SPKRET_CACHE"])
    store = Store.open(place)
    assert_same_rows(store.recordings.scan(), here)
    assert set(store.recordings.scan(["root"])["root"].to_pylist()) == {url}
    assert [row["reason"] for row in store.failures.scan().to_pylist()] == ["not_audio"]
    store.vectors.refresh()
    assert all(store.vectors.equals_rows(cell) for cell in store.recordings.cells())
    again = subprocess.run(command(url, place), env=environment, capture_output=True, text=True)
    assert f"0 of {FILES + 1} files indexed" in again.stdout, again.stderr
    assert f"{FILES} unchanged" in again.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_interrupted_jobs_lose_nothing(
    audio: Path, here: Store, environment: dict[str, str], tmp_path: Path, number: int
) -> None:
    store = tmp_path / "store"
    for moment in interruptions():
        process = subprocess.Popen(
            command(audio, store),
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            process.send_signal(number)
        _, told = process.communicate(timeout=120)
        assert "Traceback" not in told
    if (store / "spkret.json").exists():
        ids = Store.open(store).recordings.scan(["id"])["id"].to_pylist()
        assert len(ids) == len(set(ids))
    subprocess.run(command(audio, store), env=environment, check=True, capture_output=True)
    assert_same_rows(Store.open(store).recordings.scan(), here)


def interruptions() -> Iterator[float]:
    """Yield the seconds after which five runs are interrupted."""
    yield from np.random.default_rng(5).uniform(0, 20, 5).tolist()
