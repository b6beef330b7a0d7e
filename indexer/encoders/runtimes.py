"""Running an ONNX file: ONNX Runtime on the CPU or a CUDA GPU, OpenVINO on the CPU."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import EncoderError
from ..optional import required
from .base import Embeddings
from .threads import usable_cores

Batch = npt.NDArray[np.float32]
Run = Callable[[Batch], Embeddings]

OPENVINO, CUDA = "openvino", "CUDAExecutionProvider"
PRECISE = ("/frontend/", "/network/colour/")  # scopes in which bfloat16 would lose speech

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Runner:
    """An opened ONNX file; `device` is where it runs: `cpu`, `cuda` or `cuda:N`."""

    path: Path
    device: str
    run: Run

    def __call__(self, batch: Batch) -> Embeddings:
        """Compute the first output for the one input.

        Raises
        ------
        EncoderError
            The graph takes no such batch.
        """
        try:
            return self.run(np.ascontiguousarray(batch, dtype=np.float32))
        except Exception as error:  # both runtimes raise their own undocumented types
            raise EncoderError(
                f"expected {self.path} to embed an input of shape {batch.shape},"
                f" got {_first_line(error)}"
            ) from error


def open_runner(path: Path, device: str = "cpu", threads: int | None = None) -> Runner:
    """Open an ONNX file.

    Parameters
    ----------
    path : an ONNX file
    device : `cpu`, `openvino`, `cuda` or `cuda:N`; the CPU, with a logged line, where ONNX Runtime
        has no CUDA
    threads : threads of computation, by default one a physical core

    Raises
    ------
    EncoderError
        The file is no ONNX model or is damaged.
    OptionalDependencyError
        OpenVINO is asked for and not installed.
    """
    threads = threads or usable_cores()
    if device == OPENVINO:
        required(OPENVINO, "--device openvino", "OpenVINO", "openvino")
    try:
        if device == OPENVINO:
            return Runner(path, "cpu", _openvino(path, threads))
        return _onnx_runtime(path, device, threads)
    except Exception as error:
        raise EncoderError(
            f"expected an ONNX model in {path}, got {_first_line(error)}; copy the file again"
        ) from error


def _onnx_runtime(path: Path, device: str, threads: int) -> Runner:
    """Open a file in ONNX Runtime; its threads sleep when idle, so that decoders get the cores."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=_providers(device))
    if device != "cpu" and CUDA not in session.get_providers():
        log.warning("ONNX Runtime has no CUDA here, the CPU is used: pip install onnxruntime-gpu")
        device = "cpu"
    name = session.get_inputs()[0].name
    return Runner(path, device, lambda batch: np.asarray(session.run(None, {name: batch})[0]))


def _providers(device: str) -> list[Any]:
    """What ONNX Runtime is to run on, in order: the GPU where it is asked for and there."""
    import onnxruntime

    cpu = "CPUExecutionProvider"
    if device == "cpu" or CUDA not in onnxruntime.get_available_providers():
        return [cpu]
    onnxruntime.preload_dlls()  # CUDA's libraries, where pip has put them
    return [(CUDA, {"device_id": int(device.partition(":")[2] or 0)}), cpu]


def _openvino(path: Path, threads: int) -> Run:
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
