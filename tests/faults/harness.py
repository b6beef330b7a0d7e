"""Commands as processes, what may befall them, and what a store must be like afterwards."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from spkret.store.store import Store

LAUNCHER = Path(__file__).with_name("launcher.py")
PATIENCE_S = 120.0

Setup = Mapping[str, Any]
Row = tuple[Any, ...]

ROW = ("path", "content_hash", "speaker", "language", "noise", "gender", "embedding")


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that ended: its exit status (a signal is negative), what it said, how long."""

    status: int
    out: str
    err: str
    seconds: float

    @property
    def is_plain(self) -> bool:
        """Whether it said why it failed in one line, without a traceback."""
        lines = [line for line in self.err.splitlines() if line.strip()]
        return "Traceback" not in self.err and any(line.startswith("Error: ") for line in lines)


class Running:
    """A command at work."""

    def __init__(self, launcher: "Launcher", pid: int, out: Path) -> None:
        self.pid = pid
        self._launcher, self._out = launcher, out
        self._started = time.monotonic()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the command and what it started."""
        os.kill(self.pid, number)

    def kill(self, after_s: float) -> Ended:
        """Kill it so long after its start, and wait for its end."""
        time.sleep(max(0.0, self._started + after_s - time.monotonic()))
        self.send(signal.SIGKILL)
        return self.wait()

    def kill_when(self, seen: Callable[[], bool]) -> Ended:
        """Kill it as soon as something is so."""
        end = time.monotonic() + PATIENCE_S
        while not seen() and Path(f"/proc/{self.pid}/exe").exists() and time.monotonic() < end:
            time.sleep(0.0005)
        self.send(signal.SIGKILL)
        return self.wait()

    def wait(self) -> Ended:
        """Wait for its end."""
        status = self._launcher.ask(do="wait", pid=self.pid, timeout_s=PATIENCE_S)["status"]
        if status is None:
            self.send(signal.SIGKILL)
            raise TimeoutError(f"the command went on for {PATIENCE_S} s: {self._said('err')}")
        seconds = time.monotonic() - self._started
        return Ended(status, self._said("out"), self._said("err"), seconds)

    def _said(self, name: str) -> str:
        file = Path(f"{self._out}.{name}")
        return file.read_text(errors="replace") if file.exists() else ""


class Launcher:
    """Starts commands; to be used in a `with` block.

    Parameters
    ----------
    folder : for what the commands print
    modules : to be loaded beforehand, beside those that most commands need
    """

    def __init__(self, folder: Path, modules: Sequence[str] = ()) -> None:
        self._folder, self._modules = folder, modules
        self._numbers = count()

    def __enter__(self) -> Self:
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        self._process = subprocess.Popen(
            [sys.executable, str(LAUNCHER), *self._modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **threads},
        )
        assert self._answer() == {"ready": True}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send a request and return the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def start(self, arguments: Sequence[object], **setup: Any) -> Running:
        """Start a command; see `launcher.set_up` for what it can be set up with."""
        out = self._folder / f"command-{next(self._numbers)}"
        words = [str(argument) for argument in arguments]
        pid = self.ask(do="start", arguments=words, out=str(out), setup=setup)["pid"]
        return Running(self, pid, out)

    def run(self, arguments: Sequence[object], **setup: Any) -> Ended:
        """Run a command to its end."""
        return self.start(arguments, **setup).wait()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@dataclass(frozen=True, slots=True)
class State:
    """The rows of a store by id, all that matters of each; and how many there are twice."""

    rows: Mapping[int, Row]
    twice: int

    @classmethod
    def of(cls, folder: Path) -> "State":
        """Read a store; none is one without rows."""
        if not (folder / "spkret.json").exists():
            return cls({}, 0)
        found = Store.open(folder).recordings.scan(["id", *ROW])
        columns = [column.to_pylist() for column in found.columns]
        columns[-1] = [tuple(embedding) for embedding in columns[-1]]
        rows = {one: tuple(rest) for one, *rest in zip(*columns, strict=True)}
        return cls(rows, found.num_rows - len(rows))

    def lost(self, before: "State", done: "State") -> int:
        """Count the rows that should be here, or are not what they were or should become."""
        kept = before.rows.keys() & done.rows.keys()
        known = {one: (before.rows.get(one), done.rows.get(one)) for one in self.rows}
        odd = [one for one, row in self.rows.items() if row not in known[one]]
        return len(kept - self.rows.keys()) + len(odd)


def leftovers(folder: Path) -> list[Path]:
    """List what a command that was cut off left of files that it had not finished."""
    return [path for path in folder.rglob(".*") if path.name not in (".", "..")]
