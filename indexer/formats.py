"""The audio that is read: suffixes that are looked for, rates and channels that make sense."""

from ..errors import AudioError
from .reasons import Reason

SOUNDFILE_SUFFIXES = frozenset({".wav", ".flac", ".mp3", ".ogg", ".opus"})
MEDIA_SUFFIXES = frozenset({".m4a", ".aac", ".mp4", ".wma", ".webm"})
"""Read through PyAV, the `media` extra."""
SUFFIXES = SOUNDFILE_SUFFIXES | MEDIA_SUFFIXES
MIN_RATE_HZ, MAX_RATE_HZ = 4_000, 384_000
MAX_CHANNELS = 64


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
