"""Tags while indexing: what is new, what is stored already, and a manifest that comes and goes."""

from pathlib import Path

import numpy as np
import pytest
from builders import ToyEncoder, voice, write_audio

from spkret.indexer.pipeline import index
from spkret.indexer.summary import IndexSummary
from spkret.indexer.tagging.base import Evidence, Probabilities, Tagger
from spkret.store.schema import Tag, TagSource
from spkret.store.store import Store

TOLD = Tag("f", TagSource.TAGGER, 0.75)


class AlwaysF(Tagger):
    tag = "gender"
    classes = ("f", "m")

    def probabilities(self, evidence: Evidence) -> Probabilities:
        return np.full((len(evidence), 2), [0.75, 0.25], np.float32)


class ByEar(Tagger):
    """Says `sw` of what is longer than a second: it needs the sound."""

    tag = "language"
    classes = ("de", "sw")

    def probabilities(self, evidence: Evidence) -> Probabilities:
        samples = [sum(map(len, evidence.windows(row))) for row in range(len(evidence))]
        return np.array([(count <= 16_000, count > 16_000) for count in samples], np.float32)


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    for number in range(3):
        write_audio(tmp_path / "audio" / f"{number}.wav", voice(0.7 + 0.4 * number, seed=number))
    return tmp_path / "audio"


def run(audio: Path, *taggers: Tagger, manifest: str | None = None) -> IndexSummary:
    file = audio / "manifest.csv"
    if manifest is None:
        file.unlink(missing_ok=True)
    else:
        file.write_text(manifest)
    return index(audio, audio.parent / "store", ToyEncoder(), taggers=taggers)


def genders(audio: Path) -> dict[str, Tag]:
    rows = Store.open(audio.parent / "store").recordings.scan()
    return {
        row["path"]: Tag(row["gender"], TagSource(row["gender_source"]), row["gender_probability"])
        for row in rows.to_pylist()
    }


LISTED = "path,gender\n0.wav,m\n1.wav,\n2.wav,who knows\n"


def test_new_files_get_what_the_manifest_lacks(audio: Path) -> None:
    summary = run(audio, AlwaysF(), manifest=LISTED)
    assert summary.tagged == {"gender": {"f": 2}}
    expected = {"0.wav": Tag("m", TagSource.MANIFEST), "1.wav": TOLD, "2.wav": TOLD}
    assert genders(audio) == expected


def test_stored_files_are_tagged_without_being_read_again(audio: Path) -> None:
    assert run(audio).tagged == {}
    assert set(genders(audio).values()) == {Tag()}
    summary = run(audio, AlwaysF())
    assert (summary.unchanged, summary.updated, summary.indexed) == (3, 0, 0)
    assert set(genders(audio).values()) == {TOLD}
    assert Store.open(audio.parent / "store").vectors.fresh()


def test_a_run_without_taggers_keeps_what_they_said(audio: Path) -> None:
    run(audio, AlwaysF())
    summary = run(audio)
    assert (summary.unchanged, summary.updated) == (3, 0)
    assert set(genders(audio).values()) == {TOLD}


def test_a_manifest_that_comes_later_wins_and_leaves_the_rest(audio: Path) -> None:
    run(audio, AlwaysF())
    run(audio, AlwaysF(), manifest="path,gender,speaker\n0.wav,m,anna\n1.wav,,anna\n2.wav,,\n")
    assert genders(audio) == {"0.wav": Tag("m", TagSource.MANIFEST), "1.wav": TOLD, "2.wav": TOLD}
    run(audio)
    assert genders(audio) == {"0.wav": Tag(), "1.wav": TOLD, "2.wav": TOLD}


def test_copies_of_one_content_are_tagged_too(audio: Path) -> None:
    (audio / "copy.wav").write_bytes((audio / "0.wav").read_bytes())
    run(audio, AlwaysF())
    assert set(genders(audio).values()) == {TOLD}


def test_a_tagger_may_listen(audio: Path) -> None:
    run(audio, ByEar())
    rows = Store.open(audio.parent / "store").recordings.scan(["path", "language"]).to_pylist()
    assert {r["path"]: r["language"] for r in rows} == {"0.wav": "de", "1.wav": "sw", "2.wav": "sw"}
