"""Folders of audio to rows in a store, and files to rows that are not stored."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..errors import AudioError, UsageError
from ..store.files import absolute
from ..store.schema import Embedded, Failure, Recording
from ..store.urls import is_url, normal_url
from .commit import CHUNK_ROWS
from .decode import NO_OPTIONS
from .embedding import Done, ThisProcess, Workers, always
from .encoders.base import Encoder
from .extract import extract
from .extraction import Extraction, Extractor
from .manifest import Manifest, read_recordings
from .manifests.rows import is_utf8
from .places import place_of
from .reasons import Reason
from .stored import Plan, make_plan, retagged
from .summary import IndexSummary, Progress
from .tagging.base import Tagger
from .tagging.stored import tag_stored, tagged

if TYPE_CHECKING:
    import pyarrow as pa

    from ..store.store import Store

__all__ = ["IndexSummary", "Progress", "embed_files", "index", "index_by"]


def index(
    audio_dir: Path | str,
    store_path: Path | str,
    encoder: Encoder,
    manifest: Path | str | None = None,
    prune: bool = False,
    progress: Progress | None = None,
    options: Extraction = NO_OPTIONS,
    taggers: Sequence[Tagger] = (),
    moved_from: str | None = None,
) -> IndexSummary:
    """Embed the audio of a folder, or at a URL, into a store, made if it is not there.

    Files whose size and time are unchanged are not read again, though their tags are kept up to
    date; a changed file replaces its row; the same content is embedded once. A file that cannot be
    indexed goes to the failures table with a reason; a row it had stays as it was. Rows are
    committed as the run goes, so that one that was killed is resumed by running it again.

    Parameters
    ----------
    audio_dir, manifest : what to index, see `manifest.read_recordings`
    store_path : the folder of the store
    encoder : the encoder, which the store is bound to
    prune : delete the rows of this folder whose file is gone
    progress : called after each file
    options : what is done to the audio before it is embedded; the store is bound to them too
    taggers : what fills in the tags that recordings of this folder lack, stored ones included
    moved_from : the folder that these files were in when they were indexed: its rows become those
        of this folder

    Raises
    ------
    UsageError
        Nothing was indexed from `moved_from`.
    ManifestError
        The recordings cannot be listed.
    EncoderMismatchError
        The store is bound to another encoder, or to other options.
    OptionalDependencyError
        An option needs a package that is not installed.
    """
    workers = ThisProcess(Extractor(encoder, options), taggers)
    return index_by(workers, audio_dir, store_path, manifest, prune, progress, moved_from)


def index_by(
    workers: Workers,
    audio_dir: Path | str,
    store_path: Path | str,
    manifest: Path | str | None = None,
    prune: bool = False,
    progress: Progress | None = None,
    moved_from: str | None = None,
) -> IndexSummary:
    """Index as `index` does, the files read and the indexes built by workers of any kind."""
    from ..store.store import Store

    started = time.monotonic()
    place = place_of(audio_dir)
    listed = read_recordings(place, manifest)
    store = Store.create(store_path, workers.identity)
    if moved_from is not None:
        _move(store, absolute(moved_from), listed.root)
    plan = make_plan(listed.recordings, place, store.recordings)
    run = _Run(store, workers, listed, plan, progress)
    run.retag()
    run.embed()
    if prune and plan.gone:
        store.recordings.delete(plan.gone)
    run.tag()
    run.log_failures()
    workers.refresh(store)
    return run.summary(len(plan.gone) if prune else 0, time.monotonic() - started)


def embed_files(
    paths: Sequence[Path | str], encoder: Encoder, options: Extraction = NO_OPTIONS
) -> "pa.Table":
    """Embed files, or what lies at URLs, without storing them.

    Returns
    -------
    table : one row a file in `RECORDINGS_SCHEMA`, in the order of `paths`; `root` is its folder

    Raises
    ------
    AudioError
        A file holds no usable audio; `detail` names it.
    """
    from ..store.rows import to_table

    recordings = [_recording(path) for path in paths]
    ids = [recording.id for recording in recordings]
    rows: dict[int, Embedded] = {}
    distinct = dict(zip(ids, recordings, strict=True)).values()
    for outcome in extract(distinct, encoder, always, options=options):
        if isinstance(outcome, Failure):
            path = f"{outcome.root.rstrip('/')}/{outcome.path}"
            raise AudioError(outcome.reason, f"{path}: {outcome.detail}")
        if isinstance(outcome, Embedded):
            rows[outcome.recording.id] = outcome
    return to_table([rows[row] for row in ids])


class _Run:
    """One run of `index`: what it has done so far."""

    def __init__(
        self,
        store: "Store",
        workers: Workers,
        listed: Manifest,
        plan: Plan,
        progress: Progress | None,
    ) -> None:
        self._store, self._workers = store, workers
        self._listed, self._plan, self._progress = listed, plan, progress
        self._finished = plan.unchanged
        self._failures = list(listed.failures)
        self._done = Done()

    def retag(self) -> None:
        """Store the tags that changed, with the embeddings that are there."""
        for chunk in _chunks(self._plan.retag, CHUNK_ROWS):
            self._store.recordings.commit(list(retagged(chunk, self._store.recordings)))
            self._advance(len(chunk))

    def embed(self) -> None:
        """Have the new and the changed files read, embedded and stored."""
        for done in self._workers.embed(self._store, self._plan.read):
            self._failures += done.failures
            self._done += replace(done, failures=())
            self._advance(done.files)

    def tag(self) -> None:
        """Fill in the tags that rows stored earlier lack."""
        for tagger in self._workers.taggers:
            tag_stored(self._store.recordings, tagger, self._listed.root)

    def log_failures(self) -> None:
        """Append the failures of this run to the store's failures table."""
        import pyarrow as pa

        from ..store.scores import FAILURES_SCHEMA

        if self._failures:
            now = datetime.now(UTC)
            rows: list[dict[str, Any]] = [
                {"root": f.root, "path": f.path, "reason": f.reason, "detail": f.detail, "at": now}
                for f in self._failures
            ]
            self._store.failures.append(pa.Table.from_pylist(rows, FAILURES_SCHEMA))

    def summary(self, pruned: int, seconds: float) -> IndexSummary:
        """Sum the run up."""
        failed = Counter(str(failure.reason) for failure in self._failures)
        return IndexSummary(
            root=self._listed.root,
            origin=self._listed.origin,
            files=len(self._listed.recordings),
            indexed=self._done.indexed,
            duplicates=self._done.duplicates,
            unchanged=self._plan.unchanged,
            updated=len(self._plan.retag),
            pruned=pruned,
            failed=MappingProxyType(dict(failed.most_common())),
            found=self._listed.found,
            hours=self._done.audio_s / 3600,
            seconds=seconds,
            tagged={
                tagger.tag: tagged(self._store.recordings, tagger.tag, self._listed.root)
                for tagger in self._workers.taggers
            },
            doubts=self._listed.doubts,
        )

    def _advance(self, files: int) -> None:
        self._finished += files
        if files and self._progress is not None:
            self._progress(self._finished, len(self._listed.recordings), self._done.audio_s)


def _move(store: "Store", old_root: str, new_root: str) -> None:
    if not store.recordings.move(old_root, new_root):
        roots = ", ".join(store.recordings.roots()) or "nothing"
        raise UsageError(
            f"expected a folder that {store.place} was indexed from, got {old_root};"
            f" it has: {roots}"
        )


def _recording(path: Path | str) -> Recording:
    of_url = isinstance(path, str) and is_url(path)
    full = normal_url(str(path)) if of_url else str(Path(path).absolute())
    if not is_utf8(full):
        raise AudioError(Reason.BAD_NAME, f"{full!a}: not UTF-8; rename the file")
    root, _, name = full.rpartition("/")
    return Recording(root or "/", name)


def _chunks(recordings: Sequence[Recording], size: int) -> Iterator[list[Recording]]:
    left = iter(recordings)
    while chunk := list(islice(left, size)):
        yield chunk
