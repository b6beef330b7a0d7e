"""Who did what with a store and when: a log that is appended to, if it is switched on.

Entries name no recording, no speaker and no statement: a digest of a name, keyed or not, could be
tried out by whoever holds the key and a list of names, so that it would outlive what `forget`
erases. Each entry carries the hash of the one before, so that a change, or a gap, is noticed; who
may write the file can write all of it anew, which only a hash kept elsewhere gives away.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, TypeVar

from ..errors import StoreError

FOLDER = "log"

Result = TypeVar("Result")

_FIRST = "0" * 64
_TAIL_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done.

    Parameters
    ----------
    number : from 1 on
    at : UTC, ISO 8601
    user, host : of the operating system
    command : such as `query`, or `serve POST /query`
    version : of the recordings table, after it; None if there was no table to read
    rows : how many it returned, wrote or erased; None where that is not known
    outcome : `done`, the kind of error, or `asked` of a server, before it answers
    previous : hash of the entry before
    hash : BLAKE2b-256 of all that stands before it
    """

    number: int
    at: str
    user: str
    host: str
    command: str
    version: int | None
    rows: int | None
    outcome: str
    previous: str
    hash: str

    @property
    def is_intact(self) -> bool:
        """Whether its hash is that of what it says."""
        return self.hash == _hash({k: v for k, v in asdict(self).items() if k != "hash"})


@dataclass(frozen=True, slots=True)
class LogReport:
    """What a log says, and whether it can be believed: `problems` has a line each, in words."""

    on: bool
    head: str | None
    entries: list[Entry]
    problems: list[str]


class StoreLog:
    """The log of one store: `log/entries.jsonl`, kept while `log/on` is there.

    Parameters
    ----------
    store : folder of the store
    """

    def __init__(self, store: Path) -> None:
        self._switch = store / FOLDER / "on"
        self.path = store / FOLDER / "entries.jsonl"

    @property
    def on(self) -> bool:
        """Whether what is done with the store is noted."""
        return self._switch.exists()

    def switch(self, on: bool, version: int | None) -> None:
        """Switch it on or off; either is noted. It stays as it is where it is so already."""
        if on == self.on:
            return
        if on:
            self._switch.parent.mkdir(exist_ok=True)
            self._switch.touch()
        self.append("log --on" if on else "log --off", version, 0)
        if not on:
            self._switch.unlink(missing_ok=True)

    def append(
        self, command: str, version: int | None, rows: int | None, outcome: str = "done"
    ) -> None:
        """Add an entry, and wait until the disk has it.

        Raises
        ------
        StoreError
            It cannot be written; what was done is done nevertheless.
        """
        try:
            with self._locked() as file:
                last = _last(file)
                fields = {
                    **{"number": last.number + 1 if last else 1},
                    **{"at": datetime.now(UTC).isoformat(timespec="milliseconds")},
                    **{"user": _user(), "host": os.uname().nodename},
                    **{"command": command, "version": version, "rows": rows, "outcome": outcome},
                    **{"previous": last.hash if last else _FIRST},
                }
                _write(file, {**fields, "hash": _hash(fields)})
        except OSError as error:
            raise StoreError(
                f"cannot write the log {self.path}: {error.strerror}; make room, or switch it off:"
                " spkret log --off"
            ) from error

    def report(self) -> LogReport:
        """Read all entries and check that none was changed, added or taken away between others."""
        entries: list[Entry] = []
        problems: list[str] = []
        lines = self.path.read_bytes().splitlines() if self.path.exists() else []
        for place, line in enumerate(lines, 1):
            entry = _entry(line)
            if entry is None or not entry.is_intact:
                problems.append(f"line {place} was changed or cut off")
            if entry is None:
                continue
            expected = (entries[-1].number + 1, entries[-1].hash) if entries else (1, _FIRST)
            if (entry.number, entry.previous) != expected:
                problems.append(f"line {place} does not follow the entry before it")
            entries.append(entry)
        return LogReport(self.on, entries[-1].hash if entries else None, entries, problems)

    @contextmanager
    def _locked(self) -> Iterator[IO[bytes]]:
        with self.path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file


def noted(
    log: StoreLog,
    command: str,
    version: Callable[[], int | None],
    rows: Callable[[Result], int],
    run: Callable[[], Result],
) -> Result:
    """Run something and note it, also if it fails, where the log is on.

    Parameters
    ----------
    version : of the recordings, asked for afterwards
    rows : how many of them a result is about
    """
    try:
        result = run()
    except Exception as error:
        if log.on:
            log.append(command, version(), 0, type(error).__name__)
        raise
    if log.on:
        log.append(command, version(), rows(result))
    return result


def _last(file: IO[bytes]) -> Entry | None:
    """Find the last whole entry; a line that was cut off stays, and a new one begins after it."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL_BYTES))
    lines = file.read().split(b"\n")
    if lines[-1]:
        file.write(b"\n")
    return next((entry for line in reversed(lines) if (entry := _entry(line))), None)


def _entry(line: bytes) -> Entry | None:
    try:
        return Entry(**json.loads(line))
    except (ValueError, TypeError):
        return None


def _write(file: IO[bytes], fields: dict[str, Any]) -> None:
    file.write(_text(fields) + b"\n")
    file.flush()
    os.fsync(file.fileno())


def _hash(fields: dict[str, Any]) -> str:
    return hashlib.blake2b(_text(fields), digest_size=32).hexdigest()


def _text(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=True).encode()


def _user() -> str:
    """Name the account that runs this process, which no variable of the environment can change."""
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
