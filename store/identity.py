"""`spkret.json`: what makes a folder a store, and the encoder it is bound to."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ..errors import StoreError, StoreNotFoundError, StoreVersionError
from .files import write_text
from .schema import EncoderIdentity

FORMAT_VERSION = 1
FILE_NAME = "spkret.json"


@dataclass(frozen=True, slots=True)
class StoreIdentity:
    """When a store was made, and for which encoder."""

    encoder: EncoderIdentity
    created: datetime


def write(folder: Path, identity: StoreIdentity) -> None:
    """Write `spkret.json` into a store's folder, atomically."""
    write_text(folder / FILE_NAME, text(identity))


def text(identity: StoreIdentity) -> str:
    """Say in JSON what `spkret.json` says."""
    document = {
        "format": FORMAT_VERSION,
        "encoder": asdict(identity.encoder),
        "created": identity.created.isoformat(),
    }
    return json.dumps(document, indent=2) + "\n"


def read(folder: Path, place: Path | str) -> StoreIdentity:
    """Read `spkret.json` from a store's folder, which is a copy of another place or that itself.

    Raises
    ------
    StoreNotFoundError
        The folder is no store.
    StoreVersionError
        The store has another format version.
    StoreError
        The file is damaged.
    """
    file = folder / FILE_NAME
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise StoreNotFoundError(
            f"expected a store in {place}, got no {FILE_NAME} there;"
            " give another --store, or make one by: spkret index AUDIO_DIR"
        ) from error
    except (OSError, ValueError) as error:
        raise StoreError(f"cannot read {file}: {error}; restore it from a copy") from error
    _check_version(file, document)
    return _parse(file, document)


def _check_version(file: Path, document: Any) -> None:
    version = document.get("format") if isinstance(document, dict) else None
    if version != FORMAT_VERSION:
        raise StoreVersionError(
            f"expected format {FORMAT_VERSION} in {file}, got {version!r};"
            " use the version of spkret that wrote it, or index again into a new --store"
        )


def _parse(file: Path, document: dict[str, Any]) -> StoreIdentity:
    try:
        identity = EncoderIdentity.from_dict(document["encoder"])
        return StoreIdentity(identity, datetime.fromisoformat(document["created"]))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StoreError(
            f"expected encoder and created in {file}, got {error!r}; restore it from a copy"
        ) from error
