"""JSON documents that carry a digest of what they say, so that damage is noticed."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

DIGEST = "digest"


def seal(document: Mapping[str, Any]) -> dict[str, Any]:
    """Add the digest of a JSON object to it, as `digest`."""
    return {**document, DIGEST: _digest(json.loads(json.dumps(document)))}


def unseal(text: str | bytes) -> dict[str, Any]:
    """Read a sealed JSON object, without its digest.

    Raises
    ------
    ValueError
        It is no JSON object, or not the one that was sealed.
    """
    document = json.loads(text)
    if not isinstance(document, dict) or document.pop(DIGEST, None) != _digest(document):
        raise ValueError("not as it was written")
    return document


def _digest(document: Mapping[str, Any]) -> str:
    """Hash what a document says, however that is laid out."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(canonical.encode(), digest_size=16).hexdigest()
