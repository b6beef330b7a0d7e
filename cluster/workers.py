"""The Ray workers of a store: started once, found again by name, asked all at a time."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from ..errors import ClusterError, SpkretError
from ..store.store import Store
from .partition_worker import PartitionWorker
from .session import NAMESPACE

_TRIED_AGAIN = 2


@dataclass(frozen=True, slots=True)
class Workers:
    """Workers of one store, which outlive the process that started them.

    Parameters
    ----------
    ray : the module
    handles : of the actors, each a `PartitionWorker`
    patience_s : how long an answer is waited for: a worker may have to start and load first
    """

    ray: Any
    handles: tuple[Any, ...]
    patience_s: float = 600

    @classmethod
    def of(cls, ray: Any, store: Store, count: int | None) -> "Workers":
        """Find the workers of a store, and start those that are not there.

        A worker that dies is started again, and what it was asked is asked again.

        Parameters
        ----------
        count : how many; others are stopped. By default those that are there, else one a CPU of
            the cluster, but no more than the store has partitions
        """
        name = _name(store)
        there = _numbers(ray, name)
        if count is None:
            cpus = int(ray.cluster_resources().get("CPU", 1))
            count = len(there) or max(1, min(cpus, len(store.recordings.cells())))
        for number in there:
            if number >= count:
                ray.kill(ray.get_actor(f"{name}-{number}", namespace=NAMESPACE))
        handles = [_started(ray, f"{name}-{n}", str(store.place)) for n in range(count)]
        return cls(ray, tuple(handles))

    def ask(self, method: str, arguments: Mapping[int, tuple[Any, ...]]) -> dict[int, Any]:
        """Call a method of some workers, all at once; return the answer of each.

        Parameters
        ----------
        arguments : for each worker by number

        Raises
        ------
        ClusterError
            A worker did not answer, or died each time that it was asked.
        SpkretError
            What a worker raised.
        """
        called = [
            getattr(self.handles[number], method).remote(*given)
            for number, given in arguments.items()
        ]
        return dict(zip(arguments, self._answers(called), strict=True))

    def stop(self) -> None:
        """Stop all of them for good."""
        for handle in self.handles:
            self.ray.kill(handle)

    def _answers(self, called: list[Any]) -> list[Any]:
        errors = self.ray.exceptions
        try:
            answers: list[Any] = self.ray.get(called, timeout=self.patience_s)
        except errors.GetTimeoutError as error:
            raise ClusterError(
                f"expected answers of {len(called)} workers within {self.patience_s:.0f} s, got"
                " none of some; see `ray status` for machines that are lost or full"
            ) from error
        except errors.RayTaskError as error:
            if isinstance(error.cause, SpkretError):
                raise error.cause from None
            raise ClusterError(f"a worker failed: {_last_line(error)}") from error
        except errors.RayError as error:
            raise ClusterError(
                f"a worker died each of {_TRIED_AGAIN + 1} times that it was asked, perhaps for"
                f" want of memory; give more with --ray-workers ({_last_line(error)})"
            ) from error
        return answers


def _name(store: Store) -> str:
    """Name the workers of a store: of its place, what it is bound to, and this version's code."""
    about = (version("spkret"), store.place, store.encoder.fingerprint, store.created.isoformat())
    return "search-" + hashlib.blake2b("\n".join(map(str, about)).encode()).hexdigest()[:16]


def _started(ray: Any, name: str, place: str) -> Any:
    options = {
        "name": name,
        "namespace": NAMESPACE,
        "lifetime": "detached",
        "get_if_exists": True,
        "num_cpus": 0,  # a search is short, and extraction needs the CPUs that are counted
        "scheduling_strategy": "SPREAD",
        "max_restarts": -1,
        "max_task_retries": _TRIED_AGAIN,
    }
    return ray.remote(PartitionWorker).options(**options).remote(place)


def _numbers(ray: Any, name: str) -> list[int]:
    """The numbers of the workers that are there."""
    named = (actor["name"] for actor in ray.util.list_named_actors(all_namespaces=True))
    parts = (actor.rpartition("-") for actor in named if actor)
    return sorted(int(number) for stem, _, number in parts if stem == name)


def _last_line(error: Exception) -> str:
    return str(error).strip().splitlines()[-1].strip()
