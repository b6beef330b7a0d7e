"""A corpus of synthetic voices, and what keeps a run of training short."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from builders import voice, write_audio

from spkret.indexer.training import material, rooms

SPEAKERS, TAKES = 12, 3
HEADER = ["path", "speaker", "language", "split", "source", "licence"]


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve voices of three files; the last six are the dev speakers, two speak Spanish."""
    folder = tmp_path_factory.mktemp("corpus")
    rows = []
    for speaker in range(SPEAKERS):
        for take in range(TAKES):
            name = f"{speaker}-{take}.wav"
            write_audio(folder / name, voice(1.0, f0_hz=90 + 12 * speaker, seed=take))
            language = "es" if speaker % 6 >= 4 else "en"
            split = "train" if speaker < SPEAKERS // 2 else "dev"
            source, licence = ("radio", "CC0") if speaker % 2 else ("studio", "MIT")
            rows.append([name, f"s{speaker}", language, split, source, licence])
    with (folder / "manifest.csv").open("w", newline="") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return folder / "manifest.csv"


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two versions of every file, three rooms, one thread."""
    monkeypatch.setattr(material, "VERSIONS", material.VERSIONS[:2])
    monkeypatch.setattr(rooms, "SIMULATED", 3)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
