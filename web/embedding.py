"""Uploads to embeddings: one thread embeds what has come together, in one call."""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition, Thread
from typing import TYPE_CHECKING

import pyarrow as pa

from ..errors import AudioError, EncoderError
from ..indexer.extract import extract
from ..store.rows import to_table
from ..store.schema import Embedded, Failure, Recording, Seconds, recording_id

if TYPE_CHECKING:
    from ..indexer.extraction import Extractor


_MOST_S: Seconds = 600.0
"""Embedded together at most, so that none waits long for those it came with."""
_PATIENCE_S: Seconds = 30.0
"""How long the end waits for a file that is being embedded: PyTorch cannot be left at work."""


@dataclass(frozen=True, slots=True, eq=False)
class _Wish:
    path: Path
    seconds: Seconds
    row: "Future[pa.Table]" = field(default_factory=Future)

    def fail(self, error: Exception) -> None:
        """Give up on it, unless it is granted or given up already."""
        with suppress(InvalidStateError):
            self.row.set_exception(error)

    def grant(self, row: pa.Table) -> None:
        """Hand the row over, unless nobody waits for it any more."""
        with suppress(InvalidStateError):
            self.row.set_result(row)


class BatchingEmbedder:
    """Embeds files for many threads at once; requests that come while it works are put together.

    What a file becomes does not depend on what it is embedded with: the encoder pads nothing.

    Parameters
    ----------
    extractor : of the store
    most : files embedded together at most
    observe : told how many files each call embedded
    """

    def __init__(self, extractor: "Extractor", most: int, observe: Callable[[int], None]) -> None:
        self._extractor = extractor
        self._most = most
        self._observe = observe
        self._wishes: deque[_Wish] = deque()
        self._at_work: Sequence[_Wish] = ()
        self._ends = False
        self._changed = Condition()
        self._thread = Thread(target=self._work, name="embed", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many files wait to be embedded."""
        return len(self._wishes)

    def embed(self, path: Path, seconds: Seconds) -> pa.Table:
        """Embed a file that is so long: one row in RECORDINGS_SCHEMA.

        Raises
        ------
        AudioError
            The file holds no usable speech.
        EncoderError
            The embedder ends.
        """
        wish = _Wish(path, seconds)
        with self._changed:
            if self._ends:
                raise _ending()
            self._wishes.append(wish)
            self._changed.notify()
        return wish.row.result()

    def end(self) -> None:
        """Give up on all that was asked for, at once."""
        with self._changed:
            self._ends = True
            left = [*self._at_work, *self._wishes]
            self._wishes.clear()
            self._changed.notify()
        for wish in left:
            wish.fail(_ending())

    def close(self) -> None:
        """Give up on all that was asked for, and stop; what is being computed may go on a while."""
        self.end()
        self._thread.join(_PATIENCE_S)

    def _work(self) -> None:
        while wishes := self._next():
            try:
                self._grant(wishes)
            except Exception as error:
                for wish in wishes:
                    wish.fail(error)

    def _next(self) -> Sequence[_Wish]:
        """Wait for files, and take as many as are embedded together; none at the end."""
        with self._changed:
            self._at_work = ()
            self._changed.wait_for(lambda: self._wishes or self._ends)
            taken: list[_Wish] = []
            seconds = 0.0
            while self._wishes and len(taken) < self._most:
                seconds += self._wishes[0].seconds
                if taken and seconds > _MOST_S:
                    break
                taken.append(self._wishes.popleft())
            self._at_work = taken
        return taken

    def _goes_on(self, _: str) -> bool:
        """Let a file that was read be embedded, but for the end."""
        if self._ends:
            raise _ending()
        return True

    def _grant(self, wishes: Sequence[_Wish]) -> None:
        self._observe(len(wishes))
        recordings = [Recording(str(wish.path.parent), wish.path.name) for wish in wishes]
        of_id = {one.id: wish for one, wish in zip(recordings, wishes, strict=True)}
        encoder, options = self._extractor.encoder, self._extractor.options
        for outcome in extract(recordings, encoder, self._goes_on, options=options):
            if isinstance(outcome, Embedded):
                of_id[outcome.recording.id].grant(to_table([outcome]))
            elif isinstance(outcome, Failure):
                wish = of_id[recording_id(outcome.root, outcome.path)]
                wish.fail(AudioError(outcome.reason, outcome.detail))


def _ending() -> EncoderError:
    return EncoderError("the server is about to end")
