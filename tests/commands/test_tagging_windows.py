"""`spkret tag-windows`: a table, JSON or CSV of what is heard when; languages of a store."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import write_audio
from click.testing import Result
from encoder_folders import language_folder

import spkret
from spkret.commands.demo import CORPUS
from spkret.indexer import vad
from spkret.indexer.audio import RATE_HZ, load
from spkret.indexer.optional import required

Run = Callable[..., Result]
CLIP = CORPUS / "en" / "009.opus"


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of silence and three of speech."""
    waveform = np.resize(load(CLIP).waveform, 3 * RATE_HZ)
    parts = [np.zeros(2 * RATE_HZ, np.float32), waveform]
    return write_audio(tmp_path_factory.mktemp("tape") / "tape.wav", np.concatenate(parts))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return language_folder(tmp_path_factory.mktemp("model") / "lang-id")


@pytest.fixture(autouse=True)
def nowhere(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder without a store."""
    monkeypatch.chdir(tmp_path_factory.mktemp("nowhere"))


def test_a_table(run: Run, tape: Path) -> None:
    lines = run("tag-windows", tape, "--hop", 1).stdout.splitlines()
    assert lines[0].split() == ["start", "end", "speech", "noise", "p", "gender", "p"]
    assert len(lines) == 6
    assert lines[1].split() == ["0.000", "1.000", "0.000", "-", "-", "-", "-"]
    assert lines[4].split()[0] == "3.000"
    assert lines[4].split()[3] in {"clean", "background", "communication"}
    assert lines[4].split()[5] in {"f", "m"}


def test_json_is_one_document(run: Run, tape: Path) -> None:
    result = run("tag-windows", tape, "--anchor", CLIP, "--json")
    document = json.loads(result.stdout)
    assert document["path"] == str(tape)
    assert (document["window_s"], document["hop_s"], document["merged"]) == (1.0, 0.5, False)
    assert len(document["windows"]) == 9
    silent, *_, last = document["windows"]
    assert silent["noise"] is silent["cosine"] is None
    assert last["end_s"] == 5.0
    assert last["cosine"] > 0.8
    assert sum(last["noise_probabilities"].values()) == pytest.approx(1, abs=1e-5)


def test_csv_has_a_column_a_condition(run: Run, tape: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run("tag-windows", tape, "--csv").stdout)))
    assert len(rows) == 9
    shares = [float(rows[-1][f"probability_{noise}"])
              for noise in ("clean", "background", "communication")]  # fmt: skip
    assert sum(shares) == pytest.approx(1, abs=1e-5)
    assert rows[0]["probability_clean"] == rows[0]["language"] == ""


def test_merged_windows_cover_the_file(run: Run, tape: Path) -> None:
    document = json.loads(run("tag-windows", tape, "--merge", "--json").stdout)
    spans = [(one["start_s"], one["end_s"]) for one in document["windows"]]
    assert spans[0][0] == 0
    assert spans[-1][1] == 5
    assert [end for _, end in spans[:-1]] == [start for start, _ in spans[1:]]
    assert spans[0][1] == pytest.approx(1.75, abs=0.5)


def test_the_anchor_may_be_stored(run: Run, tape: Path, store: Path) -> None:
    stored, file = (
        [one.cosine for one in spkret.tag_windows(tape, store=where, anchor=anchor)]
        for where, anchor in ((store, "en/009.opus"), (None, CLIP))
    )
    assert stored == pytest.approx(file, abs=1e-5)
    result = run("tag-windows", tape, "--anchor", "en/no.opus", "--store", store, status=1)
    assert "en/no.opus" in result.stderr


def test_a_language_model(run: Run, tape: Path, model: Path) -> None:
    lines = run("tag-windows", tape, "--language-model", model).stdout.splitlines()
    assert "language" in lines[0].split()
    assert lines[-1].split()[7] in {"en", "he", "jv", "zh"}


def test_without_vad_a_note_says_so(run: Run, tape: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_module: str, purpose: str, package: str, extra: str) -> object:
        return required("no_such_module", purpose, package, extra)

    monkeypatch.setattr(vad, "required", missing)
    vad.recipe.cache_clear()
    result = run("tag-windows", tape)
    assert "pip install 'spkret[vad]'" in result.stderr
    assert result.stdout.splitlines()[-1].split()[2] == "-"


@pytest.mark.parametrize(
    ("options", "status", "told"),
    [
        (("--window", 0.1), 2, "expected a window of 0.25 to 60 s, got 0.1"),
        (("--hop", 2), 2, "expected a hop from 0.1 s to the window's 1.0 s, got 2.0"),
        (("--csv", "--json"), 2, "expected --csv or --json, got both"),
        (("--language-model", "nothing"), 1, "expected a folder or OWNER/NAME"),
        (("--anchor", "no.wav"), 1, "no.wav"),
    ],
)
def test_wrong_options_are_one_line(
    run: Run, tape: Path,
    options: tuple[object, ...], status: int, told: str,
) -> None:  # fmt: skip
    result = run("tag-windows", tape, *options, status=status)
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "missing"), (b"", "empty"), (b"x", "not_audio")]
)
def test_bad_files_are_one_line(
    run: Run, tmp_path: Path, content: bytes | None, reason: str
) -> None:
    path = tmp_path / "bad.wav"
    if content is not None:
        path.write_bytes(content)
    result = run("tag-windows", path, status=1)
    assert result.stderr.startswith(f"Error: {reason}: {path}: ")
    assert result.stderr.count("\n") == 1


def test_a_mistyped_store_is_an_error(run: Run, tape: Path, tmp_path: Path) -> None:
    result = run("tag-windows", tape, "--store", tmp_path / "none", status=1)
    assert "none" in result.stderr
    assert result.stdout == ""
    run("models", "--store", tmp_path / "none", status=1)


def test_languages_of_a_store(run: Run, tape: Path, model: Path, tmp_path: Path) -> None:
    store, named = tmp_path / "store", ("--language-model", model)
    run("index", tape.parent, "--store", store)
    run("tag", "--language", *named, "--store", store)
    first = language_of(run, store)
    assert first["language"] in {"en", "he", "jv", "zh"}
    assert first["language_source"] == "tagger"
    assert 0 < first["language_probability"] <= 1
    other = tmp_path / "other"
    run("index", tape.parent, "--tag", "language", *named, "--store", other)
    assert language_of(run, other) == first


def language_of(run: Run, store: Path) -> dict[str, Any]:
    query = "select language, language_source, language_probability from recordings"
    (row,) = json.loads(run("sql", query, "--format", "json", "--store", store).stdout)
    return dict(row)
