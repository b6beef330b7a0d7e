"""safetensors: the tensor `embeddings`, and the keys in the metadata."""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ...errors import InterchangeError
from ...store.arrays import Floats
from ...store.files import replacing
from .base import EmbeddingFormat, Embeddings, Shape, cause, floats


class SafeTensors(EmbeddingFormat):
    """`embeddings`, float32 (n, dimension); the metadata's `keys` is a JSON list of n texts."""

    name = "safetensors"
    suffixes = (".safetensors",)

    def read(self, path: Path) -> Embeddings:
        """Read the tensor and the metadata."""
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="numpy") as file:
                keys = json.loads((file.metadata() or {})["keys"])
                vectors = file.get_tensor("embeddings")
        except (SafetensorError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise InterchangeError(
                f"expected the tensor embeddings and keys, a JSON list, in the metadata of {path},"
                f" got: {cause(error)}"
            ) from error
        if not isinstance(keys, list):
            raise InterchangeError(f"expected keys as a JSON list in the metadata of {path}")
        return Embeddings([str(key) for key in keys], floats(path, vectors))

    def write(self, path: Path, shape: Shape, blocks: Iterable[Floats]) -> tuple[Path, ...]:
        """Write the tensor, which the library takes as a whole."""
        from safetensors.numpy import save

        vectors = np.concatenate([np.ascontiguousarray(block, "<f4") for block in blocks])
        with replacing(path) as temporary:
            temporary.write_bytes(
                save({"embeddings": vectors}, {"keys": json.dumps(list(shape.keys))})
            )
        return (path,)
