"""Times of repeated runs: the least and the middle one, of the clock and of the processor.

On a machine that others use, the processor's least is nearest to what the work itself takes.
"""

import resource
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True, slots=True)
class Timed:
    """How long something took, in milliseconds; the spread is from the 10th to the 90th percentile.

    Parameters
    ----------
    runs : how many
    wall, wall_min, wall_spread : by the clock: the median, the least, the spread
    cpu, cpu_min : user and system time of the process
    """

    runs: int
    wall: float
    wall_min: float
    wall_spread: tuple[float, float]
    cpu: float
    cpu_min: float

    @classmethod
    def of(cls, walls: Sequence[float], cpus: Sequence[float]) -> Self:
        """Sum up runs, given in seconds."""
        wall, cpu = 1e3 * np.array(walls), 1e3 * np.array(cpus)
        low, high = np.percentile(wall, [10, 90])
        return cls(
            len(wall),
            *(_short(np.median(wall)), _short(wall.min()), (_short(low), _short(high))),
            *(_short(np.median(cpu)), _short(cpu.min())),
        )


def of_calls(call: Callable[[], object], runs: int, warm_up: int = 3) -> Timed:
    """Call a function again and again."""
    for _ in range(warm_up):
        call()
    walls, cpus = [], []
    for _ in range(runs):
        wall, cpu = time.perf_counter(), time.process_time()
        call()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return Timed.of(walls, cpus)


def of_commands(commands: Mapping[str, Sequence[str]], runs: int) -> dict[str, Timed]:
    """Run commands in turn, so that all of them meet the same load; their output is dropped."""
    walls: dict[str, list[float]] = {name: [] for name in commands}
    cpus: dict[str, list[float]] = {name: [] for name in commands}
    for run in range(runs + 1):
        for name, command in commands.items():
            wall, cpu = time.perf_counter(), _children()
            subprocess.run(
                command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            if run:  # the first one warms the disk's cache up
                walls[name].append(time.perf_counter() - wall)
                cpus[name].append(_children() - cpu)
    return {name: Timed.of(walls[name], cpus[name]) for name in commands}


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _short(milliseconds: float) -> float:
    return round(float(milliseconds), 3)
