"""HDF5: the datasets `keys` and `embeddings`, or one dataset for each key."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...errors import InterchangeError
from ...indexer.optional import required
from ...store.arrays import Floats
from ...store.files import replacing
from .base import EmbeddingFormat, Embeddings, Shape, cause, floats, stacked, texts

if TYPE_CHECKING:
    import h5py

MOST_DEFLATED = 1_032
"""How many bytes deflate, the strongest filter of HDF5's own, can make of one."""


class Hdf5(EmbeddingFormat):
    """`keys`, text (n,), and `embeddings`, float32 (n, dimension).

    What is read may also hold one vector (dimension,) a dataset; its path in the file is the key.
    Links to other files are not followed.
    """

    name = "hdf5"
    suffixes = (".h5", ".hdf5", ".hdf")

    def read(self, path: Path) -> Embeddings:
        """Read either layout."""
        required("h5py", "HDF5", "h5py", "interchange")
        import h5py

        try:
            with h5py.File(path, "r") as file:
                if _holds(file, "keys") and _holds(file, "embeddings"):
                    keys = texts(_whole(path, file["keys"]).asstr()[:])
                    return Embeddings(keys, floats(path, _whole(path, file["embeddings"])[:]))
                return _one_by_one(path, file)
        except (OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
            raise InterchangeError(
                f"expected the datasets keys and embeddings, or one vector a key, in {path},"
                f" got: {cause(error)}"
            ) from error

    def write(self, path: Path, shape: Shape, blocks: Iterable[Floats]) -> tuple[Path, ...]:
        """Write both datasets, the embeddings block by block."""
        required("h5py", "HDF5", "h5py", "interchange")
        import h5py

        with replacing(path) as temporary, h5py.File(temporary, "w") as file:
            # Texts of one length: HDF5 may never come back from damaged ones of many lengths.
            keys = np.array([key.encode() for key in shape.keys])
            utf8 = h5py.string_dtype("utf-8", keys.itemsize)
            file.create_dataset("keys", data=keys.astype(utf8), dtype=utf8)
            size = (len(shape.keys), shape.dimension)
            vectors = file.create_dataset("embeddings", size, "<f4")
            done = 0
            for block in blocks:
                vectors[done : done + len(block)] = block
                done += len(block)
        return (path,)


def _holds(file: "h5py.File", name: str) -> bool:
    import h5py

    is_own = isinstance(file.get(name, getlink=True), h5py.HardLink) if name in file else False
    return is_own and isinstance(file[name], h5py.Dataset) and not file[name].external


def _whole(path: Path, data: "h5py.Dataset") -> "h5py.Dataset":
    """Refuse a dataset that announces more than the file can hold, and would take hours to read."""
    if data.size * data.dtype.itemsize > MOST_DEFLATED * path.stat().st_size:
        raise InterchangeError(
            f"expected {data.name} in {path} to fit into the file, got shape {data.shape}; the file"
            " is damaged or cut off"
        )
    return data


def _one_by_one(path: Path, file: "h5py.File") -> Embeddings:
    import h5py

    found: dict[str, Floats] = {}

    def visit(name: str, item: "h5py.Dataset | h5py.Group") -> None:
        if isinstance(item, h5py.Dataset) and not item.external:
            found[name] = floats(path, _whole(path, item)[()])

    file.visititems(visit)
    return stacked(path, list(found), list(found.values()))
