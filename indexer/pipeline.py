"""Folders of audio to rows in a store, and files to rows that are not stored."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..errors import AudioError, UsageError
from ..store.files import absolute
from ..store.schema import Embedded, Failure, Recording
from .ahead import ahead
from .commit import CHUNK_ROWS, Committer
from .decode import NO_OPTIONS
from .encoders.base import Encoder
from .extract import Outcome, extract
from .extraction import Extraction
from .manifest import Manifest, read_recordings
from .manifests.rows import is_utf8
from .reasons import Reason
from .stored import Contents, Plan, make_plan, retagged
from .summary import IndexSummary, Progress
from .tagging.base import Tagger
from .tagging.stored import tag_stored, tagged

if TYPE_CHECKING:
    import pyarrow as pa

    from ..store.store import Store

__all__ = ["IndexSummary", "Progress", "embed_files", "index"]


def index(
    audio_dir: Path,
    store_path: Path,
    encoder: Encoder,
    manifest: Path | None = None,
    prune: bool = False,
    progress: Progress | None = None,
    options: Extraction = NO_OPTIONS,
    taggers: Sequence[Tagger] = (),
    moved_from: str | None = None,
) -> IndexSummary:
    """Embed the audio of a folder into a store, made if it is not there.

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
    from ..store.store import Store

    started = time.monotonic()
    identity = options.identity(encoder.identity)
    listed = read_recordings(audio_dir, manifest)
    store = Store.create(store_path, identity)
    if moved_from is not None:
        _move(store, absolute(moved_from), listed.root)
    plan = make_plan(listed.recordings, listed.root, store.recordings)
    run = _Run(store, encoder, options, listed, plan, progress, taggers)
    run.retag()
    run.embed()
    if prune and plan.gone:
        store.recordings.delete(plan.gone)
    run.tag()
    run.log_failures()
    store.vectors.refresh()
    return run.summary(len(plan.gone) if prune else 0, time.monotonic() - started)


def embed_files(
    paths: Sequence[Path], encoder: Encoder, options: Extraction = NO_OPTIONS
) -> "pa.Table":
    """Embed files without storing them.

    Returns
    -------
    table : one row a file in `RECORDINGS_SCHEMA`, in the order of `paths`; `root` is its folder

    Raises
    ------
    AudioError
        A file holds no usable audio; `detail` names it.
    """
    from ..store.rows import to_table

    recordings = [_recording(path.absolute()) for path in paths]
    ids = [recording.id for recording in recordings]
    rows: dict[int, Embedded] = {}
    distinct = dict(zip(ids, recordings, strict=True)).values()
    for outcome in extract(distinct, encoder, _always, options=options):
        if isinstance(outcome, Failure):
            path = Path(outcome.root, outcome.path)
            raise AudioError(outcome.reason, f"{path}: {outcome.detail}")
        if isinstance(outcome, Embedded):
            rows[outcome.recording.id] = outcome
    return to_table([rows[row] for row in ids])


class _Run:
    """One run of `index`: what it has done so far."""

    def __init__(
        self,
        store: "Store",
        encoder: Encoder,
        options: Extraction,
        listed: Manifest,
        plan: Plan,
        progress: Progress | None,
        taggers: Sequence[Tagger] = (),
    ) -> None:
        self._store, self._encoder, self._options = store, encoder, options
        self._listed, self._plan, self._progress = listed, plan, progress
        self._taggers = taggers
        self._failures = list(listed.failures)
        self._counts: Counter[str] = Counter()
        self._done = plan.unchanged
        self._audio_s = 0.0

    def retag(self) -> None:
        """Store the tags that changed, with the embeddings that are there."""
        for chunk in _chunks(self._plan.retag, CHUNK_ROWS):
            self._store.recordings.commit(list(retagged(chunk, self._store.recordings)))
            self._advance(len(chunk))

    def embed(self) -> None:
        """Read, embed and store the new and the changed files."""
        if not self._plan.read:
            return
        if self._encoder.on_gpu:
            self._encoder.warm_up()
        committer = Committer(self._store.recordings, taggers=self._taggers)
        contents = Contents(self._store.recordings)
        for outcome in self._extract(self._plan.read, contents.claim):
            self._take(outcome, committer)
            self._advance(1)
        committer.flush()
        orphans = [one.recording for one in committer.orphans()]
        for outcome in self._extract(orphans, _always):
            self._take(outcome, committer)
        committer.flush()
        self._counts = committer.counts

    def _extract(
        self, recordings: Sequence[Recording], claim: Callable[[str], bool]
    ) -> Iterator[Outcome]:
        """Embed in a thread, so that the encoder goes on while rows are committed."""
        outcomes = extract(recordings, self._encoder, claim, options=self._options)
        return ahead(outcomes, 2 * CHUNK_ROWS)

    def tag(self) -> None:
        """Fill in the tags that rows stored earlier lack."""
        for tagger in self._taggers:
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
            indexed=self._counts["indexed"],
            duplicates=self._counts["duplicates"],
            unchanged=self._plan.unchanged,
            updated=len(self._plan.retag),
            pruned=pruned,
            failed=MappingProxyType(dict(failed.most_common())),
            found=self._listed.found,
            hours=self._audio_s / 3600,
            seconds=seconds,
            tagged={
                tagger.tag: tagged(self._store.recordings, tagger.tag, self._listed.root)
                for tagger in self._taggers
            },
            doubts=self._listed.doubts,
        )

    def _take(self, outcome: Outcome, committer: Committer) -> None:
        if isinstance(outcome, Failure):
            self._failures.append(outcome)
            return
        if isinstance(outcome, Embedded):
            self._audio_s += outcome.acoustics.duration_s
        committer.add(outcome)

    def _advance(self, files: int) -> None:
        self._done += files
        if self._progress is not None:
            self._progress(self._done, len(self._listed.recordings), self._audio_s)


def _move(store: "Store", old_root: str, new_root: str) -> None:
    if not store.recordings.move(old_root, new_root):
        roots = ", ".join(store.recordings.roots()) or "nothing"
        raise UsageError(
            f"expected a folder that {store.path} was indexed from, got {old_root}; it has: {roots}"
        )


def _recording(path: Path) -> Recording:
    if not is_utf8(str(path)):
        raise AudioError(Reason.BAD_NAME, f"{path!a}: not UTF-8; rename the file")
    return Recording(str(path.parent), path.name)


def _always(_: str) -> bool:
    return True


def _chunks(recordings: Sequence[Recording], size: int) -> Iterator[list[Recording]]:
    left = iter(recordings)
    while chunk := list(islice(left, size)):
        yield chunk
