"""The map of a store: its embeddings on a plane, computed once a version."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis.projection import Projection, project, sample_by_speaker
from ..store.arrays import embeddings
from .caching import Cache
from .catalogue import Catalogue, Filter
from .turns import Turns

if TYPE_CHECKING:
    from ..store.store import Store

MOST_POINTS = 5_000
_MAPS = 16
_AT_ONCE, _WAITING = 2, 8
_SHOWN = ("path", "speaker", "gender", "language", "noise")


class Maps:
    """The maps that were asked for last."""

    def __init__(self, store: "Store") -> None:
        self._store = store
        self._kept: Cache[dict[str, Any]] = Cache(_MAPS)
        self._turns = Turns(_AT_ONCE, _WAITING)

    def get(
        self, catalogue: Catalogue, method: Projection, limit: int, wanted: Filter
    ) -> dict[str, Any]:
        """Lay out the recordings that a filter lets through, at most so many, speakers whole.

        Raises
        ------
        SqlError
            The filter's condition is none.
        HTTPException
            503: too many maps are asked for already.
        """
        key = (catalogue.version, method, limit, wanted)
        with self._turns.taken():
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
