"""Lhotse's manifests: recordings.jsonl.gz and supervisions.jsonl.gz."""

import json
from collections.abc import Sequence
from pathlib import Path

from ...errors import InterchangeError
from .names import Named, named
from .recordings import Listed
from .texts import write_lines

RECORDINGS = "recordings.jsonl.gz"
SUPERVISIONS = "supervisions.jsonl.gz"
_FIELDS: Sequence[str] = ("speaker", "language", "gender")
_OF_EXTRA: Sequence[str] = ("text",)
"""What a supervision has fields for."""


def write_lhotse(folder: Path, recordings: Sequence[Listed]) -> tuple[Path, ...]:
    """Write a recording and a supervision over the whole of it for each stored one.

    Tags that Lhotse has no field for, and the manifest's further columns, are `custom` fields.

    Returns
    -------
    files : the recordings, the supervisions

    Raises
    ------
    InterchangeError
        The audio cannot be read, and the store does not know its length.
    """
    rows = [(row, *_header(row.recording)) for row in named(recordings)]
    files = folder / RECORDINGS, folder / SUPERVISIONS
    write_lines(files[0], (json.dumps(_recording(*row), ensure_ascii=False) for row in rows))
    write_lines(files[1], (json.dumps(_supervision(*row), ensure_ascii=False) for row in rows))
    return files


def _header(one: Listed) -> tuple[int, int, int]:
    """Return channels, rate in hertz and samples as the file says, else as the store does."""
    import soundfile

    try:
        about = soundfile.info(one.file)
    except (soundfile.LibsndfileError, OSError):
        if one.duration_s is None or one.sample_rate_hz is None:
            raise InterchangeError(
                f"expected a known length of {one.file}, its audio was never read and is not there;"
                " import with --acoustics, or choose another --format"
            ) from None
        return 1, one.sample_rate_hz, round(one.duration_s * one.sample_rate_hz)
    return about.channels, about.samplerate, about.frames


def _recording(row: Named, channels: int, rate_hz: int, samples: int) -> dict[str, object]:
    every = list(range(channels))
    return {
        "id": row.utterance,
        "sources": [{"type": "file", "channels": every, "source": row.recording.file}],
        "sampling_rate": rate_hz,
        "num_samples": samples,
        "duration": samples / rate_hz,
        "channel_ids": every,
    }


def _supervision(row: Named, channels: int, rate_hz: int, samples: int) -> dict[str, object]:
    tags, extra = dict(row.recording.tags), dict(row.recording.further)
    own = {name: tags.pop(name) for name in _FIELDS if name in tags}
    own |= {name: extra.pop(name) for name in _OF_EXTRA if name in extra}
    custom = {**extra, **tags}
    return {
        "id": row.utterance,
        "recording_id": row.utterance,
        "start": 0.0,
        "duration": samples / rate_hz,
        "channel": list(range(channels)) if channels > 1 else 0,
        **own,
        **({"custom": custom} if custom else {}),
    }
