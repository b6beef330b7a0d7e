"""Embedded recordings to committed rows, many in one transaction."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..store.schema import Embedded, Seconds
from .extract import Duplicate
from .stored import stored_contents
from .tagging.base import Tagger
from .tagging.fill import fill

if TYPE_CHECKING:
    from ..store.recordings import RecordingsTable

CHUNK_ROWS = 2_000
CHUNK_S: Seconds = 30.0


class Committer:
    """Rows that wait for their transaction: `CHUNK_ROWS` of them, or what `CHUNK_S` brought.

    They get the tags that they lack first, from `taggers`.

    What a killed run leaves is what was committed; the next run does the rest. `counts` are the
    rows committed: `indexed` all of them, `duplicates` those that took their content's embedding.
    """

    def __init__(
        self,
        table: "RecordingsTable",
        clock: Callable[[], Seconds] = time.monotonic,
        taggers: Sequence[Tagger] = (),
    ) -> None:
        self._table = table
        self._clock = clock
        self._taggers = taggers
        self._since = clock()
        self._rows: list[Embedded] = []
        self._duplicates: list[Duplicate] = []
        self.counts: Counter[str] = Counter()

    def add(self, row: Embedded | Duplicate) -> None:
        """Take a row, and commit those that wait if they are many or have waited long."""
        if isinstance(row, Duplicate):
            self._duplicates.append(row)
        else:
            self._rows.append(row)
        full = len(self._rows) + len(self._duplicates) >= CHUNK_ROWS
        if full or self._clock() - self._since >= CHUNK_S:
            self.flush()

    def flush(self) -> None:
        """Commit the rows that wait, and the duplicates whose content is embedded by now."""
        copies = self._resolved()
        rows = self._rows + copies
        if rows:
            self._table.commit(fill(rows, self._taggers))
        self.counts += Counter(indexed=len(rows), duplicates=len(copies))
        self._rows = []
        self._since = self._clock()

    def orphans(self) -> list[Duplicate]:
        """Return, and forget, the duplicates whose content was never embedded."""
        left, self._duplicates = self._duplicates, []
        return left

    def _resolved(self) -> list[Embedded]:
        """Give duplicates the embedding of their content, of this chunk or stored before."""
        if not self._duplicates:
            return []
        known = {
            row.stamp.content_hash: (row.acoustics, row.embedding, row.embedding_norm)
            for row in self._rows
        }
        others = {one.stamp.content_hash for one in self._duplicates} - known.keys()
        known |= stored_contents(others, self._table) if others else {}
        done = [one for one in self._duplicates if one.stamp.content_hash in known]
        self._duplicates = [one for one in self._duplicates if one.stamp.content_hash not in known]
        return [Embedded(o.recording, o.stamp, *known[o.stamp.content_hash]) for o in done]
