"""The example corpus is what the demo needs: small, complete, labelled, readable."""

import csv
from collections import Counter
from itertools import product

import numpy as np
import soundfile

from spkret.commands.demo import CORPUS

ROWS = list(csv.DictReader((CORPUS / "manifest.csv").read_text().splitlines()))
NOISES = ("background", "clean", "communication")


def test_manifest_lists_precisely_the_files() -> None:
    files = {p.relative_to(CORPUS).as_posix() for p in CORPUS.rglob("*.opus")}
    assert files == {row["path"] for row in ROWS}
    assert len(ROWS) == len(files)


def test_it_is_small() -> None:
    assert sum(p.stat().st_size for p in CORPUS.rglob("*")) < 3_000_000


def test_every_language_has_eight_speakers_in_every_condition() -> None:
    counts = Counter((row["language"], row["speaker"], row["noise"]) for row in ROWS)
    speakers = {(row["language"], row["speaker"]) for row in ROWS}
    languages = Counter(language for language, _ in speakers)
    assert len(languages) >= 4
    assert set(languages.values()) == {8}
    assert {counts[*who, noise] for who, noise in product(speakers, NOISES)} == {2}


def test_a_speaker_has_one_gender_and_one_language() -> None:
    facts = {(row["speaker"], row["language"], row["gender"]) for row in ROWS}
    assert len(facts) == len({row["speaker"] for row in ROWS})


def test_files_hold_a_voice_and_names_do_not_tell_whose() -> None:
    for row in ROWS:
        samples, rate = soundfile.read(CORPUS / row["path"], dtype="float32")
        assert samples.ndim == 1
        assert 1.0 < len(samples) / rate < 4.0
        assert 0.02 < np.sqrt(np.mean(samples**2)) < 0.3
        assert row["speaker"] not in row["path"]
