"""Draw records: an anchor, one other file of its speaker, and files of others of the same cell."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spkret.rerank.trials import Trial

from .plan import GROUP, Row, cells_of


@dataclass(frozen=True, slots=True)
class Draw:
    """One record, as large as it may get.

    Parameters
    ----------
    id : names it
    cell, speaker : of the anchor
    anchor : its path
    paths : of the candidates: the match, then the others in the order in which they are wanted
    order : the candidates' random order in the group, as positions in `paths`
    """

    id: str
    cell: str
    speaker: str
    anchor: str
    paths: tuple[str, ...]
    order: tuple[int, ...]

    def trial(self, size: int) -> Trial:
        """Make a trial of a group of `size` or less: the match and the first of the others."""
        group = tuple(self.paths[place] for place in self.order if place < size)
        return Trial(self.id, self.anchor, group, self.paths[0])


def draw(
    rows: Sequence[Row],
    records: int,
    rng: np.random.Generator,
    *,
    size: int = GROUP,
    by_gender: bool = False,
    least: int = 2,
) -> list[Draw]:
    """Draw records of every cell of rows.

    Parameters
    ----------
    rows : of the manifest
    records : a cell
    rng : where the random numbers come from
    size : candidates in a group, the match included
    by_gender : others have the anchor's gender where there are enough of them
    least : leave out cells in which an anchor may find fewer candidates
    """
    drawn: list[Draw] = []
    for cell, members in cells_of(rows).items():
        if _fewest_candidates(members) >= least:
            drawn += _draw(cell, members, records, rng, size, by_gender)
    return drawn


def _fewest_candidates(members: Sequence[Row]) -> int:
    """Count the candidates of an anchor of the most frequent speaker, the match included."""
    _, counts = np.unique([row["speaker"] for row in members], return_counts=True)
    return len(members) - int(counts.max()) + 1


def _draw(
    cell: str,
    members: Sequence[Row],
    records: int,
    rng: np.random.Generator,
    size: int,
    by_gender: bool,
) -> list[Draw]:
    """Draw of one cell; speakers are as likely as each other, however many files they have."""
    speakers = np.array([row["speaker"] for row in members])
    genders = np.array([row["gender"] for row in members])
    names, counts = np.unique(speakers, return_counts=True)
    drawn = []
    for number in range(records):
        speaker = rng.choice(names[counts > 1])
        anchor, match = rng.choice(np.flatnonzero(speakers == speaker), 2, replace=False)
        alike = genders == genders[anchor] if by_gender else np.ones(len(members), bool)
        rows = [match, *_others(speakers, speakers != speaker, alike, rng, size - 1)]
        paths = tuple(members[row]["path"] for row in rows)
        order = tuple(rng.permutation(len(rows)).tolist())
        drawn.append(Draw(f"{cell}#{number}", cell, speaker, members[anchor]["path"], paths, order))
    return drawn


def _others(
    speakers: np.ndarray,
    other: np.ndarray,
    alike: np.ndarray,
    rng: np.random.Generator,
    wanted: int,
) -> list[int]:
    """Up to `wanted` files: of those alike if they suffice, and of new speakers first."""
    order = rng.permutation(np.flatnonzero(other))
    seen: dict[str, int] = defaultdict(int)
    turns = []
    for row in order:
        turns.append((not alike[row], seen[speakers[row]]))
        seen[speakers[row]] += 1
    if sum(alike & other) < wanted:
        turns = [(False, turn) for _, turn in turns]
    ranked = sorted(range(len(order)), key=turns.__getitem__)
    return [int(order[place]) for place in ranked[:wanted]]
