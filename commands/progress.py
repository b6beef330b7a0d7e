"""Progress on stderr: only on a terminal, with rate and time left."""

import sys
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress, Task, TaskID


class _Bar:
    """Bars that last as long as a `with` block; none when stderr is no terminal."""

    def __init__(self) -> None:
        self._bar: Progress | None = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._bar = _bar()
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()


class IndexBar(_Bar):
    """How far an indexing run is; silent when stderr is no terminal.

    An `indexer.summary.Progress`, to be used in a `with` block.
    """

    def __enter__(self) -> Self:
        super().__enter__()
        if self._bar is not None:
            self._bar.add_task("indexing", total=None, rate="")
        return self

    def __call__(self, done: int, total: int, audio_s: float) -> None:
        """Show that `done` of `total` files are finished, `audio_s` seconds of audio so far."""
        if self._bar is not None:
            task = self._bar.tasks[0]
            elapsed = max(task.elapsed or 0.0, 1e-3)
            rate = f"{done / elapsed:.0f} files/s, {audio_s / elapsed:.0f} x real time"
            self._bar.update(task.id, completed=done, total=total, rate=rate)


class TrainingBar(_Bar):
    """How far the parts of a long run are, such as searches; silent when stderr is no terminal.

    A `rerank.training.Progress`, to be used in a `with` block.
    """

    def __init__(self) -> None:
        super().__init__()
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, part: str, done: int, total: int, how: str = "") -> None:
        """Show that `done` of `total` steps of a part are finished, and how it goes."""
        if self._bar is not None:
            if part not in self._tasks:
                self._tasks[part] = self._bar.add_task(part, total=total, rate="")
            self._bar.update(self._tasks[part], completed=done, total=total, rate=how)


class Working(TrainingBar):
    """What goes on and for how long; silent when stderr is no terminal, and gone at the end.

    Parts of the work, once they are told, get a bar with the time left.

    Parameters
    ----------
    doing : what goes on, such as `evaluating`
    """

    def __init__(self, doing: str) -> None:
        super().__init__()
        self._doing = doing

    def __enter__(self) -> Self:
        super().__enter__()
        if self._bar is not None:
            self._bar.live.transient = True
            self._bar.add_task(self._doing, total=None, rate="")
        return self

    def part(self, name: str) -> Callable[[int, int], None]:
        """Return what a loop calls with how many of how many steps are done."""
        return lambda done, total: self(name, done, total)


def _bar() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, TextColumn
    from rich.text import Text

    class Counted(ProgressColumn):
        """Steps and time left, or the time since the start where nobody knows how many steps."""

        def render(self, task: "Task") -> Text:
            return Text(_counted(task), style="progress.elapsed")

    columns = (
        SpinnerColumn("line"),
        TextColumn("{task.description}"),
        BarColumn(),
        Counted(),
        TextColumn("{task.fields[rate]}"),
    )
    return Progress(*columns, console=Console(stderr=True))


def _counted(task: "Task") -> str:
    if task.total is None:
        return _clock(task.elapsed or 0.0)
    steps = f"{task.completed:.0f}/{task.total:.0f}"
    if task.finished:
        return f"{steps} in {_clock(task.finished_time or 0.0)}"
    left = task.time_remaining
    return steps if left is None else f"{steps}, {_clock(left)} left"


def _clock(seconds: float) -> str:
    """Write a time as people do: 7 s, 2:05, 1:02:05."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
