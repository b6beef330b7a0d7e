"""How much is measured: in full, or a little of everything to see that it works."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

Row = dict[str, str]

LEAST_SPEAKERS = 5
GROUP = 50


@dataclass(frozen=True, slots=True)
class Plan:
    """Sizes of a run.

    Parameters
    ----------
    records : trials a cell, of the tables
    further : more trials a cell, which calibration is measured on as well
    sized : trials a cell, of the table by group size
    sizes : of groups
    training : trials that rerankers are trained on
    ablated : trials that rerankers without some features are trained on
    cells, files : at most so many cells, the largest, and files of each; None for all
    mfcc_speakers : whose speech the MFCC encoder is fitted to
    """

    records: int = 200
    further: int = 400
    sized: int = 100
    sizes: tuple[int, ...] = (10, 50, 200)
    training: int = 10_000
    ablated: int = 4_000
    cells: int | None = None
    files: int | None = None
    mfcc_speakers: int = 1_500

    def keep(self, rows: Sequence[Row]) -> list[Row]:
        """Drop what is beyond `cells` and `files`; a speaker stays whole."""
        if self.cells is None or self.files is None:
            return list(rows)
        largest = sorted(cells_of(rows).items(), key=lambda cell: (-len(cell[1]), cell[0]))
        return [row for _, members in largest[: self.cells] for row in _first(members, self.files)]


FULL = Plan()
QUICK = Plan(20, 20, 10, (10, 50), 300, 200, cells=2, files=100, mfcc_speakers=100)


def cells_of(rows: Sequence[Row], least_speakers: int = LEAST_SPEAKERS) -> dict[str, list[Row]]:
    """Sort rows into cells of one source and language that trials can be drawn from."""
    cells = defaultdict(list)
    for row in rows:
        cells[f"{row['source']}/{row['language']}"].append(row)
    return {
        name: members
        for name, members in sorted(cells.items())
        if least_speakers <= len({row["speaker"] for row in members}) < len(members)
    }


def _first(members: Sequence[Row], files: int) -> list[Row]:
    """Take a few files of each speaker, of as many speakers as make up `files`."""
    by_speaker = defaultdict(list)
    for row in members:
        by_speaker[row["speaker"]].append(row)
    share = max(3, files // max(1, min(len(by_speaker), files // 6)))
    chosen = [row for rows in by_speaker.values() if len(rows) > 1 for row in rows[:share]]
    return chosen[:files]
