"""A small feed-forward network in one `.npz` file, scored by NumPy alone."""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import TaggerError
from .base import Probabilities

Floats = npt.NDArray[np.float32]
MAX_BYTES = 16 << 20
REMEDY = "install spkret anew"


@dataclass(frozen=True, slots=True)
class Network:
    """Standardised inputs, dense layers with rectifiers between them, softmax with a temperature.

    Attributes
    ----------
    classes : what the outputs stand for
    mean, scale : (inputs,) what is subtracted from the inputs, and what they are divided by then
    weights : of each layer, (inputs, outputs)
    biases : of each layer, (outputs,)
    temperature : what the outputs are divided by, fitted on speakers held out (Guo et al. 2017, "On
        calibration of modern neural networks")
    encoder : the fingerprint of the encoder whose embeddings it reads, empty if it reads none
    """

    classes: Sequence[str]
    mean: Floats
    scale: Floats
    weights: Sequence[Floats]
    biases: Sequence[Floats]
    temperature: float = 1.0
    encoder: str = ""

    def __post_init__(self) -> None:
        problem = self._problem()
        if problem:
            raise TaggerError(f"expected the layers of a tagger, got {problem}; {REMEDY}")

    @property
    def inputs(self) -> int:
        """How many inputs it takes."""
        return len(self.mean)

    def probabilities(self, inputs: Floats) -> Probabilities:
        """Return how likely each class is, (n, classes), from finite inputs (n, inputs)."""
        values = (inputs - self.mean) / self.scale
        for weights, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            values = np.maximum(values @ weights + bias, 0)
        outputs = (values @ self.weights[-1] + self.biases[-1]) / self.temperature
        powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        shares: Probabilities = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
        return shares

    def save(self, path: Path) -> None:
        """Write it as `.npz`: arrays and strings, nothing that runs."""
        layers = {f"weights{i}": layer for i, layer in enumerate(self.weights)}
        layers |= {f"bias{i}": layer for i, layer in enumerate(self.biases)}
        np.savez_compressed(
            path,
            allow_pickle=False,
            classes=np.array(self.classes),
            encoder=np.array(self.encoder),
            temperature=np.float32(self.temperature),
            mean=self.mean.astype(np.float32),
            scale=self.scale.astype(np.float32),
            **{name: layer.astype(np.float32) for name, layer in layers.items()},
        )

    def _problem(self) -> str | None:
        """Say what is wrong with the shapes or values, if anything is."""
        sizes = [self.inputs, *(len(bias) for bias in self.biases)]
        shapes = [layer.shape for layer in self.weights]
        if not shapes or shapes != list(pairwise(sizes)):
            return f"weights of shapes {shapes} for {sizes[0]} inputs"
        if self.scale.shape != self.mean.shape or sizes[-1] != len(self.classes):
            return f"{len(self.scale)} scales and {sizes[-1]} outputs"
        values = np.concatenate([np.ravel(v) for v in (self.mean, *self.weights, *self.biases)])
        positive = np.append(self.scale, self.temperature)
        if not (np.isfinite(values).all() and np.isfinite(positive).all() and positive.min() > 0):
            return "values that are not finite, or a scale that is not positive"
        return None


def load(path: Path) -> Network:
    """Read what `Network.save` wrote; nothing in the file is run.

    Raises
    ------
    TaggerError
        It is not there, damaged, or too large to be a tagger.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError("it is too large")
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_BYTES:
                raise ValueError("it is too large")
        with np.load(path, allow_pickle=False) as arrays:
            return _network(dict(arrays))
    except FileNotFoundError as error:
        raise TaggerError(f"expected the tagger {path}, found none; {REMEDY}") from error
    except TaggerError as error:
        raise TaggerError(f"{path}: {error}") from error
    except Exception as error:  # damage has no closed list: zipfile, zlib and NumPy raise many
        reason = f"{type(error).__name__}: {error}"
        raise TaggerError(f"cannot read the tagger {path} ({reason}); {REMEDY}") from error


def _network(arrays: dict[str, npt.NDArray[Any]]) -> Network:
    layers = sum(name.startswith("weights") for name in arrays)
    return Network(
        classes=tuple(str(name) for name in arrays["classes"]),
        mean=_vector(arrays["mean"]),
        scale=_vector(arrays["scale"]),
        weights=[arrays[f"weights{i}"].astype(np.float32) for i in range(layers)],
        biases=[_vector(arrays[f"bias{i}"]) for i in range(layers)],
        temperature=float(arrays["temperature"]),
        encoder=str(arrays["encoder"]),
    )


def _vector(values: npt.NDArray[Any]) -> Floats:
    if values.ndim != 1:
        raise ValueError(f"expected one dimension, got the shape {values.shape}")
    return values.astype(np.float32)
