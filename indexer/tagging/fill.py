"""Fill in the tags that recordings lack before they are stored."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace

import numpy as np

from ...store.schema import Embedded, Recording, Tag, Vector
from ..audio import open_file, open_source, windows
from ..places import audio_file
from .base import Evidence, Tagger, TagName, best, may_set


def fill(rows: Sequence[Embedded], taggers: Sequence[Tagger]) -> list[Embedded]:
    """Give recordings the tags that they lack; a tag that a manifest gave stays."""
    filled = list(rows)
    for tagger in taggers:
        lacking = [i for i, row in enumerate(filled) if may_set(_tag(row.recording, tagger.tag))]
        tags = best(tagger, _evidence([filled[i] for i in lacking]))
        for i, tag in zip(lacking, tags, strict=True):
            if tag is not None:
                recording = _with(filled[i].recording, tagger.tag, tag)
                filled[i] = replace(filled[i], recording=recording)
    return filled


def sounds_of(files: Sequence[tuple[str, str]]) -> Callable[[int], Iterator[Vector]]:
    """Make what reads the windows of a file when a tagger asks for them, see `base.Evidence`.

    Parameters
    ----------
    files : root and path of each
    """

    def read(row: int) -> Iterator[Vector]:
        with (
            audio_file(*files[row]) as path,
            open_file(path) as file,
            closing(open_source(path, file)) as source,
        ):
            yield from windows(source)

    return read


def _evidence(rows: Sequence[Embedded]) -> Evidence:
    return Evidence(
        acoustics=[row.acoustics for row in rows],
        embeddings=np.array([row.embedding for row in rows], np.float32),
        windows=sounds_of([(row.recording.root, row.recording.path) for row in rows]),
    )


def _tag(recording: Recording, name: TagName) -> Tag:
    return {
        "noise": recording.noise,
        "gender": recording.gender,
        "language": recording.language,
    }[name]


def _with(recording: Recording, name: TagName, tag: Tag) -> Recording:
    match name:
        case "noise":
            return replace(recording, noise=tag)
        case "gender":
            return replace(recording, gender=tag)
        case "language":
            return replace(recording, language=tag)
