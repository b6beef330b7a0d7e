"""SpeechBrain's ECAPA-TDNN to train further, with SpeechBrain's own filter bank."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN
from torch import Tensor, nn

from ....errors import EncoderError
from ..base import SAMPLE_RATE_HZ
from ..ecapa_tdnn import EqualLengthPooling
from ..speechbrain_networks import ACTIVATIONS, Normalize, exportable_front_end, load_network
from ..speechbrain_recipe import HYPERPARAMETERS, Recipe, read_recipe
from .base import TrainedNetwork, Voice

CLASS = "speechbrain.lobes.models.ECAPA_TDNN.ECAPA_TDNN"
NEPERS_PER_DECIBEL = float(np.log(10) / 10)
FLOOR_DECIBELS = -100.0


@dataclass(frozen=True, slots=True)
class SpeechBrainConfig:
    """An ECAPA-TDNN as SpeechBrain's `hyperparams.yaml` describes it, see its `Recipe`."""

    options: dict[str, Any]
    filter_bank: dict[str, Any]
    deviation: bool
    family: ClassVar[str] = "speechbrain-ecapa"

    @property
    def frontend(self) -> "SpeechBrainFrontEnd":
        """The front end."""
        return SpeechBrainFrontEnd(self.filter_bank)

    @property
    def voice(self) -> int:
        """The dimension of the voice: of the whole embedding."""
        return self.dimension

    @property
    def dimension(self) -> int:
        """The dimension of an embedding."""
        return Recipe(CLASS, self.options, self.filter_bank, self.deviation).dimension

    @property
    def parts(self) -> tuple[int, ...]:
        """One part, the voice."""
        return (self.dimension,)

    def build(self) -> TrainedNetwork:
        """The network with random weights."""
        return TrainedNetwork(SpeechBrainVoice(self))


@dataclass(frozen=True, slots=True)
class SpeechBrainFrontEnd:
    """SpeechBrain's filter bank, its decibels turned into nepers."""

    filter_bank: dict[str, Any]

    @property
    def mels(self) -> int:
        """The number of bands."""
        return int(self.filter_bank.get("n_mels", 40))

    @property
    def hop(self) -> int:
        """Samples from frame to frame."""
        milliseconds = float(self.filter_bank.get("hop_length", 10))
        return round(milliseconds * SAMPLE_RATE_HZ / 1_000)

    @property
    def floor_nepers(self) -> float:
        """The least energy there is."""
        return NEPERS_PER_DECIBEL * FLOOR_DECIBELS

    def centres_hz(self) -> npt.NDArray[np.float64]:
        """The centre of each band (mels,) in hertz, even on the scale 2595 log10(1 + f/700)."""
        low = self.filter_bank.get("f_min") or 0
        high = self.filter_bank.get("f_max") or SAMPLE_RATE_HZ / 2
        first, last = (float(2595 * np.log10(1 + f / 700)) for f in (low, high))
        return np.asarray(700 * (10 ** (np.linspace(first, last, self.mels + 2)[1:-1] / 2595) - 1))

    def module(self) -> nn.Module:
        """The front end as a torch module."""
        recipe = Recipe(CLASS, {}, self.filter_bank, deviation=False)
        return nn.Sequential(exportable_front_end(recipe, Path())[0], InNepers())


class InNepers(nn.Module):
    """Decibels of energy to nepers of energy."""

    def forward(self, decibels: Tensor) -> Tensor:
        """Multiply by log(10) / 10."""
        return decibels * NEPERS_PER_DECIBEL


class SpeechBrainVoice(Voice):
    """SpeechBrain's network on energies in nepers, which it turns back and normalises itself."""

    def __init__(self, config: SpeechBrainConfig) -> None:
        super().__init__()
        options = {
            name: ACTIVATIONS.get(value, value) if isinstance(value, str) else value
            for name, value in config.options.items()
        }
        self.normalize = Normalize(config.deviation)
        self.body = ECAPA_TDNN(**options)
        inside, own = self.body.asp.conv.conv, self.body.asp
        self.body.asp = EqualLengthPooling(
            inside.out_channels, inside.in_channels, own.global_context
        )

    def forward(self, features: Tensor) -> Tensor:
        """Embed features of one length; the result is not normalised."""
        embeddings: Tensor = self.body(self.normalize(features / NEPERS_PER_DECIBEL))
        return embeddings.squeeze(1)

    def stages(self) -> Sequence[nn.Module]:
        """The blocks, then what stands behind them."""
        body = self.body
        return [*body.blocks, nn.ModuleList([body.mfa, body.asp, body.asp_bn, body.fc])]


def from_folder(folder: Path, weights: str) -> tuple[SpeechBrainConfig, dict[str, Tensor]]:
    """The sizes and the weights, by the names of `SpeechBrainConfig.build`, of a folder.

    Raises
    ------
    EncoderError
        It holds no ECAPA-TDNN, or one on features that cannot be distorted as spectra.
    """
    recipe = read_recipe(folder)
    spectra = not (recipe.filter_bank.get("deltas") or recipe.filter_bank.get("context"))
    if recipe.network != CLASS or not spectra:
        raise EncoderError(
            f"expected an ECAPA-TDNN on plain filter banks in {folder / HYPERPARAMETERS} to train"
            f" further, got {recipe.network.rsplit('.', 1)[1]}; start from ecapa or compact"
        )
    network = load_network(recipe, folder, weights)
    config = SpeechBrainConfig(recipe.options, recipe.filter_bank, recipe.deviation)
    return config, {f"voice.body.{name}": w for name, w in network.state_dict().items()}


def from_plain(sizes: Mapping[str, Any]) -> SpeechBrainConfig:
    """The configuration that `dataclasses.asdict` made plain data of."""
    return SpeechBrainConfig(**sizes)
