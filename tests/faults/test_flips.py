"""Single bits that flip in the small files of a store: noticed, or without effect.

What cannot be noticed, and so may not matter: the times and attributes that an archive of NumPy's
keeps of its parts, and blanks between the words of JSON.
"""

import json
import random
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from faults.jobs import World
from tally import tell

from spkret.errors import RerankerError
from spkret.rerank.decision import FILE_NAME, Threshold, read_threshold, write_threshold
from spkret.rerank.enrolled_calibration import EnrolledCalibration, cached
from spkret.rerank.ranker import Reranker
from spkret.retrieval import background_file
from spkret.retrieval.normalize import Background
from spkret.store.exact import Exact
from spkret.store.partition import PartitionFile

THRESHOLD = Threshold(
    *("qmf", 1.25, "balanced errors", 0.01, 0.01, 500, 900, "pairs.txt"),
    *("encoder-1", "reranker-1", "2026-01-01T00:00:00+00:00"),
)
CALIBRATION = EnrolledCalibration(40, 0.75, 1.5, -0.25)
FITTED_AGAIN = EnrolledCalibration(1)
BACKGROUND = Background(
    np.arange(4, dtype=np.float32),
    np.array(["en/clean", "en/background"]),
    np.linspace(-1, 1, 8, dtype=np.float32).reshape(2, 4),
    np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4),
    np.array(["a", "b", "c"]),
    np.array(["clean", "clean", "background"]),
)


def flipped(data: bytes, places: Iterable[int]) -> Iterator[bytes]:
    """Flip one bit after the other, counted from the first of the first byte."""
    for place in places:
        copy = bytearray(data)
        copy[place // 8] ^= 1 << place % 8
        yield bytes(copy)


def every_byte(data: bytes) -> Iterator[bytes]:
    """Flip one bit of each byte."""
    generator = random.Random(0)
    return flipped(data, [8 * byte + generator.randrange(8) for byte in range(len(data))])


def test_flipped_threshold_is_ignored_with_a_warning(tmp_path: Path) -> None:
    write_threshold(tmp_path, THRESHOLD)
    file = tmp_path / FILE_NAME
    counts: Counter[str] = Counter()
    for data in every_byte(file.read_bytes()):
        file.write_bytes(data)
        found, warnings = read_threshold(tmp_path, "encoder-1", "reranker-1")
        assert found == THRESHOLD or (found is None and "is ignored" in warnings[0])
        counts["without_effect" if found else "noticed"] += 1
    tell("bits flipped in verification.json", **counts)
    assert counts["noticed"] > 0.9 * counts.total()


def test_flipped_calibration_of_speakers_is_fitted_again(tmp_path: Path) -> None:
    file = tmp_path / "speakers.json"
    cached(file, "key", lambda: CALIBRATION)
    counts: Counter[str] = Counter()
    for data in every_byte(file.read_bytes()):
        file.write_bytes(data)
        found = cached(file, "key", lambda: FITTED_AGAIN)
        assert found in (CALIBRATION, FITTED_AGAIN)
        counts["without_effect" if found == CALIBRATION else "noticed"] += 1
    tell("bits flipped in speakers.json", **counts)
    assert counts["noticed"] > 0.9 * counts.total()


def test_flipped_background_is_fitted_again() -> None:
    counts: Counter[str] = Counter()
    for data in every_byte(background_file.to_bytes(BACKGROUND, "key")):
        found = background_file.from_bytes(data, "key")
        if found is not None:
            for field in Background.__slots__:
                left, right = getattr(found, field), getattr(BACKGROUND, field)
                np.testing.assert_array_equal(left, right, strict=True)
        counts["noticed" if found is None else "without_effect"] += 1
    tell("bits flipped in background.npz", **counts)
    assert counts["noticed"] > 0.5 * counts.total()


def test_flipped_note_makes_an_index_stale(tmp_path: Path) -> None:
    file = PartitionFile(tmp_path / "noise=clean.faiss")
    index = Exact.build(np.arange(9), np.eye(9, dtype=np.float32))
    built = file.save(index, 1, ("part-0.parquet", "part-1.parquet"), "0123456789abcdef")
    counts: Counter[str] = Counter()
    for data in every_byte(file.note.read_bytes()):
        file.note.write_bytes(data)
        found = file.built()
        assert found in (built, None)
        counts["without_effect" if found else "noticed"] += 1
    tell("bits flipped in the note of an index", **counts)
    assert counts["noticed"] > 0.9 * counts.total()


def test_flipped_reranker_is_refused(world: World, tmp_path: Path) -> None:
    folder = shutil.copytree(world.folder / "trained" / "reranker", tmp_path / "reranker")
    description = json.loads((folder / "reranker.json").read_bytes())
    generator, counts = random.Random(0), Counter[str]()
    for file in sorted(folder.iterdir()):
        kept = file.read_bytes()
        places = [generator.randrange(8 * len(kept)) for _ in range(50 if kept else 0)]
        for data in flipped(kept, places):
            file.write_bytes(data)
            try:
                Reranker.load(folder)
            except RerankerError:
                counts["noticed"] += 1
            else:
                assert json.loads((folder / "reranker.json").read_bytes()) == description
                counts["without_effect"] += 1
        file.write_bytes(kept)
    tell("bits flipped in files of a reranker", **counts)
    assert counts["noticed"] > 0.95 * counts.total()
