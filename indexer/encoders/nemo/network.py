"""The networks of NeMo's speaker models, to load or to train from scratch."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from ....errors import EncoderError
from .. import weights
from .config import ModelConfig, NetworkConfig, QuartzNetConfig
from .frontend import MelSpectrogram
from .pooling import Decoder
from .quartznet import QuartzNet
from .tdnn import Ecapa


class Network(nn.Module):
    """Bands (batch, mels, frames) to embeddings (batch, dimension), not normalised."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        sizes = config.encoder
        self.encoder = QuartzNet(sizes) if isinstance(sizes, QuartzNetConfig) else Ecapa(sizes)
        self.decoder = Decoder(sizes.channels, config.decoder)
        self.apply(_initialize)

    def forward(self, features: Tensor) -> Tensor:
        """Embed features of one length."""
        embeddings: Tensor = self.decoder(self.encoder(features))
        return embeddings


class WaveformNetwork(nn.Module):
    """Front end and network in one: waveforms (batch, samples) to embeddings (batch, dim)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.frontend = MelSpectrogram(config.mel)
        self.network = Network(config.network)

    def forward(self, waveforms: Tensor) -> Tensor:
        """Embed waveforms float32 of one length."""
        embeddings: Tensor = self.network(self.frontend(waveforms))
        return embeddings


def with_weights(
    config: ModelConfig, checkpoint: Mapping[str, Tensor], path: Path
) -> WaveformNetwork:
    """The network with the weights of a NeMo checkpoint, ready for use.

    It is built without memory of its own, so that no configuration can ask for more than the
    checkpoint holds.

    Raises
    ------
    EncoderError
        The sizes do not fit together, or the weights, which are from `path`, do not fit them.
    """
    try:
        with torch.device("meta"):
            network = WaveformNetwork(config)
    except weights.BUILD_ERRORS as error:
        raise EncoderError(
            f"expected sizes that fit together in {path}, got {weights.first_line(error)};"
            " copy or download the file again"
        ) from error
    weights.load_into(network, renamed(checkpoint), path)
    weights.probe(network, config.network.dimension, path)
    return network


def renamed(checkpoint: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights that shape an embedding, under their names here: not the classifier's."""
    prefixes = {
        "preprocessor.featurizer.": "frontend.",
        "encoder.": "network.encoder.",
        "decoder._pooling.": "network.decoder._pooling.",
        "decoder.emb_layers.": "network.decoder.emb_layers.",
    }
    return {
        new + name.removeprefix(old): weight
        for name, weight in checkpoint.items()
        for old, new in prefixes.items()
        if name.startswith(old)
    }


def _initialize(module: nn.Module) -> None:
    if isinstance(module, nn.Conv1d | nn.Linear):
        nn.init.xavier_uniform_(module.weight)
