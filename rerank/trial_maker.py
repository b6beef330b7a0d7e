"""Draw trials from a labelled store."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from ..errors import TrialError, UsageError
from .trial_cells import Cell, Speaker, cells_of
from .trial_files import Trial

_Anchor = tuple[Cell, Speaker]


def make_trials(
    table: pa.Table,
    records: int,
    group_size: int,
    seed: int = 0,
    *,
    within: Sequence[str] = (),
    holdout: float = 0.0,
    held_out: bool = False,
    cover: bool = False,
) -> list[Trial]:
    """Draw trials: an anchor, one other recording of its speaker, and recordings of others.

    A group has one language. Speakers take turns as anchor; noise conditions are drawn evenly, for
    the anchor, the match and the others alike. The others are of different speakers each, as far as
    there are enough. The order of the table's rows plays no part.

    With `cover`, as suits training, durations are drawn evenly as well, again for all alike, and
    the shares of cells (languages, and what `within` names) are levelled: each gets trials by the
    square root of how many speakers can be anchors in it. Without it, both are as in the store.

    Parameters
    ----------
    table : a store's recordings
    records : how many trials
    group_size : candidates in a group, the match included
    seed : where the random numbers start
    within : columns, or keys of `extra`, in which a group agrees with its anchor as well
    holdout : share of the speakers to hold out, drawn by the seed
    held_out : draw from the speakers held out rather than from the others
    cover : draw durations evenly, and level the shares of languages

    Raises
    ------
    TrialError
        No cell of the store has enough labelled recordings.
    UsageError
        An argument is out of range, or `within` names an unknown column.
    """
    if records < 1 or group_size < 2 or not 0 <= holdout < 1:
        raise UsageError(
            "expected at least 1 record, groups of at least 2 and a holdout from 0 to below 1,"
            f" got {records}, {group_size} and {holdout}"
        )
    if held_out and not holdout:
        raise UsageError("expected a holdout above 0 to draw from the speakers held out, got 0")
    table = table.sort_by([("path", "ascending"), ("root", "ascending")])
    generator = np.random.default_rng(seed)
    cells = cells_of(table, within, _kept(table, holdout, held_out, seed), cover)
    usable = [cell for cell in cells if cell.negatives() >= group_size - 1]
    content = table["content_hash"].to_pylist()
    anchors = [[(c, s) for s in c.speakers if s.repeats(content)] for c in usable]
    anchors = [pairs for pairs in anchors if pairs]
    if not anchors:
        raise TrialError(
            f"expected one language with two recordings of a speaker and {group_size - 1} of"
            f" others, got {_counts(cells)}; use a smaller group size or label more recordings"
        )
    turns = _levelled if cover else _in_turn
    drawn = [
        _draw(cell, speaker, group_size, content, generator)
        for cell, speaker in turns(anchors, records, generator)
    ]
    return _named(table, drawn)


def small_cells(table: pa.Table, group_size: int, within: Sequence[str] = ()) -> list[str]:
    """Name the languages whose labelled speakers are too few for groups of that size, in a line."""
    cells = cells_of(table, within, _kept(table, 0.0, False, 0), False)
    return [
        f"{cell.name}: {len(cell.speakers)} speakers with {sum(s.size for s in cell.speakers)}"
        f" recordings are too few for groups of {group_size}"
        for cell in cells
        if cell.negatives() < group_size - 1
    ]


def _in_turn(
    anchors: Sequence[Sequence[_Anchor]], records: int, generator: np.random.Generator
) -> list[_Anchor]:
    """Let all speakers take turns, in a new random order each round."""
    everyone = [anchor for part in anchors for anchor in part]
    rounds = -(-records // len(everyone))
    turns = np.concatenate([generator.permutation(len(everyone)) for _ in range(rounds)])
    return [everyone[turn] for turn in turns[:records]]


def _levelled(
    anchors: Sequence[Sequence[_Anchor]], records: int, generator: np.random.Generator
) -> list[_Anchor]:
    """Give each cell turns by the square root of its speakers, who take turns within it."""
    weights = np.sqrt([len(part) for part in anchors])
    ends = np.round(records * np.cumsum(weights) / weights.sum()).astype(int)
    counts = np.diff(ends, prepend=0).tolist()
    turns = [
        anchor
        for part, count in zip(anchors, counts, strict=True)
        if count
        for anchor in _in_turn([part], count, generator)
    ]
    return [turns[turn] for turn in generator.permutation(records)]


def _kept(table: pa.Table, holdout: float, held_out: bool, seed: int) -> set[str]:
    """Names of the labelled speakers to draw from."""
    names = sorted({name for name in table["speaker"].to_pylist() if name is not None})
    order = np.random.default_rng([seed, 1]).permutation(len(names))
    held = {names[number] for number in order[: round(holdout * len(names))]}
    return held if held_out else set(names) - held


def _draw(
    cell: Cell,
    speaker: Speaker,
    group_size: int,
    content: Sequence[str],
    generator: np.random.Generator,
) -> tuple[int, list[int], int]:
    """Draw one trial: the rows of the anchor, of its group in random order, and of the match."""
    anchor = speaker.pick(*generator.random(2))
    match = speaker.other_than(content[anchor], content).pick(*generator.random(2))
    others = [other for other in cell.speakers if other is not speaker]
    group = np.array([match, *_negatives(others, group_size - 1, generator)])
    generator.shuffle(group)
    return anchor, group.tolist(), match


def _negatives(others: Sequence[Speaker], count: int, generator: np.random.Generator) -> list[int]:
    """Draw recordings, one a speaker, and more of the same speakers once all had their turn."""
    order = generator.permutation(len(others))[:count].tolist()
    chances = generator.random((len(order), 2)).tolist()
    drawn = [others[n].pick(*chance) for n, chance in zip(order, chances, strict=True)]
    if len(drawn) < count:
        rest = {row for other in others for row in other.rows}
        free = sorted(rest - set(drawn))
        drawn += generator.choice(free, count - len(drawn), replace=False).tolist()
    return drawn


def _counts(cells: Sequence[Cell]) -> str:
    largest = sorted(cells, key=Cell.negatives, reverse=True)[:3]
    if not largest:
        return "no labelled speaker"
    return ", ".join(
        f"{cell.name}: {len(cell.speakers)} speakers, {sum(s.size for s in cell.speakers)}"
        " recordings"
        for cell in largest
    )


def _named(table: pa.Table, drawn: Sequence[tuple[int, list[int], int]]) -> list[Trial]:
    """Refer to rows by their path, or by their id where two roots share it."""
    paths, noises = table["path"].to_pylist(), table["noise"].to_pylist()
    times = Counter(paths)
    ids = table["id"].to_pylist()
    names = [str(id_) if times[path] > 1 else path for path, id_ in zip(paths, ids, strict=True)]
    return [
        Trial(
            id=f"r{number}",
            anchor=names[anchor],
            group=tuple(names[row] for row in group),
            match=names[match],
            anchor_noise=noises[anchor],
            group_noise=tuple(noises[row] for row in group),
        )
        for number, (anchor, group, match) in enumerate(drawn, start=1)
    ]
