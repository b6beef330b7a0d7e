"""Which language is spoken: SpeechBrain's ECAPA-TDNN trained on VoxLingua107, or one like it.

Valk and Alumäe, "VoxLingua107: a dataset for spoken language recognition" (2021).
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ...errors import AudioError
from ...store.schema import Seconds, Vector
from ..audio import RATE_HZ, is_silent
from ..encoders import torch_run, weights
from .base import Evidence, Probabilities, Tagger, TagName
from .language_folder import CLASSIFIER, DEFAULT, EMBEDDING, find_folder, read_folder

if TYPE_CHECKING:
    import torch

Posteriors = npt.NDArray[np.float64]

EXCERPT_S: Seconds = 10.0
"""A longer excerpt says more of the language, and takes more memory."""
MIN_EXCERPT_S: Seconds = 0.5
MOST_EXCERPTS = 8
_BATCH = 16
_ROWS = 8


class LanguageTagger(Tagger):
    """The language of a recording: the mean of the log-posteriors of a few excerpts of it.

    Parameters
    ----------
    model : a folder in SpeechBrain's format, or a repository on Hugging Face
    device : `cpu`, `cuda` or `cuda:N`

    Raises
    ------
    EncoderError
        It cannot be found or read.
    """

    tag: TagName = "language"

    def __init__(self, model: str | Path = DEFAULT, device: str = "cpu") -> None:
        self._folder = read_folder(find_folder(str(model)))
        self.device = device
        self.classes = sorted(set(self._folder.languages))
        column = {language: number for number, language in enumerate(self.classes)}
        self._column_of = np.array([column[language] for language in self._folder.languages])

    @cached_property
    def _modules(self) -> "torch.nn.Sequential":
        """Front end, and network with its classifier, on the device."""
        import torch

        from ..encoders.speechbrain_networks import front_end, load_network

        folder = self._folder
        networks = [
            load_network(folder.encoder, folder.path, EMBEDDING),
            load_network(folder.classifier, folder.path, CLASSIFIER),
        ]
        front = front_end(folder.encoder, folder.path)
        modules = torch.nn.Sequential(front, torch.nn.Sequential(*networks)).eval()
        weights.probe(modules, len(folder.languages), folder.path)
        return modules.to(self.device)

    def log_posteriors(self, waveforms: Vector) -> Vector:
        """Return float32 (batch, labels) of waveforms (batch, samples) at 16 kHz, not padded.

        These are the first of what SpeechBrain's `classify_batch` returns.
        """
        front_end, network = self._modules
        return torch_run.start(front_end, network, waveforms, self.device, bf16=False)()

    def probabilities(self, evidence: Evidence) -> Probabilities:
        """Return how likely each language is, from up to 8 excerpts of 10 s of each row.

        NaN where a file is silent or cannot be read any more.
        """
        found = np.full((len(evidence), len(self.classes)), np.nan, np.float32)
        for start in range(0, len(evidence), _ROWS):
            rows = range(start, min(start + _ROWS, len(evidence)))
            heard = {row: parts for row in rows if (parts := _heard(evidence, row))}
            owners = np.array([row for row, parts in heard.items() for _ in parts])
            log_posteriors = self._log_posteriors_of(list(chain(*heard.values())))
            for row in heard:
                mean = log_posteriors[owners == row].mean(axis=0, keepdims=True)
                found[row] = self._by_language(mean)[0]
        return found

    def _log_posteriors_of(self, waveforms: Sequence[Vector]) -> Posteriors:
        """Return float64 (waveforms, labels), of batches of one length."""
        shortest = int(MIN_EXCERPT_S * RATE_HZ)
        sizes = np.array([max(len(waveform), shortest) for waveform in waveforms])
        found = np.empty((len(waveforms), len(self._folder.languages)))
        for size in np.unique(sizes):
            rows = np.flatnonzero(sizes == size)
            for part in np.split(rows, range(_BATCH, len(rows), _BATCH)):
                batch = np.stack([np.resize(waveforms[row], size) for row in part])
                found[part] = self.log_posteriors(batch)
        return found

    def _by_language(self, log_posteriors: Posteriors) -> Probabilities:
        """Normalise, and add up the labels of one language."""
        posteriors = np.exp(log_posteriors - log_posteriors.max(axis=1, keepdims=True))
        found = np.zeros((len(posteriors), len(self.classes)))
        np.add.at(found.T, self._column_of, posteriors.T)
        shares: Probabilities = (found / found.sum(axis=1, keepdims=True)).astype(np.float32)
        return shares


def _heard(evidence: Evidence, row: int) -> list[Vector]:
    """Return the excerpts of one row that tell its language, none if it cannot be read."""
    try:
        return spread(excerpts(evidence.windows(row)), MOST_EXCERPTS)
    except AudioError:
        return []


def excerpts(windows: Iterable[Vector]) -> Iterator[Vector]:
    """Cut windows (samples,) into equal excerpts of at most 10 s; silent ones are left out."""
    for window in windows:
        for part in np.array_split(window, -(-len(window) // int(EXCERPT_S * RATE_HZ))):
            if not is_silent(part):
                yield part


def spread(parts: Iterable[Vector], most: int) -> list[Vector]:
    """Keep at most `most` of a stream, evenly spread over it, without holding twice as many."""
    kept: list[Vector] = []
    step = 1
    for number, part in enumerate(parts):
        if number % step:
            continue
        if len(kept) == most:
            kept, step = kept[::2], 2 * step
            if number % step:
                continue
        kept.append(part)
    return kept
