"""A recording as a picture: frequency over time, louder is lighter."""

from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..store.schema import Decibels, Hertz, Vector

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SPAN_DB: Decibels = 70.0
"""Shown below the loudest point of a recording, so that pictures can be compared."""
TOP_HZ: Hertz = 8_000.0

_WINDOW_S, _HOPS = 0.032, 1_200
_INCHES, _DOTS = (8.0, 2.6), 100
_INK = "#808080"  # readable on light and on dark
_drawing = Lock()
"""Matplotlib's fonts are shared by all pictures."""


def levels(waveform: Vector, rate_hz: int) -> npt.NDArray[np.float32]:
    """Return the power spectrum over time, in dB below the loudest point: float32 (bins, frames).

    Short-time Fourier transform in Hann windows of 32 ms.
    """
    from scipy.signal import ShortTimeFFT
    from scipy.signal.windows import hann

    size = round(_WINDOW_S * rate_hz)
    hop = max(size // 4, len(waveform) // _HOPS)
    padded = np.pad(waveform, (0, max(0, size - len(waveform))))
    transform = ShortTimeFFT(hann(size, sym=False), hop, rate_hz)
    power = transform.spectrogram(padded, p0=0, p1=1 + (len(padded) - 1) // hop)
    decibels = 10 * np.log10(np.maximum(power, 1e-12))
    below: npt.NDArray[np.float32] = np.asarray(decibels - decibels.max(), np.float32)
    return below


def draw(waveform: Vector, rate_hz: int, axes: bool = True) -> bytes:
    """Draw a waveform (samples,): a PNG of 800 by 260 dots, bare or in seconds and kHz."""
    picture, seconds = levels(waveform, rate_hz), len(waveform) / rate_hz
    with _drawing:
        return _png(picture, seconds, rate_hz / 2, axes)


def _png(picture: npt.NDArray[np.float32], seconds: float, nyquist_hz: Hertz, axes: bool) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(_INCHES, _DOTS, facecolor="none", layout="constrained" if axes else None)
    FigureCanvasAgg(figure)
    plot = figure.add_subplot() if axes else figure.add_axes((0, 0, 1, 1))
    plot.imshow(
        picture,
        origin="lower",
        aspect="auto",
        cmap="magma",
        vmin=-SPAN_DB,
        vmax=0.0,
        extent=(0.0, seconds, 0.0, nyquist_hz / 1000),
    )
    plot.set_ylim(0, min(TOP_HZ, nyquist_hz) / 1000)
    if axes:
        _label(plot)
    else:
        plot.set_axis_off()
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _label(plot: "Axes") -> None:
    plot.set_xlabel("seconds", color=_INK)
    plot.set_ylabel("kHz", color=_INK)
    plot.tick_params(colors=_INK)
    plot.spines[:].set_color(_INK)
