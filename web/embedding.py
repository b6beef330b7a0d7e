"""Uploads to embeddings: one thread embeds what has come together, in one call."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

import pyarrow as pa

from ..errors import AudioError, EncoderError
from ..indexer.extract import extract
from ..store.rows import to_table
from ..store.schema import Embedded, Failure, Recording, recording_id

if TYPE_CHECKING:
    from ..indexer.extraction import Extractor


@dataclass(frozen=True, slots=True)
class _Wish:
    path: Path
    row: "Future[pa.Table]" = field(default_factory=Future)


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
        self._wishes: SimpleQueue[_Wish | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name="embed", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many files wait to be embedded."""
        return self._wishes.qsize()

    def embed(self, path: Path) -> pa.Table:
        """Embed a file: one row in RECORDINGS_SCHEMA.

        Raises
        ------
        AudioError
            The file holds no usable speech.
        """
        wish = _Wish(path)
        self._wishes.put(wish)
        return wish.row.result()

    def close(self) -> None:
        """Finish what was asked for, and stop."""
        self._wishes.put(None)
        self._thread.join()
        for wish in self._waiting():
            wish.row.set_exception(EncoderError("the server is about to end"))

    def _work(self) -> None:
        while (first := self._wishes.get()) is not None:
            wishes = [first, *self._waiting(self._most - 1)]
            try:
                self._grant(wishes)
            except Exception as error:
                for wish in wishes:
                    if not wish.row.done():
                        wish.row.set_exception(error)

    def _waiting(self, most: int | None = None) -> list[_Wish]:
        """Take what waits, up to the mark that ends the work."""
        taken: list[_Wish] = []
        while most is None or len(taken) < most:
            try:
                wish = self._wishes.get_nowait()
            except Empty:
                break
            if wish is None:
                self._wishes.put(None)
                break
            taken.append(wish)
        return taken

    def _grant(self, wishes: Sequence[_Wish]) -> None:
        self._observe(len(wishes))
        recordings = [Recording(str(wish.path.parent), wish.path.name) for wish in wishes]
        of_id = {one.id: wish for one, wish in zip(recordings, wishes, strict=True)}
        encoder, options = self._extractor.encoder, self._extractor.options
        for outcome in extract(recordings, encoder, lambda _: True, options=options):
            if isinstance(outcome, Embedded):
                of_id[outcome.recording.id].row.set_result(to_table([outcome]))
            elif isinstance(outcome, Failure):
                wish = of_id[recording_id(outcome.root, outcome.path)]
                wish.row.set_exception(AudioError(outcome.reason, outcome.detail))
