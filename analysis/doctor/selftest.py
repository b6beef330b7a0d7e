"""A self-test: one second of an example, and who of the other examples spoke it."""

import csv
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .lines import Line, ok, problem

if TYPE_CHECKING:
    from ...indexer.encoders.base import Encoder

CORPUS = Path(__file__).parents[2] / "examples" / "corpus"
"""The example corpus that ships with spkret."""

LENGTH_S = 1.0
_SUBJECT = "self-test"


@dataclass(frozen=True, slots=True)
class Example:
    """A recording of the corpus and who speaks in it."""

    path: Path
    speaker: str


def selftest(encoder: "Encoder", corpus: Path = CORPUS) -> Iterator[Line]:
    """Embed one second of the first clean English example, and look for its speaker.

    The candidates are the other clean English examples, of which at least one has that speaker.
    """
    began = time.monotonic()
    anchor, *others = clean_examples(corpus)
    found = nearest(encoder, anchor, others)
    took = f"{time.monotonic() - began:.1f} s"
    if found.speaker == anchor.speaker:
        message = f"one second of {anchor.path.name} found {found.path.name} of the same speaker"
        yield ok(_SUBJECT, f"{message} among {len(others)} examples in {took}")
    else:
        yield problem(
            _SUBJECT,
            f"one second of {anchor.path.name} ({anchor.speaker}) was taken for {found.speaker}",
            "embeddings are wrong here: install spkret and onnxruntime again",
        )


def clean_examples(corpus: Path, language: str = "en") -> list[Example]:
    """List the clean examples of a language, in the order of their names."""
    with (corpus / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if (row["language"], row["noise"]) == (language, "clean")
        ]
    rows.sort(key=lambda row: row["path"])
    return [Example(corpus / row["path"], row["speaker"]) for row in rows]


def nearest(encoder: "Encoder", anchor: Example, others: Sequence[Example]) -> Example:
    """Return the example whose embedding has the largest cosine to one second of the anchor."""
    import numpy as np
    import soundfile

    from ...indexer.pipeline import embed_files

    with tempfile.TemporaryDirectory(prefix="spkret-doctor-") as folder:
        waveform, rate = soundfile.read(anchor.path, dtype="float32")
        cut = Path(folder) / "second.wav"
        soundfile.write(cut, waveform[: round(LENGTH_S * rate)], rate)
        table = embed_files([cut, *(each.path for each in others)], encoder)
    embeddings = np.array(table["embedding"].to_pylist())
    return others[int(np.argmax(embeddings[1:] @ embeddings[0]))]
