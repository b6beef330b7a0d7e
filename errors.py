"""Every error spkret raises on purpose, as one tree.

::

    SpkretError
    ├── UsageError                  the call itself cannot be right
    ├── AudioError                  a file holds no usable speech; carries a `reason`
    ├── ManifestError               a list of recordings cannot be read
    ├── TrialError                  a trial or group list cannot be read
    ├── InterchangeError            a file of another tool cannot be read or written
    ├── StoreError                  the store cannot do what was asked
    │   ├── StoreNotFoundError      there is no store in that folder
    │   ├── StoreVersionError       the store was written by another format version
    │   └── EncoderMismatchError    the store is bound to another encoder
    ├── RecordingError              a reference names no single recording
    │   ├── UnknownRecordingError   it names none
    │   └── AmbiguousRecordingError it names several
    ├── EncoderError                an encoder cannot be loaded or trained
    ├── TaggerError                 a tagger cannot be loaded
    ├── OptionalDependencyError     an optional package is missing
    ├── ClusterError                a Ray cluster cannot be reached, or its workers failed
    ├── RerankerError               a reranker cannot be trained, loaded or used
    │   └── RerankerMismatchError   the reranker belongs to another encoder
    └── SqlError                    a SQL query was refused or failed

A message is one line: what was expected, what was found, what to do.
"""


class SpkretError(Exception):
    """Base of all errors that a user can cause and mend."""


class UsageError(SpkretError):
    """The arguments of a call contradict each other or are out of range."""


class AudioError(SpkretError):
    """A file holds no usable speech; `reason` is the short word kept in the `failures` table."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class ManifestError(SpkretError):
    """A manifest or folder of recordings cannot be read as one."""


class TrialError(SpkretError):
    """A trial list or a group list cannot be read."""


class InterchangeError(SpkretError):
    """A file in the form of another tool cannot be read or written."""


class StoreError(SpkretError):
    """The store cannot do what was asked."""


class StoreNotFoundError(StoreError):
    """There is no store in that folder."""


class StoreVersionError(StoreError):
    """The store was written in a format this version cannot read."""


class EncoderMismatchError(StoreError):
    """The store is bound to another encoder than the one in use."""


class RecordingError(SpkretError):
    """A reference does not name precisely one recording."""


class UnknownRecordingError(RecordingError):
    """A reference names no stored recording and no file."""


class AmbiguousRecordingError(RecordingError):
    """A reference names several recordings."""


class EncoderError(SpkretError):
    """An encoder cannot be found, loaded, trusted or trained."""


class TaggerError(SpkretError):
    """A classifier of noise, gender or language cannot be found or loaded."""


class OptionalDependencyError(SpkretError):
    """A feature needs a package that is not installed."""


class ClusterError(SpkretError):
    """A Ray cluster cannot be reached, or its workers failed."""


class RerankerError(SpkretError):
    """A reranker cannot be trained, loaded or used."""


class RerankerMismatchError(RerankerError):
    """The reranker was trained on the embeddings of another encoder."""


class SqlError(SpkretError):
    """A SQL query was refused or failed."""
