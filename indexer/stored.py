"""What the store knows already: which files need reading, and rows to use again."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..store.schema import (
    UNKNOWN_LANGUAGE,
    Acoustics,
    Embedded,
    FileStamp,
    Noise,
    Recording,
    Tag,
    TagSource,
    Vector,
    recording_id,
)
from .places import Place, Seen

if TYPE_CHECKING:
    from ..store.recordings import RecordingsTable

Heads = npt.NDArray[np.uint64]

_TAG_COLUMNS = (
    *("speaker", "language", "noise", "gender", "age"),
    *("speaker_source", "language_source", "noise_source", "gender_source"),
)
_HASH, _HEAD_DIGITS = "^[0-9a-f]{32}$", 16
_ROWS_AT_ONCE = 8_192
_UNTAGGED = {"language": UNKNOWN_LANGUAGE, "noise": Noise.UNKNOWN, "gender": None}
"""The tags that a tagger may have filled in, and their value where nobody did."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done with the recordings listed: `read`, `retag`, or nothing for `unchanged`.

    `gone` holds the ids of stored rows whose file is not there any more.
    """

    read: Sequence[Recording]
    retag: Sequence[Recording]
    unchanged: int
    gone: Sequence[int]


def make_plan(recordings: Sequence[Recording], place: Place, table: "RecordingsTable") -> Plan:
    """Compare the recordings listed at a place with the rows stored for it."""
    root = place.root
    stamps = table.stamps(root)
    tags = _stored_tags(table, root) if stamps else {}
    read, retag, unchanged = [], [], 0
    for recording in recordings:
        stamp = stamps.get(recording.path)
        if stamp is None or not _is_unchanged(recording.path, stamp, place):
            read.append(recording)
        elif tags.get(recording.path) != _tags_of(recording):
            retag.append(recording)
        else:
            unchanged += 1
    doubtful = stamps.keys() - {one.path for one in recordings} | {one.path for one in read}
    gone = [path for path in doubtful & stamps.keys() if place.is_gone(path)]
    return Plan(read, retag, unchanged, [recording_id(root, path) for path in gone])


class Contents:
    """The contents that are embedded, or being embedded; each is claimed once.

    They are told apart by the heads of their hashes. Of two contents that share one, which is to be
    expected among billions, the second is found not to be embedded in the end, and is then.

    Parameters
    ----------
    stored : uint64 (n,), what `stored_heads` gave
    """

    def __init__(self, stored: Heads) -> None:
        self._stored = stored
        self._claimed: set[int] = set()
        self._lock = Lock()

    def claim(self, content_hash: str) -> bool:
        """Return whether this content is still to be embedded, by the caller then."""
        head = int(content_hash[:_HEAD_DIGITS], 16)
        place = int(np.searchsorted(self._stored, np.uint64(head)))
        if place < len(self._stored) and int(self._stored[place]) == head:
            return False
        with self._lock:
            new = head not in self._claimed
            self._claimed.add(head)
            return new


def stored_heads(table: "RecordingsTable") -> Heads:
    """Return the first 64 bits of the hashes of all stored contents: uint64 (n,), sorted."""
    import pyarrow.compute as pc

    found = [np.empty(0, np.uint64)]
    for hashes in table.scan(columns=["content_hash"])["content_hash"].chunks:
        of_files = hashes.filter(pc.match_substring_regex(hashes, _HASH))
        digits = "".join(pc.utf8_slice_codeunits(of_files, 0, _HEAD_DIGITS).to_pylist())
        found.append(np.frombuffer(bytes.fromhex(digits), ">u8").astype(np.uint64))
    return np.unique(np.concatenate(found))


def retagged(recordings: Sequence[Recording], table: "RecordingsTable") -> Iterator[Embedded]:
    """Give stored rows the tags of the recordings; a tagger's stay where these say nothing."""
    by_id = {recording.id: recording for recording in recordings}
    for row in table.scan(ids=list(by_id)).to_pylist():
        stamp = FileStamp(row["size_bytes"], row["modified_at"], row["content_hash"])
        yield Embedded(_with_tagged(by_id[row["id"]], row), stamp, *measured(row))


def stored_contents(
    content_hashes: Iterable[str], table: "RecordingsTable"
) -> dict[str, tuple[Acoustics, Vector, float]]:
    """Map contents to what is stored of them: acoustics, embedding (dim,), its norm."""
    found = table.embeddings_of(list(content_hashes)).to_pylist()
    return {row["content_hash"]: measured(row) for row in found}


def measured(row: Mapping[str, Any]) -> tuple[Acoustics, Vector, float]:
    """Return what was measured of a stored row: acoustics, embedding (dim,), its norm."""
    acoustics = Acoustics(
        duration_s=row["duration_s"],
        speech_s=row["speech_s"],
        sample_rate_hz=row["sample_rate_hz"],
        snr_db=row["snr_db"],
        bandwidth_hz=row["bandwidth_hz"],
        f0_hz=row["f0_hz"],
        spectrum_mean=np.array(row["spectrum_mean"], np.float32),
        spectrum_std=np.array(row["spectrum_std"], np.float32),
    )
    return acoustics, np.array(row["embedding"], np.float32), row["embedding_norm"]


def _is_unchanged(path: str, stamp: FileStamp, place: Place) -> bool:
    seen = place.seen(path)
    return seen is not None and seen == Seen(stamp.size_bytes, stamp.modified_at)


def _stored_tags(table: "RecordingsTable", root: str) -> dict[str, int]:
    """Map each path of a root to a hash of its tags, which is all that a comparison needs.

    Tags that a tagger set count as missing, for the files listed do not know of them.
    """
    quoted = root.replace("'", "''")
    stored = table.scan(columns=["path", *_TAG_COLUMNS, "extra"], where=f"root = '{quoted}'")
    return {
        row["path"]: _hash(_given(row), json.loads(row["extra"] or "{}"))
        for batch in stored.to_batches(_ROWS_AT_ONCE)
        for row in batch.to_pylist()
    }


def _given(row: Mapping[str, Any]) -> list[str | None]:
    given = dict(row)
    for name, unknown in _UNTAGGED.items():
        if row[f"{name}_source"] == TagSource.TAGGER:
            given |= {name: unknown, f"{name}_source": TagSource.NONE}
    return [given[name] and str(given[name]) for name in _TAG_COLUMNS]


def _with_tagged(recording: Recording, row: Mapping[str, Any]) -> Recording:
    """Keep what a tagger said where a recording has no tag of its own."""
    return replace(
        recording,
        language=_kept(recording.language, row, "language"),
        noise=_kept(recording.noise, row, "noise"),
        gender=_kept(recording.gender, row, "gender"),
    )


def _kept(tag: Tag, row: Mapping[str, Any], name: str) -> Tag:
    if tag.source == TagSource.NONE and row[f"{name}_source"] == TagSource.TAGGER:
        return Tag(row[name], TagSource.TAGGER, row[f"{name}_probability"])
    return tag


def _tags_of(recording: Recording) -> int:
    tags = (recording.speaker, recording.language, recording.noise, recording.gender)
    values = [tag.value and str(tag.value) for tag in tags]
    return _hash([*values, recording.age, *(str(tag.source) for tag in tags)], recording.extra)


def _hash(values: Sequence[str | None], extra: Mapping[str, str]) -> int:
    return hash((*values, *sorted(extra.items())))
