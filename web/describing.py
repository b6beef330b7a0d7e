"""Stored rows as clients see them."""

import json
import math
from collections.abc import Mapping
from typing import Any

from .hearing import is_there

_ASIDE = ("root", "extra")


def summary(row: Mapping[str, Any]) -> dict[str, Any]:
    """Describe a recording in a list: its row, and whether its file is there."""
    shown = {name: _known(value) for name, value in row.items() if name not in _ASIDE}
    return shown | {"id": str(row["id"]), "audio": is_there(row["root"], row["path"])}


def details(row: Mapping[str, Any]) -> dict[str, Any]:
    """Describe a recording with all that is known of it."""
    extra = json.loads(row["extra"] or "{}")
    return summary(row) | {"root": row["root"], "extra": extra}


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
