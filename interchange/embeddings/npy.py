"""NumPy's `.npy`, with the keys in a text file beside it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from ...errors import InterchangeError
from ...store.arrays import Floats
from ...store.files import replacing
from .base import EmbeddingFormat, Embeddings, Shape, cause, floats, refuse_keys
from .npz import DAMAGED, header


class Npy(EmbeddingFormat):
    """`NAME.npy`, float32 (n, dimension), and `NAME.keys.txt`, one key a line in UTF-8."""

    name = "npy"
    suffixes = (".npy",)

    def read(self, path: Path) -> Embeddings:
        """Read the array and the list beside it."""
        try:
            with path.open("rb") as file:
                vectors = np.load(file, allow_pickle=False)
        except DAMAGED as error:
            raise InterchangeError(f"cannot read {path} as an array: {cause(error)}") from error
        return Embeddings(_read_keys(_beside(path)), floats(path, vectors))

    def write(self, path: Path, shape: Shape, blocks: Iterable[Floats]) -> tuple[Path, ...]:
        """Write the array block by block, and the list beside it."""
        keys = _beside(path)
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, header(shape))
            for block in blocks:
                file.write(np.ascontiguousarray(block, "<f4").data)
        with (
            replacing(keys) as temporary,
            temporary.open("w", encoding="utf-8", newline="") as file,
        ):
            file.writelines(f"{key}\n" for key in shape.keys)
        return path, keys

    def check_keys(self, keys: Sequence[str]) -> None:
        """Refuse line breaks."""
        refuse_keys(keys, "\n\r", "a list of keys", "use --key id or another format")


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.stem}.keys.txt")


def _read_keys(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [line.removesuffix("\n").removesuffix("\r") for line in file]
    except (OSError, UnicodeDecodeError) as error:
        raise InterchangeError(
            f"expected a list of keys, one a line in UTF-8, in {path}, got: {cause(error)}"
        ) from error
