"""A file of any length into short overlapping windows, with what is speech in each."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...errors import AudioError, OptionalDependencyError, UsageError
from ...store.schema import Seconds, Vector
from ..audio import MIN_S, RATE_HZ, open_file, open_source, windows
from ..vad import is_speech

MIN_WINDOW_S: Seconds = 0.25
MAX_WINDOW_S: Seconds = 60.0

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Grid:
    """Windows of `window_s` seconds, one every `hop_s`.

    Raises
    ------
    UsageError
        The window is not within 0.25 and 60 seconds, or the hop not within 0.1 and the window.
    """

    window_s: Seconds = 1.0
    hop_s: Seconds = 0.5

    def __post_init__(self) -> None:
        if not MIN_WINDOW_S <= self.window_s <= MAX_WINDOW_S:
            raise UsageError(
                f"expected a window of {MIN_WINDOW_S} to {MAX_WINDOW_S:.0f} s, got {self.window_s}"
            )
        if not MIN_S <= self.hop_s <= self.window_s:
            raise UsageError(
                f"expected a hop from {MIN_S} s to the window's {self.window_s} s, got {self.hop_s}"
            )


@dataclass(frozen=True, slots=True)
class Sound:
    """A stretch (samples,) at 16 kHz and which of its samples are speech, None if unknown."""

    waveform: Vector
    speech: Mask | None


@dataclass(frozen=True, slots=True)
class Cut:
    """One window: where it begins and ends, its sound (samples,), and how much of it is speech.

    `speech_share` is None where speech was not looked for.
    """

    start_s: Seconds
    end_s: Seconds
    waveform: Vector
    speech_share: float | None
    original_rate_hz: int


def cut_file(path: Path, grid: Grid, vad: bool = True) -> Iterator[Cut]:
    """Cut a file into windows, reading it as they are asked for; two minutes are held at most.

    The last window ends with the file, and is shorter if the grid says so; one below 0.1 s is left
    out. `vad` tells whether to look for speech.

    Raises
    ------
    AudioError
        The file holds no usable audio, or none from some point on; `detail` names it.
    OptionalDependencyError
        silero-vad is not installed, and `vad` is set.
    """
    try:
        with open_file(path) as file, closing(open_source(path, file)) as source:
            sounds = (
                Sound(waveform, is_speech(waveform) if vad else None)
                for waveform in windows(source)
            )
            for start, sound in slide(sounds, grid):
                yield _cut(start, sound, source.rate_hz)
    except AudioError as error:
        raise AudioError(error.reason, f"{path}: {error.detail}") from error


def slide(sounds: Iterable[Sound], grid: Grid) -> Iterator[tuple[int, Sound]]:
    """Yield the first sample and the sound of each window over stretches that follow each other.

    The n-th window begins at the sample nearest to n · `hop_s`, so that no error adds up.
    """
    size = round(grid.window_s * RATE_HZ)
    held, first, number, end = Sound(np.empty(0, np.float32), None), 0, 0, 0
    for sound in sounds:
        held = _joined(held, sound)
        while (start := round(number * grid.hop_s * RATE_HZ)) + size <= first + len(held.waveform):
            yield start, _part(held, start - first, size)
            number, end = number + 1, start + size
        held, first = _part(held, start - first, len(held.waveform)), start
    rest = first + len(held.waveform) - end
    if rest >= MIN_S * RATE_HZ:
        yield first, held


def has_vad() -> bool:
    """Tell whether speech can be looked for."""
    from ..vad import recipe

    try:
        recipe()
    except OptionalDependencyError:
        return False
    return True


def _cut(start: int, sound: Sound, rate_hz: int) -> Cut:
    end = start + len(sound.waveform)
    share = None if sound.speech is None else float(sound.speech.mean())
    return Cut(start / RATE_HZ, end / RATE_HZ, sound.waveform, share, rate_hz)


def _joined(before: Sound, after: Sound) -> Sound:
    if not len(before.waveform):
        return after
    waveform = np.concatenate([before.waveform, after.waveform])
    if before.speech is None or after.speech is None:
        return Sound(waveform, None)
    return Sound(waveform, np.concatenate([before.speech, after.speech]))


def _part(sound: Sound, start: int, size: int) -> Sound:
    speech = None if sound.speech is None else sound.speech[start : start + size]
    return Sound(sound.waveform[start : start + size], speech)
