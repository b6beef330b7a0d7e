"""Progress on stderr: only on a terminal, with rate and time left."""

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


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

    def __call__(self, part: str, done: int, total: int, how: str) -> None:
        """Show that `done` of `total` steps of a part are finished, and how it goes."""
        if self._bar is not None:
            if part not in self._tasks:
                self._tasks[part] = self._bar.add_task(part, total=total, rate="")
            self._bar.update(self._tasks[part], completed=done, total=total, rate=how)


def _bar() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        Remaining(),
    )
    return Progress(*columns, console=Console(stderr=True))
