"""`spkret forget` against the bytes on disk, after everything that a store is used for."""

import csv
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pytest
from builders import SpectralEncoder
from click.testing import Result
from starlette.testclient import TestClient
from traces import Needles

from spkret.api import loading
from spkret.commands.demo import CORPUS
from spkret.store.store import Store
from spkret.web.app import create_app

_SOCKETS = "pymp-*"
"""Of running helpers of the interpreter; there is nothing in them to read."""

Run = Callable[..., Result]
WHO, NOTE = "quoxol", "zyvember"


@dataclass(frozen=True)
class Place:
    audio: Path
    store: Path
    outside: Path
    secret: tuple[str, ...]

    def rows(self) -> list[dict[str, str]]:
        with (self.audio / "manifest.csv").open(newline="") as file:
            return list(csv.DictReader(file))

    def write(self, rows: list[dict[str, str]]) -> None:
        with (self.audio / "manifest.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def _place(folder: Path) -> Place:
    """The example corpus, in which one speaker's name, paths and note are found nowhere else."""
    (folder / "outside").mkdir(parents=True)
    audio = Path(shutil.copytree(CORPUS, folder / "audio"))
    made = Place(audio, folder / "store", folder / "outside", ())
    rows = [row for row in made.rows() if row["language"] in ("de", "es")]
    target = rows[0]["speaker"]
    secret = [row for row in rows if row["speaker"] == target]
    for row in rows:
        row["note"] = NOTE if row in secret else "-"
    for number, row in enumerate(secret):
        path = f"{row['language']}/{WHO}-{number}.opus"
        (audio / row["path"]).rename(audio / path)
        row["path"], row["speaker"] = path, WHO
    made.write(rows)
    return replace(made, secret=tuple(row["path"] for row in secret))


@pytest.fixture(scope="module")
def seasoned(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A store that has been through everything, with what spkret left in the caches of its user."""
    place = _place(tmp_path_factory.mktemp("seasoned") / "here")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "XDG_CACHE_HOME", "TMPDIR"):
            patch.setenv(name, str(place.outside))
        patch.setattr(tempfile, "tempdir", str(place.outside))
        patch.setattr(loading, "encoder", lambda *_, **__: SpectralEncoder())
        _use(place, run)
    return place


@pytest.fixture
def used(seasoned: Place, tmp_path: Path) -> Place:
    """A copy of that store, and of those caches."""
    store, outside = (
        Path(
            shutil.copytree(folder, tmp_path / folder.name, ignore=shutil.ignore_patterns(_SOCKETS))
        )
        for folder in (seasoned.store, seasoned.outside)
    )
    return replace(seasoned, store=store, outside=outside)


def _use(place: Place, run: Run) -> None:
    """Index, ask, train, serve, mend, and move rows from one partition to another."""
    at = ("--store", place.store)
    first, second = place.secret[:2]
    run("index", place.audio, *at)
    group, pairs, trials = (place.audio / name for name in ("group.txt", "pairs.txt", "t.jsonl"))
    rows = place.rows()
    others = [row["path"] for row in rows if row["language"] == rows[0]["language"]][-8:]
    group.write_text("".join(f"{path}\n" for path in (second, *others)))
    speakers = {row["path"]: row["speaker"] for row in rows}
    pairs.write_text(
        "".join(f"{int(speakers[b] == WHO)} {first} {b}\n" for b in (*place.secret[1:], *others))
    )
    run("query", first, "--group", group, "--explain", *at)
    run("query", others[0], "--group", group, *at)
    run("query", first, *at)
    run("verify", first, others[0], *at)
    run("make-trials", "--records", 150, "--group-size", 8, "--out", trials, *at)
    run("train-reranker", trials, *at)
    run("evaluate", trials, *at)
    run("verify", "--pairs", pairs, "--balanced", *at)
    run("identify", first, *at)
    rows[0]["noise"], rows[1]["language"] = "background", "sw"
    place.write(rows)
    run("index", place.audio, *at)
    (place.audio / f"{WHO}-bad.wav").write_bytes(b"no audio")
    place.write([*rows, rows[0] | {"path": f"{WHO}-bad.wav"}])
    run("index", place.audio, "--tag", "noise", *at)
    store = Store.open(place.store)
    with TestClient(create_app(store), base_url="http://127.0.0.1") as client:
        for path in place.secret:
            upload = (place.audio / path).read_bytes()
            client.post("/uploads", files={"file": (path, upload)})
        assert client.post("/query", json={"anchor": first}).status_code == 200
    run("check", "--compact", *at)
    run("query", first, "--group", group, *at)
    _leave_drafts(store, first)


def _leave_drafts(store: Store, path: str) -> None:
    """Leave what a writer leaves that is killed, and what a repair sets aside."""
    rows = store.recordings.scan(where=f"path = '{path}'")
    vector = rows["embedding"].combine_chunks().flatten().to_numpy().tobytes()
    for name in (
        *("recordings/part-0.zstd.parquet#1", "recordings/_delta_log/_commit_1.json.tmp"),
        *("index/.speakers.json.1.tmp", "index/language=xx/noise=clean.1.vectors"),
        *("set-aside/1/x.parquet", ".reranker.new/cohort.npz"),
    ):
        (store.path / name).parent.mkdir(parents=True, exist_ok=True)
        (store.path / name).write_bytes(vector)
    for table in store.tables:
        table.handle().create_checkpoint()


def _needles(place: Place, rows: pa.Table) -> Needles:
    texts = {"speaker": [WHO], "path": [*place.secret, f"{WHO}-bad"], "note": [NOTE]}
    return Needles.of(rows, texts)


def test_no_byte_of_a_forgotten_speaker_is_left(run: Run, used: Place, tmp_path: Path) -> None:
    store = Store.open(used.store)
    needles = _needles(used, store.recordings.scan(where=f"speaker = '{WHO}'"))
    before = store.recordings.scan(where=f"speaker <> '{WHO}'")
    assert all(needles.inside(used.store).values())
    run("export", "--out", tmp_path / "out.csv", "--what", "manifest", "--store", used.store)
    answer = run("forget", "--speaker", WHO, "--yes", "--json", "--store", used.store)
    assert json.loads(answer.stdout) == {"erased": len(used.secret), "copies": []}
    assert not any(needles.inside(used.store, used.outside).values())
    assert store.recordings.scan().equals(before)
    run("check", "--store", used.store)
    other = before["path"][0].as_py()
    run("query", other, "--store", used.store)
    run("identify", other, "--store", used.store)
    run("report", "--out", tmp_path / "report.html", "--store", used.store)
    assert WHO not in (tmp_path / "report.html").read_text()
    assert not any(needles.inside(used.store, used.outside).values())


def test_no_byte_of_a_forgotten_path_is_left(run: Run, used: Place) -> None:
    path = used.secret[0]
    store = Store.open(used.store)
    needles = Needles.of(store.recordings.scan(where=f"path = '{path}'"), {"path": [path]})
    assert all(needles.inside(used.store).values())
    run("forget", "--path", path, "--yes", "--store", used.store)
    run("query", used.secret[1], "--store", used.store)
    assert not any(needles.inside(used.store, used.outside).values())
    assert store.recordings.scan(["path"], where=f"speaker = '{WHO}'").num_rows


def test_copies_that_stay_are_named(run: Run, tmp_path: Path) -> None:
    place = _place(tmp_path / "here")
    twin = place.audio / "de" / "twin.opus"
    shutil.copy(place.audio / place.secret[0], twin)
    rows = place.rows()
    place.write([*rows, rows[0] | {"path": "de/twin.opus", "speaker": "another"}])
    run("index", place.audio, "--store", place.store)
    result = run("forget", "--path", place.secret[0], "--yes", "--json", "--store", place.store)
    assert json.loads(result.stdout) == {"erased": 1, "copies": [str(twin)]}
    assert str(twin) in result.stderr
    assert json.loads(
        run("forget", "--path", "de/twin.opus", "--yes", "--json", "--store", place.store).stdout
    ) == {"erased": 1, "copies": []}
