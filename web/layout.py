"""The map of a store: its embeddings on a plane, computed once a version."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis.projection import Projection, project, sample_by_speaker
from ..store.arrays import embeddings
from .caching import Cache
from .catalogue import Catalogue, Filter

if TYPE_CHECKING:
    from ..store.store import Store

MOST_POINTS = 5_000
_MAPS = 16
_SHOWN = ("path", "speaker", "gender", "language", "noise")


class Maps:
    """The maps that were asked for last."""

    def __init__(self, store: "Store") -> None:
        self._store = store
        self._kept: Cache[dict[str, Any]] = Cache(_MAPS)

    def get(
        self, catalogue: Catalogue, method: Projection, limit: int, wanted: Filter
    ) -> dict[str, Any]:
        """Lay out the recordings that a filter lets through, at most so many, speakers whole.

        Raises
        ------
        SqlError
            The filter's condition is none.
        """
        key = (catalogue.version, method, limit, wanted)
        return self._kept.get(key, lambda: self._made(catalogue, method, limit, wanted))

    def _made(
        self, catalogue: Catalogue, method: Projection, limit: int, wanted: Filter
    ) -> dict[str, Any]:
        rows = catalogue.select(wanted)
        speakers = np.array([catalogue.speakers[row] for row in rows.tolist()], object)
        chosen = rows[sample_by_speaker(speakers, limit)]
        ids = catalogue.ids[chosen]
        stored = self._store.recordings.scan(
            ["id", "embedding"], ids=ids, version=catalogue.version
        )
        placed = project(embeddings(stored), method) if len(ids) else np.empty((0, 2), np.float32)
        described = catalogue.describe(chosen)
        points = {name: [row[name] for row in described] for name in _SHOWN}
        x, y = placed.T.tolist()
        points |= {"id": [str(id_) for id_ in ids.tolist()], "x": x, "y": y}
        return {"method": method.value, "total": len(rows), "points": points}
