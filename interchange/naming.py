"""Names of scored recordings that stand for one recording each."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from ..errors import InterchangeError

if TYPE_CHECKING:
    from ..store.store import Store

Side = tuple[int | None, str]
"""A recording's id, None where it is not stored, and its path as it was logged."""


def clear_names(store: "Store", sides: Collection[Side]) -> Mapping[Side, str]:
    """Name recordings by their paths, in full where a path under two roots stands for several.

    Raises
    ------
    InterchangeError
        Two have one name all the same, since they are no longer stored.
    """
    meant: dict[str, set[int | None]] = defaultdict(set)
    for number, path in sides:
        meant[path].add(number)
    unclear = {side for side in sides if len(meant[side[1]]) > 1}
    if not unclear:
        return {side: side[1] for side in sides}
    full = _full_paths(store)
    names = {side: full.get(side[0], side[1]) if side in unclear else side[1] for side in sides}
    if len(set(names.values())) < len(names):
        raise InterchangeError(
            f"expected a name for each recording, {min(unclear)[1]!r} stands for several that are"
            " no longer stored; choose --format csv, which has their ids, or narrow --where"
        )
    return names


def _full_paths(store: "Store") -> Mapping[int | None, str]:
    rows = store.recordings.scan(("id", "root", "path")).to_pylist()
    return {row["id"]: f"{row['root'].rstrip('/')}/{row['path']}" for row in rows}
