"""Encoders for the stores that are bound to them, loaded when audio is first embedded."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import EncoderError, EncoderMismatchError

if TYPE_CHECKING:
    import pyarrow as pa

    from ..indexer.encoders.base import Encoder
    from ..indexer.extraction import Extraction, Extractor
    from ..store.schema import EncoderIdentity
    from ..store.store import Store


@lru_cache(maxsize=1)
def encoder(model: str = "compact", device: str = "auto") -> "Encoder":
    """Load an encoder by name or path, once a process."""
    from ..indexer.encoders import registry

    return registry.load(model, device)


def load_extractor(
    model: str,
    device: str = "auto",
    bound: "EncoderIdentity | None" = None,
    options: "Extraction | None" = None,
) -> "Extractor":
    """Load an encoder with the options given, else those in its name, else those of a store.

    Raises
    ------
    EncoderError
        There is no such encoder.
    EncoderMismatchError
        The store's embeddings were made elsewhere, so that no encoder here can go with them.
    """
    from ..indexer.extraction import Extraction, Extractor, parse

    if bound is not None and bound.is_imported:
        raise EncoderMismatchError(
            f"the store's embeddings were imported as {bound.name!r}, which spkret cannot run on"
            " audio; import those of further files too (spkret import), or index the audio into a"
            " new --store"
        )
    named = parse(model)
    of_store = Extraction() if bound is None else parse(bound.name).options
    options = options or named.options or of_store
    return Extractor(encoder(named.encoder, device), options)


def extractor_for(store: "Store", model: str | None, device: str) -> "Extractor":
    """Load the encoder a store is bound to, by its name or as the caller names it, its options."""
    try:
        loaded = load_extractor(model or store.encoder.name, device, store.encoder)
    except EncoderError as error:
        if model is not None:
            raise
        raise EncoderError(
            f"expected the encoder {store.encoder.name!r}, which {store.place} is bound to, by that"
            " name, found none; say where it is: --model FOLDER"
        ) from error
    store.require(loaded.identity)
    return loaded


def embedder(
    store: "Store", model: str | None = None, device: str = "auto"
) -> "Callable[[Sequence[Path | str]], pa.Table]":
    """Make a function that embeds files by the encoder the store is bound to.

    The encoder is loaded when the function is first called, never if everything is stored; one that
    is named is loaded and compared with the store's at once.
    """
    if model is not None:
        store.require(load_extractor(model, device, store.encoder).identity)

    def embed_for_store(paths: Sequence[Path | str]) -> "pa.Table":
        from ..indexer import pipeline

        loaded = extractor_for(store, model, device)
        return pipeline.embed_files(paths, loaded.encoder, loaded.options)

    return embed_for_store
