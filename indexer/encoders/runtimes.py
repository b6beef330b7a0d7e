"""Running an ONNX file: ONNX Runtime on the CPU or a CUDA GPU, OpenVINO on the CPU."""

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import EncoderError
from ..optional import required
from .base import Embeddings
from .threads import usable_cores

Batch = npt.NDArray[np.float32]
Runner = Callable[[Batch], Embeddings]

OPENVINO = "openvino"
PRECISE = ("/frontend/", "/network/colour/")  # scopes in which bfloat16 would lose speech

log = logging.getLogger(__name__)


def open_runner(path: Path, device: str = "cpu", threads: int | None = None) -> Runner:
    """Open an ONNX file as a function from its one input to its first output.

    Parameters
    ----------
    path : an ONNX file
    device : `cpu`, `openvino`, `cuda` or `cuda:N`; the CPU, with a logged line, where ONNX Runtime
        has no CUDA
    threads : threads of computation, by default one a physical core

    Raises
    ------
    EncoderError
        The file is no ONNX model or is damaged; from the function: it takes no such batch.
    OptionalDependencyError
        OpenVINO is asked for and not installed.
    """
    if device == OPENVINO:
        required(OPENVINO, "--device openvino", "OpenVINO", "openvino")
    opened = _openvino if device == OPENVINO else partial(_onnx_runtime, device=device)
    try:
        run = opened(path, threads or usable_cores())
    except Exception as error:  # both runtimes raise their own undocumented types
        raise EncoderError(
            f"expected an ONNX model in {path}, got {_first_line(error)}; copy the file again"
        ) from error
    return partial(_run, run, path)


def runs_on_gpu(device: str) -> bool:
    """Whether ONNX Runtime can use the GPU that `device` names; logs a line if it cannot."""
    import onnxruntime

    if not device.startswith("cuda"):
        return False
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        return True
    log.warning("ONNX Runtime has no CUDA here, the CPU is used: pip install onnxruntime-gpu")
    return False


def _run(run: Runner, path: Path, batch: Batch) -> Embeddings:
    try:
        return run(np.ascontiguousarray(batch, dtype=np.float32))
    except Exception as error:
        raise EncoderError(
            f"expected {path} to embed an input of shape {batch.shape}, got {_first_line(error)}"
        ) from error


def _onnx_runtime(path: Path, threads: int, device: str) -> Runner:
    """Open a file in ONNX Runtime; its threads sleep when idle, so that decoders get the cores."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    providers: list[Any] = ["CPUExecutionProvider"]
    if runs_on_gpu(device):
        number = int(device.partition(":")[2] or 0)
        providers.insert(0, ("CUDAExecutionProvider", {"device_id": number}))
    session = onnxruntime.InferenceSession(str(path), options, providers=providers)
    name = session.get_inputs()[0].name
    return lambda batch: np.asarray(session.run(None, {name: batch})[0])


def _openvino(path: Path, threads: int) -> Runner:
    """Open a file in OpenVINO, in bfloat16 where the processor has it.

    Waveforms and their spectra need float32, so bfloat16 begins behind the scopes in `PRECISE`. A
    graph that takes waveforms and has no such scopes is run in float32.
    """
    from openvino import Core

    core = Core()
    model = core.read_model(str(path))
    reduced = "bf16" if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES") else "f32"
    values = _precise_values(model)
    if not values:
        spectra = len(model.input(0).partial_shape) == 3
        run = _compiled(core, model, threads, reduced if spectra else "f32")
        return lambda batch: run([batch])[0]
    head = _compiled(core, _cut_head(model, values), threads, "f32")
    tail = _compiled(core, _cut_tail(model, values), threads, reduced)
    return lambda batch: tail(head([batch]))[0]


def _compiled(
    core: Any, model: Any, threads: int, precision: str
) -> Callable[[list[Batch]], list[Batch]]:
    config = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": precision}
    compiled = core.compile_model(model, "CPU", config)
    return lambda inputs: [np.array(compiled(inputs)[port]) for port in compiled.outputs]


def _precise_values(model: Any) -> list[Any]:
    """The float values that leave the scopes in `PRECISE`: outputs of nodes of OpenVINO's graph."""
    return [
        output
        for node in model.get_ordered_ops()
        if _is_precise(node) and node.get_type_name() != "Constant"
        for output in node.outputs()
        if output.get_element_type().get_type_name() == "f32"
        and not all(_is_precise(target.get_node()) for target in output.get_target_inputs())
    ]


def _is_precise(node: Any) -> bool:
    return bool(node.get_friendly_name().startswith(PRECISE))


def _cut_head(model: Any, values: list[Any]) -> Any:
    """A model of its own from the inputs to `values`."""
    from openvino import Model

    return Model(values, model.get_parameters(), "head").clone()


def _cut_tail(model: Any, values: list[Any]) -> Any:
    """Turn the model into what takes `values` and gives the outputs."""
    from openvino import Model, Type, opset13

    parameters = []
    for value in values:
        parameter = opset13.parameter(value.get_partial_shape(), Type.f32)
        parameters.append(parameter)
        for target in list(value.get_target_inputs()):
            node = target.get_node()
            if not _is_precise(node) and node.get_type_name() != "Result":
                target.replace_source_output(parameter.output(0))
    return Model(model.get_results(), parameters, "tail")


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
