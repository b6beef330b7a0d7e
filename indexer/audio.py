"""Audio files to mono waveforms at 16 kHz, in windows where they are long."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np

from ..errors import AudioError
from ..store.schema import Seconds, Vector
from .containers import missing_bytes
from .formats import MAX_BYTES, MEDIA_SUFFIXES, check_format, check_samples, mono
from .reasons import Reason

RATE_HZ = 16_000
MIN_S: Seconds = 0.1
MAX_S: Seconds = 24 * 3600.0
LONG_S: Seconds = 60.0
"""A longer file is read in windows."""
WINDOW_S: Seconds = 30.0
SILENCE_PEAK = 1e-4
_BLOCK_SAMPLES = 1_000_000


@dataclass(frozen=True, slots=True)
class Audio:
    """A whole file: waveform float32 (samples,), mono at 16 kHz in [-1, 1]; the rate it had."""

    waveform: Vector
    original_rate_hz: int


class Source(Protocol):
    """An open file, decoded in blocks."""

    rate_hz: int

    def blocks(self) -> Iterator[Vector]:
        """Yield mono blocks (samples,) at the file's own rate."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


def load(path: Path) -> Audio:
    """Read a whole file; its windows are joined, so a long one needs memory for all of it.

    Raises
    ------
    AudioError
        The file holds no usable audio; `reason` is a `Reason`.
    """
    with open_file(path) as file, closing(open_source(path, file)) as source:
        return Audio(np.concatenate(list(windows(source))), source.rate_hz)


def open_file(path: Path) -> BinaryIO:
    """Open a file for reading, one that is there, holds bytes, and is no pipe or folder.

    Raises
    ------
    AudioError
        `missing`, `unreadable`, `empty` or `too_large`.
    """
    try:
        if path.exists() and not path.is_file():
            raise AudioError(Reason.UNREADABLE, "not a regular file")
        file = path.open("rb", buffering=0)
        size = _size(file)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise AudioError(Reason.MISSING, "no such file") from error
    except (OSError, ValueError) as error:
        raise AudioError(
            Reason.UNREADABLE, getattr(error, "strerror", None) or str(error)
        ) from error
    if not 0 < size <= MAX_BYTES:
        file.close()
        raise _wrong_size(size)
    return file


def _size(file: BinaryIO) -> int:
    """Return how many bytes an open file has; a file that cannot tell is closed."""
    try:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
    except OSError:
        file.close()
        raise
    return size


def _wrong_size(size: int) -> AudioError:
    if not size:
        return AudioError(Reason.EMPTY, "0 bytes")
    return AudioError(Reason.TOO_LARGE, f"{size} bytes; at most {MAX_BYTES} are read, cut the file")


def open_source(path: Path, file: BinaryIO) -> Source:
    """Open the decoder of a file that `open_file` opened: PyAV or libsndfile, by suffix.

    Raises
    ------
    AudioError
        No decoder reads it, it is truncated, too long, or of an impossible rate or channel count.
    """
    if path.suffix.lower() in MEDIA_SUFFIXES:
        from .media import MediaSource

        return MediaSource(path)
    return _SoundFileSource(file)


def windows(source: Source) -> Iterator[Vector]:
    """Yield the waveforms of a file, float32 (samples,) at 16 kHz within [-1, 1].

    A file of up to 60 s is one window; a longer one comes in windows of 30 s, the last one shorter
    but not below 0.1 s. At most two minutes of audio are held.

    Raises
    ------
    AudioError
        The samples cannot be decoded, are not finite, too few or too many.
    """
    held: list[Vector] = []
    samples, total, limit = 0, 0, int(LONG_S * RATE_HZ)
    size = int(WINDOW_S * RATE_HZ)
    for block in _resampled(source):
        held.append(block)
        samples, total = samples + len(block), total + len(block)
        _check_duration(total / RATE_HZ)
        if samples > limit:
            joined = np.concatenate(held)
            limit = size
            whole = (len(joined) - 1) // size * size
            yield from (_fit(joined[i : i + size]) for i in range(0, whole, size))
            held, samples = [joined[whole:]], len(joined) - whole
    if not total:
        raise AudioError(Reason.EMPTY, "no samples")
    if total < MIN_S * RATE_HZ:
        raise AudioError(
            Reason.TOO_SHORT, f"{total / RATE_HZ:.3f} s; at least {MIN_S} s are needed"
        )
    if samples >= MIN_S * RATE_HZ:
        yield _fit(held[0] if len(held) == 1 else np.concatenate(held))


def is_silent(waveform: Vector) -> bool:
    """Tell whether no sample differs from the mean by more than -80 dB of full scale."""
    mean = float(waveform.mean())
    return max(float(waveform.max()) - mean, mean - float(waveform.min())) < SILENCE_PEAK


def _fit(waveform: Vector) -> Vector:
    """Scale down a waveform that exceeds full scale, as decoders of float and MP3 may give."""
    peak = max(float(waveform.max()), -float(waveform.min()))
    return waveform / np.float32(peak) if peak > 1 else waveform


def _resampled(source: Source) -> Iterator[Vector]:
    if source.rate_hz == RATE_HZ:
        yield from map(_finite, source.blocks())
        return
    import soxr

    resampler = soxr.ResampleStream(source.rate_hz, RATE_HZ, 1, dtype="float32")
    for block in source.blocks():
        yield _finite(resampler.resample_chunk(_finite(block)))
    yield _finite(resampler.resample_chunk(np.empty(0, np.float32), last=True))


def _finite(block: Vector) -> Vector:
    if len(block) and not (np.isfinite(block.max()) and np.isfinite(block.min())):
        raise AudioError(Reason.NOT_FINITE, "samples that are NaN or infinite")
    return block


def _check_duration(seconds: Seconds) -> None:
    if seconds > MAX_S:
        raise AudioError(Reason.TOO_LONG, f"more than {MAX_S / 3600:.0f} hours; cut the file")


class _SoundFileSource:
    """A file decoded by libsndfile."""

    def __init__(self, file: BinaryIO) -> None:
        import soundfile

        if lacking := missing_bytes(file):
            raise AudioError(Reason.TRUNCATED, f"the file lacks {lacking} bytes at its end")
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        self._is_at_end: Callable[[], bool] = lambda: file.tell() == size
        try:
            self._file = soundfile.SoundFile(file.fileno(), closefd=False)
        except (soundfile.SoundFileError, TypeError, ValueError) as error:
            raise AudioError(Reason.NOT_AUDIO, _message(error)) from error
        self.rate_hz = int(self._file.samplerate)
        check_format(self.rate_hz, self._file.channels)
        check_samples(self._file.frames, self._file.channels)
        _check_duration(self._file.frames / self.rate_hz)

    def blocks(self) -> Iterator[Vector]:
        import soundfile

        left = self._file.frames
        size = min(_BLOCK_SAMPLES // self._file.channels, int(WINDOW_S * self.rate_hz))
        while left:
            try:
                block = self._file.read(min(size, left), dtype="float32", always_2d=True)
            except (soundfile.SoundFileError, ValueError) as error:
                reason = Reason.TRUNCATED if self._is_at_end() else Reason.CORRUPT
                raise AudioError(reason, _message(error)) from error
            if not len(block):
                lost = left / self.rate_hz
                raise AudioError(Reason.TRUNCATED, f"the last {lost:.2f} s announced are not there")
            left -= len(block)
            yield block[:, 0] if block.shape[1] == 1 else mono(block, axis=1)

    def close(self) -> None:
        self._file.close()


def _message(error: Exception) -> str:
    """Return what libsndfile says, without the file's number that soundfile puts in front."""
    return str(getattr(error, "error_string", error)).strip()
