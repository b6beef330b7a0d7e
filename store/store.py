"""A store: the folder that holds recordings, indexes, scores and a reranker."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from ..errors import EncoderMismatchError, StoreError
from . import identity, working_copy
from .claiming import claim
from .delta import DeltaFolder
from .files import erase, folder_bytes
from .hits import Searcher
from .identity import StoreIdentity
from .location import Place, located
from .locks import Locks
from .published import Published
from .recordings import RecordingsTable
from .remote import Remote
from .schema import EncoderIdentity
from .scores import FAILURES_SCHEMA, SCORES_SCHEMA, TRIALS_SCHEMA, LogTable
from .vectors import VectorIndex

if TYPE_CHECKING:
    from .check import CheckReport
    from .info import StoreInfo


class Store:
    """A store that is there: use `Store.create` or `Store.open`.

    Attributes
    ----------
    path : the folder, absolute; of a store at a URL, the working copy on this machine
    recordings : the table of recordings
    vectors : the FAISS indexes derived from it
    searcher : what searches them, by default `vectors`
    scores, trials, failures : tables that are appended to
    """

    def __init__(self, path: Path, about: StoreIdentity, remote: Remote | None = None) -> None:
        self.path = path
        self._remote = remote
        self.about = about
        self.locks = Locks(path / "locks")
        dimension = about.encoder.dimension
        self.recordings = RecordingsTable(path / "recordings", self.locks, dimension, remote)
        published = None if remote is None else Published(remote)
        self.vectors = VectorIndex(
            *(path / "index", self.recordings, self.locks, dimension), published=published
        )
        self.searcher: Searcher = self.vectors
        self.scores = self._log("scores", SCORES_SCHEMA, ["created_at", "query_id", "rank"])
        self.trials = self._log("trials", TRIALS_SCHEMA, ["created_at", "trial_id"])
        self.failures = self._log("failures", FAILURES_SCHEMA, ["at", "root", "path"])

    @classmethod
    def create(cls, place: Place, encoder: EncoderIdentity) -> "Store":
        """Make a store bound to an encoder; one that is there is opened.

        Parameters
        ----------
        place : a folder, or a URL such as s3://bucket/store

        Raises
        ------
        EncoderMismatchError
            The store that is there is bound to another encoder.
        StoreError
            The folder holds something else, or its name cannot be used.
        """
        folder, remote = located(place)
        if remote is not None:
            working_copy.mirror(remote)
        if not (folder / identity.FILE_NAME).exists():
            _make(folder, remote, encoder)
        store = cls.open(place)
        store.require(encoder)
        return store

    @classmethod
    def open(cls, place: Place) -> "Store":
        """Open the store in a folder, or at a URL.

        Copies of what is not in the store at the URL any more are deleted from this machine.

        Raises
        ------
        StoreNotFoundError
            There is none.
        StoreVersionError
            It was written in another format.
        StoreError
            Its `spkret.json` is damaged, or the URL cannot be read.
        """
        folder, remote = located(place)
        if remote is None:
            return cls(folder, identity.read(folder, folder))
        working_copy.mirror(remote)
        store = cls(folder, identity.read(folder, remote.url), remote)
        working_copy.sweep(store)
        return store

    @property
    def place(self) -> Place:
        """Where the store is, as `open` takes it: its folder, or its URL."""
        return self.path if self._remote is None else self._remote.url

    @property
    def encoder(self) -> EncoderIdentity:
        """The encoder the store is bound to."""
        return self.about.encoder

    @property
    def created(self) -> datetime:
        """When the store was made."""
        return self.about.created

    @property
    def reranker_path(self) -> Path:
        """The folder of the reranker trained for this store, if there is one."""
        return self.path / "reranker"

    @property
    def tables(self) -> list[DeltaFolder]:
        """The Delta tables, the recordings first."""
        parts = (self.recordings, self.scores, self.trials, self.failures)
        return [part.delta for part in parts]

    @property
    def set_aside_path(self) -> Path:
        """The folder of broken rows and files that a repair took out of the tables."""
        return self.path / "set-aside"

    def publish(self, name: str) -> None:
        """Put a file or folder that was written into the store's folder at its URL, if it has one.

        Raises
        ------
        StoreError
            It cannot be written there.
        """
        with self.publishing(name):
            pass

    @contextmanager
    def publishing(self, name: str) -> Iterator[Path]:
        """Yield the path of a file or folder of the store, to write it, and then publish it.

        Raises
        ------
        StoreError
            It cannot be written to the URL of the store.
        """
        if self._remote is None:
            yield self.path / name
        else:
            with working_copy.publishing(self._remote, name):
                yield self.path / name

    def erase(self, name: str) -> None:
        """Delete a file or folder of the store, if it is there."""
        if self._remote is None:
            erase(self.path / name)
            return
        with self.locks.copying():
            self._remote.delete(self._remote.names(name))
            erase(self.path / name)

    def size_bytes(self) -> int:
        """Sum the sizes of all files."""
        if self._remote is not None:
            return sum(self._remote.sizes().values())
        return folder_bytes(self.path)

    def require(self, encoder: EncoderIdentity) -> None:
        """Refuse an encoder whose embeddings cannot be compared with the stored ones.

        Raises
        ------
        EncoderMismatchError
            It is not the one the store is bound to.
        """
        bound = self.encoder
        if (encoder.fingerprint, encoder.dimension) != (bound.fingerprint, bound.dimension):
            is_imported = encoder.is_imported or bound.is_imported
            raise EncoderMismatchError(
                f"expected encoder {_describe(bound)}, which {self.place} was built with, got"
                f" {_describe(encoder)}; use {'' if is_imported else f'--model {bound.name} or '}a"
                " new --store"
            )

    def info(self) -> "StoreInfo":
        """Count what is in the store."""
        from .info import describe

        return describe(self)

    def check(self, repair: bool = False, compact: bool = False) -> "CheckReport":
        """Check that the store is whole.

        Parameters
        ----------
        repair : mend what can be mended; rows that cannot be kept are set aside, not deleted
        compact : afterwards merge small files and delete old ones, and with them older versions
        """
        from .check import check

        return check(self, repair=repair, compact=compact)

    def copies(self, speaker: str | None = None, path: str | None = None) -> list[str]:
        """List recordings of the same audio as those that `forget` erases, and that it leaves.

        Raises
        ------
        UsageError, AmbiguousRecordingError
            As `forget`.
        """
        from .forget import copies

        return copies(self, speaker=speaker, path=path)

    def forget(self, speaker: str | None = None, path: str | None = None) -> int:
        """Erase the recordings of a speaker, or one recording, for good; return how many.

        The store's log notes it, where it is on.

        Raises
        ------
        UsageError
            Not precisely one of `speaker` and `path` is given.
        AmbiguousRecordingError
            `path` is stored for several roots.
        """
        from .forget import forget
        from .provenance import StoreLog, noted

        run = partial(forget, self, speaker=speaker, path=path)
        return noted(StoreLog(self.path), "forget", self.recordings.version, int, run)

    def _log(self, name: str, schema: pa.Schema, order: list[str]) -> LogTable:
        return LogTable(self.path / name, schema, order, self.locks, self._remote)


def _describe(encoder: EncoderIdentity) -> str:
    return f"{encoder.name!r} ({encoder.dimension}, fingerprint {encoder.fingerprint[:12]})"


def _make(folder: Path, remote: Remote | None, encoder: EncoderIdentity) -> None:
    """Make tables first and `spkret.json` last, so that a store is there as a whole or not."""
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"expected a folder for the store, got the file {folder}")
    about = StoreIdentity(encoder, datetime.now(UTC))
    store = Store(folder, about, remote)
    known = {"locks", *(table.path.name for table in store.tables)}
    names = {entry.name for entry in folder.glob("*")} if remote is None else set(remote.top())
    foreign = names - known
    if foreign and identity.FILE_NAME not in names and not (folder / identity.FILE_NAME).exists():
        raise StoreError(
            f"expected an empty folder or a store, got {store.place} with {min(foreign)} in it;"
            " give another --store"
        )
    with store.locks.alone("create"):
        if not (folder / identity.FILE_NAME).exists():
            for table in store.tables:
                table.create()
            if remote is None:
                identity.write(folder, about)
            else:
                # If another machine came first, the store is the other's.
                claim(remote, identity.FILE_NAME, identity.text(about).encode())
