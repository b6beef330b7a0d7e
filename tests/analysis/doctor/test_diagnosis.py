"""The machine, models, stores and the self-test; and that no check stops the others."""

import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from builders import SpectralEncoder, labelled_table, matched_store

import spkret
from spkret.analysis.doctor import machine, models, selftest
from spkret.analysis.doctor.diagnosis import run
from spkret.analysis.doctor.lines import Diagnosis, Line, State, ok
from spkret.analysis.doctor.packages import Packages
from spkret.analysis.doctor.stores import store as check_store
from spkret.indexer.encoders import registry
from spkret.indexer.encoders.base import ModelInfo
from spkret.store.store import Store


def test_what_a_check_raises_is_a_problem_and_the_others_go_on() -> None:
    def broken() -> Iterator[Line]:
        yield ok("first", "fine")
        warnings.warn("while loading", stacklevel=1)
        raise OSError("libcudart.so.13:\n cannot open")

    found = run({"broken": broken, "whole": lambda: [ok("whole", "fine")]})
    assert [line.subject for line in found.lines] == ["first", "broken", "whole"]
    assert found.problems[0].message == "OSError: libcudart.so.13: cannot open"
    assert not found.ok
    assert not found.warnings
    assert Diagnosis(()).ok


def test_python_must_be_new_enough() -> None:
    assert next(line.state for line in machine.python((3, 11, 0))) is State.OK
    assert next(line.state for line in machine.python((3, 10, 9))) is State.PROBLEM


def test_spkret_may_run_without_being_installed() -> None:
    nothing = Packages(version=lambda _name: None)
    assert next(iter(machine.spkret(nothing))).state is State.WARNING


def test_formats_that_are_missing_are_named() -> None:
    library = SimpleNamespace(
        __libsndfile_version__="1.0", available_formats=lambda: {"WAV": "", "FLAC": "", "OGG": ""}
    )
    (line,) = machine.formats(Packages(load=lambda _name: library))  # type: ignore[arg-type,return-value]
    assert line.state is State.WARNING
    assert "MP3" in line.message


@pytest.mark.parametrize(("free", "state"), [(100, "ok"), (3, "warning"), (0.1, "problem")])
def test_disk(free: float, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=free * 1e9))
    (line,) = machine.disk({"stores": tmp_path / "not" / "there"})
    assert line.state == state


def test_few_open_files_are_warned_of() -> None:
    assert next(iter(machine.open_files(256))).state is State.WARNING
    assert next(iter(machine.open_files(65_536))).state is State.OK
    assert len(list(machine.open_files())) <= 1


def test_a_shipped_encoder_that_is_missing_is_a_problem(tmp_path: Path) -> None:
    def info(name: str, cached: bool) -> ModelInfo:
        return ModelInfo(name, 192, 1.0, "MIT", None, "", cached)

    here, away = models.encoders([info("compact", True), info("ecapa", False)])
    assert here.message == "usable offline: compact"
    assert "ecapa" in away.message
    assert next(iter(models.encoders([info("compact", False)]))).state is State.PROBLEM
    (line,) = models.hub(tmp_path / "hub", True)
    assert "not there yet; offline is set" in line.message


@pytest.mark.parametrize(("value", "offline"), [("0", False), ("1", True)])
def test_offline_is_what_the_hub_takes_for_it(value: str, offline: bool) -> None:
    code = (
        "from spkret.analysis.doctor.diagnosis import checks\n"
        "(line,) = checks(None, True)['Hugging Face cache']()\n"
        "print(line.message)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"HF_HUB_OFFLINE": value},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert ("offline is set" in said) is offline


def lines_of(folder: Path | None) -> dict[str, Line]:
    return {line.subject: line for line in check_store(folder)}


def test_stores_that_are_not_there_or_no_stores(tmp_path: Path) -> None:
    assert lines_of(None)["store"].state is State.OK
    assert lines_of(tmp_path)["store"].state is State.PROBLEM


def test_a_store_of_an_unknown_encoder_can_still_be_searched(tmp_path: Path) -> None:
    matched_store(tmp_path / "store", labelled_table(4, 3))
    found = lines_of(tmp_path / "store")
    assert found["store"].state is State.OK
    assert "12 recordings" in found["store"].message
    assert found["indexes of the store"].state in {State.OK, State.WARNING}
    assert found["encoder of the store"].state is State.WARNING
    assert found["reranker of the store"].state is State.WARNING
    broken = tmp_path / "store" / "reranker"
    broken.mkdir()
    (broken / "reranker.json").write_text("{}")
    assert lines_of(tmp_path / "store")["reranker of the store"].state is State.PROBLEM


def test_a_store_of_the_shipped_encoder(tmp_path: Path) -> None:
    identity = registry.load("compact", "cpu").identity
    Store.create(tmp_path / "store", identity)
    found = lines_of(tmp_path / "store")
    assert found["encoder of the store"].state is State.OK
    assert found["reranker of the store"].message == "the one that ships with spkret"
    other = type(identity)("compact", "f00d", identity.dimension)
    Store.create(tmp_path / "other", other)
    assert lines_of(tmp_path / "other")["encoder of the store"].state is State.PROBLEM
    Store.create(tmp_path / "ecapa", type(identity)("ecapa", "f00d", 192))
    assert "ecapa" in lines_of(tmp_path / "ecapa")["encoder of the store"].message


def test_the_self_test_finds_the_speaker() -> None:
    (line,) = selftest.selftest(registry.load("compact", "cpu"))
    assert line.state is State.OK, line


def test_the_self_test_tells_a_wrong_encoder() -> None:
    class Blind(SpectralEncoder):
        def encode_equal(self, waveforms: Any) -> Any:
            return -super().encode_equal(waveforms[:, ::-1] * 0 + 1)

    anchor, *others = selftest.clean_examples(selftest.CORPUS)
    assert sum(other.speaker == anchor.speaker for other in others) >= 1
    (line,) = selftest.selftest(Blind())
    assert line.state is State.PROBLEM


def test_the_whole_diagnosis_of_this_machine() -> None:
    found = spkret.doctor(quick=True)
    assert found.ok, found.problems
    assert {"torch", "faiss", "numpy", "encoders", "store"} <= {
        each.subject for each in found.lines
    }
