"""The recordings that matching asks for, kept in memory while the store's table does not change."""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..errors import StoreError, UsageError
from . import background_file
from .normalize import Background
from .voices import Labelled, Labels, Voices

if TYPE_CHECKING:
    from ..store.reading import Snapshot
    from ..store.references import Resolved
    from ..store.store import Store

Reference = str | int | Path
File = str | Path
"""What is not stored: a path, or a URL, which is a text."""
Embed = Callable[[Sequence[File]], pa.Table]
Rows = npt.NDArray[np.int64]

MOST_ROWS = 100_000
MOST_FITTED = 1_000_000
_MISSES_BEFORE_ALL = 2
_MANY_AT_ONCE = 2_048
_COLUMNS = (*Voices.COLUMNS, "path")


class Unstored(str):
    """A reference: the path of a file that is known not to be stored; the store is not asked."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Gathered:
    """Recordings that were asked for.

    Parameters
    ----------
    voices : each recording once
    paths : str (n,), as stored, or the file's
    stored : bool (n,), whether it is a row of the store
    rows : int64 (references,), the row of each reference
    """

    voices: Voices
    paths: Labels
    stored: npt.NDArray[np.bool_]
    rows: Rows

    def take(self, rows: Rows) -> "Gathered":
        """Pick these recordings, each referred to once."""
        return Gathered(
            self.voices.take(rows), self.paths[rows], self.stored[rows], np.arange(len(rows))
        )

    def in_order(self) -> "Gathered":
        """Order the recordings by what their audio holds, and copies of one audio by their paths.

        So that nothing computed of them depends on the order that they were listed in.
        """
        content = self.voices.content_hashes.astype(np.str_)
        order = np.lexsort((self.paths.astype(np.str_), content))
        return replace(self.take(order), rows=np.argsort(order)[self.rows])

    def joined(self, other: "Gathered") -> "Gathered":
        """Append the recordings of another."""
        return Gathered(
            self.voices.joined(other.voices),
            np.concatenate([self.paths, other.paths]),
            np.concatenate([self.stored, other.stored]),
            np.concatenate([self.rows, other.rows + len(self.voices)]),
        )


class Library:
    """The rows of one store that were asked for, and its background, at one version."""

    def __init__(self, store: "Store", version: int) -> None:
        self.version = version
        self._store = store
        self._id_of: dict[str, int] = {}
        self._row_of: dict[int, int] = {}
        self._voices: Voices | None = None
        self._paths: Labels = np.empty(0, object)
        self._labelled: Labelled | None = None
        self._has_all = False
        self._misses = 0
        self._backgrounds: dict[str, Background] = {}

    def gather(self, references: Sequence[Reference], embed: Embed | None) -> Gathered:
        """Find the recordings that references name; embed files that are not stored, in one call.

        Raises
        ------
        UnknownRecordingError, AmbiguousRecordingError
            A reference does not name precisely one recording.
        UsageError
            A file is not stored, and there is no `embed`.
        """
        files = self._resolve(references)
        ids = [self._id_of.get(str(reference)) for reference in references]
        self._read([id_ for id_ in dict.fromkeys(ids) if id_ is not None])
        wanted = dict.fromkeys(id_ for id_ in ids if id_ is not None)
        picked = np.array([self._row_of[id_] for id_ in wanted], np.int64)
        place = {id_: row for row, id_ in enumerate(wanted)}
        fresh = {
            path: len(place) + number for number, path in enumerate(dict.fromkeys(files.values()))
        }
        rows = [
            place[id_] if id_ is not None else fresh[files[str(reference)]]
            for reference, id_ in zip(references, ids, strict=True)
        ]
        return self._gathered(picked, list(fresh), np.array(rows, np.int64), embed)

    def missing(self, references: Sequence[Reference]) -> set[str]:
        """Return the references that name no stored recording and no file, as text.

        Raises
        ------
        AmbiguousRecordingError
            A reference names several recordings.
        """
        looked_up = self._look_up(references, missing_ok=True)
        return {str(each.reference) for each in looked_up if each.id is None and each.file is None}

    def by_id(self, ids: Rows) -> Gathered:
        """Return stored recordings by id, row i being id i."""
        self._read(ids.tolist())
        picked = np.array([self._row_of[id_] for id_ in ids.tolist()], np.int64)
        return self._gathered(picked, [], np.arange(len(ids)), None)

    def labelled(self) -> Labelled:
        """Return what every recording of the store is labelled with, and its embedding."""
        if self._labelled is None:
            if self._has_all and self._voices is not None:
                return self._voices.labels()
            columns = list(Labelled.COLUMNS)
            table = self._store.recordings.scan(columns=columns, version=self._snapshot)
            self._labelled = Labelled.of(table)
        return self._labelled

    def background(self, prior: Background | None, prior_name: str) -> Background:
        """Return the background of the store, cached beside its indexes.

        Parameters
        ----------
        prior : see `Background.fit`
        prior_name : names the prior, so that another one makes another background
        """
        key = f"{self.state}/{prior_name}"
        if key not in self._backgrounds:
            path = self._store.path / "index" / "background.npz"
            cached = background_file.read(path, key)
            if cached is None:
                cached = Background.fit(self._typical(), prior)
                self._keep(lambda: background_file.write(path, cached, key))
            self._backgrounds[key] = cached
        return self._backgrounds[key]

    def _keep(self, write: Callable[[], None]) -> None:
        """Write what was derived of these rows, unless some may have been erased meanwhile."""
        with suppress(OSError), self._store.locks.idle("background") as alone:
            if alone and self._store.recordings.version() == self.version:
                write()

    @cached_property
    def state(self) -> str:
        """Tell these rows from others, also from those of a version of the same number."""
        return f"{self.version}/{self._snapshot.digest()}"

    def _typical(self) -> Labelled:
        """Return what is labelled, or an even part of what is too much to be held in memory."""
        if self._store.recordings.delta.count() <= MOST_FITTED:
            return self.labelled()
        recordings = self._store.recordings.delta
        return Labelled.of(recordings.sample(Labelled.COLUMNS, MOST_FITTED, at=self._snapshot))

    def _resolve(self, references: Sequence[Reference]) -> dict[str, File]:
        """Note the ids of stored references; return the files of the others."""
        fresh: dict[str, File] = {
            str(one): Path(one) for one in references if isinstance(one, Unstored)
        }
        looked_up = self._look_up([one for one in references if not isinstance(one, Unstored)])
        found = {str(each.reference): each.file for each in looked_up if each.file is not None}
        return fresh | found

    def _look_up(
        self, references: Sequence[Reference], missing_ok: bool = False
    ) -> "list[Resolved]":
        """Find what references name that are not known yet, and note the ids of stored ones."""
        from ..store.references import resolve

        unknown = self._unknown(references)
        if unknown:
            self._misses += 1
            if not self._has_all and (
                self._misses == _MISSES_BEFORE_ALL or len(unknown) > _MANY_AT_ONCE
            ):
                self._read_all()
                unknown = self._unknown(references)
        if not unknown:
            return []
        looked_up = resolve(self._store.recordings, unknown, missing_ok=missing_ok)
        self._id_of |= {str(each.reference): each.id for each in looked_up if each.id is not None}
        return looked_up

    def _unknown(self, references: Sequence[Reference]) -> list[Reference]:
        """Return each reference whose recording is not known yet, once."""
        return list({str(r): r for r in references if str(r) not in self._id_of}.values())

    def _read_all(self) -> None:
        """Hold a store that is not too large in memory: it is asked for more and more of it.

        A path that two roots share, or that is a file here as well, is left to be resolved.
        """
        if self._store.recordings.delta.count() > MOST_ROWS:
            return
        self._hold(self._scan())
        self._has_all = True
        ids, paths = [*self._row_of], self._paths.tolist()
        times = Counter(paths)
        self._id_of |= {str(id_): id_ for id_ in ids}
        self._id_of |= {
            path: id_
            for path, id_ in zip(paths, ids, strict=True)
            if times[path] == 1 and path not in self._id_of and not os.path.exists(path)  # noqa: PTH110
        }

    def _read(self, ids: Sequence[int]) -> None:
        """Read the rows of ids that are not in memory yet."""
        missing = [id_ for id_ in ids if id_ not in self._row_of]
        if not missing:
            return
        if len(self._row_of) + len(missing) > MOST_ROWS:
            self._row_of, self._voices, self._paths = {}, None, self._paths[:0]
            missing = list(ids)
        table = self._scan(missing)
        if self._voices is None:
            self._hold(table)
        else:
            read, known = Voices.of(table), len(self._row_of)
            self._row_of |= {id_: known + row for row, id_ in enumerate(read.ids.tolist())}
            self._voices = self._voices.joined(read)
            self._paths = np.concatenate([self._paths, table["path"].to_numpy()])
        if not all(id_ in self._row_of for id_ in missing):
            raise StoreError("the store changed while it was read; run the command again")

    def _scan(self, ids: Sequence[int] | None = None) -> pa.Table:
        return self._store.recordings.scan(list(_COLUMNS), ids=ids, version=self._snapshot)

    def _hold(self, table: pa.Table) -> None:
        """Hold these rows in memory, and no others."""
        self._voices, self._paths = Voices.of(table), table["path"].to_numpy()
        self._row_of = {id_: row for row, id_ in enumerate(self._voices.ids.tolist())}

    @cached_property
    def _snapshot(self) -> "Snapshot":
        return self._store.recordings.delta.snapshot(self.version)

    def _gathered(
        self, picked: Rows, files: list[File], rows: Rows, embed: Embed | None
    ) -> Gathered:
        paths, stored = self._paths[picked], np.ones(len(picked), bool)
        voices = None if self._voices is None else self._voices.take(picked)
        if files:
            embedded = _embedded(files, embed)
            voices = embedded if voices is None or not len(voices) else voices.joined(embedded)
            paths = np.concatenate([paths, np.array([str(file) for file in files], object)])
            stored = np.concatenate([stored, np.zeros(len(files), bool)])
        if voices is None:
            raise UsageError("expected at least one recording, got none")
        return Gathered(voices, paths, stored, rows)


def _embedded(files: list[File], embed: Embed | None) -> Voices:
    if embed is None:
        raise UsageError(
            f"expected recordings of the store, got the file {files[0]}; index it first"
        )
    return Voices.of(embed(files))


_LIBRARIES: "WeakKeyDictionary[Store, Library]" = WeakKeyDictionary()


def library(store: "Store") -> Library:
    """Return the library of a store at its newest version."""
    version = store.recordings.version()
    known = _LIBRARIES.get(store)
    if known is None or known.version != version:
        known = _LIBRARIES[store] = Library(store, version)
    return known
