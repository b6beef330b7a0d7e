"""The report of a large store: seconds to make it, its size, and seconds to open it in Chromium.

python benchmarks/report.py --recordings 30000 --out report.json
"""

import argparse
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from spkret.api import report
from spkret.rerank.loading import DEFAULT
from spkret.rerank.ranker import Reranker
from spkret.store.schema import Acoustics, Embedded, FileStamp, Noise, Recording, Tag, TagSource
from spkret.store.store import Store

LANGUAGES = ("en", "es", "fr", "de", "zh", "ar", "hi", "sw", "pt", "ru", "ja", "tr")
NOISES = (Noise.CLEAN, Noise.BACKGROUND, Noise.COMMUNICATION)
RECORDINGS_A_SPEAKER = 20
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)

Rows = Iterator[Embedded]


def main() -> None:
    """Make a store and its report, open the report, print and write what came out."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        store = _store(Path(folder) / "store", options.recordings)
        page = Path(folder) / "report.html"
        steps = _Steps()
        report(store, page, points=options.points, projection=options.projection, progress=steps)
        opened, drawn = _opening(page, options.rounds)
        results = {
            "recordings": options.recordings,
            "points": options.points,
            "projection": options.projection,
            "megabytes": page.stat().st_size / 1e6,
            "make_s": sum(steps.seconds.values()),
            **{f"{name}_s": seconds for name, seconds in steps.seconds.items()},
            "open_s": opened,
            "map_drawn_s": drawn,
        }
    for name, value in results.items():
        print(f"{name:<38} {value if isinstance(value, str) else f'{value:.6g}'}")
    if options.out:
        options.out.write_text(json.dumps(results, indent=2) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--recordings", type=int, default=30_000)
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--projection", choices=["tsne", "pca"], default="tsne")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="JSON file to write")
    return parser.parse_args()


class _Steps:
    """A progress that remembers how long each step of a report took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last: tuple[str, float] | None = None

    def __call__(self, _part: str, _done: int, _of: int, step: str) -> None:
        now = time.perf_counter()
        if self._last is not None:
            self.seconds[self._last[0]] = now - self._last[1]
        self._last = (step, now)


def _store(folder: Path, recordings: int) -> Store:
    """A store of synthetic voices that the shipped reranker fits."""
    identity = Reranker.load(DEFAULT).encoder
    store = Store.create(folder, identity)
    store.recordings.commit(list(_rows(recordings, identity.dimension)))
    return store


def _rows(recordings: int, dimension: int) -> Rows:
    """Voices scattered around their speakers and moved by their noise condition."""
    rng = np.random.default_rng(0)
    offsets = rng.normal(0, 0.5, (len(NOISES), dimension))
    for number in range(recordings):
        speaker, take = divmod(number, RECORDINGS_A_SPEAKER)
        if take == 0:
            voice = rng.normal(size=dimension)
        noise = int(rng.integers(len(NOISES)))
        vector = voice + offsets[noise] + rng.normal(0, 1.2, dimension)
        yield _row(f"speaker{speaker:05}", take, noise, vector.astype(np.float32), rng)


def _row(
    speaker: str,
    take: int,
    noise: int,
    vector: npt.NDArray[np.float32],
    rng: np.random.Generator,
) -> Embedded:
    number = int(speaker.removeprefix("speaker"))
    seconds = float(rng.lognormal(1.2, 0.6))
    norm = float(np.linalg.norm(vector))
    path = f"{speaker}/recording-{take:03}.wav"
    return Embedded(
        Recording(
            "/audio",
            path,
            speaker=_tag(speaker),
            language=_tag(LANGUAGES[number % len(LANGUAGES)]),
            noise=_tag(NOISES[noise]),
            gender=_tag("mf"[number % 2]),
        ),
        FileStamp(1_000, datetime(2026, 1, 1, tzinfo=UTC), path),
        Acoustics(
            *(seconds, 0.8 * seconds, 16_000),
            snr_db=float(rng.normal((30, 10, 15)[noise], 4)),
            bandwidth_hz=(7_600.0, 7_600.0, 3_400.0)[noise],
            f0_hz=float(rng.normal((110, 200)[number % 2], 15)),
            spectrum_mean=rng.normal(0, 4, 40).astype(np.float32),
            spectrum_std=rng.normal(8, 1, 40).astype(np.float32),
        ),
        vector / norm,
        norm,
    )


def _tag(value: str) -> Tag:
    return Tag(value, TagSource.MANIFEST)


def _opening(page: Path, rounds: int) -> tuple[float, float]:
    """Median seconds until the page has loaded, and from a jump to a chart until it is drawn."""
    from playwright.sync_api import sync_playwright

    loaded, drawn = [], []
    with sync_playwright() as playwright:
        for _ in range(rounds):
            browser = playwright.chromium.launch(executable_path=_chromium(), args=ARGUMENTS)
            tab = browser.new_page()
            started = time.perf_counter()
            tab.goto(page.as_uri())
            loaded.append(time.perf_counter() - started)
            started = time.perf_counter()
            tab.evaluate("document.querySelector('#chart-map').scrollIntoView()")
            tab.locator("#chart-map svg").first.wait_for()
            drawn.append(time.perf_counter() - started)
            browser.close()
    return statistics.median(loaded), statistics.median(drawn)


def _chromium() -> str | None:
    """The system's Chromium; None takes playwright's own."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


if __name__ == "__main__":
    main()
