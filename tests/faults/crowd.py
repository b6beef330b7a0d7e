"""Writers and readers of one store, each in a process of its own, that count what they see."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event

from builders import embedded

from spkret.errors import StoreError
from spkret.store.schema import Embedded
from spkret.store.store import Store

ROWS = 5
SHARED = "shared.wav"
"""A row that every writer writes again with every commit."""


def rows_of(writer: int, commit: int) -> Iterator[Embedded]:
    """Make what a writer commits at once; of each language and noise, some."""
    for row in range(ROWS):
        yield embedded(
            f"{writer}/{commit}/{row}.wav",
            speaker=f"s{writer}",
            language=("en", "es", "de")[row % 3],
            noise=("clean", "background")[commit % 2],
        )
    yield embedded(SHARED, speaker=f"s{writer}-{commit}")


def write(folder: Path, writer: int, commits: int) -> int:
    """Commit so many times; return how often other writers came first every time."""
    table, refused = Store.open(folder).recordings, 0
    for commit in range(commits):
        try:
            table.commit(list(rows_of(writer, commit)))
        except StoreError:
            refused += 1
    return refused


def read(folder: Path, over: Event) -> Counter[str]:
    """Read until it is over; count reads, errors, rows seen twice, and halves of a commit."""
    counts: Counter[str] = Counter()
    while not over.is_set():
        try:
            found = Store.open(folder).recordings.scan(["path"])["path"].to_pylist()
        except StoreError as error:
            counts[f"error: {error}"] += 1
            continue
        counts += Counter(reads=1, twice=len(found) - len({*found}), halves=halves(found))
    return counts


def compact(folder: Path, over: Event) -> Counter[str]:
    """Write small files together until it is over."""
    counts: Counter[str] = Counter()
    while not over.wait(1.0):
        Store.open(folder).check(compact=True)
        counts["compactions"] += 1
    return counts


def halves(paths: Sequence[str]) -> int:
    """Count the commits of which some rows are there, and some not."""
    commits = Counter(path.rpartition("/")[0] for path in paths if path != SHARED)
    return sum(rows != ROWS for rows in commits.values())
