"""NumPy's `.npz`: the arrays `keys` and `embeddings`."""

import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ...errors import InterchangeError
from ...store.arrays import Floats
from .base import EmbeddingFormat, Embeddings, Shape


class Npz(EmbeddingFormat):
    """`keys`, text (n,), and `embeddings`, float32 (n, dimension), without pickled objects."""

    name = "npz"
    suffixes = (".npz",)

    def read(self, path: Path) -> Embeddings:
        """Read both arrays."""
        try:
            with np.load(path, allow_pickle=False) as arrays:
                keys, vectors = arrays["keys"], arrays["embeddings"]
        except (KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise InterchangeError(
                f"expected the arrays keys and embeddings, without pickles, in {path}, got: {error}"
            ) from error
        return Embeddings([str(key) for key in keys], np.asarray(vectors, np.float32))

    def write(self, path: Path, shape: Shape, blocks: Iterable[Floats]) -> tuple[Path, ...]:
        """Write both arrays, the embeddings block by block."""
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            with archive.open("keys.npy", "w") as member:
                np.lib.format.write_array(member, np.array(shape.keys, np.str_), allow_pickle=False)
            with archive.open("embeddings.npy", "w", force_zip64=True) as member:
                header = {
                    "descr": "<f4",
                    "fortran_order": False,
                    "shape": (len(shape.keys), shape.dimension),
                }
                np.lib.format.write_array_header_1_0(member, header)
                for block in blocks:
                    member.write(np.ascontiguousarray(block, "<f4").tobytes())
        return (path,)
