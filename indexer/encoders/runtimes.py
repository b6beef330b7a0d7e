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
from .openvino_run import open_openvino
from .threads import usable_cores

Batch = npt.NDArray[np.float32]
Run = Callable[[Batch], Embeddings]

OPENVINO, CUDA = "openvino", "CUDAExecutionProvider"

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
            return Runner(path, "cpu", open_openvino(path, threads))
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


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
