"""The rows of a store as an audit reads them."""

from dataclasses import dataclass, fields
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..retrieval.voices import Labels, Voices

Rows = npt.NDArray[np.int64]
Integers = npt.NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class AuditRows:
    """The recordings of a store, sorted by id, so that no result depends on their order.

    Attributes
    ----------
    voices : labels, embeddings and acoustics
    paths : str (n,), with their root where the store has several
    references : str (n, 2), the stored path and the full one
    durations : float32 (n,), seconds
    sample_rates : float32 (n,), hertz
    extras : str (n,), JSON
    """

    COLUMNS: ClassVar[tuple[str, ...]] = (
        *Voices.COLUMNS,
        *("root", "path", "duration_s", "sample_rate_hz"),
    )

    voices: Voices
    paths: Labels
    references: Labels
    durations: npt.NDArray[np.float32]
    sample_rates: npt.NDArray[np.float32]
    extras: Labels

    @classmethod
    def of(cls, table: pa.Table) -> Self:
        """Read a table that has `COLUMNS` of RECORDINGS_SCHEMA."""
        ids = table["id"].to_numpy()
        table = table if (ids[1:] > ids[:-1]).all() else table.sort_by("id")
        roots, paths = (table[name].to_numpy() for name in ("root", "path"))
        full = np.array([f"{r}/{p}" for r, p in zip(roots, paths, strict=True)], object)
        return cls(
            voices=Voices.of(table),
            paths=full if len(set(roots)) > 1 else paths,
            references=np.stack([paths, full], axis=1),
            durations=table["duration_s"].to_numpy().astype(np.float32),
            sample_rates=table["sample_rate_hz"].to_numpy().astype(np.float32),
            extras=table["extra"].to_numpy(),
        )

    def __len__(self) -> int:
        return len(self.paths)

    def take(self, rows: Integers) -> Self:
        """Pick the recordings at these rows, which rise."""
        picked = {each.name: getattr(self, each.name) for each in fields(self)}
        del picked["voices"]
        columns = {name: values[rows] for name, values in picked.items()}
        return type(self)(voices=self.voices.take(rows), **columns)

    def named(self, rows: Integers) -> list[str]:
        """Return the paths of rows, sorted."""
        return sorted(self.paths[rows].tolist())

    def speakers_of(self, rows: Integers) -> list[str]:
        """Return the labels that rows have, each once, sorted."""
        return sorted({name for name in self.voices.speakers[rows] if name is not None})

    def distinct(self) -> Rows:
        """Return one row of each content, the first by id; a row without a hash is its own."""
        seen: dict[str, int] = {}
        pairs = enumerate(self.voices.content_hashes.tolist())
        for row, content in pairs:
            seen.setdefault(f"#{row}" if content is None else content, row)
        return np.array(list(seen.values()), np.int64)


def groups_of(keys: npt.NDArray[np.generic]) -> list[Rows]:
    """Split positions by equal keys: one array of positions a distinct key, keys sorted."""
    if not len(keys):
        return []
    order = np.argsort(keys, kind="stable")
    _, starts = np.unique(keys[order], return_index=True)
    return [np.sort(part) for part in np.split(order, starts[1:])]
