"""Train the reranker that ships with `compact`, on speakers the encoder was not trained on.

Every file of the `backend` and `dev` splits is indexed twice: as it is, and in a random condition
made by the simulation that augments encoder training (the benchmark's is another one). Trials stay
within one source, one language and one of the two renderings.

    python benchmarks/train_default_reranker.py --work /tmp/reranker
"""

import argparse
import csv
import shutil
from collections.abc import Sequence
from pathlib import Path

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

ROOT = Path(__file__).resolve().parents[1]
SPEECH = ROOT.parent / "shared" / "speech"
SPLITS = ("backend", "dev")
CONDITIONS = ("clean", "background", "communication")

Row = dict[str, str]


def main() -> None:
    """Render, index, draw trials, train, and replace the shipped reranker."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--speech", type=Path, default=SPEECH)
    parser.add_argument("--work", type=Path, required=True, help="folder for audio and the store")
    parser.add_argument("--records", type=int, default=8_000)
    parser.add_argument("--model", default="compact")
    options = parser.parse_args()
    with (options.speech / "manifest.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] in SPLITS]
    sounds = read_sounds(options.speech / "noise.csv")
    audio = options.work / "audio"
    _write_manifest(
        [_render(r, k, options.speech, audio, sounds) for k in (0, 1) for r in rows], audio
    )
    store = spkret.open(options.work / "store", options.model)
    print(spkret.index(audio, store, model=options.model))
    trials = spkret.make_trials(store, options.records, 50, within=("source", "rendering"))
    training = train_reranker(store, trials)
    print(training)
    target = ROOT / "rerank" / "default"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(store.reranker_path, target)


def _render(row: Row, rendering: int, speech: Path, audio: Path, sounds: Sounds) -> Row:
    """Write a file as it is (0) or in a random condition (1)."""
    rng = generator(row["path"], rendering)
    name, noise = ("asis", row["noise"])
    wave = read_wave(str(speech / row["path"]))
    if rendering:
        name = "conditions"
        noise = "communication" if noise == "communication" else str(rng.choice(CONDITIONS))
        wave = _condition(wave, noise, sounds, rng)
    target = audio / name / Path(row["path"]).with_suffix(".flac")
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(target, 0.7 * wave / (np.abs(wave).max() + 1e-9), RATE)
    return {**row, "path": target.relative_to(audio).as_posix(), "noise": noise, "rendering": name}


def _condition(wave: Wave, noise: str, sounds: Sounds, rng: np.random.Generator) -> Wave:
    if rng.random() < {"clean": 0.3, "background": 0.5, "communication": 0.2}[noise]:
        wave = room(wave, sounds, rng)
    if noise == "background" or rng.random() < 0.2:
        low = 0 if noise == "background" else 15
        wave = add_noise(wave, some_noise(len(wave), sounds, rng), rng.uniform(low, low + 20))
    return communicate(wave, rng) if noise == "communication" else wave


def _write_manifest(rows: Sequence[Row], audio: Path) -> None:
    with (audio / "manifest.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
