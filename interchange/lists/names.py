"""Ids for tools that allow no blanks in them, and sort by them byte by byte."""

import posixpath
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from .recordings import Listed

_SEPARATOR = "--"
_UNLABELLED = "unknown="
_AMBIGUOUS_HYPHEN = re.compile(r"-(?=-|$)")


@dataclass(frozen=True, slots=True)
class Named:
    """A recording with the ids of its utterance and its speaker; without one, they are equal."""

    utterance: str
    speaker: str
    recording: Listed


def named(recordings: Sequence[Listed]) -> list[Named]:
    """Derive ids, and sort by the utterances' bytes, as `LC_ALL=C sort` does.

    An utterance is called by its speaker and its path. Sorted by speaker, the list stays as it is:
    no byte of a speaker's id is below the hyphen, and no hyphen follows another in it, so that the
    two hyphens after a shorter id sort before any longer one.
    """
    speakers = [speaker_id(one.tags.get("speaker")) for one in recordings]
    joined = [
        f"{speaker}{_SEPARATOR}{_of_path(one.path)}"
        for speaker, one in zip(speakers, recordings, strict=True)
    ]
    counts = Counter(joined)
    rows = []
    for name, speaker, one in zip(joined, speakers, recordings, strict=True):
        utterance = name if counts[name] == 1 else f"{name}-{one.id}"
        rows.append(Named(utterance, utterance if speaker == _UNLABELLED else speaker, one))
    return sorted(rows, key=lambda row: row.utterance.encode())


def speaker_id(name: str | None) -> str:
    """Write a speaker's name as an id; no two names give one.

    What is no letter, digit, `.`, `_` or single `-` becomes `=` and the bytes of its UTF-8 in
    hexadecimal digits.
    """
    if name is None:
        return _UNLABELLED
    return _AMBIGUOUS_HYPHEN.sub("=2D", "".join(map(_escaped, name)))


def _of_path(path: str) -> str:
    return "".join(map(_escaped, posixpath.splitext(path)[0].replace("/", "-")))


def _escaped(sign: str) -> str:
    if sign.isalnum() or sign in "._-":
        return sign
    return "".join(f"={byte:02X}" for byte in sign.encode())
