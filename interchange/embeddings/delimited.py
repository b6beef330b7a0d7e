"""CSV and TSV: the key, then the numbers."""

import csv
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...errors import InterchangeError
from ...store.arrays import Floats
from ...store.files import replacing
from .base import EmbeddingFormat, Embeddings, Shape, cause, floats

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK_BYTES = 16 * 2**20


class Delimited(EmbeddingFormat):
    """A header `key,e0,e1,…`, then a row a key; numbers are written so that none is rounded.

    What is read may do without the header.
    """

    def __init__(self, name: str, delimiter: str) -> None:
        self.name = name
        self.suffixes = (f".{name}",)
        self._delimiter = delimiter

    def read(self, path: Path) -> Embeddings:
        """Read all rows; the first is left out where it names columns."""
        import pyarrow as pa
        from pyarrow import csv as arrow

        try:
            first = self._first_row(path)
            names = ["key", *(f"e{i}" for i in range(len(first) - 1))]
            types = dict.fromkeys(names[1:], pa.float32()) | {"key": pa.string()}
            table = arrow.read_csv(
                path,
                arrow.ReadOptions(
                    block_size=BLOCK_BYTES, column_names=names, skip_rows=_is_header(first)
                ),
                arrow.ParseOptions(delimiter=self._delimiter, newlines_in_values=True),
                arrow.ConvertOptions(column_types=types, null_values=[]),
            )
        except (pa.ArrowException, UnicodeDecodeError, csv.Error) as error:
            raise InterchangeError(
                f"expected a key and numbers in each row of {path}, got: {cause(error)}"
            ) from error
        return Embeddings(table["key"].to_pylist(), floats(path, _matrix(table)))

    def write(self, path: Path, shape: Shape, blocks: Iterable[Floats]) -> tuple[Path, ...]:
        """Write the rows block by block."""
        import pyarrow as pa
        from pyarrow import csv as arrow

        numbers = [(f"e{i}", pa.float32()) for i in range(shape.dimension)]
        schema = pa.schema([("key", pa.string()), *numbers])
        options = arrow.WriteOptions(delimiter=self._delimiter)
        done = 0
        with (
            replacing(path) as temporary,
            closing(arrow.CSVWriter(temporary, schema, write_options=options)) as writer,
        ):
            for block in blocks:
                keys = pa.array(shape.keys[done : done + len(block)], pa.string())
                columns = [pa.array(column) for column in np.ascontiguousarray(block.T)]
                writer.write_table(pa.table([keys, *columns], schema=schema))
                done += len(block)
        return (path,)

    def _first_row(self, path: Path) -> list[str]:
        with path.open(encoding="utf-8-sig", newline="") as file:
            row = next(csv.reader(file, delimiter=self._delimiter), [])
        if len(row) < 2:
            raise InterchangeError(
                f"expected a key and numbers in each row of {path}, got {len(row)} fields"
            )
        return row


def _is_header(row: list[str]) -> bool:
    """Tell whether the second field is no number, or the fields are numbered as pandas does."""
    if len(row) > 2 and row[1:] == [str(number) for number in range(len(row) - 1)]:
        return True
    try:
        float(row[1])
    except ValueError:
        return True
    return False


def _matrix(table: "pa.Table") -> Floats:
    columns = [column.to_numpy() for column in table.columns[1:]]
    matrix: Floats = np.stack(columns, axis=1)
    return matrix
