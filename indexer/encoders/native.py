"""Encoders that spkret trained: a folder of weights, an ONNX graph and a configuration."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ...errors import EncoderError
from ...store.schema import EncoderIdentity
from . import torch_run
from .base import Embeddings, Encoder, ModelInfo, Waveforms
from .onnx_graph import check_weights, write_graph
from .runtimes import OPENVINO, open_runner
from .weights import READ_ERRORS, first_line

if TYPE_CHECKING:
    from .trainable.base import Trainable, TrainedNetwork, WaveformNetwork

CONFIG, WEIGHTS, GRAPH, CARD = "config.json", "weights.safetensors", "model.onnx", "MODEL_CARD.md"
DRAFT = ".draft-"
FORMAT = 1
COMPACT = "compact"
SHIPPED = Path(__file__).parent / COMPACT


def models() -> list[ModelInfo]:
    """The encoder that ships."""
    size = sum(path.stat().st_size for path in SHIPPED.iterdir()) / 1e6
    dimension = read_config(SHIPPED)["dimension"]
    source = "ships with spkret"
    return [ModelInfo(COMPACT, dimension, round(size, 1), "Apache-2.0", None, source, True)]


def load_named(name: str, device: str) -> Encoder:  # noqa: ARG001 - there is one
    """Load the encoder that ships."""
    return load_path(SHIPPED, device)


def recognises(path: Path) -> bool:
    """Whether a folder holds a trained encoder, maybe a damaged one."""
    return (path / CONFIG).exists() and any((path / name).exists() for name in (WEIGHTS, GRAPH))


def load_path(path: Path, device: str) -> Encoder:
    """Load a trained folder: through its graph on the CPU and through torch elsewhere."""
    if device in ("cpu", OPENVINO):
        return OnnxEncoder(path, device)
    return TorchEncoder(path, device)


class OnnxEncoder(Encoder):
    """A trained folder on the CPU, through ONNX Runtime or OpenVINO; torch is not imported."""

    def __init__(self, folder: Path, device: str = "cpu", threads: int | None = None) -> None:
        config = read_config(folder)
        self.identity = identity(folder, config)
        self.grid_samples = config["grid_samples"]
        self._folder = folder
        self._run = open_runner(folder / GRAPH, device, threads)

    def encode_equal(self, waveforms: Waveforms) -> Embeddings:
        """Embed waveforms float32 (batch, samples) of one length."""
        return self._run(waveforms)

    def torch_module(self) -> "WaveformNetwork":
        """The folder as a torch module, for an export."""
        return load_network(self._folder)


class TorchEncoder(Encoder):
    """A trained folder through torch, for a GPU: bfloat16 network, float32 front end."""

    def __init__(self, folder: Path, device: str) -> None:
        config = read_config(folder)
        self.identity = identity(folder, config)
        self.grid_samples = config["grid_samples"]
        self._folder, self.device = folder, device

    @cached_property
    def _network(self) -> "WaveformNetwork":
        return load_network(self._folder).to(self.device)

    def encode_equal(self, waveforms: Waveforms) -> Embeddings:
        """Embed waveforms float32 (batch, samples) of one length."""
        return self.start(waveforms)()

    def start(self, waveforms: Waveforms) -> Callable[[], Embeddings]:
        """Begin to embed a batch, see `Encoder.start`."""
        network = self._network
        return torch_run.start(network.frontend, network.network, waveforms, self.device)

    def torch_module(self) -> "WaveformNetwork":
        """The folder as a torch module, for an export."""
        return load_network(self._folder)


def read_config(folder: Path) -> dict[str, Any]:
    """The configuration of a trained folder.

    Raises
    ------
    EncoderError
        It is missing, is no JSON, or was written by another format.
    """
    try:
        config: dict[str, Any] = json.loads((folder / CONFIG).read_text())
        if config["format"] != FORMAT:
            raise EncoderError(
                f"expected encoder format {FORMAT} in {folder / CONFIG},"
                f" got {config['format']}; use the spkret version that wrote it"
            )
        config["name"], config["network"], config["dimension"], config["grid_samples"]
    except FileNotFoundError as error:
        raise EncoderError(
            f"expected a folder that `spkret train-encoder` wrote, {folder} has no {CONFIG}"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EncoderError(
            f"expected a readable {CONFIG} of a trained encoder in {folder}, got {error!r};"
            " pass a folder that `spkret train-encoder` wrote"
        ) from error
    return config


def identity(folder: Path, config: dict[str, Any]) -> EncoderIdentity:
    """Name, dimension and the hash of the weights and of all that shapes the features."""
    digest = hashlib.blake2b(digest_size=16)
    shape = {name: config[name] for name in ("format", "network", "grid_samples")}
    digest.update(json.dumps(shape, sort_keys=True).encode())
    try:
        weights = (folder / WEIGHTS).read_bytes()
    except OSError as error:
        raise EncoderError(
            f"expected {WEIGHTS} in {folder}, got {error}; copy the whole folder"
        ) from error
    check_weights(folder / WEIGHTS, weights)
    digest.update(weights)
    parts = tuple(config.get("parts", ()))
    return EncoderIdentity(config["name"], digest.hexdigest(), config["dimension"], parts)


def network_config(config: dict[str, Any]) -> "Trainable":
    """The sizes of the network that a configuration describes; EncoderError."""
    from . import trainable

    return trainable.read(config["network"])


def load_network(folder: Path) -> "WaveformNetwork":
    """The torch module of a trained folder, float32, in evaluation mode."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from .trainable.base import WaveformNetwork

    config = network_config(read_config(folder))
    try:
        network = WaveformNetwork(config)
        weights = load_file(folder / WEIGHTS)
        network.network.load_state_dict({name: w.float() for name, w in weights.items()})
    except (*READ_ERRORS, SafetensorError) as error:
        raise EncoderError(
            f"expected the weights of {CONFIG} in {folder / WEIGHTS},"
            f" got {first_line(error)}; copy the whole folder again"
        ) from error
    return network.eval()


def save(
    folder: Path,
    name: str,
    network: "TrainedNetwork",
    config: "Trainable",
    grid_samples: int,
    card: str,
) -> None:
    """Write a trained network as a folder: half-precision weights, and the graph made from them.

    The graph is exported from the rounded weights and points into their file, so that the folder
    holds each once and both runtimes give the same embeddings. A folder that was cut off has no
    configuration, by which it is known as none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f"{DRAFT}*"):
        shutil.rmtree(left)
    with TemporaryDirectory(dir=folder, prefix=DRAFT) as draft:
        _write(Path(draft), name, network, config, grid_samples, card)
        (folder / CONFIG).unlink(missing_ok=True)
        for part in (WEIGHTS, GRAPH, CARD, CONFIG):
            Path(draft, part).replace(folder / part)


def _write(
    folder: Path,
    name: str,
    network: "TrainedNetwork",
    config: "Trainable",
    grid_samples: int,
    card: str,
) -> None:
    from safetensors.torch import save as to_bytes

    weights = {
        key: (value.half() if value.ndim > 1 else value).contiguous()
        for key, value in network.state_dict().items()
    }
    (folder / WEIGHTS).write_bytes(to_bytes(weights))
    described = {
        "format": FORMAT,
        "name": name,
        "dimension": config.dimension,
        "parts": config.parts,
        "network": {"family": config.family, **asdict(config)},
        "grid_samples": grid_samples,
    }
    (folder / CONFIG).write_text(json.dumps(described, indent=2) + "\n")
    (folder / CARD).write_text(card, encoding="utf-8")
    write_graph(load_network(folder), folder / GRAPH, folder / WEIGHTS)
