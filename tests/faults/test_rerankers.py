"""Rerankers that are trained at once, and while they are read: each is there as a whole."""

import json
import threading
from collections import Counter
from pathlib import Path

from faults.harness import Ended, Launcher
from faults.jobs import World
from tally import tell

from spkret.errors import RerankerError
from spkret.rerank.ranker import Reranker
from spkret.store.store import Store

TRAIN = ("train-reranker", "TRIALS", "--seed")
QUERY = ("query", "AUDIO/en/001.opus", "--no-log", "--json")


class Reader(threading.Thread):
    """Loads the reranker over and over."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder, self.stop = folder, threading.Event()
        self.seen: Counter[str] = Counter()
        self.errors: list[RerankerError] = []

    def run(self) -> None:
        while not self.stop.is_set():
            try:
                self.seen[Reranker.load(self.folder).fingerprint] += 1
            except RerankerError as error:
                self.errors.append(error)


def trained(world: World, launcher: Launcher, store: Path, seeds: range) -> Counter[str]:
    """Train with every seed at once, and query and read meanwhile; count what was read."""
    world.copy("trained", store)
    folder = Store.open(store).reranker_path
    reader = Reader(folder)
    words = [world.placed((*TRAIN, str(seed)), store) for seed in seeds]
    trainers = [launcher.start(one) for one in words]
    reader.start()
    queries: list[Ended] = []
    while any(Path(f"/proc/{one.pid}/exe").exists() for one in trainers) or not queries:
        queries.append(launcher.run(world.placed(QUERY, store)))
    ended = [one.wait() for one in trainers]
    reader.stop.set()
    reader.join()
    assert [one.status for one in (*ended, *queries)] == [0] * (len(ended) + len(queries))
    assert all(json.loads(one.out)["reranker"] for one in queries)
    assert not reader.errors
    assert [path.name for path in store.glob("*reranker*")] == ["reranker"]
    return reader.seen


def test_trainings_at_once_leave_one_whole_reranker(
    world: World, launcher: Launcher, store: Path
) -> None:
    seen = trained(world, launcher, store, range(1, 7))
    tell("six trainings at once", rerankers_read=len(seen), reads=sum(seen.values()))
    assert len(seen) > 1
