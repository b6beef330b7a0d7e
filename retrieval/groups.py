"""Anchors and their groups as row numbers, so that all groups are computed at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self, TypeVar

import numpy as np
import numpy.typing as npt

from ..errors import UsageError

Rows = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]
Kind = TypeVar("Kind", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups of candidates, each with its anchor, as row numbers of one recordings table.

    A query is one group, an evaluation is thousands.

    Parameters
    ----------
    anchors : int64 (groups,)
    candidates : int64 (total,), of all groups, one group after the other
    offsets : int64 (groups + 1,), where each group starts in `candidates`, and the total

    Attributes
    ----------
    sizes : int64 (groups,), how many candidates each group has

    Raises
    ------
    UsageError
        A group is empty, or the lengths contradict each other.
    """

    anchors: Rows
    candidates: Rows
    offsets: Rows
    sizes: Rows = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", np.diff(self.offsets))
        fits = len(self.offsets) == len(self.anchors) + 1 and self.offsets[-1] == len(
            self.candidates
        )
        if not fits or np.any(self.sizes < 1):
            raise UsageError(
                f"expected one non-empty group for each of {len(self.anchors)} anchors,"
                f" got group sizes {self.sizes.tolist()[:10]}; drop anchors without candidates"
            )

    @classmethod
    def of(cls, anchors: Sequence[int] | Rows, members: Sequence[Sequence[int] | Rows]) -> Self:
        """Build groups from each anchor's row and the rows of its candidates."""
        sizes = [len(rows) for rows in members]
        flat = np.concatenate([np.empty(0, np.int64), *(np.asarray(r, np.int64) for r in members)])
        offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        return cls(np.asarray(anchors, np.int64), flat, offsets)

    def __len__(self) -> int:
        return len(self.anchors)

    @property
    def owners(self) -> Rows:
        """The group of each candidate: (total,)."""
        return np.repeat(np.arange(len(self.anchors)), self.sizes)

    @property
    def anchor_rows(self) -> Rows:
        """The anchor's row beside each candidate: (total,)."""
        return np.repeat(self.anchors, self.sizes)

    def spread(self, values: npt.NDArray[Kind]) -> npt.NDArray[Kind]:
        """One value a group (groups,) repeated for each of its candidates: (total,)."""
        return np.repeat(values, self.sizes)

    def sum(self, values: npt.NDArray[np.generic]) -> Doubles:
        """Sum of each group's values (total,): float64 (groups,)."""
        sums: Doubles = np.add.reduceat(values, self.offsets[:-1], dtype=np.float64)
        return sums

    def max(self, values: Doubles) -> Doubles:
        """Largest of each group's values (total,): (groups,)."""
        best: Doubles = np.maximum.reduceat(values, self.offsets[:-1])
        return best

    def order(self, values: Doubles) -> Rows:
        """Positions of all candidates, each group in its place, its values falling: (total,)."""
        return np.lexsort((-values, self.owners))

    def take(self, which: Rows) -> "Groups":
        """Pick the groups of these numbers, in this order."""
        return Groups.of(self.anchors[which], [self.members(int(group)) for group in which])

    def members(self, group: int) -> Rows:
        """Return the candidates' rows of one group."""
        return self.candidates[self.offsets[group] : self.offsets[group + 1]]

    def positions(self, which: Rows) -> Rows:
        """Where the candidates of these groups stand in `candidates`, group by group."""
        starts, sizes = self.offsets[which], self.sizes[which]
        steps = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        positions: Rows = np.repeat(starts, sizes) + steps
        return positions

    def flags(self, positions: Rows) -> npt.NDArray[np.bool_]:
        """Whether each candidate stands at one of these positions: (total,)."""
        flags = np.zeros(len(self.candidates), bool)
        flags[positions] = True
        return flags

    def without(self, positions: Rows) -> "Groups":
        """Return the same groups less the candidates at these positions of `candidates`."""
        keep = ~self.flags(positions)
        kept = np.concatenate([[0], np.cumsum(keep)])[self.offsets]
        return Groups(self.anchors, self.candidates[keep], kept)
