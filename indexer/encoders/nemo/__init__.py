"""NVIDIA NeMo's speaker encoders, from a `.nemo` file; NeMo itself is not needed.

TitaNet, SpeakerNet and NeMo's ECAPA-TDNN. The networks are built here from the sizes in the file's
configuration, and give NeMo's own embeddings.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ....store.schema import EncoderIdentity
from .. import torch_run
from ..base import Embeddings, Encoder, ModelInfo, Waveforms
from .archive import Archive, read_archive, read_document, read_weights
from .config import read_model
from .download import HuggingFace, Ngc, Source

if TYPE_CHECKING:
    from .network import WaveformNetwork

SUFFIX = ".nemo"
# what shapes an embedding beside the file: raise it when the code here changes embeddings
REVISION = b"nemo 1\0"


@dataclass(frozen=True, slots=True)
class Published:
    """A model of NVIDIA's, with the error rate that its card or paper gives on VoxCeleb1-O."""

    source: Source
    dimension: int
    size_mb: float
    licence: str
    eer: float
    reference: str


TITANET = "nvidia/speakerverification_en_titanet_large"
SPEAKERNET = "speakerverification_speakernet"
# NVIDIA's catalogue puts these models under the licence of the toolkit
TOOLKIT_LICENCE = "Apache-2.0"
PUBLISHED = {
    "titanet-large": Published(
        HuggingFace(TITANET, f"{TITANET.split('/')[1]}.nemo"),
        192,
        101.6,
        "CC-BY-4.0",
        0.66,
        "its card",
    ),
    "titanet-small": Published(
        Ngc("titanet_small", "1.19.0", "titanet-s.nemo"),
        192,
        37.5,
        TOOLKIT_LICENCE,
        1.15,
        "arXiv 2110.04410",
    ),
    "speakernet": Published(
        Ngc(SPEAKERNET, "1.16.0", f"{SPEAKERNET}.nemo"),
        256,
        23.0,
        TOOLKIT_LICENCE,
        2.10,
        "arXiv 2010.12653",
    ),
    "nemo-ecapa": Published(
        Ngc("ecapa_tdnn", "1.16.0", "ecapa_tdnn.nemo"),
        192,
        90.0,
        TOOLKIT_LICENCE,
        0.92,
        "its card",
    ),
}


def models() -> list[ModelInfo]:
    """NVIDIA's published speaker encoders."""
    return [
        ModelInfo(
            name,
            model.dimension,
            model.size_mb,
            model.licence,
            model.eer,
            f"{model.source}, EER on VoxCeleb1-O cleaned by {model.reference}",
            model.source.cached(),
        )
        for name, model in PUBLISHED.items()
    ]


def load_named(name: str, device: str) -> Encoder:
    """Load one of `models`, downloading it once."""
    return NemoEncoder(PUBLISHED[name].source.fetch(), device, name)


def recognises(path: Path) -> bool:
    """Whether a path is named as NeMo's model files are."""
    return path.suffix == SUFFIX


def load_path(path: Path, device: str) -> Encoder:
    """Load a `.nemo` file."""
    return NemoEncoder(path, device)


class NemoEncoder(Encoder):
    """A `.nemo` file through torch: float32, on a GPU a bfloat16 network and float32 front end."""

    def __init__(self, path: Path, device: str = "cpu", name: str | None = None) -> None:
        archive = read_archive(path)
        self._config = read_model(read_document(archive, path), str(path))
        self._path = path
        self.device = device
        self.identity = EncoderIdentity(
            name or path.stem, _fingerprint(archive), self._config.network.dimension
        )

    @cached_property
    def _network(self) -> "WaveformNetwork":
        from .network import with_weights

        network = with_weights(self._config, read_weights(self._path), self._path)
        return network.to(self.device)

    def encode_equal(self, waveforms: Waveforms) -> Embeddings:
        """Embed waveforms float32 (batch, samples) of one length."""
        return self.start(waveforms)()

    def start(self, waveforms: Waveforms) -> Callable[[], Embeddings]:
        """Begin to embed a batch of equal length, and return a function that waits for it."""
        network = self._network
        return torch_run.start(network.frontend, network.network, waveforms, self.device)

    def torch_module(self) -> "WaveformNetwork":
        """The file as a torch module, for an export: the same numbers from exportable layers."""
        from .network import with_weights

        network = with_weights(self._config, read_weights(self._path), self._path)
        network.frontend.make_exportable()
        return network


def _fingerprint(archive: Archive) -> str:
    digest = hashlib.blake2b(REVISION, digest_size=16)
    for member in (archive.config, archive.weights):
        digest.update(len(member).to_bytes(8, "little") + member)
    return digest.hexdigest()
