"""The records that cross rooms, and the Arrow schema of the recordings table."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Seconds = float
Hertz = float
Decibels = float
Vector = npt.NDArray[np.float32]

UNKNOWN_LANGUAGE = "und"

_IMPORTED = "imported-"


class Noise(StrEnum):
    """The noise condition of a recording."""

    COMMUNICATION = "communication"
    BACKGROUND = "background"
    CLEAN = "clean"
    UNKNOWN = "unknown"


class TagSource(StrEnum):
    """Where a tag came from."""

    MANIFEST = "manifest"
    FOLDER = "folder"
    TAGGER = "tagger"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class EncoderIdentity:
    """The encoder a store is bound to.

    Parameters
    ----------
    name : as `--model` names it
    fingerprint : a hash of weights and front end; it alone tells encoders apart
    dimension : of an embedding
    parts : sizes of the consecutive slices that an embedding is joined from, each with a meaning
        of its own; none where it is one whole, or where a store was written before there were any

    Raises
    ------
    ValueError
        The parts do not sum to the dimension.
    """

    name: str
    fingerprint: str
    dimension: int
    parts: tuple[int, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if self.parts and (sum(self.parts) != self.dimension or min(self.parts) < 1):
            raise ValueError(f"expected parts that sum to {self.dimension}, got {self.parts}")

    @classmethod
    def imported(cls, name: str, dimension: int) -> Self:
        """Name an encoder that only others can run: its name and dimension tell it apart."""
        digest = hashlib.blake2b(f"{name}\0{dimension}".encode(), digest_size=16)
        return cls(name, f"{_IMPORTED}{digest.hexdigest()}", dimension)

    @property
    def is_imported(self) -> bool:
        """Whether spkret cannot run it: the embeddings were made elsewhere."""
        return self.fingerprint.startswith(_IMPORTED)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """Read what `dataclasses.asdict` gave, out of JSON.

        Raises
        ------
        KeyError, TypeError, ValueError
            Something is missing or is not what it should be.
        """
        return cls(
            str(fields["name"]),
            str(fields["fingerprint"]),
            int(fields["dimension"]),
            tuple(int(size) for size in fields.get("parts", ())),
        )


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag of a recording, where it came from and, if a tagger set it, how sure it was."""

    value: str | None = None
    source: TagSource = TagSource.NONE
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """One file to index and what is known of it before its audio is read.

    `root` is the absolute AUDIO_DIR, `path` is relative to it, in POSIX form. `language` holds a
    lower-case primary subtag (or `und`), `noise` a `Noise` value, `gender` `m`, `f` or None.
    """

    root: str
    path: str
    speaker: Tag = Tag()
    language: Tag = Tag(UNKNOWN_LANGUAGE)
    noise: Tag = Tag(Noise.UNKNOWN)
    gender: Tag = Tag()
    age: str | None = None
    extra: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def id(self) -> int:
        """The id of the row, derived from (`root`, `path`)."""
        return recording_id(self.root, self.path)


@dataclass(frozen=True, slots=True)
class Acoustics:
    """What the signal itself says, measured on its speech; NaN where it cannot be measured.

    Of audio that was never read, all is NaN and the sample rate 0; the table has null for its
    lengths and sample rate then.

    `spectrum_mean` and `spectrum_std` (40,) are the mean and the standard deviation over speech
    frames of the log-mel spectrum in decibels, the mean with its own average removed.
    """

    duration_s: Seconds
    speech_s: Seconds
    sample_rate_hz: int
    snr_db: Decibels
    bandwidth_hz: Hertz
    f0_hz: Hertz
    spectrum_mean: Vector
    spectrum_std: Vector


@dataclass(frozen=True, slots=True)
class FileStamp:
    """What tells whether a file changed: its size, its time (UTC, microseconds), its content."""

    size_bytes: int
    modified_at: datetime
    content_hash: str


@dataclass(frozen=True, slots=True)
class Embedded:
    """A recording with its acoustics and its unit-length embedding (dim,), and the norm it had."""

    recording: Recording
    stamp: FileStamp
    acoustics: Acoustics
    embedding: Vector
    embedding_norm: float


@dataclass(frozen=True, slots=True)
class Failure:
    """A file or manifest row that could not be indexed, and why."""

    root: str
    path: str
    reason: str
    detail: str


RECORDINGS_SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("root", pa.string()),
        ("path", pa.string()),
        ("content_hash", pa.string()),
        ("speaker", pa.string()),
        ("language", pa.string()),
        ("noise", pa.string()),
        ("gender", pa.string()),
        ("age", pa.string()),
        ("speaker_source", pa.string()),
        ("language_source", pa.string()),
        ("noise_source", pa.string()),
        ("gender_source", pa.string()),
        ("language_probability", pa.float32()),
        ("noise_probability", pa.float32()),
        ("gender_probability", pa.float32()),
        ("size_bytes", pa.int64()),
        ("modified_at", pa.timestamp("us", tz="UTC")),
        ("duration_s", pa.float32()),
        ("speech_s", pa.float32()),
        ("sample_rate_hz", pa.int32()),
        ("snr_db", pa.float32()),
        ("bandwidth_hz", pa.float32()),
        ("f0_hz", pa.float32()),
        ("spectrum_mean", pa.list_(pa.float32())),
        ("spectrum_std", pa.list_(pa.float32())),
        ("embedding", pa.list_(pa.float32())),
        ("embedding_norm", pa.float32()),
        ("extra", pa.string()),
        ("indexed_at", pa.timestamp("us", tz="UTC")),
    ]
)


def recording_id(root: str, path: str) -> int:
    """The 63-bit id of (`root`, `path`): the head of its BLAKE2b hash, equal for every writer."""
    digest = hashlib.blake2b(f"{root}\0{path}".encode("utf-8", "surrogateescape"), digest_size=8)
    return int.from_bytes(digest.digest(), "big") >> 1
