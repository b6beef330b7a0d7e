"""How often the tags of short windows are right, on speakers and conditions no tagger has seen.

One file a speaker of the `test` split, each in a condition of its own (see conditions.py): the
share of the windows with speech whose noise and gender are told right, by the window's length.

    python benchmarks/window_tags.py
"""

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import conditions
import numpy as np
import numpy.typing as npt
import soundfile

from spkret.api import encoder
from spkret.indexer.tagging.cutting import Grid
from spkret.indexer.tagging.registry import load_taggers
from spkret.indexer.tagging.windows import WindowTagger
from spkret.metrics import bootstrap_interval

SPEECH = Path(__file__).resolve().parents[2] / "shared" / "speech"
WINDOWS_S = (0.5, 1.0, 2.0, 4.0)
SHORTEST_S = 4.0
CHILDREN = "speechocean762"

Row = dict[str, str]


def main() -> None:
    """Render a file a speaker, tag its windows, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--speech", type=Path, default=SPEECH)
    parser.add_argument("--speakers", type=int, default=200)
    options = parser.parse_args()
    loaded = encoder("compact")
    tagger = WindowTagger(loaded, load_taggers(("noise", "gender"), loaded.identity))
    print("| window | windows | noise right | gender right |\n| --- | --- | --- | --- |")
    with TemporaryDirectory() as folder:
        files = list(rendered(options.speech, options.speakers, Path(folder)))
        for window_s in WINDOWS_S:
            print(measured(tagger, files, Grid(window_s, window_s)))


def rendered(speech: Path, speakers: int, folder: Path) -> Iterator[tuple[Path, Row]]:
    """Write a file of each speaker in its condition; yield where it is and its labels."""
    sounds = conditions.read_sounds(speech / "noise.csv")
    for number, row in enumerate(pick(speech / "manifest.csv", speakers)):
        rng = conditions.generator(row["path"], 0)
        condition = conditions.CONDITIONS[number % len(conditions.CONDITIONS)]
        wave = conditions.render(conditions.read_wave(speech / row["path"]), condition, sounds, rng)
        path = folder / f"{number}.wav"
        soundfile.write(path, wave, conditions.RATE)
        yield path, row | {"noise": condition}


def pick(manifest: Path, speakers: int) -> list[Row]:
    """Choose one file each of some speakers: adults, of at least four seconds, clean by source."""
    with manifest.open(newline="") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if (row["split"], row["noise"] in ("clean", "")) == ("test", True)
            and row["source"] != CHILDREN
            and row["gender"]
            and float(row["duration_s"]) >= SHORTEST_S
        ]
    by_speaker = {row["speaker"]: row for row in rows}
    chosen = np.random.default_rng(0).permutation(sorted(by_speaker))[:speakers]
    return [by_speaker[speaker] for speaker in chosen]


def measured(tagger: WindowTagger, files: list[tuple[Path, Row]], grid: Grid) -> str:
    """Return a line of the table: windows of one length that end before the file does."""
    found = [
        (one.noise.value == row["noise"], one.gender.value == row["gender"], row["speaker"])
        for path, row in files
        for one in tagger.tag(path, grid)
        if one.spoken and one.end_s - one.start_s == grid.window_s
    ]
    noises, genders, speakers = map(np.array, zip(*found, strict=True))
    cells = (share(noises, speakers), share(genders, speakers))
    return f"| {grid.window_s:g} s | {len(found)} | {' | '.join(cells)} |"


def share(right: npt.NDArray[np.bool_], speakers: npt.NDArray[np.str_]) -> str:
    """Return a share in percent, with its 95 % interval over speakers."""
    low, high = bootstrap_interval(right.astype(np.float64), speakers)
    return f"{100 * right.mean():.1f} % ({100 * low:.1f} to {100 * high:.1f})"


if __name__ == "__main__":
    main()
