"""Training states on disk, written so that a kill at any moment leaves a whole one."""

from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from ...errors import EncoderError
from ..encoders.weights import READ_ERRORS, first_line


def save(path: Path, state: dict[str, Any]) -> None:
    """Replace the checkpoint in one step."""
    temporary = path.with_suffix(".tmp")
    torch.save(state, temporary)
    temporary.replace(path)


def load(path: Path) -> dict[str, Any] | None:
    """The last checkpoint, or None where there is none; tensors and plain values only.

    Raises
    ------
    EncoderError
        The file is damaged.
    """
    if not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (*READ_ERRORS, UnpicklingError) as error:
        raise EncoderError(
            f"expected a checkpoint of training in {path}, got {first_line(error)}; delete the file"
            " to train from the start"
        ) from error
    return state
