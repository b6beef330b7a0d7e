"""NumPy's `.npz`: the arrays `keys` and `embeddings`."""

import struct
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from tokenize import TokenError

import numpy as np

from ...errors import InterchangeError
from ...store.arrays import Floats
from ...store.files import replacing
from .base import EmbeddingFormat, Embeddings, Shape, cause, floats, texts

DAMAGED = (
    *(KeyError, TypeError, ValueError, EOFError, OSError, RuntimeError, MemoryError),
    *(SyntaxError, TokenError, OverflowError, struct.error, zipfile.BadZipFile, zlib.error),
)
"""What NumPy and zipfile raise on files that are damaged or hold pickles."""


class Npz(EmbeddingFormat):
    """`keys`, text (n,), and `embeddings`, float32 (n, dimension), without pickled objects."""

    name = "npz"
    suffixes = (".npz",)

    def read(self, path: Path) -> Embeddings:
        """Read both arrays."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                keys, vectors = texts(arrays["keys"]), arrays["embeddings"]
        except DAMAGED as error:
            raise InterchangeError(
                f"expected the arrays keys and embeddings, without pickles, in {path},"
                f" got: {cause(error)}"
            ) from error
        return Embeddings(keys, floats(path, vectors))

    def write(self, path: Path, shape: Shape, blocks: Iterable[Floats]) -> tuple[Path, ...]:
        """Write both arrays, the embeddings block by block."""
        with (
            replacing(path) as temporary,
            zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive,
        ):
            with archive.open("keys.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.array(shape.keys, np.str_), allow_pickle=False)
            with archive.open("embeddings.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array_header_1_0(member, header(shape))
                for block in blocks:
                    member.write(np.ascontiguousarray(block, "<f4").data)
        return (path,)


def header(shape: Shape) -> dict[str, object]:
    """Describe the array of embeddings as NumPy's files do."""
    size = (len(shape.keys), shape.dimension)
    return {"descr": "<f4", "fortran_order": False, "shape": size}
