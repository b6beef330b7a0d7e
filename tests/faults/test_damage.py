"""Files of a store that are cut off, emptied, flipped or swapped: a store that opens, or one line.

Nothing whole is lost: what `check --repair` cannot mend it sets aside, and says so.
"""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from faults.harness import Launcher, State
from faults.jobs import World
from tally import tell

from spkret.errors import StoreError
from spkret.store.store import Store

Damage = Callable[[Path], None]

KINDS = {
    "rows": "recordings/language=en/**/*.parquet",
    "log of rows": "recordings/_delta_log/00000000000000000001.json",
    "newest log of rows": "recordings/_delta_log/*.json",
    "log of scores": "scores/_delta_log/00000000000000000001.json",
    "scores": "scores/*.parquet",
    "index": "index/**/*.faiss",
    "note of an index": "index/language=en/*.json",
    "background": "index/background.npz",
    "store": "spkret.json",
    "reranker": "reranker/reranker.json",
    "trees": "reranker/model.txt",
    "cohort": "reranker/cohort.npz",
    "threshold": "verification.json",
    "speakers": "index/speakers.json",
}
COMMANDS = (
    ("check",),
    ("info",),
    ("query", "AUDIO/en/001.opus", "--no-log", "--json"),
    ("evaluate", "TRIALS", "--no-log", "--json"),
    ("verify", "AUDIO/en/001.opus", "AUDIO/en/002.opus", "--no-log", "--json"),
    ("identify", "AUDIO/en/001.opus", "--json"),
)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    place = random.Random(0).randrange(len(data))
    data[place] ^= 1 << 5
    path.write_bytes(data)


def remove(path: Path) -> None:
    path.unlink()


def swap(path: Path) -> None:
    """Put another file of the store in its place, of its kind if there is one."""
    others = sorted(path.parents[2].rglob(f"*{path.suffix}"))
    other = next(one for one in others if one.read_bytes() != path.read_bytes())
    shutil.copyfile(other, path)


DAMAGES: tuple[Damage, ...] = (cut, empty, flip, remove, swap)
# Built again from the rows, or told by a digest: no answer may change without a word.
DERIVED = ("index", "note of an index", "background")
DIGESTED = (*DERIVED, "trees", "cohort")


class Patient:
    """A whole store with every kind of file, and what it answers."""

    def __init__(self, world: World, launcher: Launcher, folder: Path) -> None:
        self._world, self._launcher = world, launcher
        self.whole = folder / "whole"
        world.copy("trained", self.whole)
        self.run(self.whole, ("verify", "--pairs", "PAIRS", "--balanced", "--no-log"))
        self.answers = {words: self.run(self.whole, words)[1] for words in COMMANDS}
        assert all(self.answers.values())
        self.state = State.of(self.whole)

    def run(self, store: Path, words: tuple[str, ...]) -> tuple[int, str]:
        """Run a command, which may fail in one line and in no other way."""
        ended = self._launcher.run(self._world.placed(words, store))
        assert ended.status in (0, 1), ended.err
        assert ended.status == 0 or ended.is_plain, ended.err
        return ended.status, ended.out


@pytest.fixture(scope="module")
def patient(world: World, launcher: Launcher, tmp_path_factory: pytest.TempPathFactory) -> Patient:
    return Patient(world, launcher, tmp_path_factory.mktemp("patient"))


def look(patient: Patient, store: Path, kind: str, damage: Damage) -> None:
    """Damage a file, ask all commands, and mend the store."""
    shutil.copytree(patient.whole, store)
    file = sorted(store.glob(KINDS[kind]))[-1]
    rows = rows_in(store, file)
    damage(file)
    tell("damaged files", cases=1, commands=len(COMMANDS))
    for words in COMMANDS:
        status, out = patient.run(store, words)
        if kind in DIGESTED and not status and words[0] not in ("check", "info"):
            assert out == patient.answers[words], (kind, damage.__name__, words)
    mend(patient, store, rows)


def mend(patient: Patient, store: Path, rows: set[int]) -> None:
    """Repair a store; of all rows, those in the damaged file alone may be gone."""
    status, out = patient.run(store, ("check", "--repair"))
    if status:
        return
    again = State.of(store)
    whole = patient.state.rows.keys() - rows
    lost = len(whole - again.rows.keys())
    tell("damaged files, mended", rows_lost=lost, rows_twice=again.twice)
    assert (lost, again.twice) == (0, 0)
    changed = {one for one, row in again.rows.items() if row != patient.state.rows.get(one)}
    assert changed <= rows, out


def rows_in(store: Path, file: Path) -> set[int]:
    """List the rows that a file of the table holds, or that a commit of it brought."""
    import pyarrow.parquet as pq

    if "recordings" not in file.relative_to(store).parts:
        return set()
    if file.suffix == ".json":
        return set(Store.open(store).recordings.scan(["id"])["id"].to_pylist())
    return set(pq.ParquetFile(file).read(["id"])["id"].to_pylist())


@pytest.mark.parametrize("kind", ["rows", "index", "reranker", "store"])
def test_flipped_file_ends_in_answers_or_one_line(patient: Patient, store: Path, kind: str) -> None:
    look(patient, store, kind, flip)


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_damaged_file_ends_in_answers_or_one_line(
    patient: Patient, store: Path, kind: str, damage: Damage
) -> None:
    look(patient, store, kind, damage)


@pytest.mark.parametrize("damage", [cut, empty])
def test_damaged_spkret_json_says_what_to_do(patient: Patient, store: Path, damage: Damage) -> None:
    shutil.copytree(patient.whole, store)
    damage(store / "spkret.json")
    with pytest.raises(StoreError, match=r"spkret\.json") as caught:
        Store.open(store)
    assert "restore" in str(caught.value) or "use" in str(caught.value)
