"""A command at work, looked at twice a second: its memory, and the rows of its store so far."""

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from spkret.errors import StoreError
from spkret.store.store import Store

EVERY_S = 0.5
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen: seconds since the start, rows committed, resident memory in MiB."""

    at_s: float
    rows: int
    rss_mib: float
    anonymous_mib: float


@dataclass(frozen=True, slots=True)
class Watched:
    """A command that ended well: what it printed, what it took, and all looks at it.

    `peak_mib` is the most that was ever resident, as the kernel counts it.
    """

    out: str
    wall_s: float
    cpu_s: float
    peak_mib: float
    looks: Sequence[Look]

    @property
    def anonymous_peak_mib(self) -> float:
        """The most anonymous memory that was seen: what no file backs."""
        return max(look.anonymous_mib for look in self.looks)

    def by_rows(self, share: float, rows: int) -> Look:
        """Look at the command as this share of the rows was committed."""
        return next((look for look in self.looks if look.rows >= share * rows), self.looks[-1])

    def by_time(self, share: float) -> Look:
        """Look at the command as this share of its time was over."""
        return max(
            (look for look in self.looks if look.at_s <= share * self.wall_s),
            key=lambda look: look.at_s,
            default=self.looks[0],
        )


def watch(command: Sequence[str | Path], store: Path) -> Watched:
    """Run a command that writes to a store.

    Raises
    ------
    SystemExit
        It failed.
    """
    started = time.monotonic()
    looks: list[Look] = []
    with TemporaryFile("w+") as out:
        process = subprocess.Popen(command, stdout=out)
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if (look := _look(process.pid, store, started)) is not None:
                looks.append(look)
            time.sleep(EVERY_S)
        wall_s = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        printed = out.read()
    if process.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}: exit status {process.returncode}")
    cpu_s = usage.ru_utime + usage.ru_stime
    return Watched(printed, wall_s, cpu_s, usage.ru_maxrss / 1024, looks)


def _look(pid: int, store: Path, started: float) -> Look | None:
    """Look at a process; nothing to be seen where it has just ended."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    kib = {line.split(":")[0]: int(line.split()[1]) for line in lines if line.endswith(" kB")}
    if "VmRSS" not in kib:
        return None
    at_s = time.monotonic() - started
    return Look(round(at_s, 1), _rows(store), kib["VmRSS"] / 1024, kib["RssAnon"] / 1024)


def _rows(store: Path) -> int:
    """Count the rows committed; none where the store is being made."""
    try:
        return Store.open(store).recordings.delta.count()
    except StoreError:
        return 0


def size_mib(folder: Path) -> float:
    """Size of all files of a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / _MIB
