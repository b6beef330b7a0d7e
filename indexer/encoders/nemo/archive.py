"""Reading a `.nemo` file: a tar archive of which two members are read and none is unpacked.

Nothing in it is run: the configuration is plain YAML, the weights are tensors.
"""

import gzip
import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, cast

from ....errors import EncoderError
from ..weights import first_line

if TYPE_CHECKING:
    import torch

CONFIG, WEIGHTS = "model_config.yaml", "model_weights.ckpt"
LIMITS = {CONFIG: 1 << 20, WEIGHTS: 1 << 30}
MOST_MEMBERS = 256
HINT = "copy or download the file again"


@dataclass(frozen=True, slots=True)
class Archive:
    """The two members of a `.nemo` file that are read, as bytes."""

    config: bytes
    weights: bytes


def read_archive(path: Path) -> Archive:
    """Read the configuration and the weights of a `.nemo` file.

    Raises
    ------
    EncoderError
        The file is no such archive, is cut short, lacks a member, or holds what no model needs:
        links, devices, names that lead out of the archive, members too large.
    """
    found: dict[str, bytes] = {}
    try:
        with path.open("rb") as file, _open_tar(file) as archive:
            for member in _checked_members(archive, path):
                name = str(PurePosixPath(member.name))
                if name in found:
                    raise EncoderError(f"expected one {name} in {path}, got two; {HINT}")
                if name in LIMITS:
                    found[name] = cast(IO[bytes], archive.extractfile(member)).read()
    except (OSError, tarfile.TarError, EOFError, zlib.error, ValueError) as error:
        raise EncoderError(
            f"expected a NeMo model in {path}, got {first_line(error)}; {HINT}"
        ) from error
    missing = [name for name in LIMITS if name not in found]
    if missing:
        raise EncoderError(f"expected {' and '.join(missing)} in {path}, found none; {HINT}")
    return Archive(found[CONFIG], found[WEIGHTS])


def read_document(archive: Archive, path: Path) -> object:
    """The configuration as plain data.

    Raises
    ------
    EncoderError
        It is no YAML, or has tags that make objects.
    """
    import yaml

    try:
        # the loader in C overflows its stack on deep nesting
        return yaml.load(archive.config, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = getattr(error, "problem", None) or first_line(error)
        raise EncoderError(
            f"expected plain YAML as {CONFIG} of {path}, got {reason}; {HINT}"
        ) from error


def read_weights(path: Path) -> dict[str, "torch.Tensor"]:
    """The tensors of a `.nemo` file by name, numbers in float32.

    Raises
    ------
    EncoderError
        As `read_archive`; or they are no tensors, or loading them would run code.
    """
    import torch

    content = read_archive(path).weights
    try:
        _check_unpacked_size(content)
        weights = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        _check_named_tensors(weights)
    except Exception as error:  # the unpickler raises whatever a damaged pickle leads it to
        raise EncoderError(
            f"expected tensors only as {WEIGHTS} of {path}, got {first_line(error)}; {HINT}"
        ) from error
    return {name: w.float() if w.is_floating_point() else w for name, w in weights.items()}


class _Bounded(io.RawIOBase):
    """A stream that refuses to read more at once than the largest member may hold."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= LIMITS[WEIGHTS]:
            raise tarfile.ReadError(f"a header of {size} bytes")
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()


def _open_tar(file: IO[bytes]) -> tarfile.TarFile:
    """Open a plain or a gzipped tar: older NeMo packs, newer does not."""
    packed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    stream = cast(IO[bytes], gzip.GzipFile(fileobj=file)) if packed else file
    return tarfile.open(fileobj=cast(Any, _Bounded(stream)), mode="r:")


def _checked_members(archive: tarfile.TarFile, path: Path) -> Iterator[tarfile.TarInfo]:
    """The regular members, in order, each refused before a byte of it is read."""
    for count, member in enumerate(archive):
        name = PurePosixPath(member.name)
        if name.is_absolute() or ".." in name.parts:
            _refuse(path, f"the member {member.name!r}, which leads out of it")
        if count >= MOST_MEMBERS:
            _refuse(path, f"more than {MOST_MEMBERS} members")
        if member.isdir():
            continue
        if not member.isreg() or member.issparse():
            _refuse(path, f"the member {member.name!r}, which is no plain file")
        if member.size > LIMITS.get(str(name), LIMITS[WEIGHTS]):
            _refuse(path, f"the member {member.name!r} of {member.size / 1e6:.0f} MB")
        yield member


def _refuse(path: Path, found: str) -> None:
    raise EncoderError(
        f"expected an archive of plain files in {path}, got {found[:200]};"
        " use a model from a source you trust"
    )


def _check_unpacked_size(weights: bytes) -> None:
    """Refuse packed weights that would grow past the limit; torch itself never packs them."""
    stream = io.BytesIO(weights)
    if not zipfile.is_zipfile(stream):
        return
    with zipfile.ZipFile(stream) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    if size > LIMITS[WEIGHTS]:
        raise ValueError(f"{size / 1e6:.0f} MB once unpacked")


def _check_named_tensors(weights: object) -> None:
    from torch import Tensor

    if not isinstance(weights, dict) or not all(
        isinstance(name, str) and isinstance(weight, Tensor) for name, weight in weights.items()
    ):
        raise TypeError(f"a {type(weights).__name__} of other things")
