"""Less noise by spectral gating, through noisereduce."""

import numpy as np

from ..store.schema import Vector
from .audio import RATE_HZ
from .optional import required

SHARE = 0.5
"""How much of what counts as noise is taken away; more takes the voice with it."""


def denoised(waveform: Vector) -> Vector:
    """Return a waveform (samples,) at 16 kHz with its steady noise turned down.

    Spectral gating after Sainburg, Thielk and Gentner, "Finding, visualizing, and quantifying
    latent structure across diverse animal vocal repertoires" (2020).

    Raises
    ------
    OptionalDependencyError
        noisereduce is not installed.
    """
    check_installed()
    from noisereduce import reduce_noise

    with np.errstate(all="ignore"):
        cleaned: Vector = reduce_noise(y=waveform, sr=RATE_HZ, stationary=True, prop_decrease=SHARE)
    return np.nan_to_num(cleaned, copy=False)


def recipe() -> str:
    """Return what decides the result: the method, the versions that share it, the figures."""
    check_installed()
    return f"noisereduce 3 stationary {SHARE}"


def check_installed() -> None:
    """Refuse to go on without the package.

    Raises
    ------
    OptionalDependencyError
        noisereduce is not installed.
    """
    required("noisereduce", "noise reduction (--denoise)", "noisereduce", "denoise")
