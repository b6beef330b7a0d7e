"""The recordings of a store without their vectors: to be listed, counted and looked up."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from .caching import Cache
from .sandbox import Sandbox
from .where import ids_where

if TYPE_CHECKING:
    from ..store.store import Store

Rows = npt.NDArray[np.int64]

COLUMNS = (
    *("id", "root", "path", "speaker", "language", "noise", "gender", "age"),
    *("duration_s", "speech_s", "snr_db", "bandwidth_hz", "f0_hz", "sample_rate_hz", "extra"),
)
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which recordings are meant; None is any, the gender `unknown` is that of those without.

    Parameters
    ----------
    text : a part of the path or of the speaker's name, in whatever case
    where : a DuckDB SQL condition on the recordings
    """

    language: str | None = None
    noise: str | None = None
    gender: str | None = None
    speaker: str | None = None
    text: str | None = None
    where: str | None = None


class Catalogue:
    """The recordings of a store at one version, by their ids in order."""

    def __init__(self, store: "Store", version: int, sandbox: Sandbox) -> None:
        self.version = version
        self._sandbox = sandbox
        self.table: pa.Table = store.recordings.scan(list(COLUMNS), version=version)
        self.ids: Rows = self.table["id"].to_numpy()

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def speakers(self) -> list[str | None]:
        """Who speaks in each recording, None where nobody knows."""
        labels: list[str | None] = self.table["speaker"].to_pylist()
        return labels

    def row(self, id_: int) -> int | None:
        """Return the row of an id."""
        place = int(np.searchsorted(self.ids, id_))
        return place if place < len(self) and self.ids[place] == id_ else None

    def rows_of_path(self, path: str) -> Sequence[int]:
        """Return the rows of a path: several, where it is stored under several roots."""
        return self._rows_of_paths.get(path, ())

    def describe(self, rows: Sequence[int] | Rows) -> list[dict[str, Any]]:
        """Return what is stored of some rows, in `COLUMNS`."""
        described: list[dict[str, Any]] = self.table.take(pa.array(rows, pa.int64())).to_pylist()
        return described

    def select(self, wanted: Filter) -> Rows:
        """Return the rows that a filter lets through, in order.

        Raises
        ------
        SqlError
            `where` is no condition, or takes too long or too much memory.
        HTTPException
            503: too many conditions are tried already.
        """
        masks = [
            pc.equal(self.table[name], value)
            for name in ("language", "noise", "speaker")
            if (value := getattr(wanted, name)) is not None
        ]
        if wanted.gender is not None:
            masks.append(pc.equal(pc.fill_null(self.table["gender"], UNKNOWN), wanted.gender))
        if wanted.text:
            masks.append(self._holding(wanted.text))
        if wanted.where is not None:
            ids = ids_where(self._sandbox, wanted.where)
            masks.append(pc.is_in(self.table["id"], value_set=pa.array(ids, pa.int64())))
        kept = np.ones(len(self), bool)
        for mask in masks:
            kept &= pc.fill_null(mask, False).to_numpy()
        return np.flatnonzero(kept)

    def by_path(self, rows: Rows) -> Rows:
        """Order rows by their paths, and those of one path by their roots."""
        return rows[np.argsort(self._places[rows], kind="stable")]

    def facets(self) -> dict[str, Any]:
        """Count the recordings of each language, noise and gender, and the speakers."""
        return {
            "recordings": len(self),
            "languages": self._counts("language"),
            "noises": self._counts("noise"),
            "genders": self._counts("gender"),
            "speakers": pc.count_distinct(self.table["speaker"], mode="only_valid").as_py(),
        }

    @cached_property
    def _rows_of_paths(self) -> dict[str, list[int]]:
        rows: dict[str, list[int]] = {}
        for row, path in enumerate(self.table["path"].to_pylist()):
            rows.setdefault(path, []).append(row)
        return rows

    @cached_property
    def _places(self) -> Rows:
        """The place of each row in the order of paths."""
        order = pc.sort_indices(
            self.table, sort_keys=[("path", "ascending"), ("root", "ascending")]
        )
        places = np.empty(len(self), np.int64)
        places[order.to_numpy()] = np.arange(len(self))
        return places

    def _holding(self, text: str) -> pa.ChunkedArray:
        return pc.or_(
            pc.match_substring(self.table["path"], text, ignore_case=True),
            pc.fill_null(pc.match_substring(self.table["speaker"], text, ignore_case=True), False),
        )

    def _counts(self, column: str) -> dict[str, int]:
        counted = Counter(self.table[column].to_pylist()).most_common()
        return {UNKNOWN if value is None else value: count for value, count in counted}


class Catalogues:
    """The catalogue of a store at its newest version, which others may write meanwhile."""

    def __init__(self, store: "Store", sandbox: Sandbox) -> None:
        self._store = store
        self._sandbox = sandbox
        self._cache: Cache[Catalogue] = Cache(1)

    def newest(self) -> Catalogue:
        """Return the catalogue as the store is now."""
        version = self._store.recordings.version()
        return self._cache.get(version, lambda: Catalogue(self._store, version, self._sandbox))
