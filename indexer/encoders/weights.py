"""Weights read as tensors alone, and put into a network whose shapes they must have."""

import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard, TypeVar

from ...errors import EncoderError

if TYPE_CHECKING:
    from torch import Tensor, nn

Network = TypeVar("Network", bound="nn.Module")

BUILD_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
READ_ERRORS = (*BUILD_ERRORS, EOFError, OSError)


def read_weights(path: Path) -> dict[str, "Tensor"]:
    """The named tensors of a safetensors file or a torch checkpoint, numbers in float32.

    A checkpoint is a pickle, of which only tensors are accepted: what would run code is refused
    before it runs.

    Raises
    ------
    EncoderError
        The file is missing or damaged, or holds something else.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        weights = load_file(path) if path.suffix == ".safetensors" else _read_checkpoint(path)
        if not _is_named_tensors(weights):
            raise TypeError(f"a {type(weights).__name__} of other things")
    except (*READ_ERRORS, SafetensorError) as error:
        raise EncoderError(
            f"expected weights, that is tensors by name, in {path}, got {first_line(error)};"
            " copy the file again"
        ) from error
    return {n: w.float() if w.is_floating_point() else w for n, w in weights.items()}


def _read_checkpoint(path: Path) -> object:
    import warnings

    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pickle protocols, ahead of an error that says more
        try:
            return torch.load(path, map_location="cpu", weights_only=True)
        except pickle.UnpicklingError as error:
            raise ValueError("a pickle of more than tensors, or a broken one") from error


def load_into(network: Network, weights: Mapping[str, "Tensor"], path: Path) -> Network:
    """Give a network, built on the device `meta`, its weights; it is then ready for use.

    Built there, a network takes no memory until its shapes are known to be those of the weights.

    Raises
    ------
    EncoderError
        Names or shapes of the weights, which are from `path`, are not the network's.
    """
    try:
        network.load_state_dict(dict(weights), assign=True)
    except RuntimeError as error:
        raise EncoderError(
            f"expected the weights of a {type(network).__name__} in {path},"
            f" got {first_line(error)}; copy the whole folder again"
        ) from error
    return network.eval().requires_grad_(False)


def probe(embed: "Callable[[Tensor], Tensor]", dimension: int, folder: Path) -> None:
    """Embed a quarter of a second of silence, to see that the parts of an encoder fit together.

    Raises
    ------
    EncoderError
        They do not, or the embedding is not of `dimension`.
    """
    import torch

    try:
        with torch.inference_mode():
            shape = embed(torch.zeros(1, 4_000)).shape
        if shape[-1] != dimension:
            raise ValueError(f"an embedding of {shape[-1]} dimensions instead of {dimension}")
    except BUILD_ERRORS as error:
        raise EncoderError(
            f"expected layers that fit together in {folder}, got {first_line(error)};"
            " copy the whole folder again"
        ) from error


def first_line(error: BaseException) -> str:
    """What an error says, on one line: torch tells of shapes on the second."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = next((line for line in lines[1:] if "size mismatch" in line or "key" in line), None)
    return (told or (lines[0] if lines else type(error).__name__))[:300].rstrip(" .:")


def _is_named_tensors(weights: object) -> "TypeGuard[Mapping[str, Tensor]]":
    from torch import Tensor

    return isinstance(weights, Mapping) and all(
        isinstance(name, str) and isinstance(tensor, Tensor) for name, tensor in weights.items()
    )
