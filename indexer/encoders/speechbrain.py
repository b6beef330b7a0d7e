"""SpeechBrain speaker encoders, from a local folder or, once, from Hugging Face."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import EncoderError
from ...store.schema import EncoderIdentity
from . import hub, torch_run, weights
from .base import Embeddings, Encoder, ModelInfo, Waveforms
from .speechbrain_recipe import HYPERPARAMETERS, read_recipe

if TYPE_CHECKING:
    import torch

WEIGHTS = "embedding_model.ckpt"
FILES = (HYPERPARAMETERS, WEIGHTS)
OWNER = "speechbrain"


@dataclass(frozen=True, slots=True)
class _OnHub:
    """A model on Hugging Face; `eer` is in percent, as `test` tells."""

    repository: str
    dimension: int
    size_mb: float
    eer: float
    test: str = "EER on VoxCeleb1-O cleaned"


ON_HUB = {
    "ecapa": _OnHub("speechbrain/spkrec-ecapa-voxceleb", 192, 83.3, 0.90),
    "resnet": _OnHub("speechbrain/spkrec-resnet-voxceleb", 256, 61.9, 1.05),
    "xvector": _OnHub(
        "speechbrain/spkrec-xvect-voxceleb",
        *(512, 16.9, 3.2),
        test="EER on VoxCeleb1-O cleaned scored by PLDA",
    ),
}


def models() -> list[ModelInfo]:
    """SpeechBrain's encoders on Hugging Face that have a name."""
    return [
        ModelInfo(
            name=name,
            dimension=model.dimension,
            size_mb=model.size_mb,
            licence="Apache-2.0",
            published_eer=model.eer,
            source=f"Hugging Face {model.repository}, {model.test}",
            cached=hub.is_cached(model.repository, FILES),
        )
        for name, model in ON_HUB.items()
    ]


def load_named(name: str, device: str) -> Encoder:
    """Load one of `models`, downloading it once."""
    return SpeechBrainEncoder(hub.fetch(ON_HUB[name].repository, FILES), device, name)


def recognises(path: Path) -> bool:
    """Whether a folder holds SpeechBrain hyperparameters, or a path is `speechbrain/NAME`.

    The latter is a repository on Hugging Face, unless there is such a folder.
    """
    on_hub = len(path.parts) == 2 and path.parts[0] == OWNER and not path.exists()
    return on_hub or (path / HYPERPARAMETERS).exists()


def load_path(path: Path, device: str) -> Encoder:
    """Load a SpeechBrain folder, or one of SpeechBrain's repositories on Hugging Face."""
    folder = path if path.exists() else hub.fetch(path.as_posix(), FILES)
    return SpeechBrainEncoder(folder, device, path.resolve().name)


class SpeechBrainEncoder(Encoder):
    """An ECAPA-TDNN, x-vector or ResNet in SpeechBrain's own format, with its own front end."""

    def __init__(self, folder: Path, device: str = "cpu", name: str | None = None) -> None:
        self._recipe = read_recipe(folder)
        self._folder, self.device = folder, device
        self.identity = EncoderIdentity(
            name or folder.resolve().name, _fingerprint(folder), self._recipe.dimension
        )

    @cached_property
    def _modules(self) -> "torch.nn.Sequential":
        """Front end and network, on the device."""
        import torch

        from .speechbrain_networks import front_end, load_network

        network = load_network(self._recipe, self._folder, WEIGHTS)
        modules = torch.nn.Sequential(front_end(self._recipe, self._folder), network).eval()
        weights.probe(modules, self.identity.dimension, self._folder)
        return modules.to(self.device)

    def encode_equal(self, waveforms: Waveforms) -> Embeddings:
        """Embed waveforms float32 (batch, samples) of one length."""
        return self.start(waveforms)()

    def start(self, waveforms: Waveforms) -> Callable[[], Embeddings]:
        """Begin to embed a batch of equal length, and return a function that waits for it."""
        front_end, network = self._modules
        return torch_run.start(front_end, network, waveforms, self.device)

    def torch_module(self) -> "torch.nn.Module":
        """The folder as a torch module, for an export: the same numbers from exportable layers."""
        import torch

        from .speechbrain_networks import exportable_front_end, load_network

        front_end = exportable_front_end(self._recipe, self._folder)
        network = load_network(self._recipe, self._folder, WEIGHTS)
        return torch.nn.Sequential(front_end, network, torch.nn.Flatten()).eval()


def _fingerprint(folder: Path) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name in FILES:
        try:
            digest.update((folder / name).read_bytes())
        except OSError as error:
            raise EncoderError(f"expected {folder / name}, got {error.strerror}") from error
    return digest.hexdigest()
