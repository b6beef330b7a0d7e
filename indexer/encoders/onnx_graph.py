"""ONNX graphs, written from torch modules, that keep each weight once."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from ...errors import EncoderError

if TYPE_CHECKING:
    import onnx
    import torch

INPUT, OUTPUT = "waveforms", "embeddings"
SMALLEST_SHARED = 1_024  # bytes; an entry of a smaller tensor would be as long as the tensor


def write_graph(
    module: "torch.nn.Module",
    target: Path,
    weights: Path | None = None,
    metadata: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Write the graph waveforms (batch, samples) → embeddings (batch, dim) of a torch module.

    Parameters
    ----------
    module : in evaluation mode, on the CPU
    target : the ONNX file to write
    weights : a safetensors file beside `target`, written already; the graph takes from it, as
        ONNX external data, every weight that stands there in the same precision
    metadata : kept in the file
    """
    import onnx

    _export(module, target)
    model = onnx.load(target)
    _halve(model)
    if weights is not None:
        _share(model, weights)
    onnx.helper.set_model_props(model, dict(metadata))
    onnx.save(model, target)


def check_weights(path: Path, content: bytes) -> None:
    """Check that a safetensors file is as long as its header says, which its readers do not all do.

    Raises
    ------
    EncoderError
        It is shorter or longer, or has no such header.
    """
    try:
        expected = max(end for _, end in tensor_spans(content).values())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EncoderError(
            f"expected safetensors weights in {path}, got {error!r}; copy the whole folder again"
        ) from error
    if len(content) != expected:
        raise EncoderError(
            f"expected {expected} bytes in {path}, got {len(content)}; copy the whole folder again"
        )


def tensor_spans(content: bytes) -> dict[str, tuple[int, int]]:
    """First byte, and the byte after the last, of every tensor in a safetensors file.

    The format: eight bytes that hold the length of a JSON header, the header, the tensors.
    """
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    header.pop("__metadata__", None)
    offsets = {name: tensor["data_offsets"] for name, tensor in header.items()}
    return {name: (start + first, start + end) for name, (first, end) in offsets.items()}


def _export(module: "torch.nn.Module", target: Path) -> None:
    """Export with every weight as it is: `PRESERVE` leaves batch norms out of convolutions."""
    import warnings

    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            (torch.randn(2, 16_000),),
            target,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: {0: "batch", 1: "samples"}, OUTPUT: {0: "batch"}},
            opset_version=17,
            training=torch.onnx.TrainingMode.PRESERVE,
            dynamo=False,
        )


def _halve(model: "onnx.ModelProto") -> None:
    """Keep in half precision what loses nothing by it: weights that were rounded when saved.

    A `Cast` brings each back to float32; the runtimes fold it when they load the graph.
    """
    from onnx import TensorProto, helper, numpy_helper

    graph = model.graph
    for tensor in list(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.ndim < 2:
            continue
        with np.errstate(over="ignore"):
            half = values.astype(np.float16)
        if np.any(half != values):
            continue
        name = f"{tensor.name}.half"
        graph.initializer.remove(tensor)
        graph.initializer.append(numpy_helper.from_array(half, name))
        graph.node.insert(0, helper.make_node("Cast", [name], [tensor.name], to=TensorProto.FLOAT))


def _share(model: "onnx.ModelProto", weights: Path) -> None:
    """Point initialisers into the safetensors file where it holds the very same bytes."""
    from onnx.external_data_helper import set_external_data

    content = weights.read_bytes()
    spans = {content[first:end]: (first, end) for first, end in tensor_spans(content).values()}
    for tensor in model.graph.initializer:
        if len(tensor.raw_data) < SMALLEST_SHARED or tensor.raw_data not in spans:
            continue
        first, end = spans[tensor.raw_data]
        set_external_data(tensor, weights.name, offset=first, length=end - first)
        tensor.ClearField("raw_data")
