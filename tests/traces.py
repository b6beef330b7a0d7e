"""Find what is left of recordings in the bytes of files, Parquet and npz decoded."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


@dataclass(frozen=True)
class Needles:
    """What tells of recordings: by the kind of trace, the bytes that would be one."""

    kinds: dict[str, list[bytes]]

    @classmethod
    def of(cls, rows: pa.Table, texts: dict[str, list[str]]) -> "Needles":
        """Take ids, hashes and embeddings of rows of the recordings table, and some texts."""
        ids = rows["id"].to_pylist()
        vectors = np.stack([np.array(row, np.float32) for row in rows["embedding"].to_pylist()])
        found = {name: [text.encode() for text in some] for name, some in texts.items()}
        return cls(
            found
            | {
                "id, in digits": [str(id_).encode() for id_ in ids],
                "id, as int64": [id_.to_bytes(8, "little") for id_ in ids],
                "content hash": [text.encode() for text in rows["content_hash"].to_pylist()],
                "embedding": [vector.tobytes() for vector in vectors],
            }
        )

    def inside(self, *folders: Path) -> dict[str, list[Path]]:
        """Map each kind of trace to the files that hold one."""
        found: dict[str, list[Path]] = {kind: [] for kind in self.kinds}
        for file in (file for folder in folders for file in folder.rglob("*") if file.is_file()):
            chunks = [str(file).encode(), *decoded(file.read_bytes())]
            for kind, needles in self.kinds.items():
                if any(needle in chunk for needle in needles for chunk in chunks):
                    found[kind].append(file)
        return found


def decoded(data: bytes) -> Iterator[bytes]:
    """Yield the bytes of a file, and those of the columns and arrays that it holds packed."""
    yield data
    if data[:4] == b"PAR1" and data[-4:] == b"PAR1":
        for column in pq.ParquetFile(io.BytesIO(data)).read().columns:
            yield from _column(column)
    elif zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                member = archive.read(name)
                yield member
                if name.endswith(".npy"):
                    yield str(np.load(io.BytesIO(member), allow_pickle=False).tolist()).encode()


def _column(column: pa.ChunkedArray) -> Iterator[bytes]:
    """Yield the values of a column as text, and numbers and lists of them as in memory."""
    values = column.combine_chunks()
    while pa.types.is_list(values.type):
        values = values.flatten()
    if pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        yield values.drop_null().to_numpy(zero_copy_only=False).tobytes()
    yield str(values.to_pylist()).encode()
