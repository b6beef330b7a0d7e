"""The audio that is read: suffixes that are looked for, rates and channels that make sense."""

import numpy as np
import numpy.typing as npt

from ..errors import AudioError
from ..store.schema import Vector
from .reasons import Reason

SOUNDFILE_SUFFIXES = frozenset({".wav", ".flac", ".mp3", ".ogg", ".opus"})
MEDIA_SUFFIXES = frozenset({".m4a", ".aac", ".mp4", ".wma", ".webm"})
"""Read through PyAV, the `media` extra."""
SUFFIXES = SOUNDFILE_SUFFIXES | MEDIA_SUFFIXES
MIN_RATE_HZ, MAX_RATE_HZ = 4_000, 384_000
MAX_CHANNELS = 64
MAX_BYTES = 64 << 30
MAX_SAMPLES = 24 * 3_600 * 96_000 * 2
"""Of all channels together: a day in stereo at 96 kHz, minutes of decoding."""


def check_format(rate_hz: int, channels: int) -> None:
    """Refuse a rate or channel count that no recording of speech has.

    Raises
    ------
    AudioError
        `unsupported`.
    """
    if not (MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ and 1 <= channels <= MAX_CHANNELS):
        raise AudioError(
            Reason.UNSUPPORTED,
            f"expected {MIN_RATE_HZ} to {MAX_RATE_HZ} Hz and 1 to {MAX_CHANNELS} channels,"
            f" got {rate_hz} Hz and {channels} channels",
        )


def check_samples(frames: int, channels: int) -> None:
    """Refuse more samples than anyone waits for: a day of eight channels may take 20 MB.

    Raises
    ------
    AudioError
        `too_long`.
    """
    if frames * channels > MAX_SAMPLES:
        raise AudioError(
            Reason.TOO_LONG,
            f"more than {MAX_SAMPLES} samples in {channels} channels; cut the file",
        )


def mono(block: npt.NDArray[np.float32], axis: int) -> Vector:
    """Return the mean (samples,) of the channels along an axis; what is not finite stays so."""
    with np.errstate(invalid="ignore", over="ignore"):
        mean: Vector = block.mean(axis=axis, dtype=np.float32)
    return mean
