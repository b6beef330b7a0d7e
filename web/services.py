"""What a server holds while it runs."""

import sys
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from anyio import CapacityLimiter

from ..api import loading
from ..errors import EncoderError, EncoderMismatchError, OptionalDependencyError
from ..store.schema import Seconds
from .catalogue import Catalogues
from .hearing import Hearing
from .layout import Maps
from .matching import Matching
from .metrics import Metrics
from .sandbox import Sandbox
from .settings import Settings
from .turns import Turns
from .uploads import Uploads

if TYPE_CHECKING:
    import pyarrow as pa

    from ..store.store import Store
    from .embedding import BatchingEmbedder

_UPLOADS_AT_ONCE = 16


class LateEmbedder:
    """The embedder of uploads, there once the encoder is loaded; where it cannot be, it says why.

    A store whose encoder is not at hand can be served all the same: only uploads fail.
    """

    def __init__(self) -> None:
        self._embedder: BatchingEmbedder | None = None
        self._why = "expected the encoder to be loaded, the server has not started yet"
        self._turns = Turns(_UPLOADS_AT_ONCE, 0)

    def load(self, store: "Store", settings: Settings, metrics: Metrics) -> None:
        """Load and warm the store's encoder."""
        from .embedding import BatchingEmbedder

        try:
            extractor = loading.extractor_for(store, settings.model, settings.device)
        except (EncoderError, EncoderMismatchError, OptionalDependencyError) as error:
            if settings.model is not None:
                raise
            self._why = f"uploads cannot be embedded: {error}"
            print(f"warning: {self._why}", file=sys.stderr)
            return
        extractor.encoder.warm_up()
        self._embedder = BatchingEmbedder(extractor, settings.batch_size, metrics.embedded)

    def embed(self, path: Path, seconds: Seconds) -> "pa.Table":
        """Embed one file that is so long, see `BatchingEmbedder.embed`.

        Raises
        ------
        EncoderError
            There is no encoder.
        HTTPException
            503: too many files wait to be embedded already.
        """
        if self._embedder is None:
            raise EncoderError(self._why)
        with self._turns.taken():
            return self._embedder.embed(path, seconds)

    def end(self) -> None:
        """Give up on what waits to be embedded."""
        if self._embedder is not None:
            self._embedder.end()

    def close(self) -> None:
        """Stop embedding."""
        if self._embedder is not None:
            self._embedder.close()


@dataclass(frozen=True, slots=True)
class Services:
    """What a server holds while it runs; made when it starts, closed when it ends."""

    store: "Store"
    settings: Settings
    metrics: Metrics
    catalogues: Catalogues
    embedder: LateEmbedder
    uploads: Uploads
    matching: Matching
    hearing: Hearing
    maps: Maps
    sandbox: Sandbox
    for_health: CapacityLimiter

    @classmethod
    def of(cls, store: "Store", settings: Settings) -> "Services":
        """Put together what serves a store; nothing is loaded yet."""
        metrics, embedder = Metrics(), LateEmbedder()
        sandbox = Sandbox(store.place)
        catalogues, uploads = Catalogues(store, sandbox), Uploads(settings, embedder.embed)
        metrics.watch("recordings", "Recordings in the store.", lambda: len(catalogues.newest()))
        metrics.watch("uploads_held", "Uploads that are kept.", lambda: len(uploads))
        return cls(
            store=store,
            settings=settings,
            metrics=metrics,
            catalogues=catalogues,
            embedder=embedder,
            uploads=uploads,
            matching=Matching(store, catalogues, uploads, sandbox, settings.log, Lock()),
            hearing=Hearing(uploads),
            maps=Maps(store),
            sandbox=sandbox,
            for_health=CapacityLimiter(1),
        )

    def start(self) -> None:
        """Load what takes a while: the encoder, the recordings, the store's background."""
        self.embedder.load(self.store, self.settings, self.metrics)
        self.catalogues.newest()
        self.sandbox.start()

    def end(self) -> None:
        """Give up on uploads that are not embedded yet: whoever sent them is told at once."""
        self.uploads.end()
        self.embedder.end()

    def close(self) -> None:
        """Stop what runs, and delete the uploads."""
        self.sandbox.close()
        self.embedder.close()
        self.uploads.close()

    def health(self) -> dict[str, Any]:
        """Say that the server is there, and what it serves."""
        from ..rerank.loading import load_for

        reranker = load_for(self.store)
        return {
            "status": "ok",
            "store": str(self.store.place).rpartition("/")[2],
            "recordings": len(self.catalogues.newest()),
            "encoder": self.store.encoder.name,
            "reranker": None if reranker is None else reranker.fingerprint,
        }
