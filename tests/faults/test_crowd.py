"""Eight writers and readers at once: no row is lost, and nobody sees half a commit."""

import threading
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from faults import crowd as members
from faults.harness import Ended, Launcher, State
from faults.jobs import SPEAKER, World
from tally import tell

from spkret.errors import StoreError
from spkret.store.schema import EncoderIdentity
from spkret.store.store import Store

CHUNK = 16
COMMANDS = (
    ("index", "AUDIO"),
    ("index", "AUDIO"),
    ("query", "AUDIO/en/001.opus", "--json"),
    ("evaluate", "TRIALS", "--json"),
    ("forget", "--speaker", SPEAKER, "--yes"),
    ("check", "--compact"),
    ("train-reranker", "TRIALS"),
    ("tag", "--noise"),
)
# They read one version of the table several times; compaction may clear it away between.
READERS = ("query", "evaluate", "train-reranker")
OUTRUN = ("was cleared away while it was read", "were erased meanwhile")


class Reader(threading.Thread):
    """Reads all rows over and over, each time as a store that was just opened."""

    def __init__(self, store: Path) -> None:
        super().__init__()
        self.store, self.stop = store, threading.Event()
        self.seen: list[State] = []
        self.errors: list[StoreError] = []

    def run(self) -> None:
        while not self.stop.is_set():
            try:
                self.seen.append(State.of(self.store))
            except StoreError as error:
                self.errors.append(error)


def crowd(world: World, launcher: Launcher, store: Path) -> tuple[list[Ended], Reader]:
    """Run all commands at once, and read meanwhile."""
    world.copy("trained", store)
    audio = Store.open(store).recordings
    half = audio.scan(["id"], language="en")["id"].to_pylist()
    audio.delete(half)
    reader = Reader(store)
    setup = {"settings": {"spkret.indexer.commit:CHUNK_ROWS": CHUNK}}
    processes = [launcher.start(world.placed(words, store), **setup) for words in COMMANDS]
    reader.start()
    ended = [process.wait() for process in processes]
    reader.stop.set()
    reader.join()
    return ended, reader


def test_eight_commands_at_once_lose_nothing(world: World, launcher: Launcher, store: Path) -> None:
    ended, reader = crowd(world, launcher, store)
    for words, one in zip(COMMANDS, ended, strict=True):
        outrun = one.is_plain and any(reason in one.err for reason in OUTRUN)
        assert one.status == 0 or (words[0] in READERS and outrun), (words, one.err)
    full = State.of(world.folder / "full")
    forgotten = {one for one, row in full.rows.items() if row[2] == SPEAKER}
    after = State.of(store)
    assert after.twice == 0
    assert full.rows.keys() - forgotten <= after.rows.keys() <= full.rows.keys()
    assert not reader.errors
    assert reader.seen
    for state in reader.seen:
        assert state.twice == 0
        others = state.rows.keys() | forgotten
        assert others >= {one for one, row in full.rows.items() if row[3] != "en"}
    assert Store.open(store).check(repair=False).ok


@pytest.mark.slow
def test_writers_and_readers_are_counted(tmp_path: Path) -> None:
    writers, readers, commits = 8, 4, 25
    store = tmp_path / "store"
    Store.create(store, EncoderIdentity("fake", "fake-1", 16))
    context = get_context("spawn")
    over = context.Manager().Event()
    with ProcessPoolExecutor(writers + readers + 1, context) as pool:
        reading = [pool.submit(members.read, store, over) for _ in range(readers)]
        compacting = pool.submit(members.compact, store, over)
        writing = [pool.submit(members.write, store, n, commits) for n in range(writers)]
        refused = sum(one.result() for one in writing)
        over.set()
        seen = sum((one.result() for one in (*reading, compacting)), Counter())
    found = Store.open(store).recordings.scan(["path", "id"])["path"].to_pylist()
    expected = writers * commits * members.ROWS + 1
    lost, twice = expected - len({*found}), len(found) - len({*found})
    tell("eight writers and four readers", commits=writers * commits, rows=len({*found}))
    tell("eight writers and four readers", rows_lost=lost, rows_twice=twice, refused=refused)
    tell("eight writers and four readers", **{"halves": 0, **seen})
    assert (len(found), len({*found}), refused) == (expected, expected, 0)
    assert {name for name, count in seen.items() if count} == {"reads", "compactions"}
    assert Store.open(store).check().ok
