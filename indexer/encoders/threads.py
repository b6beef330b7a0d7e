"""How many threads of computation this process should use."""

import os
from collections.abc import Iterable
from pathlib import Path

SYSTEM = Path("/sys")
LIMIT = "SPKRET_THREADS"
"""The variable of the environment that says how many threads a process should use at most."""


def usable_cores(system: Path = SYSTEM) -> int:
    """The physical cores that this process may run on, or what its container's quota pays for.

    Two hyper-threads of one core share the units that multiply matrices, so they count once.
    Outside Linux: the processors that the system counts. At most what `LIMIT` says.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    if affinity is None:
        return _limited(os.cpu_count() or 1)
    cores = _physical(affinity(0), system / "devices" / "system" / "cpu")
    quota = _quota(system / "fs" / "cgroup")
    return _limited(cores if quota is None else min(cores, int(quota)))


def usable_processors() -> int:
    """The processors that this process may run on, hyper-threads each, at most `LIMIT`."""
    affinity = getattr(os, "sched_getaffinity", None)
    return _limited(os.cpu_count() or 1 if affinity is None else len(affinity(0)))


def _limited(count: int) -> int:
    limit = os.environ.get(LIMIT, "")
    return max(1, min(count, int(limit)) if limit.isdecimal() and int(limit) else count)


def _physical(processors: Iterable[int], folder: Path) -> int:
    """Count the cores that the processors belong to; a processor of unknown place is its own."""
    cores = set()
    for processor in processors:
        topology = folder / f"cpu{processor}" / "topology"
        try:
            place = tuple(
                (topology / name).read_text().strip() for name in ("physical_package_id", "core_id")
            )
        except OSError:
            place = (str(processor),)
        cores.add(place)
    return len(cores)


def _quota(folder: Path) -> float | None:
    """Processors that the control group grants, by `cpu.max` or version 1's two files."""
    try:
        if (folder / "cpu.max").exists():
            quota, period = (folder / "cpu.max").read_text().split()
        else:
            names = ("cpu.cfs_quota_us", "cpu.cfs_period_us")
            quota, period = ((folder / "cpu" / name).read_text().strip() for name in names)
        return int(quota) / int(period) if int(quota) > 0 else None
    except (OSError, ValueError):  # `max`, and `-1`: no limit
        return None
