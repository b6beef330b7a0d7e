"""Train the reranker that ships with `compact`, on speakers the encoder was not trained on.

Every file of the `backend` and `dev` splits is indexed twice: as it is, and in a random condition
made by the simulation that augments encoder training (the benchmark's is another one). Trials stay
within one source, one language and one of the two renderings; half have 50 candidates, a quarter
each 20 and 10, as small collections have, and all sources, languages and durations are covered.

    python benchmarks/train_default_reranker.py --work /tmp/reranker
"""

import argparse
import csv
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import lru_cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import soundfile
from conditions import RATE, generator

import spkret
from spkret.indexer.training.channel import communicate
from spkret.indexer.training.corpus import read_sounds
from spkret.indexer.training.features import read_wave
from spkret.indexer.training.rooms import room
from spkret.indexer.training.waves import Sounds, Wave, add_noise, some_noise
from spkret.matcher import train_reranker
from spkret.rerank.training import Effort
from spkret.rerank.trials import Trial

if TYPE_CHECKING:
    from spkret.store.store import Store

ROOT = Path(__file__).resolve().parents[1]
SPEECH = ROOT.parent / "shared" / "speech"
SPLITS = ("backend", "dev")
CONDITIONS = ("clean", "background", "communication")
RENDERINGS = ("asis", "conditions")
SIZES = {50: 0.5, 20: 0.25, 10: 0.25}

Row = dict[str, str]
Job = TypeVar("Job")
Result = TypeVar("Result")


def main() -> None:
    """Render, index, draw trials, train, and replace the shipped reranker."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--speech", type=Path, default=SPEECH)
    parser.add_argument("--work", type=Path, required=True, help="folder for audio and the store")
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--model", default="compact")
    parser.add_argument("--tune", type=int, default=0, help="recipes to try for the trees")
    options = parser.parse_args()
    audio = options.work / "audio"
    render(read_rows(options.speech / "manifest.csv", SPLITS), options.speech, audio)
    store = spkret.open(options.work / "store", options.model)
    print(spkret.index(audio, store, model=options.model))
    effort = Effort(tune=options.tune)
    print(train_reranker(store, draw(store, options.records), effort))
    target = ROOT / "rerank" / "default"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(store.reranker_path, target)


def read_rows(manifest: Path, splits: Sequence[str]) -> list[Row]:
    """Read the rows of a manifest that are in some of its splits."""
    with manifest.open(newline="") as file:
        return [row for row in csv.DictReader(file) if row["split"] in splits]


def render(rows: Sequence[Row], speech: Path, audio: Path) -> None:
    """Write every file twice, as it is and in a random condition, and a manifest of both.

    Files that are there are not written again.
    """
    jobs = [(row, rendering) for rendering in (0, 1) for row in rows]
    work = partial(_render, speech=speech, audio=audio)
    on_all_cores(work, [job for job in jobs if not _target(job, audio).exists()])
    write_manifest([work(job) for job in jobs], audio / "manifest.csv")


def on_all_cores(work: Callable[[Job], Result], jobs: Sequence[Job]) -> list[Result]:
    """Do jobs in new processes, which share no threads with this one; none for no jobs."""
    if not jobs:
        return []
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        return list(pool.map(work, jobs, chunksize=32))


def draw(store: "Store", records: int) -> list[Trial]:
    """Draw trials within one source, one language and one of the two renderings."""
    within = ("source", "rendering")
    return [
        replace(trial, id=f"{trial.id}-of-{size}")
        for size, share in SIZES.items()
        for trial in spkret.make_trials(
            *(store, round(share * records), size), within=within, cover=True, seed=size
        )
    ]


def write_manifest(rows: Sequence[Row], path: Path) -> None:
    """Write rows as a manifest."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def write_wave(path: Path, wave: Wave) -> None:
    """Write a FLAC file that is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    soundfile.write(draft, wave, RATE, format="FLAC")
    draft.replace(path)


@lru_cache(maxsize=1)
def _sounds(table: Path) -> Sounds:
    """Read the sounds of training, once a process."""
    return read_sounds(table)


def _target(job: tuple[Row, int], audio: Path) -> Path:
    row, rendering = job
    return audio / RENDERINGS[rendering] / Path(row["path"]).with_suffix(".flac")


def _render(job: tuple[Row, int], speech: Path, audio: Path) -> Row:
    """Write a file as it is (0) or in a random condition (1), if it is not there."""
    (row, rendering), target = job, _target(job, audio)
    rng, noise = generator(row["path"], rendering), row["noise"]
    if rendering:
        noise = "communication" if noise == "communication" else str(rng.choice(CONDITIONS))
    if not target.exists():
        wave = read_wave(str(speech / row["path"]))
        if rendering:
            wave = in_condition(wave, noise, _sounds(speech / "noise.csv"), rng)
        write_wave(target, 0.7 * wave / (np.abs(wave).max() + 1e-9))
    path = target.relative_to(audio).as_posix()
    return {**row, "path": path, "noise": noise, "rendering": RENDERINGS[rendering]}


def in_condition(wave: Wave, noise: str, sounds: Sounds, rng: np.random.Generator) -> Wave:
    """Put a wave into a random room, noise and channel of training."""
    if rng.random() < {"clean": 0.3, "background": 0.5, "communication": 0.2}[noise]:
        wave = room(wave, sounds, rng)
    if noise == "background" or rng.random() < 0.2:
        low = 0 if noise == "background" else 15
        wave = add_noise(wave, some_noise(len(wave), sounds, rng), rng.uniform(low, low + 20))
    return communicate(wave, rng) if noise == "communication" else wave


if __name__ == "__main__":
    main()
