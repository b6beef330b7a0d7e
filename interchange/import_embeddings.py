"""Embeddings made elsewhere, into a store bound to their own encoder's name."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from ..errors import InterchangeError, ManifestError, UsageError
from ..indexer.acoustics import MEL_BANDS
from ..indexer.manifest import found_tags
from ..indexer.reasons import Reason
from ..store.arrays import Floats
from ..store.location import Place
from ..store.schema import Acoustics, Embedded, EncoderIdentity, Failure, FileStamp, Recording
from ..store.scores import FAILURES_SCHEMA
from ..store.store import Store
from .embeddings.registry import read_embeddings
from .joining import Joined, join, listed
from .measuring import measure

if TYPE_CHECKING:
    from .kinds import Progress

UNIT = 1e-6


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to read a file of embeddings, and what is known of its recordings.

    Parameters
    ----------
    manifest : says what the recordings are; without it, every key is a path
    audio_dir : the folder that relative paths belong to
    format : of the embeddings, by its name; by default told from the ending of the file's name
    acoustics : read the audio that lies in `audio_dir`, and measure it
    progress : told how many files of audio are measured
    """

    manifest: Path | None = None
    audio_dir: Path | None = None
    format: str | None = None
    acoustics: bool = False
    progress: "Progress | None" = None


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What an import did.

    Attributes
    ----------
    encoder, dimension : what the store is bound to
    keys : embeddings in the file
    imported : those stored; `replaced` of them took the place of a row
    duplicates : those stored whose embedding, or audio where it was read, others have too
    without_row, without_key : keys that name no recording, recordings that no key names
    examples : one key and one recording of these, as far as there are any
    failed : what could not be stored or measured, by reason; see the failures table
    found : the recordings stored that have each tag
    """

    encoder: str
    dimension: int
    keys: int
    imported: int
    replaced: int
    duplicates: int
    without_row: int
    without_key: int
    examples: Sequence[str]
    failed: Mapping[str, int]
    found: Mapping[str, int]


def import_embeddings(
    place: Place, file: Path, encoder: str, options: ImportOptions
) -> ImportSummary:
    """Store embeddings of a file, in one transaction; a recording that is stored is replaced.

    Vectors become unit vectors, their length is kept. Vectors of zeros go to the failures table.

    Raises
    ------
    InterchangeError
        The file cannot be used, or none of its keys names a recording.
    ManifestError
        The manifest cannot be read, or `audio_dir` is no folder.
    EncoderMismatchError
        The store is bound to another encoder or dimension.
    UsageError
        The arguments cannot be right together.
    """
    _check(encoder, options)
    found = read_embeddings(file, options.format)
    manifest = listed(found.keys, options.manifest, options.audio_dir)
    joined = join(found.keys, manifest.recordings)
    if not joined.rows:
        raise _nothing_joined(file, found.keys, joined, manifest.origin)
    norms = np.linalg.norm(found.vectors.astype(np.float64), axis=1)
    failures = [*manifest.failures, *_zeros(joined, norms)]
    kept = [(number, recording) for number, recording in joined.rows if norms[number] > 0]
    rows = list(_embedded(kept, found.vectors, norms, _modified_at(file)))
    if options.acoustics:
        rows, unmeasured = measure(rows, options.progress)
        failures += unmeasured
    store = Store.create(place, EncoderIdentity.imported(encoder, found.vectors.shape[1]))
    replaced = _commit(store, rows, failures)
    return _summary(store, len(found.keys), rows, replaced, joined, failures)


def _check(encoder: str, options: ImportOptions) -> None:
    if not encoder.strip():
        raise UsageError("expected a name of the encoder, got an empty one; give --encoder NAME")
    if options.acoustics and options.audio_dir is None:
        raise UsageError("--acoustics reads audio: say where it is by --audio-dir")
    if options.audio_dir is not None and not options.audio_dir.is_dir():
        raise ManifestError(f"expected a folder of audio, got {options.audio_dir}; check the path")


def _nothing_joined(
    file: Path, keys: Sequence[str], joined: Joined, origin: str
) -> InterchangeError:
    rows = joined.without_key
    listed_as = f"such as {rows[0].path!r}" if rows else "which are none"
    return InterchangeError(
        f"expected keys of {file} to name recordings of {origin}, {listed_as}; got keys such as"
        f" {keys[0]!r}: mend the manifest's paths, or give it a column `key`"
    )


def _zeros(joined: Joined, norms: Floats) -> Iterator[Failure]:
    for number, recording in joined.rows:
        if not norms[number] > 0:
            yield Failure(recording.root, recording.path, Reason.NO_EMBEDDING, "a vector of zeros")


def _embedded(
    rows: Sequence[tuple[int, Recording]], vectors: Floats, norms: Floats, modified: datetime
) -> Iterator[Embedded]:
    unknown = unknown_acoustics()
    for number, recording in rows:
        vector, norm = vectors[number], float(norms[number])
        content = hashlib.blake2b(vector.tobytes(), digest_size=16).hexdigest()
        unit = vector if abs(norm - 1) <= UNIT else (vector / norm).astype(np.float32)
        yield Embedded(recording, FileStamp(0, modified, content), unknown, unit, norm)


def unknown_acoustics() -> Acoustics:
    """Say of a recording whose audio was not read that nothing is known of its sound."""
    nan = float("nan")
    spectrum = np.full(MEL_BANDS, nan, np.float32)
    return Acoustics(nan, nan, 0, nan, nan, nan, spectrum, spectrum)


def _modified_at(file: Path) -> datetime:
    return datetime.fromtimestamp(int(file.stat().st_mtime), UTC)


def _commit(store: Store, rows: Sequence[Embedded], failures: Sequence[Failure]) -> int:
    """Store rows and failures; return how many rows were there before."""
    ids = [row.recording.id for row in rows]
    replaced = int(store.recordings.scan(["id"], ids=ids).num_rows)
    store.recordings.commit(rows)
    if failures:
        now = datetime.now(UTC)
        lines = [
            {"root": f.root, "path": f.path, "reason": f.reason, "detail": f.detail, "at": now}
            for f in failures
        ]
        store.failures.append(pa.Table.from_pylist(lines, FAILURES_SCHEMA))
    store.vectors.refresh()
    return replaced


def _summary(
    store: Store,
    keys: int,
    rows: Sequence[Embedded],
    replaced: int,
    joined: Joined,
    failures: Sequence[Failure],
) -> ImportSummary:
    reasons = [str(failure.reason) for failure in failures]
    examples = [*joined.without_row[:1], *(one.path for one in joined.without_key[:1])]
    return ImportSummary(
        encoder=store.encoder.name,
        dimension=store.encoder.dimension,
        keys=keys,
        imported=len(rows),
        replaced=replaced,
        duplicates=len(rows) - len({row.stamp.content_hash for row in rows}),
        without_row=len(joined.without_row),
        without_key=len(joined.without_key),
        examples=examples,
        failed={reason: reasons.count(reason) for reason in dict.fromkeys(reasons)},
        found=dict(found_tags([row.recording for row in rows])),
    )
