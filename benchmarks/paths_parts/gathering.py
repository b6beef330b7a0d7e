"""Rows of recordings that were not asked for before, out of a large store, beside DuckDB."""

from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from spkret.retrieval.voices import Voices
from spkret.store.references import resolve
from spkret.store.store import Store

from .timing import Timed, of_calls

GROUP = 51


def measure(store: Store, runs: int) -> dict[str, Timed]:
    """Time gathering a group, another one every time, and making the map of places again."""
    names = store.recordings.scan(["id", "path"])
    rng = np.random.default_rng(0)
    drawn = [rng.choice(len(names), GROUP, replace=False) for _ in range(4 * runs)]
    groups = cycle([names.take(rows).to_pydict() for rows in drawn])
    columns = list(Voices.COLUMNS)
    made: dict[str, Callable[[], object]] = {
        f"{GROUP} rows by id": lambda: store.recordings.scan(columns, ids=next(groups)["id"]),
        "the same by DuckDB": _duckdb(store, columns, "id", groups),
        f"{GROUP} paths to ids": lambda: resolve(store.recordings, next(groups)["path"]),
        "the same by DuckDB (paths)": _duckdb(store, ["id"], "path", groups),
    }
    timed = {name: of_calls(step, runs) for name, step in made.items()}
    return timed | {"first look-up after a commit": of_calls(_first_look(store, groups), 3, 1)}


def _duckdb(
    store: Store, columns: list[str], key: str, groups: Iterator[dict[str, list[object]]]
) -> Callable[[], object]:
    files = [file.path for file in store.recordings.delta.snapshot().files]
    connection = duckdb.connect()
    chosen = ", ".join(f'"{column}"' for column in columns)
    statement = (
        f"SELECT {chosen} FROM read_parquet({files}, hive_partitioning = true)"  # noqa: S608
        f" WHERE {key} IN (SELECT {key} FROM wanted) ORDER BY id"
    )

    def read() -> object:
        connection.register("wanted", pa.table({key: next(groups)[key]}))
        return connection.sql(statement).to_arrow_table()

    return read


def _first_look(store: Store, groups: Iterator[dict[str, Any]]) -> Callable[[], object]:
    def look() -> object:
        _map(store).unlink(missing_ok=True)
        return resolve(Store.open(store.path).recordings, next(groups)["path"])

    return look


def _map(store: Store) -> Path:
    return store.path / "index" / "places"
