"""Which encoders there are, and loading one by name or path."""

import sys
from pathlib import Path

from ...errors import EncoderError, UsageError
from . import native, nemo, onnxfile, selfsupervised, speechbrain
from .base import Encoder, Family, ModelInfo
from .runtimes import OPENVINO

DEFAULT = native.COMPACT
SHIPPED = native.SHIPPED
GRAPHS: tuple[Family, ...] = (native, onnxfile)  # those that OpenVINO can run
FAMILIES: tuple[Family, ...] = (native, speechbrain, nemo, selfsupervised, onnxfile)


def models() -> list[ModelInfo]:
    """The encoders that `load` knows by name; a path works too."""
    return [model for family in FAMILIES for model in family.models()]


def load(model: str = DEFAULT, device: str = "auto") -> Encoder:
    """Load an encoder by name or from a path.

    Parameters
    ----------
    model : a name that `models` lists, or the path of a folder or file in the format of a family
    device : `auto` (a GPU where there is one), `cpu`, `cuda`, `cuda:N`, or `openvino` (the CPU, in
        bfloat16 where the processor has it)

    Raises
    ------
    EncoderError
        There is no such encoder, or it cannot be read.
    UsageError
        The device is not there, or is not one for this encoder.
    OptionalDependencyError
        The encoder or the device needs a package that is not installed.
    """
    device = OPENVINO if device == OPENVINO else choose_device(device)
    for family in FAMILIES:
        if any(known.name == model for known in family.models()):
            _check(family, model, device)
            return family.load_named(model, device)
    for family in FAMILIES:
        if family.recognises(Path(model)):
            _check(family, model, device)
            return family.load_path(Path(model), device)
    raise EncoderError(
        f"expected a model name ({', '.join(m.name for m in models())}) or the path of an"
        f" encoder, got {model!r}; see `spkret models`"
    )


def _check(family: Family, model: str, device: str) -> None:
    if device == OPENVINO and family not in GRAPHS:
        raise UsageError(
            f"expected an ONNX file or a trained encoder for --device openvino, got {model!r};"
            f" write one: spkret export-onnx {model} FILE.onnx"
        )


def choose_device(device: str) -> str:
    """The device to run on; `auto` imports torch only where a GPU driver is present.

    Raises
    ------
    UsageError
        A GPU was asked for and there is none, or the name is no device.
    """
    if device == "cpu" or (device == "auto" and not _gpu_driver()):
        return "cpu"
    import torch

    there = torch.cuda.is_available()
    if device == "auto":
        return "cuda" if there else "cpu"
    if device.split(":")[0] != "cuda":
        raise UsageError(f"expected --device auto, cpu, openvino, cuda or cuda:N, got {device!r}")
    if not there:
        raise UsageError(f"expected a CUDA GPU for --device {device}, found none; use --device cpu")
    return device


def _gpu_driver() -> bool:
    if sys.platform != "linux":
        return sys.platform == "win32"
    return Path("/dev/nvidiactl").exists() or Path("/dev/dxg").exists()
