"""Which encoders there are, and loading one by name or path."""

import sys
from dataclasses import dataclass
from pathlib import Path

from ...errors import EncoderError, UsageError
from . import native, speechbrain
from .base import Encoder

DEFAULT = "compact"
SHIPPED = Path(__file__).parent / DEFAULT


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """An encoder that has a name.

    `published_eer` is in percent, on the test that `source` names; None where none was published.
    """

    name: str
    dimension: int
    size_mb: float
    licence: str
    published_eer: float | None
    source: str
    cached: bool


HUB_ECAPA = "speechbrain/spkrec-ecapa-voxceleb"


def models() -> list[ModelInfo]:
    """The encoders that `load` knows by name; a path to a folder works too."""
    size = sum(path.stat().st_size for path in SHIPPED.iterdir()) / 1e6
    dimension = native.read_config(SHIPPED)["dimension"]
    source = f"Hugging Face {HUB_ECAPA}, EER on VoxCeleb1-O cleaned"
    return [
        ModelInfo(
            DEFAULT, dimension, round(size, 1), "Apache-2.0", None, "ships with spkret", True
        ),
        ModelInfo("ecapa", 192, 83.3, "Apache-2.0", 0.90, source, speechbrain.is_cached(HUB_ECAPA)),
    ]


def load(model: str = DEFAULT, device: str = "auto") -> Encoder:
    """Load an encoder by name, or from a folder of `spkret train-encoder` or SpeechBrain.

    Parameters
    ----------
    model : `compact`, `ecapa`, or a path
    device : `auto` (a GPU where there is one), `cpu`, `cuda` or `cuda:N`

    Raises
    ------
    EncoderError
        There is no such encoder, or it cannot be read.
    UsageError
        The device is not there.
    """
    device = choose_device(device)
    if model == DEFAULT:
        return _load_native(SHIPPED, device)
    if model == "ecapa":
        return speechbrain.SpeechBrainEncoder(speechbrain.fetch(HUB_ECAPA), device, "ecapa")
    folder = Path(model)
    if (folder / native.CONFIG).exists():
        return _load_native(folder, device)
    if (folder / speechbrain.HYPERPARAMETERS).exists():
        return speechbrain.SpeechBrainEncoder(folder, device)
    raise EncoderError(
        f"expected a model name ({', '.join(m.name for m in models())}) or the folder of an"
        f" encoder, got {model!r}; see `spkret models`"
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
        raise UsageError(f"expected --device auto, cpu, cuda or cuda:N, got {device!r}")
    if not there:
        raise UsageError(f"expected a CUDA GPU for --device {device}, found none; use --device cpu")
    return device


def _gpu_driver() -> bool:
    if sys.platform != "linux":
        return sys.platform == "win32"
    return Path("/dev/nvidiactl").exists() or Path("/dev/dxg").exists()


def _load_native(folder: Path, device: str) -> Encoder:
    if device == "cpu":
        return native.OnnxEncoder(folder)
    return native.TorchEncoder(folder, device)
