"""Trials of a store, in files as a user has them."""

from dataclasses import dataclass
from pathlib import Path

import spkret
from spkret.rerank.trials import Trial, write_trials


@dataclass(frozen=True, slots=True)
class Drawn:
    """Trials, and the first of them as an anchor and the file of its group."""

    file: Path
    group_file: Path
    trials: list[Trial]

    @property
    def count(self) -> int:
        """How many trials."""
        return len(self.trials)

    @property
    def anchor(self) -> str:
        """The anchor of the first."""
        return self.trials[0].anchor

    @property
    def group(self) -> list[str]:
        """The group of the first."""
        return list(self.trials[0].group)


def draw(store: Path, folder: Path, count: int, size: int) -> Drawn:
    """Draw trials, and write them."""
    trials = list(spkret.make_trials(store, records=count, group_size=size, seed=0))
    drawn = Drawn(folder / "trials.jsonl", folder / "group.txt", trials)
    write_trials(drawn.file, trials)
    drawn.group_file.write_text("".join(f"{path}\n" for path in drawn.group))
    return drawn
