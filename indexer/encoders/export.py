"""Writing an encoder as one ONNX file that takes waveforms, and checking what was written."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...errors import EncoderError, UsageError
from ...store.schema import Seconds
from . import registry
from .base import SAMPLE_RATE_HZ, Encoder, TorchBacked
from .onnx_graph import write_graph
from .onnx_signature import GRID
from .onnxfile import SUFFIX, OnnxFileEncoder
from .probe import least_cosine, tones

if TYPE_CHECKING:
    import torch

LENGTHS_S: tuple[Seconds, ...] = (0.5, 1.0, 3.25, 10.0)
LEAST_COSINE = 0.9999


@dataclass(frozen=True, slots=True)
class Exported:
    """An ONNX file that was written.

    `cosine` is the lowest between the file's embeddings and the encoder's, of tones in noise that
    last `lengths_s`.
    """

    path: Path
    name: str
    dimension: int
    size_mb: float
    cosine: float
    lengths_s: tuple[Seconds, ...]


def export_onnx(model: str, target: Path) -> Exported:
    """Write an encoder as an ONNX file: waveforms (batch, samples) → embeddings (batch, dim).

    The file is loaded again and compared with the encoder before it takes its place.

    Parameters
    ----------
    model : a name or path that `registry.load` takes, of an encoder that is `TorchBacked`
    target : the file to write, `.onnx`; one that is there is replaced

    Raises
    ------
    EncoderError
        The encoder cannot be loaded or exported, or the file gives other embeddings.
    UsageError
        `target` does not end in `.onnx`.
    """
    if target.suffix.lower() != SUFFIX:
        raise UsageError(f"expected a file that ends in {SUFFIX}, got {target}")
    encoder = registry.load(model, "cpu")
    if not isinstance(encoder, TorchBacked):
        raise EncoderError(
            f"expected an encoder that is one torch module, got {model!r}, which is none: trained"
            " folders, SpeechBrain's and NeMo's are; an ONNX file is taken by --model as it is"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.stem}.partial{SUFFIX}")
    try:
        _write(encoder.torch_module, _metadata(encoder), model, partial)
        cosine = _agreement(encoder, OnnxFileEncoder(partial), model)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    size, identity = target.stat().st_size / 1e6, encoder.identity
    return Exported(target, identity.name, identity.dimension, round(size, 1), cosine, LENGTHS_S)


def _write(
    make: "Callable[[], torch.nn.Module]", metadata: dict[str, str], model: str, target: Path
) -> None:
    try:
        write_graph(make(), target, metadata=metadata)
    except (RuntimeError, TypeError, ValueError) as error:  # all that the exporter raises
        raise EncoderError(
            f"expected {model!r} to be made of operators that ONNX has,"
            f" got {str(error).strip().splitlines()[0]}"
        ) from error


def _metadata(encoder: Encoder) -> dict[str, str]:
    """What a loader needs to know, in the words that other toolkits use where they have any."""
    return {
        "framework": "spkret",
        "sample_rate": str(SAMPLE_RATE_HZ),
        "output_dim": str(encoder.identity.dimension),
        GRID: str(encoder.grid_samples),
    }


def _agreement(encoder: Encoder, exported: Encoder, model: str) -> float:
    """The lowest cosine between the embeddings of both; EncoderError if they are not the same."""
    cosines = []
    for seconds in LENGTHS_S:
        waves = np.stack([encoder.snap(wave) for wave in tones(seconds)])
        cosines.append(least_cosine(encoder.encode_equal(waves), exported.encode_equal(waves)))
    cosine = float(np.min(cosines))
    if not cosine >= LEAST_COSINE:  # not a number is not the same either
        raise EncoderError(
            f"expected the embeddings of {model!r} from the exported graph, got some at cosine"
            f" {cosine:.4f}; this encoder cannot be exported"
        )
    return cosine
