"""Model folders on Hugging Face: from the local cache, else downloaded once."""

from collections.abc import Sequence
from pathlib import Path

from ...errors import EncoderError


def fetch(repository: str, files: Sequence[str], option: str = "--model") -> Path:
    """The local folder with `files` of a repository `owner/name`.

    What is cached is used as it is, and the network is left alone. `option` is the one that takes a
    folder instead, for the message.

    Raises
    ------
    EncoderError
        It is not cached and cannot be downloaded, or has no such files.
    """
    from huggingface_hub import snapshot_download

    if folder := _cached(repository, files):
        return folder
    try:
        folder = Path(snapshot_download(repository, allow_patterns=list(files)))
    except Exception as error:  # the hub client raises many unrelated types
        raise EncoderError(
            f"expected {repository} in the Hugging Face cache or on the network, got"
            f" {type(error).__name__}; connect once, or pass a local folder to {option}"
        ) from error
    if missing := [name for name in files if not (folder / name).exists()]:
        raise EncoderError(
            f"expected {', '.join(files)} in {repository} on Hugging Face,"
            f" found no {missing[0]}; download the model and pass its folder to {option}"
        )
    return folder


def is_cached(repository: str, files: Sequence[str]) -> bool:
    """Whether `fetch` needs no network."""
    return _cached(repository, files) is not None


def _cached(repository: str, files: Sequence[str]) -> Path | None:
    """The cached folder of a repository, if all files are in it."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = [try_to_load_from_cache(repository, name) for name in files]
    except HFValidationError as error:
        raise EncoderError(f"expected OWNER/NAME of Hugging Face, got {repository!r}") from error
    paths = [Path(path) for path in found if isinstance(path, str)]
    return paths[0].parent if len(paths) == len(files) else None
