"""The recordings that a probe learns from and is tested on."""

import json
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from .target import Target

Labels = npt.NDArray[np.object_]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ProbeRows:
    """Labelled recordings, sorted by id; row i of each array is one of them.

    Attributes
    ----------
    ids : int64 (n,)
    roots, paths : str (n,)
    labels : str (n,), the tag to predict
    speakers : str (n,)
    groups : int64 (n,); recordings of one group are never on both sides of a split
    """

    ids: Integers
    roots: Labels
    paths: Labels
    labels: Labels
    speakers: Labels
    groups: Integers

    @classmethod
    def of(cls, table: pa.Table, target: Target) -> Self:
        """Pick the rows with a declared tag and a speaker out of a table that has `columns`.

        A tag that a classifier gave is left out: predicting it says nothing of the recordings.
        """
        table = table.sort_by("id")
        tags, speakers = _column(table, target), _column(table, "speaker")
        known = (speakers != None) & (tags != None) & (tags != target.unlabelled)  # noqa: E711
        known &= _column(table, f"{target}_source") != "tagger"
        table = table.filter(pa.array(known))
        return cls(
            ids=_column(table, "id").astype(np.int64),
            roots=_column(table, "root"),
            paths=_column(table, "path"),
            labels=tags[known],
            speakers=speakers[known],
            groups=groups(table, target),
        )

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: npt.NDArray[np.generic]) -> Self:
        """Pick the recordings at these rows (positions or a mask), in this order."""
        return type(self)(**{each.name: getattr(self, each.name)[rows] for each in fields(self)})

    def groups_of(self, label: str) -> int:
        """Count the groups that have a recording with a label."""
        return len(np.unique(self.groups[self.labels == label]))


def columns(target: Target) -> list[str]:
    """Return what `ProbeRows.of` reads of the recordings table."""
    needed = ["id", "root", "path", "content_hash", "speaker", "extra"]
    return list(dict.fromkeys([*needed, str(target), f"{target}_source"]))


def groups(table: pa.Table, target: Target) -> Integers:
    """Number the recordings (n,) that must stay together, as int64 (n,).

    They share their content or their speaker; where the speaker is the target, their content, or
    their speaker and the `session` that the manifest gave. Whatever is linked through others stays
    together too.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    hashes = _column(table, "content_hash").tolist()
    contents = ["" if value is None else f"content {value}" for value in hashes]
    links = [contents, _sessions(table) if target is Target.SPEAKER else _column(table, "speaker")]
    count = table.num_rows
    names, keys = np.unique([str(key) for link in links for key in link], return_inverse=True)
    holds = np.concatenate([np.arange(count)] * len(links))
    told = names[keys] != ""
    shape = (count + len(names), count + len(names))
    edges = coo_matrix((np.ones(told.sum()), (holds[told], count + keys[told])), shape)
    _, component = connected_components(edges, directed=False)
    _, numbered = np.unique(component[:count], return_inverse=True)
    return numbered.astype(np.int64)


def _sessions(table: pa.Table) -> list[str]:
    """Name the session of each recording, an empty name where none is known."""
    extras = [json.loads(text or "{}").get("session") for text in table["extra"].to_pylist()]
    speakers = table["speaker"].to_pylist()
    return [
        "" if session in (None, "") else f"session {session} of {speaker}"
        for session, speaker in zip(extras, speakers, strict=True)
    ]


def _column(table: pa.Table, name: str) -> Labels:
    return np.array(table[name].to_pylist(), object)
