"""Encoders that spkret trained: a folder of weights, an ONNX graph and a configuration."""

import hashlib
import json
import os
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import EncoderError
from ...store.schema import EncoderIdentity
from .base import Embeddings, Encoder, ModelInfo, Waveforms

if TYPE_CHECKING:
    from .ecapa_tdnn import Network, NetworkConfig, WaveformNetwork

CONFIG, WEIGHTS, GRAPH, CARD = "config.json", "weights.safetensors", "model.onnx", "MODEL_CARD.md"
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
    """Load a trained folder, through ONNX Runtime on the CPU and through torch elsewhere."""
    return OnnxEncoder(path) if device == "cpu" else TorchEncoder(path, device)


class OnnxEncoder(Encoder):
    """A trained folder on the CPU, through ONNX Runtime; torch is not imported."""

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        config = read_config(folder)
        self.identity = identity(folder, config)
        self.grid_samples = config["grid_samples"]
        self._session = _open_session(folder / GRAPH, threads or os.cpu_count() or 1)

    def encode_equal(self, waveforms: Waveforms) -> Embeddings:
        """Embed waveforms float32 (batch, samples) of one length."""
        outputs = self._session.run(None, {"waveforms": waveforms.astype(np.float32, copy=False)})
        return np.asarray(outputs[0])


class TorchEncoder(Encoder):
    """A trained folder through torch, for a GPU: bfloat16 network, float32 front end."""

    def __init__(self, folder: Path, device: str) -> None:
        config = read_config(folder)
        self.identity = identity(folder, config)
        self.grid_samples = config["grid_samples"]
        self._folder, self._device = folder, device

    @cached_property
    def _network(self) -> "WaveformNetwork":
        return load_network(self._folder).to(self._device)

    def encode_equal(self, waveforms: Waveforms) -> Embeddings:
        """Embed waveforms float32 (batch, samples) of one length."""
        import torch

        batch = torch.from_numpy(np.ascontiguousarray(waveforms)).to(self._device)
        reduced = self._device != "cpu"
        with torch.inference_mode():
            features = self._network.frontend(batch)
            with torch.autocast(batch.device.type, torch.bfloat16, enabled=reduced):
                embeddings = self._network.network(features)
        return np.asarray(embeddings.cpu().numpy())


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
        digest.update((folder / WEIGHTS).read_bytes())
    except OSError as error:
        raise EncoderError(
            f"expected {WEIGHTS} in {folder}, got {error}; copy the whole folder"
        ) from error
    return EncoderIdentity(config["name"], digest.hexdigest(), config["dimension"])


def network_config(config: dict[str, Any]) -> "NetworkConfig":
    """The sizes of the network that a configuration describes."""
    from .ecapa_tdnn import NetworkConfig
    from .frontend import FrontEndConfig

    sizes = dict(config["network"])
    return NetworkConfig(**{**sizes, "frontend": FrontEndConfig(**sizes["frontend"])})


def load_network(folder: Path) -> "WaveformNetwork":
    """The torch module of a trained folder, float32, in evaluation mode."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from .ecapa_tdnn import WaveformNetwork

    network = WaveformNetwork(network_config(read_config(folder)))
    try:
        weights = load_file(folder / WEIGHTS)
        network.network.load_state_dict({name: w.float() for name, w in weights.items()})
    except (OSError, RuntimeError, SafetensorError) as error:
        raise EncoderError(
            f"expected the weights of {CONFIG} in {folder / WEIGHTS},"
            f" got {str(error).splitlines()[0]}; copy the whole folder again"
        ) from error
    return network.eval()


def save(
    folder: Path,
    name: str,
    network: "Network",
    config: "NetworkConfig",
    grid_samples: int,
    card: str,
) -> None:
    """Write a trained network as a folder: half-precision weights, and the graph made from them.

    The graph is exported from the rounded weights, so that both give the same embeddings.
    """
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    weights = {
        key: (value.half() if value.ndim > 1 else value).contiguous()
        for key, value in network.state_dict().items()
    }
    save_file(weights, folder / WEIGHTS)
    described = {
        "format": FORMAT,
        "name": name,
        "dimension": config.dimension,
        "network": asdict(config),
        "grid_samples": grid_samples,
    }
    (folder / CONFIG).write_text(json.dumps(described, indent=2) + "\n")
    (folder / CARD).write_text(card)
    export_onnx(folder, folder / GRAPH)


def export_onnx(folder: Path, target: Path) -> None:
    """Write the graph waveforms (batch, samples) → embeddings (batch, dim) of a trained folder."""
    import warnings

    import torch

    network = load_network(folder)
    example = torch.randn(2, 16_000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (example,),
            target,
            input_names=["waveforms"],
            output_names=["embeddings"],
            dynamic_axes={"waveforms": {0: "batch", 1: "samples"}, "embeddings": {0: "batch"}},
            opset_version=17,
            dynamo=False,
        )
    _halve_weights(target)


def _halve_weights(graph: Path) -> None:
    """Keep in half precision what loses nothing by it: the weights, rounded when they were saved.

    A `Cast` brings each back to float32; ONNX Runtime folds it when it loads the graph.
    """
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(graph)
    for tensor in list(model.graph.initializer):
        values = numpy_helper.to_array(tensor)
        half = values.astype(np.float16)
        if values.dtype != np.float32 or values.ndim < 2 or np.any(half != values):
            continue
        name = f"{tensor.name}.half"
        model.graph.initializer.remove(tensor)
        model.graph.initializer.append(numpy_helper.from_array(half, name))
        cast = helper.make_node("Cast", [name], [tensor.name], to=onnx.TensorProto.FLOAT)
        model.graph.node.insert(0, cast)
    onnx.save(model, graph)


def _open_session(path: Path, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises its own undocumented types
        raise EncoderError(
            f"expected an ONNX model in {path}, got {str(error).splitlines()[0]};"
            " copy the file again"
        ) from error
