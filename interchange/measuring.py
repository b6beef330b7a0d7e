"""The sound of recordings whose embeddings were made elsewhere."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import AudioError
from ..indexer.decode import Decoded, Measured, decode
from ..indexer.places import audio_file
from ..store.schema import Embedded, Failure

if TYPE_CHECKING:
    from .kinds import Progress

WORKERS = 4


def measure(
    rows: Sequence[Embedded], progress: "Progress | None" = None
) -> tuple[list[Embedded], list[Failure]]:
    """Measure the audio of recordings, a few files at a time.

    Returns
    -------
    The rows, with acoustics and the stamp of the file where it could be read; and why others could
    not, which stay as they were.
    """
    measured, failures = [], []
    with ThreadPoolExecutor(WORKERS, "measure") as pool:
        for done, (row, found) in enumerate(zip(rows, pool.map(_measured, rows), strict=True), 1):
            if isinstance(found, Failure):
                failures.append(found)
                measured.append(row)
            else:
                measured.append(replace(row, stamp=found.stamp, acoustics=found.acoustics))
            if progress is not None:
                progress(done, len(rows))
    return measured, failures


def _measured(row: Embedded) -> Measured | Failure:
    root, path = row.recording.root, row.recording.path
    end: Measured | None = None
    try:
        with audio_file(root, path) as file:
            for step in decode(file, lambda _: True):
                end = step.end if isinstance(step, Decoded) else None
    except AudioError as error:
        return Failure(root, path, error.reason, error.detail)
    assert end is not None  # noqa: S101  # decode ends with what was measured, or raises
    return end
