"""ONNX files in OpenVINO on the CPU: float32 where speech needs it, bfloat16 for the rest."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .kaldi import wespeaker
from .probe import least_cosine, tones

Array = npt.NDArray[np.float32]
Compiled = Callable[[list[Array]], list[Array]]

PRECISE = ("/frontend/", "/network/colour/")  # scopes of trained encoders that need float32
LEAST_COSINE = 0.9995  # of tones; speech is to keep 0.999


def open_openvino(path: Path, threads: int) -> Callable[[Array], Array]:
    """Open a file as a function from its one input to its first output.

    Waveforms and their spectra need float32, so bfloat16 begins behind the scopes in `PRECISE`. All
    is run in float32 if the graph takes waveforms and has no such scopes, if the processor has no
    bfloat16, or if the embeddings of tones show that the network does not stand it.
    """
    from openvino import Core

    core = Core()
    model = core.read_model(str(path))
    shape = model.input(0).partial_shape
    head, tail = _cut(model)
    compiled = partial(_compiled, core, threads)
    before = compiled("f32", head) if head else None
    plain = _joined(before, compiled("f32", tail))
    reducible = head is not None or len(shape) == 3
    if not reducible or "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        return plain
    reduced = _joined(before, compiled("bf16", tail))
    example = tones(1.0)
    if len(shape) == 3:
        example = wespeaker(shape[2].get_length() if shape[2].is_static else 80).features(example)
    cosines = [least_cosine(plain(row), reduced(row)) for row in example[:, None]]
    return reduced if min(cosines) >= LEAST_COSINE else plain


def _joined(before: Compiled | None, after: Compiled) -> Callable[[Array], Array]:
    return lambda batch: after(before([batch]) if before else [batch])[0]


def _compiled(core: Any, threads: int, precision: str, model: Any) -> Compiled:
    config = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": precision}
    compiled = core.compile_model(model, "CPU", config)

    def run(inputs: list[Array]) -> list[Array]:
        results = compiled(inputs)
        return [np.array(results[port]) for port in compiled.outputs]

    return run


def _cut(model: Any) -> tuple[Any, Any]:
    """Cut a model behind the scopes in `PRECISE`: head (None without such scopes) and tail."""
    from openvino import Model, Type, opset13

    values = precise_values(model)
    if not values:
        return None, model
    head = Model(values, model.get_parameters(), "head").clone()
    parameters = [opset13.parameter(value.get_partial_shape(), Type.f32) for value in values]
    for value, parameter in zip(values, parameters, strict=True):
        for target in list(value.get_target_inputs()):
            if not _is_precise(node := target.get_node()) and node.get_type_name() != "Result":
                target.replace_source_output(parameter.output(0))
    return head, Model(model.get_results(), parameters, "tail")


def precise_values(model: Any) -> list[Any]:
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
