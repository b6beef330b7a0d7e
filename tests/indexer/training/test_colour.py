"""The colour of an encoder against scikit-learn's own discriminants."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from spkret.indexer.encoders.ecapa_tdnn import Colour, band_statistics
from spkret.indexer.training.colour import SHARE, SHRINKAGE, fit_colour
from spkret.indexer.training.features import Features, Version

VERSIONS: tuple[Version, ...] = ("plain", "augmented")
SPEAKERS, TAKES, FRAMES, MELS = 12, 5, 20, 6


@pytest.fixture
def features() -> Features:
    """Twelve speakers with a spectrum each; augmented rows are louder and noisier."""
    rng = np.random.default_rng(0)
    rows = 2 * SPEAKERS * TAKES
    speaker = np.arange(rows) % SPEAKERS
    augmented = np.arange(rows) >= rows // 2
    spectra = rng.standard_normal((SPEAKERS, MELS))[speaker] + 3.0 * augmented[:, None]
    frames = spectra[:, None] + rng.standard_normal((rows, FRAMES, MELS))
    return Features(
        shards=[frames.reshape(-1, MELS).astype(np.float16)],
        shard=np.zeros(rows, np.int32),
        starts=np.arange(rows) * FRAMES,
        counts=np.full(rows, FRAMES),
        utterance=speaker.astype(np.int64),
        version=augmented.astype(np.int32),
    )


def test_it_is_scikit_learns_discriminants_at_the_gates_length(features: Features) -> None:
    colour = Colour(MELS, 3)
    fit_colour(colour, features, VERSIONS, features.utterance)
    blocks = torch.tensor(features.shards[0].reshape(-1, FRAMES, MELS), dtype=torch.float32)
    got = colour(blocks).detach().numpy()
    statistics = band_statistics(blocks).numpy().astype(np.float64)
    standard = (statistics - statistics.mean(0)) / statistics.std(0)
    plain = features.version == 0
    reference = LinearDiscriminantAnalysis(solver="eigen", shrinkage=SHRINKAGE, n_components=3)
    reference.fit(standard[plain], features.utterance[plain])
    expected = reference.transform(standard - standard[plain].mean(0))
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    lengths = np.linalg.norm(got, axis=1)
    assert_allclose(got / lengths[:, None], expected, atol=1e-3)
    assert lengths[plain].min() > 0.5 * SHARE > lengths[~plain].max()


def test_too_few_speakers_leave_it_out(features: Features) -> None:
    colour = Colour(MELS, 12)
    fit_colour(colour, features, VERSIONS, features.utterance)
    assert colour.share.item() == 0.0
