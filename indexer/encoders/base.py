"""The contract every speaker encoder keeps."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from ...errors import UsageError
from ...store.schema import EncoderIdentity, Seconds

if TYPE_CHECKING:
    import torch

Waveforms = npt.NDArray[np.float32]
Embeddings = npt.NDArray[np.float32]

SAMPLE_RATE_HZ = 16_000
CPU_BATCH_S: Seconds = 64.0
GPU_BATCH_S: Seconds = 512.0


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """An encoder that has a name.

    `published_eer` is in percent, on the test that `source` names; None where none was published.
    `cached` tells whether it loads without a network.
    """

    name: str
    dimension: int
    size_mb: float
    licence: str
    published_eer: float | None
    source: str
    cached: bool


class Encoder(ABC):
    """Waveforms at 16 kHz to embeddings.

    No padding ever reaches a network: a waveform is repeated up to a multiple of `grid_samples`
    (`snap`), and a batch holds waveforms of one length. So an embedding never depends on the batch
    it was computed in, whatever layers the network has.
    """

    identity: EncoderIdentity
    grid_samples: int = 4_000
    device: str = "cpu"

    @property
    def on_gpu(self) -> bool:
        """Whether it runs on a device that works while the CPU does something else."""
        return self.device.startswith("cuda")

    @property
    def batch_s(self) -> Seconds:
        """Seconds of audio that make a good batch: what keeps the device busy."""
        return GPU_BATCH_S if self.on_gpu else CPU_BATCH_S

    @abstractmethod
    def encode_equal(self, waveforms: Waveforms) -> Embeddings:
        """Embed a batch of equal length.

        Parameters
        ----------
        waveforms : float32 (batch, samples), a multiple of `grid_samples`, at 16 kHz

        Returns
        -------
        embeddings : float32 (batch, dimension), not normalised
        """

    def start(self, waveforms: Waveforms) -> Callable[[], Embeddings]:
        """Begin to embed a batch of equal length, and return a function that waits for the result.

        A device of its own works meanwhile; here on the CPU all is done at once.
        """
        embeddings = self.encode_equal(waveforms)
        return lambda: embeddings

    def warm_up(self) -> None:
        """Embed one second of noise, so that what is made once is there for the first batch."""
        noise = np.random.default_rng(0).standard_normal(SAMPLE_RATE_HZ, np.float32)
        self.encode_equal(self.snap(0.1 * noise)[None])

    def snap(self, waveform: Waveforms) -> Waveforms:
        """Repeat a waveform (samples,) from its start up to the next multiple of `grid_samples`."""
        steps = -(-len(waveform) // self.grid_samples)
        return np.resize(waveform, steps * self.grid_samples)

    def encode(self, waveforms: Waveforms, lengths: npt.NDArray[np.int64]) -> Embeddings:
        """Embed waveforms (batch, samples) of which row i holds `lengths[i]` samples and padding.

        Raises
        ------
        UsageError
            A length is not within 1 and the number of samples.
        """
        if len(lengths) != len(waveforms) or np.any((lengths < 1) | (lengths > waveforms.shape[1])):
            raise UsageError(
                f"expected {len(waveforms)} lengths from 1 to {waveforms.shape[1]} samples,"
                f" got {np.asarray(lengths).tolist()}; pass the true length of every row"
            )
        snapped = [self.snap(row[:n]) for row, n in zip(waveforms, lengths, strict=True)]
        sizes = np.array([len(row) for row in snapped])
        embeddings = np.empty((len(snapped), self.identity.dimension), np.float32)
        for size in np.unique(sizes):
            rows = np.flatnonzero(sizes == size)
            embeddings[rows] = self.encode_equal(np.stack([snapped[i] for i in rows]))
        return embeddings


@runtime_checkable
class TorchBacked(Protocol):
    """An encoder that can give itself as one torch module, for `spkret export-onnx`."""

    def torch_module(self) -> "torch.nn.Module":
        """The module waveforms (batch, samples) → embeddings (batch, dim), both float32.

        On the CPU, in evaluation mode, front end included; any batch and any length of at least
        `grid_samples`. Of operators that ONNX lacks it is free: see `fourier.ConvolutionStft` for
        `torch.stft`.
        """


class Family(Protocol):
    """What a module of this folder offers to the registry: encoders of one kind.

    `device` is `cpu`, `cuda` or `cuda:N`, already checked. Loading reads weights and plain data;
    nothing that a file holds is run.
    """

    def models(self) -> list[ModelInfo]:
        """The encoders of this family that have a name."""

    def load_named(self, name: str, device: str) -> Encoder:
        """Load one of `models`, downloading it once where it does not ship; EncoderError."""

    def recognises(self, path: Path) -> bool:
        """Whether a path is in this family's format, by what the folder holds or a suffix."""

    def load_path(self, path: Path, device: str) -> Encoder:
        """Load an encoder from a path that `recognises` accepts; EncoderError."""
