"""Labelled stores of any size, made through a store's own door, without audio."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from search_parts.speakers import Floats, Speakers

from spkret.store.schema import (
    Acoustics,
    Embedded,
    EncoderIdentity,
    FileStamp,
    Recording,
    Tag,
    TagSource,
)
from spkret.store.store import Store

ROOT = "/audio"
_ROWS_A_COMMIT = 50_000
_LANGUAGES = ("en", "de", "zh", "ar")
_NOISES = ("clean", "communication", "background", "unknown")
_BANDS = 40


def synthetic(path: Path, rows: int, dimension: int, seed: int = 0) -> Store:
    """Open the store in a folder, or make one of synthetic speakers in 16 partitions."""
    if (path / "spkret.json").exists():
        return Store.open(path)
    draft = path.with_name(f"{path.name}.new")
    store = Store.create(draft, EncoderIdentity.imported("synthetic", dimension))
    speakers = Speakers(rows, dimension, seed)
    for number, first in enumerate(range(0, rows, _ROWS_A_COMMIT)):
        count = min(_ROWS_A_COMMIT, rows - first)
        store.recordings.commit(list(_recordings(speakers, number, first, count)))
    draft.rename(path)
    return Store.open(path)


def _recordings(speakers: Speakers, number: int, first: int, count: int) -> Iterator[Embedded]:
    rng = np.random.default_rng([speakers.seed, number])
    vectors, names = speakers.draw(count, 2, number)
    spectra = rng.standard_normal((count, _BANDS), np.float32)
    for row, vector in enumerate(vectors):
        name = int(names[row])
        language, noise = _LANGUAGES[name % len(_LANGUAGES)], _NOISES[rng.integers(4)]
        yield Embedded(
            Recording(
                ROOT,
                f"{language}/speaker{name:06}/take{first + row:08}.opus",
                *(_tag(f"speaker{name:06}"), _tag(language), _tag(noise), _tag("mf"[name % 2])),
            ),
            FileStamp(20_000, datetime(2026, 1, 1, tzinfo=UTC), f"{first + row:032x}"),
            _acoustics(spectra[row], float(rng.uniform(1, 20))),
            vector,
            float(rng.uniform(5, 15)),
        )


def _tag(value: str) -> Tag:
    return Tag(value, TagSource.MANIFEST)


def _acoustics(spectrum: Floats, speech: float) -> Acoustics:
    return Acoustics(speech + 1, speech, 16_000, 20.0, 7_000.0, 150.0, spectrum, np.abs(spectrum))
