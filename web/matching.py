"""Questions about voices: references to answers, one at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from .. import matcher
from .asking import Identify, Query, Verify
from .catalogue import Catalogue, Catalogues
from .references import UPLOAD, for_matching, resolve_all
from .sandbox import Sandbox
from .uploads import Upload, Uploads
from .where import ids_where

if TYPE_CHECKING:
    from ..retrieval.library import Embed
    from ..store.store import Store

Found = int | Upload


@dataclass(frozen=True, slots=True)
class Matching:
    """Matches in a store, for many threads; what is held in memory of it takes one at a time."""

    store: "Store"
    catalogues: Catalogues
    uploads: Uploads
    sandbox: Sandbox
    log: bool
    lock: Lock

    def query(self, asked: Query) -> dict[str, Any]:
        """Answer `/query`: the document of `spkret query --json`, with references."""
        catalogue = self.catalogues.newest()
        anchor, *group = self._resolve([asked.anchor, *(asked.group or ())], catalogue)
        allowed = None if asked.where is None else ids_where(self.sandbox, asked.where)
        with self.lock:
            match = matcher.query(
                *(self.store, for_matching([anchor])[0]),
                None if asked.group is None else for_matching(group),
                embed=_rows_of([anchor, *group]),
                top=asked.top,
                explain=asked.explain,
                open_group=asked.open,
                min_probability=asked.min_probability,
                language=asked.language,
                noise=asked.noise,
                where=asked.where,
                allowed_ids=allowed,
                log=self.log,
            )
        return _with_references(match.to_dict(), anchor, group, catalogue)

    def verify(self, asked: Verify) -> dict[str, Any]:
        """Answer `/verify`: the document of `spkret verify --json`."""
        found = self._resolve([asked.a, asked.b], self.catalogues.newest())
        a, b = for_matching(found)
        with self.lock:
            verification = matcher.verify(
                self.store, a, b, embed=_rows_of(found), explain=asked.explain, log=self.log
            )
        document = verification.to_dict()
        return document | {name: _named(document[name], found) for name in ("a", "b")}

    def identify(self, asked: Identify) -> dict[str, Any]:
        """Answer `/identify`: the document of `spkret identify --json`."""
        found = self._resolve([asked.anchor], self.catalogues.newest())
        with self.lock:
            identification = matcher.identify(
                *(self.store, for_matching(found)[0]),
                open_set=asked.open,
                embed=_rows_of(found),
                top=asked.top,
            )
        document = identification.to_dict()
        return document | {"anchor": _named(document["anchor"], found)}

    def _resolve(self, references: Sequence[str], catalogue: Catalogue) -> list[Found]:
        return resolve_all(references, catalogue, self.uploads)


def _rows_of(found: Sequence[Found]) -> "Embed":
    """Make a function that gives the rows of uploads, which are embedded already."""
    rows: dict[Path | str, pa.Table] = {
        one.path: one.row for one in found if isinstance(one, Upload)
    }

    def embedded(paths: Sequence[Path | str]) -> pa.Table:
        return pa.concat_tables([rows[path] for path in paths])

    return embedded


def _named(path: str, found: Sequence[Found]) -> str:
    """Return the name of an upload by where it lies, or a path as it is."""
    upload = _upload_at(path, found)
    return path if upload is None else upload.name


def _upload_at(path: str | None, found: Sequence[Found]) -> Upload | None:
    uploads = (one for one in found if isinstance(one, Upload))
    return next((upload for upload in uploads if str(upload.path) == path), None)


def _with_references(
    document: dict[str, Any], anchor: Found, group: Sequence[Found], catalogue: Catalogue
) -> dict[str, Any]:
    """Say of anchor, match and candidates how to refer to them, and who speaks in them."""
    uploads = [one for one in group if isinstance(one, Upload)]
    candidates = [_candidate(one, uploads, catalogue) for one in document["candidates"]]
    best = candidates[0] if document["match"] is not None else None
    return document | {
        "anchor": anchor.name if isinstance(anchor, Upload) else document["anchor"],
        "anchor_ref": _reference(anchor),
        "match": None if best is None else best["path"],
        "match_ref": None if best is None else best["ref"],
        "candidates": candidates,
    }


def _candidate(
    candidate: dict[str, Any], uploads: Sequence[Upload], catalogue: Catalogue
) -> dict[str, Any]:
    upload = _upload_at(candidate["path"], uploads) if candidate["id"] is None else None
    if upload is not None:
        return candidate | {"path": upload.name, "ref": _reference(upload), "speaker": None}
    row = catalogue.row(candidate["id"])
    speaker = None if row is None else catalogue.speakers[row]
    return candidate | {"ref": str(candidate["id"]), "speaker": speaker}


def _reference(found: Found) -> str:
    return f"{UPLOAD}{found.id}" if isinstance(found, Upload) else str(found)
