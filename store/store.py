"""A store: the folder that holds recordings, indexes, scores and a reranker."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from ..errors import EncoderMismatchError, StoreError
from . import identity
from .delta import DeltaFolder
from .identity import StoreIdentity
from .locks import Locks
from .recordings import RecordingsTable
from .schema import EncoderIdentity
from .scores import FAILURES_SCHEMA, SCORES_SCHEMA, TRIALS_SCHEMA, LogTable
from .vectors import Searcher, VectorIndex

if TYPE_CHECKING:
    from .check import CheckReport
    from .info import StoreInfo

# The Delta library takes folders as URLs and fails on these; the last would be read as a tag.
_UNUSABLE = re.compile(r"[\[\]^|\\%]|/(?:language|noise)=")


class Store:
    """A store that is there: use `Store.create` or `Store.open`.

    Attributes
    ----------
    path : the folder, absolute
    recordings : the table of recordings
    vectors : the FAISS indexes derived from it
    searcher : what searches them, by default `vectors`
    scores, trials, failures : tables that are appended to
    """

    def __init__(self, path: Path, about: StoreIdentity) -> None:
        self.path = path
        self.about = about
        self.locks = Locks(path / "locks")
        self.recordings = RecordingsTable(path / "recordings", self.locks, about.encoder.dimension)
        self.vectors = VectorIndex(
            path / "index", self.recordings, self.locks, about.encoder.dimension
        )
        self.searcher: Searcher = self.vectors
        self.scores = self._log("scores", SCORES_SCHEMA, ["created_at", "query_id", "rank"])
        self.trials = self._log("trials", TRIALS_SCHEMA, ["created_at", "trial_id"])
        self.failures = self._log("failures", FAILURES_SCHEMA, ["at", "root", "path"])

    @classmethod
    def create(cls, path: Path, encoder: EncoderIdentity) -> "Store":
        """Make a store bound to an encoder; one that is there is opened.

        Raises
        ------
        EncoderMismatchError
            The store that is there is bound to another encoder.
        StoreError
            The folder holds something else, or its name cannot be used.
        """
        folder = _usable(path)
        if not (folder / identity.FILE_NAME).exists():
            _make(folder, encoder)
        store = cls.open(folder)
        store.require(encoder)
        return store

    @classmethod
    def open(cls, path: Path) -> "Store":
        """Open the store in a folder.

        Raises
        ------
        StoreNotFoundError
            There is none.
        StoreVersionError
            It was written in another format.
        StoreError
            Its `spkret.json` is damaged.
        """
        folder = _usable(path)
        return cls(folder, identity.read(folder))

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
                f"expected encoder {_describe(bound)}, which {self.path} was built with, got"
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

        return noted(
            *(StoreLog(self.path), "forget", self.recordings.version, int),
            lambda: forget(self, speaker=speaker, path=path),
        )

    def _log(self, name: str, schema: pa.Schema, order: list[str]) -> LogTable:
        return LogTable(self.path / name, schema, order, self.locks)


def _describe(encoder: EncoderIdentity) -> str:
    return f"{encoder.name!r} ({encoder.dimension}, fingerprint {encoder.fingerprint[:12]})"


def _usable(path: Path) -> Path:
    folder = path.absolute()
    if _UNUSABLE.search(f"{folder.as_posix()}/"):
        raise StoreError(
            f"expected a store folder without any of [ ] ^ | \\ % language= noise= in its path,"
            f" got {folder}; give another --store"
        )
    return folder


def _make(folder: Path, encoder: EncoderIdentity) -> None:
    """Make tables first and `spkret.json` last, so that a store is there as a whole or not."""
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"expected a folder for the store, got the file {folder}")
    about = StoreIdentity(encoder, datetime.now(UTC))
    store = Store(folder, about)
    known = {"locks", *(table.path.name for table in store.tables)}
    foreign = {entry.name for entry in folder.glob("*")} - known
    if foreign and not (folder / identity.FILE_NAME).exists():
        raise StoreError(
            f"expected an empty folder or a store, got {folder} with {min(foreign)} in it;"
            " give another --store"
        )
    with store.locks.alone("create"):
        if not (folder / identity.FILE_NAME).exists():
            for table in store.tables:
                table.create()
            identity.write(folder, about)
