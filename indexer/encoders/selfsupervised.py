"""Self-supervised features as embeddings: wav2vec 2.0 and WavLM, pooled over time.

Nothing here was trained to tell speakers apart; the features are general. Two choices are ours:

- *Layers.* The average of the lower half of the transformer's layers; no layer above it is
  computed. The voice is found in the lower layers: Stuhlmann and Saxer 2025 (arXiv 2509.00230) for
  wav2vec 2.0; Baas et al. 2023 (arXiv 2305.18975), who take layer 6 of the 24 of WavLM Large for
  it. Averages over layers, with learned weights, are how trained systems use such features (Chen et
  al. 2021, arXiv 2110.05777).
- *Time.* Mean and standard deviation over the frames of equal pieces of at most two seconds.
  Attention costs the square of its length, in time and in memory; in pieces an hour costs sixty
  times a minute, in the memory of a minute. And the network, parts of which normalise over time,
  sees a long recording just as it sees a short one.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import EncoderError
from ...store.schema import EncoderIdentity
from . import hub, torch_run, wav2vec2, weights
from .base import SAMPLE_RATE_HZ, Embeddings, Encoder, ModelInfo, Waveforms

if TYPE_CHECKING:
    import torch
    from torchaudio.models import Wav2Vec2Model

PIECE_SAMPLES = 2 * SAMPLE_RATE_HZ
CPU_PIECES, GPU_PIECES = 8, 128
POOLING = "lower half of the layers; mean and deviation over pieces of 2 s; 1"


@dataclass(frozen=True, slots=True)
class _OnHub:
    """A model on Hugging Face, and the files of it that are needed."""

    repository: str
    dimension: int
    size_mb: float
    licence: str
    files: tuple[str, ...] = (wav2vec2.CONFIG, wav2vec2.PREPROCESSOR, "pytorch_model.bin")


ON_HUB = {
    "wav2vec2": _OnHub("facebook/wav2vec2-base", 1536, 380.0, "Apache-2.0"),
    "wavlm": _OnHub("microsoft/wavlm-base-plus", 1536, 378.0, "CC-BY-SA-3.0"),
}


def models() -> list[ModelInfo]:
    """The self-supervised models that have a name."""
    return [
        ModelInfo(
            name=name,
            dimension=model.dimension,
            size_mb=model.size_mb,
            licence=model.licence,
            published_eer=None,
            source=f"Hugging Face {model.repository}, not trained on speakers",
            cached=hub.is_cached(model.repository, model.files),
        )
        for name, model in ON_HUB.items()
    ]


def load_named(name: str, device: str) -> Encoder:
    """Load one of `models`, downloading it once."""
    model = ON_HUB[name]
    return SelfSupervisedEncoder(hub.fetch(model.repository, model.files), device, name)


def recognises(path: Path) -> bool:
    """Whether a folder's configuration is of a wav2vec 2.0 or WavLM model."""
    try:
        return json.loads((path / wav2vec2.CONFIG).read_text())["model_type"] in wav2vec2.KINDS
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return False


def load_path(path: Path, device: str) -> Encoder:
    """Load a folder in the Hugging Face format."""
    return SelfSupervisedEncoder(path, device)


class SelfSupervisedEncoder(Encoder):
    """Mean and standard deviation over time of the hidden states of wav2vec 2.0 or WavLM."""

    def __init__(self, folder: Path, device: str = "cpu", name: str | None = None) -> None:
        hidden = wav2vec2.read_config(folder).get("hidden_size")
        if not isinstance(hidden, int) or hidden < 1:
            raise EncoderError(
                f"expected hidden_size, a number, in {folder / wav2vec2.CONFIG}, got {hidden!r}"
            )
        self.identity = EncoderIdentity(
            name or folder.resolve().name, _fingerprint(folder), 2 * hidden
        )
        self.device = device
        self._folder = folder
        self._normalises = wav2vec2.normalises(folder)

    @cached_property
    def _network(self) -> "Wav2Vec2Model":
        network = lower_half(wav2vec2.load_network(self._folder))
        weights.probe(
            lambda waveforms: pool(network, self._features(network, waveforms)),
            self.identity.dimension,
            self._folder,
        )
        return network.to(self.device)

    def encode_equal(self, waveforms: Waveforms) -> Embeddings:
        """Embed waveforms float32 (batch, samples) of one length."""
        return self.start(waveforms)()

    def start(self, waveforms: Waveforms) -> Callable[[], Embeddings]:
        """Begin to embed a batch of equal length, and return a function that waits for it."""
        front_end, network = partial(self._features, self._network), partial(pool, self._network)
        return torch_run.start(front_end, network, waveforms, self.device)

    def _features(self, network: "Wav2Vec2Model", waveforms: "torch.Tensor") -> "torch.Tensor":
        """Waveforms (batch, samples) to what the convolutions make of their pieces."""
        pieces = cut(standardise(waveforms) if self._normalises else waveforms)
        slices = _slices(pieces.flatten(0, 1))
        features = [network.feature_extractor(part, None)[0] for part in slices]
        return _joined(features, pieces.shape[:2])


def lower_half(network: "Wav2Vec2Model") -> "Wav2Vec2Model":
    """Take the upper half of the transformer's layers off a network."""
    transformer = network.encoder.transformer
    transformer.layers = transformer.layers[: max(1, len(transformer.layers) // 2)]
    return network


def standardise(waveforms: "torch.Tensor") -> "torch.Tensor":
    """Waveforms (batch, samples) of zero mean and unit variance, as `do_normalize` asks for."""
    import torch

    variance, mean = torch.var_mean(waveforms, dim=1, keepdim=True, correction=0)
    return (waveforms - mean) / (variance + 1e-7).sqrt()


def cut(waveforms: "torch.Tensor") -> "torch.Tensor":
    """Waveforms (batch, samples) in the fewest equal pieces of at most two seconds.

    Returns (batch, pieces, samples of a piece); of the end, fewer samples than pieces are left out.
    """
    samples = waveforms.shape[1]
    count = -(-samples // PIECE_SAMPLES)
    size = samples // count
    return waveforms[:, : size * count].reshape(-1, count, size)


def pool(network: "Wav2Vec2Model", features: "torch.Tensor") -> "torch.Tensor":
    """Features (batch, pieces, frames, channels) to embeddings (batch, 2 · hidden).

    Mean and standard deviation over all frames of all pieces, through the moments of each piece.
    """
    import torch

    parts = [frame_moments(layers_mean(network, part)) for part in _slices(features.flatten(0, 1))]
    mean, square = _joined(parts, features.shape[:2]).mean(dim=1).unbind(dim=1)
    deviation = (square - mean.square()).clamp(min=0.0).sqrt()
    return torch.cat([mean, deviation], dim=1).float()


def layers_mean(network: "Wav2Vec2Model", features: "torch.Tensor") -> "torch.Tensor":
    """Hidden states (batch, frames, hidden), the mean over the layers of a network."""
    import torch

    return torch.stack(network.encoder.extract_features(features)).float().mean(dim=0)


def frame_moments(states: "torch.Tensor") -> "torch.Tensor":
    """Mean and mean square over frames: (batch, frames, hidden) to float64 (batch, 2, hidden)."""
    import torch

    states = states.double()
    return torch.stack([states.mean(dim=1), states.square().mean(dim=1)], dim=1)


def _slices(pieces: "torch.Tensor") -> "tuple[torch.Tensor, ...]":
    """As many pieces at once as bounded memory allows."""
    import torch

    return torch.split(pieces, CPU_PIECES if pieces.device.type == "cpu" else GPU_PIECES)


def _joined(parts: "list[torch.Tensor]", shape: "torch.Size") -> "torch.Tensor":
    import torch

    joined = torch.cat(parts)
    return joined.reshape(*shape, *joined.shape[1:])


def _fingerprint(folder: Path) -> str:
    """The hash of the weights, of the configuration, and of how states are pooled."""
    digest = hashlib.blake2b(POOLING.encode(), digest_size=16)
    digest.update(json.dumps(wav2vec2.read_config(folder), sort_keys=True).encode())
    digest.update(str(wav2vec2.normalises(folder)).encode())
    with wav2vec2.weights_file(folder).open("rb") as file:
        while block := file.read(1 << 22):
            digest.update(block)
    return digest.hexdigest()
