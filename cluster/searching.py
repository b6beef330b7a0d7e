"""Search a store on Ray workers, each of which holds the indexes of some partitions."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt

from ..errors import ClusterError, StoreError
from ..store.hits import Hits, nearest
from ..store.newest import Newest
from ..store.reading import Snapshot
from ..store.recordings import CELL_COLUMNS, Cell, Ids
from ..store.store import Store
from .plan import Plan
from .session import joined
from .workers import Workers

Unit = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]

_ATTEMPTS = 5


@contextmanager
def searching(
    store: Store, address: str, *, workers: int | None = None, keep: bool = True
) -> Iterator[Store]:
    """Have the searches of a store answered by Ray workers for the length of a `with`.

    Parameters
    ----------
    address : see `session.joined`
    workers : see `Workers.of`
    keep : leave them, warm, to who comes next; a cluster that was started here ends all the same

    Raises
    ------
    OptionalDependencyError
        Ray is not installed.
    ClusterError
        No cluster answers at the address.
    """
    with joined(address) as ray:
        asked = Workers.of(ray, store, workers)
        before, store.searcher = store.searcher, ClusterSearcher(store, asked)
        try:
            yield store
        finally:
            store.searcher = before
            if not keep:
                asked.stop()


class ClusterSearcher:
    """Finds what `VectorIndex.search` would, partition by partition, on workers.

    All partitions answer of one version of the table, the newest when the search began. Where one
    has changed before its worker could load it, or was cleared away before it was read, all are
    asked again of a newer version.
    """

    def __init__(self, store: Store, workers: Workers) -> None:
        self._store = store
        self.workers = workers
        self._planned: Snapshot | None = None
        self._plan = Plan(-1, "", {}, {})
        self._log = Newest(store.recordings.delta.path / "_delta_log", self._look)

    def search(
        self,
        query: npt.NDArray[np.float32],
        k: int,
        language: str | None = None,
        noise: str | None = None,
        allowed_ids: Ids | None = None,
    ) -> Hits:
        """Search as `VectorIndex.search`.

        Raises
        ------
        UsageError
            The query has another shape, is zero or not finite, or `k` is below 1.
        ClusterError
            A worker did not answer, or the store changed faster than it could be loaded.
        StoreError
            The store is not there any more, or damaged.
        """
        unit = self._store.vectors.unit(query, k)
        for _ in range(_ATTEMPTS):
            plan = self._newest()
            if allowed_ids is None:
                hits = self._nearest(plan, unit, k, plan.cells(language, noise))
            else:
                hits = self._among(plan, unit, k, language, noise, allowed_ids)
            if hits is not None:
                return hits
        raise ClusterError(
            f"the store changed {_ATTEMPTS} times while it was loaded to be searched; try again"
            " when less is written"
        )

    def _newest(self) -> Plan:
        """Plan for the newest version of the table; a plan of that version is taken again."""
        self._log.version()
        return self._plan

    def _look(self) -> int:
        """Look at the newest version, and share it out where it is not the one that was planned."""
        snapshot = self._store.recordings.delta.snapshot()
        if snapshot is not self._planned:
            everyone = range(len(self.workers.handles))
            if self._planned is None:
                held = list(self.workers.ask("held", dict.fromkeys(everyone, ())).values())
            else:
                held = [self._plan.part(worker) for worker in everyone]
            plan = Plan.of(snapshot, held)
            self.workers.ask("keep", {worker: (list(plan.part(worker)),) for worker in everyone})
            self._planned, self._plan = snapshot, plan
        return snapshot.version

    def _nearest(self, plan: Plan, unit: Unit, k: int, cells: Sequence[Cell]) -> Hits | None:
        """Search partitions; None where one is no longer as planned."""
        asked = {worker: (plan.state, unit, k, part) for worker, part in plan.shared(cells).items()}
        hits = self.workers.ask("search", asked)
        cold = {worker: asked[worker] for worker, found in hits.items() if found is None}
        if cold:
            loads = {worker: (plan.state, plan.part(worker)) for worker in cold}
            if not all(self.workers.ask("hold", loads).values()):
                return None
            hits |= self.workers.ask("search", cold)
        found = [one for one in hits.values() if one is not None]
        return nearest(found, k) if len(found) == len(asked) else None

    def _among(
        self,
        plan: Plan,
        unit: Unit,
        k: int,
        language: str | None,
        noise: str | None,
        allowed_ids: Ids,
    ) -> Hits | None:
        """Search some recordings exactly; None where their version was cleared away meanwhile."""
        try:
            ids_of = self._by_cell(plan, language, noise, allowed_ids)
            asked = {
                worker: (plan.version, unit, k, {cell: ids_of[cell] for cell in part})
                for worker, part in plan.shared(list(ids_of)).items()
            }
            return nearest(list(self.workers.ask("search_among", asked).values()), k)
        except StoreError:
            if self._newest() is plan:
                raise
            return None

    def _by_cell(
        self, plan: Plan, language: str | None, noise: str | None, allowed_ids: Ids
    ) -> dict[Cell, Numbers]:
        """Sort ids by the partition that they are in; ids that are not stored are passed over."""
        rows = self._store.recordings.scan(
            ["id", *CELL_COLUMNS], language, noise, ids=allowed_ids, version=plan.version
        )
        grouped = rows.group_by(CELL_COLUMNS).aggregate([("id", "list")])
        cells = zip(*(grouped[column].to_pylist() for column in CELL_COLUMNS), strict=True)
        ids = grouped["id_list"].to_pylist()
        return {cell: np.array(some, np.int64) for cell, some in zip(cells, ids, strict=True)}
