"""Encoders in an ONNX file: WeSpeaker's, 3D-Speaker's, and what `spkret export-onnx` writes."""

import hashlib
from dataclasses import asdict
from pathlib import Path

import numpy as np

from ...errors import EncoderError
from ...store.schema import EncoderIdentity
from .base import Embeddings, Encoder, ModelInfo, Waveforms
from .onnx_signature import Signature, read_signature
from .probe import least_cosine, tones
from .runtimes import open_runner

SUFFIX = ".onnx"
PROBE_S = 2.0
SAME_COSINE = 0.9999


def models() -> list[ModelInfo]:
    """None: ONNX files are named by their path."""
    return []


def load_named(name: str, device: str) -> Encoder:  # noqa: ARG001 - there are none
    """Refuse: ONNX files are named by their path."""
    raise EncoderError(f"expected the path of an ONNX file, got {name!r}")


def recognises(path: Path) -> bool:
    """Whether a path ends in `.onnx`."""
    return path.suffix.lower() == SUFFIX


def load_path(path: Path, device: str) -> Encoder:
    """Load an ONNX file into ONNX Runtime or OpenVINO."""
    return OnnxFileEncoder(path, device)


class OnnxFileEncoder(Encoder):
    """An ONNX file, with Kaldi's filter bank before it unless it takes waveforms."""

    def __init__(self, path: Path, device: str = "cpu") -> None:
        file = read_signature(path)
        self.grid_samples = file.grid_samples
        self._front_end = file.front_end
        self._run = open_runner(path, device)
        self.device = self._run.device
        self._one_by_one = file.one_by_one or not self._takes_batches()
        dimension = self._embed(tones(PROBE_S)[:1]).shape[1]
        self.identity = EncoderIdentity(path.stem, _fingerprint(file), dimension)

    def encode_equal(self, waveforms: Waveforms) -> Embeddings:
        """Embed waveforms float32 (batch, samples) of one length."""
        if self._one_by_one:
            return np.concatenate([self._embed(row[None]) for row in waveforms])
        return self._embed(waveforms)

    def _embed(self, waveforms: Waveforms) -> Embeddings:
        inputs = waveforms if self._front_end is None else self._front_end.features(waveforms)
        embeddings = self._run(inputs)
        if embeddings.ndim == 1 and len(waveforms) == 1:
            embeddings = embeddings[None]
        if embeddings.ndim != 2 or len(embeddings) != len(waveforms):
            raise EncoderError(
                f"expected embeddings ({len(waveforms)}, dimension) from {self._run.path},"
                f" got an output of shape {embeddings.shape}"
            )
        return embeddings

    def _takes_batches(self) -> bool:
        """Whether two waveforms at once give what they give one by one.

        Exporters freeze the batch of their example into some graphs that declare any batch.
        """
        pair = tones(PROBE_S)
        try:
            together = self._embed(pair)
        except EncoderError:
            return False
        alone = np.concatenate([self._embed(row[None]) for row in pair])
        return least_cosine(together, alone) >= SAME_COSINE


def _fingerprint(file: Signature) -> str:
    """Hash the file's content and all that shapes its input."""
    front_end = "waveforms" if file.front_end is None else sorted(asdict(file.front_end).items())
    shape = f"{file.digest} {front_end} {file.grid_samples}"
    return hashlib.blake2b(shape.encode(), digest_size=16).hexdigest()
