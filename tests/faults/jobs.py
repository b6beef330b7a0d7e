"""The work that faults befall: a store to begin with, a command, and when it has done its job."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from builders import embedded
from deltalake import write_deltalake
from faults.harness import Ended, Launcher

from spkret.commands.demo import CORPUS
from spkret.store.recordings import to_table
from spkret.store.store import Store

FORGOTTEN = "expected a stored speaker"
SPEAKER = "de-f1"


@dataclass(frozen=True, slots=True)
class Job:
    """A command that may be cut off at any moment, and be run again.

    Parameters
    ----------
    name : of the job
    arguments : of the command; AUDIO, TRIALS, EMBEDDINGS and FOLDER are the world's
    prepare : changes the store that it starts from
    setup : how its process is set up
    again : what it may say when it is run again and everything is done
    keeps_reranker : whether the store has a reranker before and ever after
    """

    name: str
    arguments: Sequence[str]
    prepare: Callable[["World", Path], None] = lambda world, store: world.copy("full", store)
    setup: dict[str, Any] = field(default_factory=dict)
    again: str | None = None
    keeps_reranker: bool = False

    def finished(self, ended: Ended) -> bool:
        """Tell whether the command says that everything is done."""
        return ended.status == 0 or (self.again is not None and self.again in ended.err)


class World:
    """Stores to begin with, made once: `half` of the corpus, `full`, and `trained`.

    Parameters
    ----------
    folder : for them, and for the stores that are worked on
    """

    def __init__(self, folder: Path, launcher: Launcher) -> None:
        self.folder, self.launcher = folder, launcher
        self.audio = folder / "audio"
        self.trials = folder / "trials.jsonl"
        self.pairs = folder / "pairs.txt"
        self.embeddings = folder / "embeddings.npz"
        self._make()

    def copy(self, name: str, store: Path) -> None:
        """Begin with one of the stores."""
        shutil.copytree(self.folder / name, store)

    def words(self, job: Job, store: Path) -> list[object]:
        """Write the command of a job on a store."""
        return self.placed(job.arguments, store)

    def placed(self, arguments: Sequence[str], store: Path) -> list[object]:
        """Write a command on a store; AUDIO and the like become paths."""
        places = {
            "AUDIO": self.audio,
            "TRIALS": self.trials,
            "PAIRS": self.pairs,
            "EMBEDDINGS": self.embeddings,
            "FOLDER": self.folder,
        }
        heads = [(word, *word.partition("/")) for word in arguments]
        words = [places[head] / rest if head in places else word for word, head, _, rest in heads]
        return [*words, "--store", store]

    def _make(self) -> None:
        shutil.copytree(CORPUS, self.audio)
        half, full, trained = (self.folder / name for name in ("half", "full", "trained"))
        manifest = (self.audio / "manifest.csv").read_text().splitlines(keepends=True)
        (self.folder / "half.csv").write_text("".join(manifest[:121]))
        untagged = [",".join(line.split(",")[:3]) + "\n" for line in manifest]
        (self.folder / "large.csv").write_text("".join(untagged))
        (self.folder / "half-large.csv").write_text("".join(untagged[:1] + untagged[1::2]))
        self._run("index", self.audio, "--manifest", self.folder / "half.csv", store=half)
        shutil.copytree(half, full)
        self._run("index", self.audio, store=full)
        drawn = ("--records", "30", "--group-size", "5", "--out", self.trials)
        self._run("make-trials", *drawn, store=full)
        shutil.copytree(full, trained)
        self._run("train-reranker", self.trials, store=trained)
        self._run("evaluate", self.trials, store=trained)
        self._write_pairs([line.split(",")[:2] for line in manifest[1:61]])
        vectors = np.random.default_rng(0).standard_normal((300, 16)).astype(np.float32)
        keys = np.array([f"r/{n}.wav" for n in range(300)])
        np.savez(self.embeddings, keys=keys, embeddings=vectors)

    def _write_pairs(self, voices: Sequence[Sequence[str]]) -> None:
        pairs = [(int(a[1] == b[1]), a[0], b[0]) for a, b in combinations(voices, 2)]
        self.pairs.write_text("".join(f"{same} {a} {b}\n" for same, a, b in pairs))

    def _run(self, *arguments: object, store: Path) -> None:
        ended = self.launcher.run([*arguments, "--store", store])
        assert ended.status == 0, ended.err


def nothing(world: World, store: Path) -> None:
    """Begin without a store."""


def half(world: World, store: Path) -> None:
    """Begin with half of the corpus."""
    world.copy("half", store)


def half_large(world: World, store: Path) -> None:
    """Begin with half of each language, a partition indexed as a large one is."""
    words = world.placed(("index", "AUDIO", "--manifest", "FOLDER/half-large.csv"), store)
    ended = world.launcher.run(words, **LARGE)
    assert ended.status == 0, ended.err
    assert list(store.rglob("*.vectors"))


def trained(world: World, store: Path) -> None:
    """Begin with a store that has a reranker, scores and trials."""
    world.copy("trained", store)


def many_files(world: World, store: Path) -> None:
    """Begin with a store of many small files, of old ones, and of unfinished ones."""
    trained(world, store)
    opened = Store.open(store)
    table = opened.recordings.scan()
    for start in range(0, 40, 4):
        opened.recordings.edit(table["id"][start : start + 4].to_pylist(), lambda rows: rows)


def broken(world: World, store: Path) -> None:
    """Begin with a store that has rows that cannot stay, and an index of other vectors."""
    trained(world, store)
    recordings = Store.open(store).recordings
    rows = [embedded(f"broken-{n}.wav", vector=np.ones(48, np.float32)) for n in range(5)]
    write_deltalake(recordings.delta.handle(), to_table(rows), mode="append")


def untagged(world: World, store: Path) -> None:
    """Begin with a store whose rows lack what a tagger can tell."""
    world.copy("full", store)
    recordings = Store.open(store).recordings

    def forget_noise(rows: pa.Table) -> pa.Table:
        for name, value in (("noise", "unknown"), ("noise_source", "none")):
            place = rows.schema.get_field_index(name)
            rows = rows.set_column(place, rows.schema.field(name), pa.array([value] * len(rows)))
        return rows

    recordings.edit(recordings.scan(["id"])["id"].to_pylist(), forget_noise)


CHUNKS = {"settings": {"spkret.indexer.commit:CHUNK_ROWS": 16}}
LARGE = {
    "settings": {
        **CHUNKS["settings"],
        "spkret.store.exact:MOST_BYTES": 0,
        "spkret.store.exact:MOST_BYTES_WITH_GPU": 0,
        "spkret.store.approximate:_MOST_LISTS": 1,  # an index of so many lists is never too small
    }
}

INDEX_LARGE = ("index", "AUDIO", "--manifest", "FOLDER/large.csv")

JOBS = (
    Job("index", ("index", "AUDIO"), nothing, CHUNKS),
    Job("index more", ("index", "AUDIO", "--prune"), half, CHUNKS),
    Job("index large", INDEX_LARGE, half_large, LARGE),
    Job("import", ("import", "EMBEDDINGS", "--encoder", "other", "--audio-dir", "FOLDER"), nothing),
    Job("forget", ("forget", "--speaker", SPEAKER, "--yes"), trained, again=FORGOTTEN),
    Job("compact", ("check", "--compact"), many_files, keeps_reranker=True),
    Job("repair", ("check", "--repair"), broken, keeps_reranker=True),
    Job("tag", ("tag", "--noise"), untagged),
    Job("train-reranker", ("train-reranker", "TRIALS"), trained, keeps_reranker=True),
    Job("evaluate", ("evaluate", "TRIALS"), trained, keeps_reranker=True),
)
