"""Recordings as rows of the table: checked, then turned into columns."""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..errors import StoreError
from .schema import RECORDINGS_SCHEMA, Embedded, Noise, Seconds

UNIT_TOLERANCE = 1e-3
NOISES = frozenset(Noise)
LANGUAGE = re.compile(r"[a-z]{2,8}")


def to_table(rows: Iterable[Embedded]) -> pa.Table:
    """Turn recordings into a table of RECORDINGS_SCHEMA, one row each; `indexed_at` is now."""
    indexed_at = datetime.now(UTC)
    columns: dict[str, list[Any]] = {name: [] for name in RECORDINGS_SCHEMA.names}
    for row in rows:
        for name, value in _values(row, indexed_at).items():
            columns[name].append(value)
    return pa.table(
        [_column(columns[field.name], field.type) for field in RECORDINGS_SCHEMA],
        schema=RECORDINGS_SCHEMA,
    )


def _values(row: Embedded, indexed_at: datetime) -> dict[str, Any]:
    recording, stamp, measured = row.recording, row.stamp, row.acoustics
    return {
        "id": recording.id,
        "root": recording.root,
        "path": recording.path,
        "content_hash": stamp.content_hash,
        "speaker": recording.speaker.value,
        "language": recording.language.value,
        "noise": recording.noise.value,
        "gender": recording.gender.value,
        "age": recording.age,
        "speaker_source": recording.speaker.source,
        "language_source": recording.language.source,
        "noise_source": recording.noise.source,
        "gender_source": recording.gender.source,
        "language_probability": recording.language.probability,
        "noise_probability": recording.noise.probability,
        "gender_probability": recording.gender.probability,
        "size_bytes": stamp.size_bytes,
        "modified_at": stamp.modified_at,
        "duration_s": _known(measured.duration_s),
        "speech_s": _known(measured.speech_s),
        "sample_rate_hz": measured.sample_rate_hz or None,
        "snr_db": measured.snr_db,
        "bandwidth_hz": measured.bandwidth_hz,
        "f0_hz": measured.f0_hz,
        "spectrum_mean": measured.spectrum_mean,
        "spectrum_std": measured.spectrum_std,
        "embedding": row.embedding,
        "embedding_norm": row.embedding_norm,
        "extra": json.dumps(dict(recording.extra), ensure_ascii=False, sort_keys=True),
        "indexed_at": indexed_at,
    }


def _known(seconds: Seconds) -> Seconds | None:
    """Return null where the audio was never read, so that sums and conditions pass over it."""
    return None if np.isnan(seconds) else seconds


def _column(values: Sequence[Any], type_: pa.DataType) -> pa.Array:
    if pa.types.is_string(type_):
        values = [None if value is None else str(value) for value in values]
    return pa.array(values, type_)


def check(row: Embedded, dimension: int) -> None:
    """Check that a recording can be stored.

    Raises
    ------
    StoreError
        It has a wrong embedding, tag or text.
    """
    problem = (
        embedding_problem(row.embedding, dimension)
        or tag_problem(row.recording.language.value, row.recording.noise.value)
        or _text_problem(row)
    )
    if problem:
        path = f"{row.recording.root}/{row.recording.path}"
        raise StoreError(f"cannot store {path!r}: {problem}")


def embedding_problem(embedding: npt.NDArray[np.float32], dimension: int) -> str | None:
    """Say what is wrong with an embedding (dimension,), if anything is."""
    if embedding.shape != (dimension,):
        return f"expected an embedding of shape ({dimension},), got {embedding.shape}"
    if not np.isfinite(embedding).all():
        return "expected a finite embedding, got NaN or infinity"
    length = float(np.linalg.norm(embedding))
    if abs(length - 1) > UNIT_TOLERANCE:
        return f"expected an embedding of unit length, got length {length:.4g}"
    return None


def tag_problem(language: str | None, noise: str | None) -> str | None:
    """Say what is wrong with the tags a row is partitioned by, if anything is."""
    if language is None or not LANGUAGE.fullmatch(language):
        return f"expected a language such as 'en' or 'und', got {language!r}"
    if noise not in NOISES:
        return f"expected a noise of {', '.join(sorted(NOISES))}, got {noise!r}"
    return None


def _text_problem(row: Embedded) -> str | None:
    recording = row.recording
    texts = [recording.root, recording.path, recording.speaker.value, recording.gender.value]
    texts += [recording.age, row.stamp.content_hash, *recording.extra, *recording.extra.values()]
    for text in texts:
        try:
            (text or "").encode()
        except UnicodeEncodeError:
            return f"expected text in UTF-8, got {text!r}; rename the file or mend the manifest"
    return None
