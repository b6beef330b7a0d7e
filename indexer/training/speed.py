"""Speech played faster or slower, on log-mel features: a speaker at another speed is another one.

Yamamoto et al. 2019, "Speaker augmentation and bandwidth extension for deep speaker embedding".
Played `speed` times as fast, a recording has at time t and frequency f what it had at speed · t and
f / speed.
"""

import numpy as np
import numpy.typing as npt

from ..encoders.trainable.base import FrontEnd
from .distort import Crop


class Speeds:
    """Warps crops to the speeds of a run; speed 0 of them is the recording's own."""

    def __init__(self, speeds: tuple[float, ...], frontend: FrontEnd) -> None:
        self.speeds = speeds
        self._bands = [_band_weights(frontend.centres_hz(), speed) for speed in speeds]

    def frames_before(self, frames: int, speed: int) -> int:
        """How many frames a crop needs, to have `frames` of them at a speed."""
        return int(np.ceil((frames - 1) * self.speeds[speed])) + 1

    def warp(self, crop: Crop, frames: int, speed: int) -> Crop:
        """A crop (`frames_before`, mels) as (frames, mels) at a speed."""
        if self.speeds[speed] == 1:
            return crop
        times = np.arange(frames) * self.speeds[speed]
        first = np.minimum(times.astype(np.int64), len(crop) - 2)
        part = (times - first)[:, None]
        steady = (1 - part) * crop[first] + part * crop[first + 1]
        return np.asarray(steady @ self._bands[speed].T, np.float32)


def _band_weights(centres_hz: npt.NDArray[np.float64], speed: float) -> npt.NDArray[np.float64]:
    """Linear interpolation (mels, mels) of the bands at f / speed; the edges stay the edges."""
    bands = len(centres_hz)
    places = np.interp(centres_hz / speed, centres_hz, np.arange(bands))
    lower = np.minimum(places.astype(np.int64), bands - 2)
    weights = np.zeros((bands, bands))
    weights[np.arange(bands), lower] = 1 - (places - lower)
    weights[np.arange(bands), lower + 1] = places - lower
    return weights
