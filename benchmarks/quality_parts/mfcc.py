"""An encoder without a network: statistics of MFCC over time, projected by LDA, as an ONNX file.

Mean and standard deviation over time of mel-frequency cepstra and their slopes; the linear
discriminants of `train` speakers, whose files are taken as they are and in a random condition.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from conditions import generator
from torch import Tensor, nn
from train_default_reranker import CONDITIONS, Row, in_condition, on_all_cores

from spkret.indexer.encoders.base import SAMPLE_RATE_HZ
from spkret.indexer.encoders.frontend import FrontEndConfig
from spkret.indexer.encoders.onnx_graph import write_graph
from spkret.indexer.training.corpus import read_sounds
from spkret.indexer.training.features import read_wave
from spkret.indexer.training.waves import Sounds

COEFFICIENTS = 30
DIMENSION = 64
FILES_A_SPEAKER = 3
FEWEST_SAMPLES = 4_000

Doubles = npt.NDArray[np.float64]


class Statistics(nn.Module):
    """Waveforms (batch, samples) to mean and deviation of MFCC and slopes: (batch, 4 · 30)."""

    cosines: Tensor
    slope: Tensor

    def __init__(self) -> None:
        super().__init__()
        config = FrontEndConfig(mels=40)
        self.mel = config.module()
        angle = np.outer(np.arange(COEFFICIENTS), np.arange(config.mels) + 0.5) * np.pi
        cosines = np.cos(angle / config.mels) * np.sqrt(2 / config.mels)
        self.register_buffer("cosines", torch.from_numpy(cosines.astype(np.float32)))
        slope = torch.tensor([-2.0, -1, 0, 1, 2]) / 10
        self.register_buffer("slope", slope.expand(COEFFICIENTS, 1, 5).contiguous())

    def forward(self, waveforms: Tensor) -> Tensor:
        """Describe waveforms of a quarter of a second or more."""
        static = (self.mel(waveforms) @ self.cosines.T).transpose(1, 2)
        slopes = nn.functional.conv1d(static, self.slope, groups=COEFFICIENTS)
        return torch.cat([part for track in (static, slopes) for part in _moments(track)], dim=1)


class Discriminants(nn.Module):
    """Statistics, less their mean, projected: (batch, dimension)."""

    def __init__(self, centre: Doubles, projection: Doubles) -> None:
        super().__init__()
        self.statistics = Statistics()
        self.linear = nn.Linear(*projection.shape)
        self.linear.weight.data = torch.from_numpy(projection.T.astype(np.float32))
        self.linear.bias.data = torch.from_numpy((-centre @ projection).astype(np.float32))

    def forward(self, waveforms: Tensor) -> Tensor:
        """Embed waveforms (batch, samples)."""
        embeddings: Tensor = self.linear(self.statistics(waveforms))
        return embeddings


def build(rows: Sequence[Row], speech: Path, speakers: int, target: Path) -> None:
    """Fit the encoder to a few files of each of at most `speakers` speakers, and write it."""
    chosen = _choose(rows, speakers)
    statistics = np.concatenate(on_all_cores(partial(_describe, speech=speech), chosen))
    names = list(chain.from_iterable([row["speaker"]] * 2 for row in chosen))
    target.parent.mkdir(parents=True, exist_ok=True)
    module = Discriminants(*_discriminants(statistics, names)).eval()
    about = {"sample_rate": str(SAMPLE_RATE_HZ), "output_dim": str(module.linear.out_features)}
    draft = target.with_suffix(".part")
    write_graph(module, draft, metadata=about)
    draft.replace(target)


def _moments(track: Tensor) -> tuple[Tensor, Tensor]:
    mean = track.mean(dim=2, keepdim=True)
    return mean[:, :, 0], ((track - mean).square().mean(dim=2) + 1e-6).sqrt()


def _choose(rows: Sequence[Row], speakers: int) -> list[Row]:
    """Take the first files of every speaker with two or more, of so many speakers at random."""
    by_speaker = defaultdict(list)
    for row in rows:
        by_speaker[row["speaker"]].append(row)
    repeated = [files for files in by_speaker.values() if len(files) > 1]
    order = np.random.default_rng(0).permutation(len(repeated))[:speakers]
    return [row for place in sorted(order) for row in repeated[place][:FILES_A_SPEAKER]]


def _discriminants(statistics: Doubles, names: Sequence[str]) -> tuple[Doubles, Doubles]:
    """Fit LDA: the mean (features,), and what projects (features, dimension)."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    lda = LinearDiscriminantAnalysis(solver="eigen", shrinkage=0.01).fit(statistics, names)
    return statistics.mean(axis=0), lda.scalings_[:, :DIMENSION]


@lru_cache(maxsize=1)
def _tools(table: Path) -> tuple[Sounds, Statistics]:
    torch.set_num_threads(1)
    return read_sounds(table), Statistics().eval()


def _describe(row: Row, speech: Path) -> npt.NDArray[np.float32]:
    """Compute the statistics of a file as it is, and in a condition: (2, features)."""
    sounds, statistics = _tools(speech / "noise.csv")
    rng = generator(row["path"], 0)
    wave = read_wave(str(speech / row["path"]))
    noisy = in_condition(wave, str(rng.choice(CONDITIONS)), sounds, rng)
    with torch.no_grad():
        each = [statistics(torch.from_numpy(_long_enough(part))[None]) for part in (wave, noisy)]
    return np.concatenate([part.numpy() for part in each])


def _long_enough(wave: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.resize(wave, max(len(wave), FEWEST_SAMPLES)).astype(np.float32)
