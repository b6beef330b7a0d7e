"""What every format of embedding files shares: the contract, and what such a file may hold."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import InterchangeError
from ...store.arrays import Floats


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Vectors and what each is called by: `vectors` float32 (n, dimension), n `keys`."""

    keys: list[str]
    vectors: Floats


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of embeddings before they come: all `keys` in order, and the dimension."""

    keys: Sequence[str]
    dimension: int


class EmbeddingFormat(ABC):
    """One form of embedding files.

    Attributes
    ----------
    name : as `--format` names it
    suffixes : endings of file names that mean this format
    """

    name: str
    suffixes: tuple[str, ...]

    @abstractmethod
    def read(self, path: Path) -> Embeddings:
        """Read all of a file; the registry checks what came.

        Raises
        ------
        InterchangeError
            The file is not in this format, or is cut off.
        """

    @abstractmethod
    def write(self, path: Path, shape: Shape, blocks: Iterable[Floats]) -> tuple[Path, ...]:
        """Write blocks of vectors, float32 (rows, dimension), that come in the order of the keys.

        Returns
        -------
        The files written, the one asked for first.
        """

    def check_keys(self, keys: Sequence[str]) -> None:  # noqa: B027
        """Refuse keys that this format cannot hold.

        Raises
        ------
        InterchangeError
            A key cannot be written.
        """


def checked(path: Path, found: Embeddings) -> Embeddings:
    """Return embeddings as they are, if they can be used.

    Raises
    ------
    InterchangeError
        There are none, a key cannot be used, or a value is NaN or infinite.
    """
    keys, vectors = found.keys, found.vectors
    if not keys or not vectors.size:
        raise InterchangeError(f"expected embeddings in {path}, got none")
    if vectors.ndim != 2 or len(keys) != len(vectors):
        raise InterchangeError(
            f"expected one embedding a key in {path}, got {len(keys)} keys and"
            f" an array of shape {vectors.shape}"
        )
    check_unique(path, keys)
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        first, count = keys[int(np.argmin(finite))], int((~finite).sum())
        raise InterchangeError(
            f"expected finite numbers in {path}, got NaN or infinity in {count} embeddings,"
            f" the first {first!r}; leave them out"
        )
    return found


def check_unique(path: Path, keys: Sequence[str]) -> None:
    """Refuse keys that name two embeddings, or nothing, or that no file of text can hold.

    Raises
    ------
    InterchangeError
        A key is there twice, is empty, holds NUL or cannot be written in UTF-8.
    """
    if "" in keys:
        raise InterchangeError(f"expected a key for each embedding in {path}, got an empty one")
    if len(set(keys)) < len(keys):
        key, count = Counter(keys).most_common(1)[0]
        raise InterchangeError(f"expected each key once in {path}, got {key!r} {count} times")
    bad = next((key for key in keys if not is_text(key)), None)
    if bad is not None:
        raise InterchangeError(f"expected keys in UTF-8 without NUL in {path}, got {bad!a}")


def is_text(key: str) -> bool:
    """Tell whether a key can be written in UTF-8 and holds no NUL."""
    try:
        return b"\0" not in key.encode()
    except UnicodeEncodeError:
        return False


def floats(path: Path, values: npt.NDArray[Any]) -> Floats:
    """Return numbers as float32, in rows.

    Raises
    ------
    InterchangeError
        They are no real numbers.
    """
    if values.dtype.kind not in "fiu":
        raise InterchangeError(f"expected real numbers in {path}, got an array of {values.dtype}")
    with np.errstate(over="ignore"):
        converted: Floats = np.ascontiguousarray(values, np.float32)
    return converted


def texts(values: npt.NDArray[Any]) -> list[str]:
    """Return an array of keys, text or bytes in UTF-8 or numbers, as strings."""
    keys = values.reshape(-1).tolist()
    return [key.decode() if isinstance(key, bytes) else str(key) for key in keys]


def refuse_keys(keys: Sequence[str], signs: str, form: str, advice: str) -> None:
    """Refuse keys with a sign that a format cannot hold.

    Raises
    ------
    InterchangeError
        A key has one.
    """
    bad = next((key for key in keys if any(sign in key for sign in signs)), None)
    if bad is not None:
        shown = ", ".join(ascii(sign) for sign in signs)
        raise InterchangeError(f"{form} holds no key with {shown}, got {bad!r}; {advice}")


def stacked(path: Path, keys: Sequence[str], vectors: Sequence[Floats]) -> Embeddings:
    """Put vectors (dimension,) together as one matrix.

    Raises
    ------
    InterchangeError
        They are not all of one dimension.
    """
    for key, vector in zip(keys, vectors, strict=True):
        if vector.ndim != 1 or vector.shape != vectors[0].shape:
            raise InterchangeError(
                f"expected vectors of one dimension in {path}, got shape {vector.shape} for {key!r}"
                f" and {vectors[0].shape} for {keys[0]!r}"
            )
    matrix = np.stack(vectors) if len(vectors) else np.empty((0, 0), np.float32)
    return Embeddings(list(keys), floats(path, matrix))


def cause(error: Exception) -> str:
    """Say on one line, and briefly, what a library complained about."""
    return " ".join(str(error).split())[:300] or type(error).__name__
