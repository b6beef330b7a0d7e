"""Trained networks as one encoder: side by side, they are right more often than each alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import EncoderError, UsageError
from ..encoders import native
from ..encoders.ecapa_tdnn import NetworkConfig
from .run import GRID_SAMPLES

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Fused:
    """A fused encoder that was written: its folder, its dimension, the networks in it."""

    out: Path
    dimension: int
    networks: int


def fuse_encoders(
    folders: Sequence[Path], out: Path, name: str, shares: Sequence[float] | None = None
) -> Fused:
    """Write one encoder that holds several trained ECAPA-TDNNs, and the colour of the first.

    The cosine of its embeddings is the mean of theirs, weighed by `shares`.

    Parameters
    ----------
    folders : what `train-encoder` wrote
    shares : a weight for each folder, equal by default; they are scaled to sum to 1

    Raises
    ------
    UsageError
        There are fewer than two folders, not one positive share for each, or `out` is one of them.
    EncoderError
        A folder is no ECAPA-TDNN trained from scratch, or they hear different front ends.
    """
    from ..encoders.trainable.fused import FusedConfig

    weights = _shares(folders, shares)
    if out.resolve() in [folder.resolve() for folder in folders]:
        raise UsageError(f"expected another folder to write than those to fuse, got {out}")
    networks = [_network(folder) for folder in folders]
    if len({network.frontend for network in networks}) > 1:
        raise EncoderError(
            "expected networks of one front end, got different ones; train them with the same"
        )
    config = FusedConfig(tuple(networks), weights, networks[0].colour)
    fused = config.build()
    fused.load_state_dict(_weights(folders))
    native.save(out, name, fused.eval(), config, GRID_SAMPLES, _card(name, folders, weights))
    return Fused(out, config.dimension, len(networks))


def _weights(folders: Sequence[Path]) -> "dict[str, Tensor]":
    """Every folder's voice under its number, and the first one's colour."""
    states = [native.load_network(folder).network.state_dict() for folder in folders]
    weights = {key: tensor for key, tensor in states[0].items() if key.startswith("colour.")}
    for number, state in enumerate(states):
        for key, tensor in state.items():
            if key.startswith("voice."):
                weights[f"voice.voices.{number}.{key.removeprefix('voice.')}"] = tensor
    return weights


def _shares(folders: Sequence[Path], shares: Sequence[float] | None) -> tuple[float, ...]:
    given = [1.0] * len(folders) if shares is None else list(shares)
    if len(folders) < 2 or len(given) != len(folders) or not all(0 < x < inf for x in given):
        raise UsageError(
            "expected two folders or more and a positive share for each, got"
            f" {len(folders)} folders and the shares {', '.join(f'{x:g}' for x in given)}"
        )
    return tuple(share / sum(given) for share in given)


def _network(folder: Path) -> NetworkConfig:
    config = native.network_config(native.read_config(folder))
    if not isinstance(config, NetworkConfig):
        raise EncoderError(
            f"expected the folder of an ecapa-tdnn or ecapa-cnn-tdnn, got {config.family} in"
            f" {folder}; train one with `spkret train-encoder`"
        )
    return config


def _card(name: str, folders: Sequence[Path], shares: Sequence[float]) -> str:
    """The cards of all, one after the other."""
    cards = [
        f"## Network {number + 1}: {folder.name}, share {share:.2f}\n\n{_own_card(folder)}"
        for number, (folder, share) in enumerate(zip(folders, shares, strict=True))
    ]
    return f"# {name}\n\nSeveral networks side by side, fused by `spkret fuse-encoders`.\n\n" + (
        "\n".join(cards)
    )


def _own_card(folder: Path) -> str:
    """A folder's card, its headings one level lower."""
    path = folder / native.CARD
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else ["No model card."]
    return "\n".join(f"#{line}" if line.startswith("#") else line for line in lines) + "\n"
