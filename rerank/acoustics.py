"""How unlike two signals are, apart from their embeddings: pitch, noise, band, spectrum."""

import numpy as np
import numpy.typing as npt

from ..retrieval.groups import Groups
from ..retrieval.voices import Voices

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

_TOP_HZ = 8_000.0
_FEWEST_BANDS = 4


def f0_distance(voices: Voices, left: Rows, right: Rows) -> Floats:
    """Distance of the median pitches of pairs of rows, in semitones (n,)."""
    semitones = 12 * np.log2(voices.f0_hz)
    distance: Floats = np.abs(semitones[left] - semitones[right])
    return distance


def spectral_distances(voices: Voices, left: Rows, right: Rows) -> tuple[Floats, Floats, Floats]:
    """Compare mean spectra, and their spreads, over the bands that both signals carry.

    Returns
    -------
    spectrum_distance : (n,) root mean square difference of the level-free mean spectra, dB
    spectrum_cosine : (n,) cosine of the two, -1 to 1
    spread_distance : (n,) root mean square difference of the deviations over time, dB
    """
    shared = _shared_bands(voices, left, right)
    count = shared.sum(axis=1)
    count = np.where(count < _FEWEST_BANDS, np.nan, count).astype(np.float32)
    one, two = (_level_free(voices.spectrum_mean[side], shared, count) for side in (left, right))
    spread = np.where(shared, voices.spectrum_std[left] - voices.spectrum_std[right], 0)
    power = np.sqrt((one**2).sum(axis=1) * (two**2).sum(axis=1))
    cosine = (one * two).sum(axis=1) / np.where(power > 0, power, np.nan) + 0 * count
    return _rms(one - two, count), cosine, _rms(spread, count)


def spectral_contrast(voices: Voices, groups: Groups) -> Floats:
    """Cosine of mean spectra less the mean spectrum of the group with its anchor: (total,).

    What all of a group have in common, such as a channel or the language, is thereby left out.
    """
    left, right = groups.anchor_rows, groups.candidates
    spectra = voices.spectrum_mean
    sums: Floats = np.add.reduceat(spectra[right], groups.offsets[:-1], axis=0)
    means = (sums + spectra[groups.anchors]) / (groups.sizes + 1)[:, None].astype(np.float32)
    usual: Floats = np.repeat(means, groups.sizes, axis=0)
    shared = _shared_bands(voices, left, right)
    count = shared.sum(axis=1)
    count = np.where(count < _FEWEST_BANDS, np.nan, count).astype(np.float32)
    one, two = (_level_free(spectra[side] - usual, shared, count) for side in (left, right))
    power = np.sqrt((one**2).sum(axis=1) * (two**2).sum(axis=1))
    cosine: Floats = (one * two).sum(axis=1) / np.where(power > 0, power, np.nan)
    return cosine


def _shared_bands(voices: Voices, left: Rows, right: Rows) -> npt.NDArray[np.bool_]:
    """Mel bands (n, bands) whose centre lies below both bandwidths."""
    bands = voices.spectrum_mean.shape[1]
    top_mel = 2595 * np.log10(1 + _TOP_HZ / 700)
    centres_hz = 700 * (10 ** (np.arange(1, bands + 1) / (bands + 1) * top_mel / 2595) - 1)
    centres_hz = centres_hz.astype(np.float32)
    limit = np.nan_to_num(voices.bandwidth_hz, nan=_TOP_HZ)
    shared: npt.NDArray[np.bool_] = centres_hz <= np.minimum(limit[left], limit[right])[:, None]
    return shared


def _level_free(spectra: Floats, shared: npt.NDArray[np.bool_], count: Floats) -> Floats:
    mean = np.where(shared, spectra, 0).sum(axis=1) / count
    return np.where(shared, spectra - mean[:, None], 0)


def _rms(differences: Floats, count: Floats) -> Floats:
    root: Floats = np.sqrt((differences**2).sum(axis=1) / count)
    return root
