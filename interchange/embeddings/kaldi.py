"""Kaldi's archives: `.ark`, and `.scp` with its `.ark`."""

import struct
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, BinaryIO

from ...errors import InterchangeError
from ...indexer.optional import required
from ...store.arrays import Floats
from ...store.files import replacing
from .base import EmbeddingFormat, Embeddings, Shape, cause, stacked

DAMAGED = (AssertionError, ValueError, RuntimeError, MemoryError, OverflowError, struct.error)


class _Kaldi(EmbeddingFormat):
    def check_keys(self, keys: Sequence[str]) -> None:
        """Refuse blanks, which end a key in Kaldi's files."""
        bad = next((key for key in keys if key.split() != [key]), None)
        if bad is not None:
            raise InterchangeError(
                f"Kaldi's files hold no key with a blank, got {bad!r};"
                " use --key id or another format"
            )


class Ark(_Kaldi):
    """A binary archive of float vectors, one a key; archives in text are read too."""

    name = "ark"
    suffixes = (".ark",)

    def read(self, path: Path) -> Embeddings:
        """Read all of an archive."""
        required("kaldiio", "a Kaldi archive", "kaldiio", "interchange")
        from kaldiio.matio import read_token

        keys, vectors = [], []
        with path.open("rb") as file:
            try:
                while (key := read_token(file)) is not None:
                    keys.append(key)
                    vectors.append(_read_vector(file, path, key))
            except UnicodeDecodeError as error:
                raise InterchangeError(
                    f"expected keys in UTF-8 in {path}, got: {cause(error)}"
                ) from error
        return stacked(path, keys, vectors)

    def write(self, path: Path, shape: Shape, blocks: Iterable[Floats]) -> tuple[Path, ...]:
        """Write an archive vector by vector."""
        with replacing(path) as temporary, temporary.open("wb") as file:
            for _ in _written(file, shape, blocks):
                pass
        return (path,)


class Scp(_Kaldi):
    """A list of keys and of where their vectors are, written with an archive beside it.

    What is read may point to any plain files, relative to the working directory or to the list's
    folder. Commands (`cat a.ark |`) are never run.
    """

    name = "scp"
    suffixes = (".scp",)

    def read(self, path: Path) -> Embeddings:
        """Read the vectors that a list points to."""
        required("kaldiio", "a Kaldi list", "kaldiio", "interchange")
        keys, vectors = [], []
        try:
            for key, ark, offset in _places(path):
                with ark.open("rb") as file:
                    file.seek(offset)
                    keys.append(key)
                    vectors.append(_read_vector(file, ark, key))
        except (OSError, OverflowError) as error:
            raise InterchangeError(f"cannot read what {path} points to: {cause(error)}") from error
        return stacked(path, keys, vectors)

    def write(self, path: Path, shape: Shape, blocks: Iterable[Floats]) -> tuple[Path, ...]:
        """Write an archive, and the list with the archive's full path."""
        ark = path.with_suffix(".ark")
        if any(sign in str(ark.absolute()) for sign in "\n\r|"):
            raise InterchangeError(f"Kaldi's lists hold no path like {ark.absolute()}; rename it")
        with (
            replacing(path) as listed,
            replacing(ark) as archive,
            archive.open("wb") as file,
            listed.open("w", encoding="utf-8", newline="\n") as lines,
        ):
            for key, offset in _written(file, shape, blocks):
                lines.write(f"{key} {ark.absolute()}:{offset}\n")
        return path, ark


def _written(file: BinaryIO, shape: Shape, blocks: Iterable[Floats]) -> Iterable[tuple[str, int]]:
    """Write vectors into an archive; yield each key and where its vector begins."""
    required("kaldiio", "a Kaldi archive", "kaldiio", "interchange")
    from kaldiio.matio import write_array

    rows = (row for block in blocks for row in block)
    for key, row in zip(shape.keys, rows, strict=True):
        file.write(f"{key} ".encode())
        offset = file.tell()
        write_array(file, row)
        yield key, offset


def _read_vector(file: IO[bytes], path: Path, key: str) -> Floats:
    """Read one vector; audio, matrices and pickles, which an archive may hold too, are refused."""
    from kaldiio.matio import read_ascii_mat, read_matrix_or_vector

    start = file.tell()
    head = file.read(3)
    file.seek(start)
    try:
        if head.lstrip()[:1] == b"[":
            found, size = read_ascii_mat(file), file.tell() - start
        elif head[:2] == b"\0B" and head != b"\0B\4":
            found, size = read_matrix_or_vector(file, return_size=True)
        else:
            raise ValueError(f"no vector of floats, it begins with {head!r}")
    except DAMAGED as error:
        raise InterchangeError(f"cannot read {key!r} of {path}: {cause(error)}") from error
    if file.tell() - start != size:
        raise InterchangeError(f"expected all of {key!r} in {path}, it is cut off; copy it again")
    vector: Floats = found
    return vector


def _places(path: Path) -> Iterable[tuple[str, Path, int]]:
    """Read a list: each key, its archive, and where its vector begins there."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise InterchangeError(
            f"expected a list in UTF-8 in {path}, got: {cause(error)}"
        ) from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            key, *rest = line.split(None, 1)
            yield key, *_place(f"line {number} of {path}", rest[0].strip() if rest else "", path)


def _place(line: str, where: str, path: Path) -> tuple[Path, int]:
    if where.startswith("|") or where.endswith("|"):
        raise InterchangeError(
            f"{line} is a command, which is not run: {where[:80]!r};"
            " copy the vectors into a plain archive (copy-vector)"
        )
    name, _, offset = where.rpartition(":")
    name, start = (name, int(offset[:20])) if name and offset.isdecimal() else (where, 0)
    for file in (Path(name), path.parent / name):
        if _is_plain(file):
            return file, start
    raise InterchangeError(f"expected a plain file in {line}, got {where[:80]!r}")


def _is_plain(file: Path) -> bool:
    try:
        return file.is_file()
    except (OSError, ValueError):
        return False
