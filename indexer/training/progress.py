"""How a run goes: what it tells whoever watches, and its log."""

import csv
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from ...store.schema import Seconds
from .dev import DevResult


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run is: the mean loss since the last report, and dev figures just measured.

    There is no loss before the first step, and no figures between evaluations.
    """

    step: int
    loss: float | None
    crops_per_s: float
    dev: DevResult | None = None


class Clock:
    """The seconds that a run has taken, those before it was cut off included."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def seconds(self) -> Seconds:
        """How many there are."""
        return time.monotonic() - self._began

    def add(self, seconds: Seconds) -> None:
        """Count seconds of an earlier part of the run."""
        self._began -= seconds


@dataclass(slots=True)
class Pace:
    """The losses since the last report, and how fast they came."""

    losses: list[float] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def report(self, step: int, batch: int, dev: DevResult | None) -> Progress:
        """Sum up, and begin anew."""
        speed = len(self.losses) * batch / (time.monotonic() - self.began)
        loss = float(np.mean(self.losses)) if self.losses else None
        self.losses, self.began = [], time.monotonic()
        return Progress(step, loss, speed, dev)


def log(path: Path, progress: Progress) -> None:
    """Append a report to a CSV file."""
    row = asdict(progress)
    row.update(row.pop("dev") or {"eer": "", "top1": "", "cells": ""})
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, row)
        if new:
            writer.writeheader()
        writer.writerow(row)
