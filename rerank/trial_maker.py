"""Draw trials from a labelled store."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..errors import TrialError, UsageError
from .trial_files import Trial

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Speaker:
    """The recordings of one speaker in one cell, by noise condition."""

    name: str
    by_noise: tuple[Rows, ...]

    @property
    def size(self) -> int:
        return sum(len(rows) for rows in self.by_noise)

    def pick(self, noise: float, recording: float) -> int:
        """Pick a noise condition, then a recording of it, by two random numbers in [0, 1)."""
        rows = self.by_noise[int(noise * len(self.by_noise))]
        return int(rows[int(recording * len(rows))])

    def other_than(self, hidden: str, content: Sequence[str]) -> "_Speaker":
        """Return the speaker without the recordings of this content."""
        kept = (rows[[content[row] != hidden for row in rows]] for rows in self.by_noise)
        return _Speaker(self.name, tuple(rows for rows in kept if len(rows)))


@dataclass(frozen=True, slots=True)
class _Cell:
    """Recordings that may stand in one group: those of one language, say."""

    name: str
    speakers: tuple[_Speaker, ...]

    def negatives(self) -> int:
        """Return how many recordings of other speakers every anchor finds, at least."""
        sizes = [speaker.size for speaker in self.speakers]
        return sum(sizes) - max(sizes)


def make_trials(
    table: pa.Table,
    records: int,
    group_size: int,
    seed: int = 0,
    *,
    within: Sequence[str] = (),
    holdout: float = 0.0,
    held_out: bool = False,
) -> list[Trial]:
    """Draw trials: an anchor, one other recording of its speaker, and recordings of others.

    A group has one language. Speakers take turns as anchor; noise conditions are drawn evenly, for
    the anchor, the match and the others alike. The others are of different speakers each, as far as
    there are enough. The order of the table's rows plays no part.

    Parameters
    ----------
    table : a store's recordings
    records : how many trials
    group_size : candidates in a group, the match included
    seed : where the random numbers start
    within : columns, or keys of `extra`, in which a group agrees with its anchor as well
    holdout : share of the speakers to hold out, drawn by the seed
    held_out : draw from the speakers held out rather than from the others

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
    table = table.sort_by([("path", "ascending"), ("root", "ascending")])
    generator = np.random.default_rng(seed)
    cells = _cells(table, within, _kept(table, holdout, held_out, seed))
    usable = [cell for cell in cells if cell.negatives() >= group_size - 1]
    content = table["content_hash"].to_pylist()
    anchors = [(c, s) for c in usable for s in c.speakers if _repeats(s, content)]
    if not anchors:
        raise TrialError(
            f"expected one language with two recordings of a speaker and {group_size - 1} of"
            f" others, got {_counts(cells)}; use a smaller group size or label more recordings"
        )
    turns = np.concatenate(
        [generator.permutation(len(anchors)) for _ in range(-(-records // len(anchors)))]
    )
    drawn = []
    for turn in turns[:records]:
        cell, speaker = anchors[turn]
        drawn.append(_draw(cell, speaker, group_size, content, generator))
    return _named(table, drawn)


def small_cells(table: pa.Table, group_size: int, within: Sequence[str] = ()) -> list[str]:
    """Name the languages whose labelled speakers are too few for groups of that size, in a line."""
    cells = _cells(table, within, _kept(table, 0.0, False, 0))
    return [
        f"{cell.name}: {len(cell.speakers)} speakers with {sum(s.size for s in cell.speakers)}"
        f" recordings are too few for groups of {group_size}"
        for cell in cells
        if cell.negatives() < group_size - 1
    ]


def _kept(table: pa.Table, holdout: float, held_out: bool, seed: int) -> set[str]:
    """Names of the labelled speakers to draw from."""
    names = sorted({name for name in table["speaker"].to_pylist() if name is not None})
    order = np.random.default_rng([seed, 1]).permutation(len(names))
    held = {names[number] for number in order[: round(holdout * len(names))]}
    return held if held_out else set(names) - held


def _cells(table: pa.Table, within: Sequence[str], kept: set[str]) -> list[_Cell]:
    """Sort the recordings of the kept speakers into cells, speakers and noise conditions."""
    keys = zip(*(_column(table, name) for name in ("language", *within)), strict=True)
    speakers, noises = table["speaker"].to_pylist(), table["noise"].to_pylist()
    cells: dict[tuple[str, ...], dict[str, dict[str, list[int]]]] = {}
    for row, (key, speaker, noise) in enumerate(zip(keys, speakers, noises, strict=True)):
        if speaker in kept:
            cells.setdefault(key, {}).setdefault(speaker, {}).setdefault(noise, []).append(row)
    return [
        _Cell("/".join(key), tuple(_speaker(name, of[name]) for name in sorted(of)))
        for key, of in sorted(cells.items())
    ]


def _speaker(name: str, by_noise: dict[str, list[int]]) -> _Speaker:
    return _Speaker(name, tuple(np.array(by_noise[noise], np.int64) for noise in sorted(by_noise)))


def _column(table: pa.Table, name: str) -> list[str]:
    """Values of a column, or of a key of `extra`, as text."""
    if name in table.column_names:
        return [str(value) for value in table[name].to_pylist()]
    extras = [json.loads(text or "{}") for text in table["extra"].to_pylist()]
    if not any(name in extra for extra in extras):
        raise UsageError(
            f"expected a column or a key of extra, got {name!r}; `spkret sql` shows what is there"
        )
    return [str(extra.get(name)) for extra in extras]


def _repeats(speaker: _Speaker, content: Sequence[str]) -> bool:
    """Tell whether a speaker has two recordings of different content."""
    return len({content[row] for rows in speaker.by_noise for row in rows}) > 1


def _draw(
    cell: _Cell,
    speaker: _Speaker,
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


def _negatives(others: Sequence[_Speaker], count: int, generator: np.random.Generator) -> list[int]:
    """Draw recordings, one a speaker, and more of the same speakers once all had their turn."""
    order = generator.permutation(len(others))[:count].tolist()
    chances = generator.random((len(order), 2)).tolist()
    drawn = [others[n].pick(*chance) for n, chance in zip(order, chances, strict=True)]
    if len(drawn) < count:
        rest = {row for other in others for part in other.by_noise for row in part.tolist()}
        free = sorted(rest - set(drawn))
        drawn += generator.choice(free, count - len(drawn), replace=False).tolist()
    return drawn


def _counts(cells: Sequence[_Cell]) -> str:
    largest = sorted(cells, key=_Cell.negatives, reverse=True)[:3]
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
