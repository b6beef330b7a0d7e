"""What a system does to be compared."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from ..speakers import Floats, Ids
from ..task import Task


class System(ABC):
    """Stores vectors in a folder, and finds the nearest of them, or of some candidates.

    `build` and `open` run in processes of their own. Efforts are what the system calls `nprobe` or
    `ef`, rising: the least that reaches the wanted recall is measured.
    """

    needs: ClassVar[str]
    efforts: ClassVar[Sequence[int]] = ()

    @abstractmethod
    def build(self, task: Task, folder: Path) -> None:
        """Store the vectors of a task in an empty folder, indexed."""

    @abstractmethod
    def open(self, task: Task, folder: Path, threads: int) -> None:
        """Open what was stored."""

    @abstractmethod
    def nearest(self, query: Floats, k: int) -> Ids:
        """Find the k nearest of all: (k,) or fewer."""

    @abstractmethod
    def among(self, query: Floats, candidates: Ids, k: int) -> Ids:
        """Find the k nearest of some candidates: (k,) or fewer."""

    def set_effort(self, effort: int) -> None:  # noqa: B027 - asked of those with `efforts` only
        """Search so much more thoroughly; nothing to set where there are no `efforts`."""


def best(cosines: Floats, ids: Ids, k: int) -> Ids:
    """Take the ids of the k highest cosines, the highest first."""
    k = min(k, len(ids))
    top = np.argpartition(-cosines, k - 1)[:k]
    return ids[top[np.argsort(-cosines[top])]]
