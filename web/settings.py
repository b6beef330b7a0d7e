"""What a server is told when it starts."""

from dataclasses import dataclass

from ..errors import UsageError
from ..store.schema import Seconds

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
MEBIBYTE = 1 << 20
GIBIBYTE = 1 << 30


@dataclass(frozen=True, slots=True)
class Settings:
    """What a server is told when it starts.

    Parameters
    ----------
    host, port : where it listens; port 0 is any that is free
    token : what clients must show; needed wherever others than this computer can connect; blanks
        around it do not count
    max_upload_bytes, max_upload_s : the largest file, and the longest audio, that may be uploaded
    most_uploads, most_upload_bytes, upload_age_s : how many uploads are kept, how large all of them
        together, and for how long; the oldest go first
    batch_size : how many uploads are embedded together at most
    log : write scores to the store's scores table
    model, device : the encoder for uploads; by default the store's own

    Raises
    ------
    UsageError
        Others could connect and no token is asked for, or a number is out of range.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    token: str | None = None
    max_upload_bytes: int = 64 * MEBIBYTE
    max_upload_s: Seconds = 600.0
    most_uploads: int = 200
    most_upload_bytes: int = GIBIBYTE
    upload_age_s: Seconds = 12 * 3600.0
    batch_size: int = 64
    log: bool = True
    model: str | None = None
    device: str = "auto"

    def __post_init__(self) -> None:
        if self.token is not None:
            object.__setattr__(self, "token", self.token.strip())
        if self.token == "":
            raise UsageError("expected a token of at least one character, got a blank one")
        if not self.is_local and self.token is None:
            raise UsageError(
                f"expected --token with --host {self.host}: others than this computer can connect,"
                " and would read the store and its audio; give a long random one"
            )
        if self.max_upload_bytes < 1 or self.batch_size < 1:
            raise UsageError("expected an upload limit and a batch size of at least 1")

    @property
    def is_local(self) -> bool:
        """Whether only this computer can connect."""
        return self.host in LOOPBACK
