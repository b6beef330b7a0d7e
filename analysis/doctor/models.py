"""Encoders: which are here, and where fetched ones are kept."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from ...indexer.encoders.base import ModelInfo
from .lines import Line, ok, problem

SHIPPED = "compact"


def encoders(known: Sequence[ModelInfo]) -> Iterator[Line]:
    """Say which encoders load without a network."""
    here = [model.name for model in known if model.cached]
    away = [model.name for model in known if not model.cached]
    if SHIPPED not in here:
        advice = "install spkret again: its files are not complete"
        yield problem("encoders", f"{SHIPPED}, which ships with spkret, is missing", advice)
    else:
        yield ok("encoders", f"usable offline: {', '.join(here)}")
    if away:
        message = f"fetched when they are first used: {', '.join(away)}"
        yield ok("other encoders", message, "spkret models says where from")


def hub(folder: Path, offline: bool) -> Iterator[Line]:
    """Say where models from Hugging Face are kept, and whether the network is left alone."""
    state = "" if folder.exists() else ", not there yet"
    yield ok("Hugging Face cache", f"{folder}{state}{'; offline is set' if offline else ''}")
