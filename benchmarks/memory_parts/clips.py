"""Many short files, no two alike, cut from real speech, and manifests of the first N of them."""

import csv
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt
import soundfile

RATE_HZ = 16_000
FOLDERS = 300
COLUMNS = ("path", "speaker", "language", "gender", "noise", "source")

_QUIETEST = 1e-3

Row = Mapping[str, str]
Wave = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Clips:
    """A folder of clips: `rows` of the manifest, one a clip, in the order of their making."""

    folder: Path
    rows: Sequence[Row]

    def manifest(self, files: int, path: Path) -> Path:
        """List the first files."""
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(self.rows[:files])
        return path


def make(speech: Path, folder: Path, files: int, seconds: float) -> Clips:
    """Cut recordings into clips that do not overlap, and spread them over speakers' folders.

    Parameters
    ----------
    speech : a folder with `manifest.csv` (path, speaker, language, gender, noise, source)
    folder : where to write, one folder for each of 300 speakers that are made up
    files : how many clips
    seconds : the length of each
    """
    for speaker in range(FOLDERS):
        (folder / _speaker(speaker)).mkdir(parents=True, exist_ok=True)
    with closing(_pieces(speech, round(seconds * RATE_HZ))) as pieces:
        rows = [_write(folder, i, *one) for i, one in enumerate(islice(pieces, files))]
    if len(rows) < files:
        raise SystemExit(f"expected {files:,} clips of {seconds} s in {speech}, got {len(rows):,}")
    return Clips(folder, rows)


def _speaker(number: int) -> str:
    return f"speaker-{number % FOLDERS:03}"


def _pieces(speech: Path, samples: int) -> Generator[tuple[Row, Wave], None, None]:
    """Cut all recordings of a corpus, in random order; what is silent is left out."""
    with (speech / "manifest.csv").open(newline="") as file:
        sources = list(csv.DictReader(file))
    Random(0).shuffle(sources)
    seen: set[int] = set()
    with ProcessPoolExecutor(mp_context=get_context("forkserver")) as pool:
        cut = partial(_cut, samples=samples)
        for start in range(0, len(sources), 512):
            some = sources[start : start + 512]
            paths = [speech / source["path"] for source in some]
            for source, waves in zip(some, pool.map(cut, paths, chunksize=32), strict=True):
                for wave in waves:
                    if (sound := hash(wave.tobytes())) not in seen:
                        seen.add(sound)
                        yield source, wave


def _cut(path: Path, samples: int) -> list[Wave]:
    wave, rate = soundfile.read(path, dtype="int16", always_2d=True)
    if rate != RATE_HZ:
        raise SystemExit(f"expected {RATE_HZ} Hz in {path}, got {rate}")
    mono = wave[:, 0]
    pieces = [mono[start : start + samples] for start in range(0, len(mono), samples)]
    return [piece for piece in pieces if len(piece) == samples and _is_heard(piece)]


def _is_heard(piece: Wave) -> bool:
    return float(np.sqrt(np.mean(np.square(piece / 32_768)))) > _QUIETEST


def _write(folder: Path, number: int, source: Row, wave: Wave) -> Row:
    path = f"{_speaker(number)}/{number:06}.wav"
    soundfile.write(folder / path, wave, RATE_HZ)
    return {**{name: source[name] for name in COLUMNS}, "path": path, "speaker": _speaker(number)}
