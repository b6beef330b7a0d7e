"""Read Parquet files through DuckDB, which is let near those files and nothing else."""

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    import duckdb


_PLACES = ("file_index", "file_row_number")


@dataclass(frozen=True, slots=True)
class DataFile:
    """A Parquet file of a table, and the values of the partition columns in it."""

    path: str
    size_bytes: int
    cell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One version of a table: the Parquet files that make it up and the columns it has."""

    version: int
    files: Sequence[DataFile]
    schema: pa.Schema
    partitions: Sequence[str] = ()

    def within(self, values: Mapping[str, str | None]) -> "Snapshot":
        """Keep the files of the partitions where these columns have these values; None is any."""
        wanted = [values.get(column) for column in self.partitions]
        kept = [
            file
            for file in self.files
            if all(want in (None, value) for want, value in zip(wanted, file.cell, strict=True))
        ]
        return replace(self, files=kept)

    def cells(self) -> dict[tuple[str, ...], tuple[str, ...]]:
        """Map the values of each partition that has rows to the names of its files."""
        found: dict[tuple[str, ...], list[str]] = {}
        for file in self.files:
            found.setdefault(file.cell, []).append(Path(file.path).name)
        return {cell: tuple(sorted(names)) for cell, names in sorted(found.items())}

    def digest(self) -> str:
        """Hash the names of the files: a table restored from a copy may repeat its numbers."""
        names = sorted(file.path.rpartition("/")[2] for file in self.files)
        return hashlib.blake2b("\n".join(names).encode(), digest_size=16).hexdigest()


def quote(text: str) -> str:
    """Write a text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def read_errors() -> tuple[type[Exception], ...]:
    """List what reading damaged files raises: also that names in them are no text any more."""
    import duckdb

    return duckdb.Error, pa.ArrowException, OSError, UnicodeDecodeError


def is_want_of_memory(error: BaseException) -> bool:
    """Tell whether there was not enough memory to read, of DuckDB's or of Arrow's."""
    import duckdb

    return isinstance(error, duckdb.OutOfMemoryException | MemoryError)


def is_damage(error: BaseException, files: Iterable[DataFile]) -> bool:
    """Tell what damaged or lost files raise from what a user's SQL may raise."""
    import duckdb

    if is_want_of_memory(error):
        return False
    if isinstance(error, duckdb.Error) and not isinstance(error, duckdb.IOException):
        text = str(error)
        # Thrift's errors have no class of their own; nor have those of extensions that are refused.
        is_thrifts = type(error) is duckdb.Error and "extension" not in text
        return is_thrifts or any(file.path in text for file in files)
    return isinstance(error, read_errors())


def typed(rows: pa.Table, schema: pa.Schema, file: DataFile) -> pa.Table:
    """Give rows of a file the columns and types of a schema.

    Raises
    ------
    pyarrow.ArrowInvalid
        The file lacks a column, or has other values in it.
    """
    lacking = set(schema.names) - set(rows.column_names)
    if lacking:
        raise pa.ArrowInvalid(f"{file.path} lacks the column {min(lacking)}")
    cast = rows.select(schema.names).cast(schema)
    cast.validate(full=True)
    return cast


def one_line(error: BaseException) -> str:
    """Say what DuckDB complained about, without the lines that draw the statement."""
    lines = [line.strip() for line in str(error).splitlines()]
    kept = [line for line in lines if line and not line.startswith(("LINE ", "^"))]
    return " ".join(kept)


def locked(
    views: Mapping[str, Snapshot], statements: Sequence[str] = ()
) -> "duckdb.DuckDBPyConnection":
    """Open a database for a user's SQL: one view a snapshot, and locked against all else.

    Nothing is moved to disk: DuckDB would do so in the working folder, and let SQL read it there.

    Parameters
    ----------
    statements : of our own, run before it is locked
    """
    connection = _opened()
    connection.execute("SET temp_directory = ''")
    for name, snapshot in views.items():
        rows = _select(snapshot) if snapshot.files else _select_nothing(connection, snapshot)
        _create(connection, name, rows)
    for statement in statements:
        connection.execute(statement)
    files = [file.path for snapshot in views.values() for file in snapshot.files]
    connection.execute(f"SET allowed_paths = {_list(files)}")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def _create(connection: "duckdb.DuckDBPyConnection", name: str, rows: str) -> None:
    """Create a view; ArrowInvalid where a file lacks a column."""
    import duckdb

    try:
        connection.execute(f"CREATE VIEW {name} AS {rows}")
    except duckdb.BinderException as error:
        raise pa.ArrowInvalid(one_line(error)) from error


def trusted(name: str, snapshot: Snapshot, *, places: bool = False) -> "duckdb.DuckDBPyConnection":
    """Open a cheap connection for SQL of our own, with one view of a snapshot.

    Parameters
    ----------
    places : give each row its `file_index` among the files and its `file_row_number` as well
    """
    connection = _shared(os.getpid()).cursor()
    connection.execute(f"CREATE TEMP VIEW {name} AS {_select(snapshot, places)}")
    return connection


@lru_cache(maxsize=1)
def _shared(_process: int) -> "duckdb.DuckDBPyConnection":
    """Open a database once a process: a fork cannot use that of its parent."""
    return _opened()


def _opened() -> "duckdb.DuckDBPyConnection":
    import duckdb

    connection = duckdb.connect(config={"python_enable_replacements": False})
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    return connection


def _select(snapshot: Snapshot, places: bool = False) -> str:
    added = _PLACES if places else ()
    columns = ", ".join(f'"{name}"' for name in (*snapshot.schema.names, *added))
    hive = ", ".join(f"{quote(name)}: VARCHAR" for name in snapshot.partitions)
    options = f"true, hive_types = {{{hive}}}" if hive else "false"
    files = _list([file.path for file in snapshot.files])
    return f"SELECT {columns} FROM read_parquet({files}, hive_partitioning = {options})"  # noqa: S608


def _select_nothing(connection: "duckdb.DuckDBPyConnection", snapshot: Snapshot) -> str:
    """Select no rows in the columns of a table that has none yet."""
    empty = connection.from_arrow(snapshot.schema.empty_table())
    typed = zip(empty.columns, empty.types, strict=True)
    columns = ", ".join(f'CAST(NULL AS {type_}) AS "{name}"' for name, type_ in typed)
    return f"SELECT {columns} WHERE false"


def _list(texts: Sequence[str]) -> str:
    return "[" + ", ".join(map(quote, texts)) + "]"
