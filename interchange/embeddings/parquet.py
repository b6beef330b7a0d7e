"""Parquet: a column of keys, and a column of lists."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import InterchangeError, StoreError
from ...store.arrays import Floats, lists
from ...store.files import replacing
from .base import EmbeddingFormat, Embeddings, Shape, cause, floats

if TYPE_CHECKING:
    import pyarrow as pa

KEY_COLUMNS = ("key", "path", "audio_filepath", "filename", "utterance", "id")
VECTOR_COLUMNS = ("embedding", "embeddings", "vector")


class Parquet(EmbeddingFormat):
    """`key`, text, and `embedding`, a list of float32; other columns are passed over.

    What is read may name the keys as one of `KEY_COLUMNS` and the lists as one of `VECTOR_COLUMNS`.
    """

    name = "parquet"
    suffixes = (".parquet",)

    def read(self, path: Path) -> Embeddings:
        """Read both columns."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with pq.ParquetFile(path) as file:
                names = file.schema_arrow.names
                chosen = [_one_of(KEY_COLUMNS, names, path), _one_of(VECTOR_COLUMNS, names, path)]
                table = file.read(chosen).select(chosen).rename_columns(["key", "embedding"])
            keys = table["key"].cast(pa.string()).to_pylist()
            vectors = lists(_as_lists(table), "embedding")
        except (pa.ArrowException, OSError, StoreError, ValueError, MemoryError) as error:
            raise InterchangeError(
                f"expected keys and lists of numbers of one length in {path}, got: {cause(error)}"
            ) from error
        return Embeddings(["" if key is None else key for key in keys], floats(path, vectors))

    def write(self, path: Path, shape: Shape, blocks: Iterable[Floats]) -> tuple[Path, ...]:
        """Write the rows block by block."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        vector = pa.list_(pa.float32())
        schema = pa.schema([("key", pa.string()), ("embedding", vector)])
        done = 0
        with replacing(path) as temporary, pq.ParquetWriter(temporary, schema) as writer:
            for block in blocks:
                keys = pa.array(shape.keys[done : done + len(block)], pa.string())
                flat = pa.FixedSizeListArray.from_arrays(
                    pa.array(block.reshape(-1)), shape.dimension
                )
                writer.write_table(pa.table([keys, flat.cast(vector)], schema=schema))
                done += len(block)
        return (path,)


def _as_lists(table: "pa.Table") -> "pa.Table":
    import pyarrow as pa

    vectors = table["embedding"].cast(pa.list_(pa.float32()), safe=False)
    return table.set_column(1, "embedding", vectors.combine_chunks())


def _one_of(wanted: tuple[str, ...], names: list[str], path: Path) -> str:
    found = next((name for name in wanted if name in names), None)
    if found is None:
        raise InterchangeError(
            f"expected a column {' or '.join(wanted)} in {path}, got {', '.join(names)[:200]}"
        )
    return found
