"""The tags of short windows of a long file, second by second."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from ...store.schema import Vector
from ..acoustics import measure
from ..audio import is_silent
from ..encoders.base import Encoder
from .base import Evidence, Tagger, winner
from .cutting import Cut, Grid, cut_file
from .segments import Window


@dataclass(frozen=True, slots=True)
class WindowTagger:
    """Tags windows of files: all that are not silent by their noise, those with speech by the rest.

    Attributes
    ----------
    encoder : makes the embeddings that taggers and the cosine need
    taggers : at most one for each tag
    anchor : float32 (dimension,), of unit length, to take the cosine with
    vad : look for speech; without it, every window that is not silent is taken to be speech
    """

    encoder: Encoder
    taggers: Sequence[Tagger]
    anchor: Vector | None = None
    vad: bool = True

    def tag(self, path: Path, grid: Grid) -> Iterator[Window]:
        """Tag the windows of a file of any length, in order; it is read as they are asked for.

        Raises
        ------
        AudioError
            The file holds no usable audio; `detail` names it.
        OptionalDependencyError
            silero-vad is not installed, and `vad` is set.
        """
        cuts = cut_file(path, grid, self.vad)
        at_once = max(1, int(self.encoder.batch_s / grid.window_s))
        while chunk := list(islice(cuts, at_once)):
            yield from self._tagged(chunk)

    def _tagged(self, cuts: Sequence[Cut]) -> list[Window]:
        windows = [Window(cut.start_s, cut.end_s, cut.speech_share) for cut in cuts]
        heard = [row for row, cut in enumerate(cuts) if not is_silent(cut.waveform)]
        spoken = [row for row in heard if windows[row].spoken]
        acoustics = {row: measure(cuts[row].waveform, cuts[row].original_rate_hz) for row in heard}
        embeddings = self._embedded(cuts, spoken)
        for tagger in self.taggers:
            rows = heard if tagger.tag == "noise" else spoken
            evidence = Evidence(
                [acoustics[row] for row in rows], embeddings[rows], _sounds(cuts, rows)
            )
            for row, tags in zip(rows, _tags(tagger, evidence), strict=True):
                windows[row] = replace(windows[row], **tags)
        if self.anchor is None:
            return windows
        cosines = dict(zip(spoken, (embeddings[spoken] @ self.anchor).tolist(), strict=True))
        return [replace(window, cosine=cosines.get(row)) for row, window in enumerate(windows)]

    def _embedded(self, cuts: Sequence[Cut], rows: Sequence[int]) -> Vector:
        """Return embeddings (cuts, dimension), of unit length in these rows and zero elsewhere."""
        embeddings = np.zeros((len(cuts), self.encoder.identity.dimension), np.float32)
        lengths = np.array([len(cuts[row].waveform) for row in rows], np.int64)
        padded = np.zeros((len(rows), lengths.max(initial=0)), np.float32)
        for number, row in enumerate(rows):
            padded[number, : lengths[number]] = cuts[row].waveform
        if rows:
            found = self.encoder.encode(padded, lengths)
            norms = np.linalg.norm(found, axis=1, keepdims=True)
            embeddings[rows] = found / np.maximum(norms, np.finfo(np.float32).tiny)
        return embeddings


def _sounds(cuts: Sequence[Cut], rows: Sequence[int]) -> Callable[[int], Iterator[Vector]]:
    """Make what gives the sound of each of these windows, see `base.Evidence`."""
    return lambda number: iter([cuts[rows[number]].waveform])


def _tags(tagger: Tagger, evidence: Evidence) -> Iterator[dict[str, Any]]:
    """Yield the fields of `Window` that a tagger sets, for each row."""
    for row in tagger.probabilities(evidence) if len(evidence) else ():
        tag = winner(tagger.classes, row)
        fields: dict[str, Any] = {} if tag is None else {tagger.tag: tag}
        if tag is not None and tagger.tag == "noise":
            shares = zip(tagger.classes, map(float, row), strict=True)
            fields["noise_probabilities"] = MappingProxyType(dict(shares))
        yield fields
