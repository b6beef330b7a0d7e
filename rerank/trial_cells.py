"""A labelled store's recordings, sorted for drawing trials."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..errors import UsageError

Rows = npt.NDArray[np.int64]

DURATION_EDGES_S = (1.5, 4.0)
"""Speech shorter than the first, between them, and from the second on are covered alike."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """The recordings of one speaker in one cell, by noise condition and class of duration."""

    name: str
    by_noise: tuple[tuple[Rows, ...], ...]

    @property
    def rows(self) -> list[int]:
        """The rows of all recordings."""
        return [row for noise in self.by_noise for part in noise for row in part.tolist()]

    @property
    def size(self) -> int:
        """How many recordings there are."""
        return sum(len(part) for noise in self.by_noise for part in noise)

    def pick(self, noise: float, recording: float) -> int:
        """Pick a noise condition, then a duration and a recording, by two numbers in [0, 1)."""
        parts = self.by_noise[int(noise * len(self.by_noise))]
        place = recording * len(parts)
        rows = parts[int(place)]
        return int(rows[int(place % 1 * len(rows))])

    def repeats(self, content: Sequence[str]) -> bool:
        """Tell whether there are two recordings of different content."""
        return len({content[row] for row in self.rows}) > 1

    def other_than(self, hidden: str, content: Sequence[str]) -> "Speaker":
        """Return the speaker without the recordings of this content."""
        kept = [
            [rows[[content[row] != hidden for row in rows]] for rows in noise]
            for noise in self.by_noise
        ]
        parts = (tuple(rows for rows in noise if len(rows)) for noise in kept)
        return Speaker(self.name, tuple(noise for noise in parts if noise))


@dataclass(frozen=True, slots=True)
class Cell:
    """Recordings that may stand in one group: those of one language, say."""

    name: str
    speakers: tuple[Speaker, ...]

    def negatives(self) -> int:
        """Return how many recordings of other speakers every anchor finds, at least."""
        sizes = [speaker.size for speaker in self.speakers]
        return sum(sizes) - max(sizes)


def cells_of(table: pa.Table, within: Sequence[str], kept: set[str], cover: bool) -> list[Cell]:
    """Sort the recordings of the kept speakers into cells, speakers and conditions."""
    keys = zip(*(_column(table, name) for name in ("language", *within)), strict=True)
    speakers, noises = table["speaker"].to_pylist(), table["noise"].to_pylist()
    durations = _durations(table) if cover else np.zeros(len(table), np.int64)
    rows_of: dict[tuple[str, ...], dict[str, dict[str, list[int]]]] = {}
    for row, (key, speaker, noise) in enumerate(zip(keys, speakers, noises, strict=True)):
        if speaker in kept:
            rows_of.setdefault(key, {}).setdefault(speaker, {}).setdefault(noise, []).append(row)
    return [
        Cell("/".join(key), tuple(_speaker(name, of[name], durations) for name in sorted(of)))
        for key, of in sorted(rows_of.items())
    ]


def _durations(table: pa.Table) -> Rows:
    """Class of each recording's seconds of speech: (rows,), 0 where they are unknown."""
    speech_s = table["speech_s"].to_numpy().astype(np.float64)
    classes: Rows = np.digitize(np.nan_to_num(speech_s), DURATION_EDGES_S).astype(np.int64)
    return classes


def _speaker(name: str, by_noise: dict[str, list[int]], durations: Rows) -> Speaker:
    parts = []
    for noise in sorted(by_noise):
        rows = np.array(by_noise[noise], np.int64)
        classes = durations[rows]
        parts.append(tuple(rows[classes == kind] for kind in np.unique(classes)))
    return Speaker(name, tuple(parts))


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
