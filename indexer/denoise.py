"""Less noise by spectral gating, through noisereduce."""

import numpy as np

from ..store.schema import Vector
from .audio import RATE_HZ
from .optional import required

SHARE = 0.8
"""How much of what counts as noise is taken away; all of it leaves holes in the spectrum."""
SMOOTH_HZ = 60
"""How far the gate is smoothed over frequency; further, it closes on the harmonics of a voice."""
QUIET_SAMPLES = RATE_HZ // 4


def denoised(waveform: Vector) -> Vector:
    """Return a waveform (samples,) at 16 kHz with its steady noise turned down.

    Spectral gating after Sainburg, Thielk and Gentner, "Finding, visualizing, and quantifying
    latent structure across diverse animal vocal repertoires" (2020). What is noise is learnt from
    the quietest quarter of a second; a shorter waveform is returned as it is.

    Raises
    ------
    OptionalDependencyError
        noisereduce is not installed.
    """
    check_installed()
    if len(waveform) < QUIET_SAMPLES:
        return waveform
    from noisereduce import reduce_noise

    with np.errstate(all="ignore"):
        cleaned: Vector = reduce_noise(
            y=waveform,
            sr=RATE_HZ,
            stationary=True,
            y_noise=_quietest(waveform),
            prop_decrease=SHARE,
            freq_mask_smooth_hz=SMOOTH_HZ,
            chunk_size=len(waveform),  # a smaller one goes through a temporary file
        )
    return np.nan_to_num(cleaned, copy=False)


def _quietest(waveform: Vector) -> Vector:
    """Return the stretch of `QUIET_SAMPLES` that holds least energy."""
    energy = np.concatenate([[0.0], np.cumsum(np.square(waveform, dtype=np.float64))])
    start = int(np.argmin(energy[QUIET_SAMPLES:] - energy[:-QUIET_SAMPLES]))
    return waveform[start : start + QUIET_SAMPLES]


def recipe() -> str:
    """Return what decides the result: the method, the versions that share it, the figures."""
    check_installed()
    return f"noisereduce 3 stationary {SHARE} {SMOOTH_HZ} {QUIET_SAMPLES}"


def check_installed() -> None:
    """Refuse to go on without the package.

    Raises
    ------
    OptionalDependencyError
        noisereduce is not installed.
    """
    required("noisereduce", "noise reduction (--denoise)", "noisereduce", "denoise")
