import json
from collections.abc import Callable
from pathlib import Path

import pytest
from builders import TOY_IDENTITY, voice, write_audio
from click.testing import Result

from spkret.indexer.tagging import shipped
from spkret.store.store import Store

Run = Callable[..., Result]


def test_index_tags_what_is_missing_and_info_counts_it(run: Run, tmp_path: Path) -> None:
    audio, store = tmp_path / "audio", tmp_path / "store"
    for number in range(2):
        write_audio(audio / f"{number}.wav", voice(0.6, seed=number))
    (audio / "manifest.csv").write_text("path,noise\n0.wav,clean\n1.wav,\n")
    hint = run("index", audio, "--store", store)
    assert "spkret tag --gender" in hint.stderr
    done = run("index", audio, "--store", store, "--tag", "noise", "--tag", "gender")
    assert "gender told from the sound: " in done.stdout
    facts = json.loads(run("info", "--store", store, "--json").stdout)
    assert facts["noise_sources"] == {"manifest": 1, "tagger": 1}
    assert facts["gender_sources"] == {"tagger": 2}
    assert facts["language_sources"] == {"none": 2}


def test_tag_prints_a_line_for_each_tag(run: Run, tmp_path: Path) -> None:
    audio, store = tmp_path / "audio", tmp_path / "store"
    write_audio(audio / "0.wav", voice(0.6))
    run("index", audio, "--store", store)
    lines = run("tag", "--store", store).stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "noise of 1 recordings told",
        "gender of 1 recordings told",
    ]
    assert run("tag", "--noise", "--store", store).stdout == "noise: no recording lacks it\n"
    again = json.loads(run("tag", "--noise", "--again", "--store", store, "--json").stdout)
    assert again.keys() == {"noise"}
    assert (again["noise"]["rows"], again["noise"]["unsaid"]) == (1, 0)
    assert sum(again["noise"]["tagged"].values()) == 1
    assert Store.open(store).vectors.fresh()


def test_a_damaged_tagger_is_one_line(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / shipped.NOISE).write_bytes(b"damaged")
    monkeypatch.setattr(shipped, "MODELS", tmp_path)
    store = Store.create(tmp_path / "store", TOY_IDENTITY)
    message = run("tag", "--noise", "--store", store.path, status=1).stderr
    assert message.startswith("Error: cannot read the tagger")
    assert message.count("\n") == 1
