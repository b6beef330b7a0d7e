"""Audio that libsndfile does not read (m4a, aac, mp4, wma, webm), through PyAV."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from ..errors import AudioError, OptionalDependencyError
from ..store.schema import Seconds, Vector
from .formats import check_format, check_samples, mono
from .reasons import Reason

_TOLERANCE_S: Seconds = 0.5
_CONTAINERS = "mov,mp4,m4a,aac,asf,matroska,webm,ogg,mp3,wav,flac"
"""What is opened, whatever the suffix; playlists, which would have other files read, are not."""


def find_pyav() -> ModuleType:
    """Return the module `av`.

    Raises
    ------
    OptionalDependencyError
        It is not installed.
    """
    if importlib.util.find_spec("av") is None:
        raise OptionalDependencyError(
            "m4a, aac, mp4, wma and webm need PyAV: pip install 'spkret[media]'"
        )
    import av

    module: ModuleType = av
    return module


class MediaSource:
    """The first audio stream of a file, decoded by PyAV to mono float32 at its own rate."""

    def __init__(self, path: Path) -> None:
        try:
            self._av = find_pyav()
        except OptionalDependencyError as error:
            raise AudioError(Reason.NEEDS_MEDIA, str(error)) from error
        try:
            self._container = self._av.open(
                str(path), options={"format_whitelist": _CONTAINERS, "protocol_whitelist": "file"}
            )
        except (self._av.FFmpegError, OSError, ValueError) as error:
            raise AudioError(Reason.NOT_AUDIO, _message(error)) from error
        streams = self._container.streams.audio
        if not streams or streams[0].codec_context is None:
            self._container.close()
            raise AudioError(Reason.NOT_AUDIO, "no audio stream that can be decoded")
        self.rate_hz = int(streams[0].rate or 0)
        check_format(self.rate_hz, streams[0].channels)

    def blocks(self) -> Iterator[Vector]:
        """Yield mono blocks (samples,) at the file's own rate."""
        planar = self._av.AudioResampler(format="fltp", rate=self.rate_hz)
        samples = 0
        try:
            for frame in self._container.decode(audio=0):
                for part in planar.resample(frame):
                    samples += part.samples
                    check_samples(samples, frame.layout.nb_channels)
                    yield mono(part.to_ndarray(), axis=0)
        except (self._av.FFmpegError, OSError, ValueError) as error:
            raise AudioError(Reason.CORRUPT, _message(error)) from error
        lost = self._announced() - samples / self.rate_hz
        if lost > _TOLERANCE_S:
            raise AudioError(Reason.TRUNCATED, f"the last {lost:.2f} s announced are not there")

    def _announced(self) -> Seconds:
        """Return the duration in the header; raw AAC has none, what PyAV says there is a guess."""
        guessed = self._container.format.name == "aac" or self._container.duration is None
        return 0.0 if guessed else self._container.duration / self._av.time_base

    def close(self) -> None:
        """Close the file."""
        self._container.close()


def _message(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
