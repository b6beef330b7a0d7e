import gzip
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from builders import TOY_IDENTITY, ToyEncoder, voice, write_audio
from hypothesis import given
from hypothesis import strategies as st

import spkret
from spkret.errors import InterchangeError, UsageError
from spkret.indexer.manifest import read_recordings
from spkret.indexer.manifests.tags import read_tags
from spkret.indexer.pipeline import index
from spkret.interchange.kinds import ExportOptions, exporter
from spkret.interchange.lists.kaldi import write_kaldi
from spkret.interchange.lists.lhotse import write_lhotse
from spkret.interchange.lists.names import named, speaker_id
from spkret.interchange.lists.recordings import TAGS, Listed, listed
from spkret.interchange.lists.tables import TABLES
from spkret.store.schema import Recording, TagSource
from spkret.store.store import Store

FORMS = [*TABLES, "kaldi", "lhotse"]
FILES = {"nemo": "m.json", "kaldi": "data", "lhotse": "manifests"}


def one(path: str = "a.wav", number: int = 1, **tags: str) -> Listed:
    extra = {name: tags.pop(name) for name in list(tags) if name not in TAGS}
    return Listed(number, path, f"/audio/{path}", tags, extra, 2.5, 16_000)


def written(folder: Path, form: str, recordings: list[Listed]) -> Path:
    out = folder / FILES.get(form, f"m.{form}")
    writer: Any = {"kaldi": write_kaldi, "lhotse": write_lhotse}.get(form) or TABLES[form]
    writer(out, recordings)
    return out


def read_again(manifest: Path) -> dict[str, Recording]:
    """Read a manifest of files under /audio, wherever this test runs."""
    folder = manifest.parent / "audio"
    folder.mkdir(exist_ok=True)
    for file in [manifest] if manifest.is_file() else manifest.iterdir():
        if file.suffix != ".parquet":
            zipped = file.suffix == ".gz"
            data = gzip.decompress(file.read_bytes()) if zipped else file.read_bytes()
            data = data.replace(b"/audio/", f"{folder}/".encode())
            file.write_bytes(gzip.compress(data) if zipped else data)
    return {each.path: each for each in read_recordings(folder, manifest).recordings}


TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1
).filter(lambda text: text == text.strip())
WORDS = st.sampled_from(["a-b", "a", "a--b", "-", "José  M.", 'x "y" z', "a,b;c", "=20", "unknown"])
RECORDINGS = st.lists(
    st.fixed_dictionaries(
        {"path": st.sampled_from(["a.wav", "b/c d.flac", "b-c d.wav", "é/ü.ogg", "a.mp3"])},
        optional={
            "speaker": WORDS | TEXT,
            "language": st.sampled_from(["en", "zh-CN", "pt_BR", "English (US)"]),
            "noise": st.sampled_from(["clean", "communication", "traffic jam"]),
            "gender": st.sampled_from(["m", "f", "other"]),
            "age": TEXT,
            "take": WORDS | TEXT,
            "offset": st.sampled_from(["0", "0.0", "2.5", "x"]),
            "duration": st.sampled_from(["1.0", "long"]),
            "label": WORDS,
            "recording": WORDS,
        },
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda fields: fields["path"],
)


def told(recordings: list[dict[str, str]]) -> list[Listed]:
    """List recordings; a label where there is no speaker would have been read as one."""
    for fields in recordings:
        if "speaker" not in fields:
            fields.pop("label", None)
    return [one(**fields, number=number) for number, fields in enumerate(recordings)]


@given(RECORDINGS, st.sampled_from(["csv", "tsv", "jsonl", "nemo", "kaldi", "lhotse"]))
def test_what_is_written_gives_the_same_tags(
    tmp_path: Path, recordings: list[dict[str, str]], form: str
) -> None:
    expected = told(recordings)
    found = read_again(written(tmp_path, form, expected))
    assert found.keys() == {each.path for each in expected}
    for each in expected:
        tags, recording = read_tags(each.tags, TagSource.MANIFEST), found[each.path]
        for name in TAGS:
            assert getattr(recording, name) == getattr(tags, name), name
        kept = {**tags.kept, **({} if form == "kaldi" else each.further)}
        if form == "nemo":
            kept.pop("label", None)
        elif form != "kaldi":
            assert not {"offset", "duration"} & recording.extra.keys()
        assert kept.items() <= recording.extra.items()


@pytest.mark.parametrize("form", FORMS)
def test_a_store_is_exported_and_read_again(tmp_path: Path, form: str) -> None:
    audio = tmp_path / "audio"
    rows = ["path,speaker,language,noise,gender,age,take"]
    rows += ["one.wav,Zoë B.,zh-CN,phone,F,30s,1", "x/two.wav,,,odd,,,", "x/three.wav,a-b,en,,m,,2"]
    for number, row in enumerate(rows[1:]):
        write_audio(audio / row.split(",")[0], voice(1.0, seed=number))
    (audio / "manifest.csv").write_text("\n".join(rows), encoding="utf-8")
    index(audio, tmp_path / "store", ToyEncoder())
    store = Store.open(tmp_path / "store")
    out = tmp_path / "out" / FILES.get(form, f"m.{form}")
    done = exporter("manifest")(store, out, ExportOptions(format=form))
    assert (done.rows, done.format) == (3, form)
    index(audio, tmp_path / "again", ToyEncoder(), manifest=out)
    columns = ["path", *TAGS]
    again = Store.open(tmp_path / "again")
    assert again.recordings.scan(columns).equals(store.recordings.scan(columns))
    before, after = (listed(each, ExportOptions()) for each in (store, again))
    for old, new in zip(before, after, strict=True):
        assert old.tags == new.tags
        assert form == "kaldi" or old.extra.items() <= new.extra.items()


def test_what_a_form_has_no_place_for_is_told(tmp_path: Path) -> None:
    audio = tmp_path / "audio"
    write_audio(audio / "a.wav", voice(1.0))
    line = {"path": "a.wav", "speaker": "ann", "label": "x", "offset": 0.0, "take": 1}
    (audio / "manifest.jsonl").write_text(json.dumps(line))
    index(audio, tmp_path / "store", ToyEncoder())
    store = Store.open(tmp_path / "store")
    for form, left in (("jsonl", "offset"), ("nemo", "label, offset"), ("lhotse", "offset")):
        done = exporter("manifest")(store, tmp_path / form, ExportOptions(format=form))
        assert done.notes == (f"columns that {form} has no place for: {left}",)
    (note,) = exporter("manifest")(store, tmp_path / "k", ExportOptions(format="kaldi")).notes
    assert note.endswith(": label, offset, take")


@pytest.mark.parametrize("form", FORMS)
def test_embeddings_without_audio_are_exported(tmp_path: Path, form: str) -> None:
    vectors = np.eye(2, dtype=np.float32)
    np.savez(tmp_path / "e.npz", keys=np.array(["a.wav", "b.wav"]), embeddings=vectors)
    spkret.import_embeddings(tmp_path / "store", tmp_path / "e.npz", "outside")
    store, out = Store.open(tmp_path / "store"), tmp_path / FILES.get(form, f"m.{form}")
    if form == "lhotse":
        with pytest.raises(InterchangeError, match="expected a known length of /a"):
            exporter("manifest")(store, out, ExportOptions(format=form))
        return
    assert exporter("manifest")(store, out, ExportOptions(format=form)).rows == 2
    content = b"".join(map(Path.read_bytes, out.iterdir() if out.is_dir() else [out]))
    assert b"None" not in content
    assert b"duration" not in content
    assert not (out / "utt2dur").exists()


def test_polars_reads_the_tables(tmp_path: Path) -> None:
    recordings = [one("a.wav", speaker='An "A", B'), one("b.wav", number=2, take="1")]
    columns = ["path", *TAGS, "take"]
    tsv = pl.read_csv(written(tmp_path, "tsv", recordings), separator="\t", quote_char=None)
    for frame in (tsv, pl.read_csv(written(tmp_path, "csv", recordings))):
        assert frame.columns == columns
        assert frame["speaker"].to_list() == ['An "A", B', None]
    table = pq.read_table(written(tmp_path, "parquet", recordings))
    assert table.column_names == columns
    assert table["take"].to_pylist() == [None, "1"]


def test_nemo_has_its_own_fields(tmp_path: Path) -> None:
    path = written(tmp_path, "nemo", [one(speaker="ann", duration="7", label="x")])
    assert json.loads(path.read_text()) == {
        "audio_filepath": "/audio/a.wav",
        "duration": 2.5,
        "offset": 0.0,
        "label": "ann",
    }


def sorted_in_c(path: Path, *options: str) -> bytes:
    environment = {**os.environ, "LC_ALL": "C"}
    run = subprocess.run(["sort", *options, path], env=environment, capture_output=True, check=True)
    return run.stdout


SPEAKERS = st.lists(st.none() | WORDS | TEXT, min_size=1, max_size=8)


@given(SPEAKERS)
def test_a_kaldi_folder_is_sorted_and_complete(tmp_path: Path, speakers: list[str | None]) -> None:
    rows = [
        one(f"{n}.wav", n) if speaker is None else one(f"{n}.wav", n, speaker=speaker)
        for n, speaker in enumerate(speakers)
    ]
    write_kaldi(tmp_path, rows)
    lines: list[bytes] = (tmp_path / "utt2spk").read_bytes().splitlines(keepends=True)
    assert sorted(lines) == lines
    by_speaker = sorted(lines, key=lambda line: line.partition(b" ")[::-1])
    assert by_speaker == lines
    pairs = [line.decode().split() for line in lines]
    assert all(len(pair) == 2 and pair[0].startswith(pair[1]) for pair in pairs)
    assert len({utterance for utterance, _ in pairs}) == len(rows)
    back = [line.split(" ") for line in (tmp_path / "spk2utt").read_text().split("\n")[:-1]]
    assert [[u, s] for s, *utterances in back for u in utterances] == pairs
    for name in ("wav.scp", "utt2lang", "utt2dur"):
        ids = [line.split(" ")[0] for line in (tmp_path / name).read_text().split("\n")[:-1]]
        assert ids == [utterance for utterance, _ in pairs]


def test_kaldis_own_checks_of_order_pass(tmp_path: Path) -> None:
    names = ["a", "a-b", "a b", "a.b", "A", "b", "ä", "a-", "a--b", "1"]
    rows = [one(f"{n}/x.wav", n, speaker=name, gender="f") for n, name in enumerate(names)]
    write_kaldi(tmp_path, [*rows, one("u.wav", 99, gender="m")])
    for name in ("utt2spk", "spk2utt", "wav.scp", "spk2gender", "utt2dur", "utt2lang"):
        assert sorted_in_c(tmp_path / name) == (tmp_path / name).read_bytes(), name
    assert sorted_in_c(tmp_path / "utt2spk", "-k2") == (tmp_path / "utt2spk").read_bytes()


def test_ids_of_speakers_are_plain_and_distinct() -> None:
    assert speaker_id("id10001") == "id10001"
    assert speaker_id("de-m3") == "de-m3"
    assert speaker_id("Zoë B.") == "Zoë=20B."
    assert len({speaker_id(name) for name in ("a-", "a=2D", "a", "a--", "a=-")}) == 5


def test_utterances_of_like_paths_stay_apart() -> None:
    rows = named([one("a/b.wav", 1), one("a-b.wav", 2), one("c.wav", 3)])
    assert [row.utterance for row in rows] == ["unknown=--a-b-1", "unknown=--a-b-2", "unknown=--c"]


def test_an_earlier_export_leaves_nothing_behind(tmp_path: Path) -> None:
    write_kaldi(tmp_path, [one(speaker="a b", gender="f", noise="clean")])
    files = write_kaldi(tmp_path, [one(speaker="ab")])
    assert {each.name for each in tmp_path.iterdir()} == {each.name for each in files}


@pytest.mark.parametrize("names", [["spk2gender"], ["wav.scp", "spk2gender", "segments"]])
def test_a_kaldi_folder_of_others_is_left_alone(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).write_text("bob m\n")
    with pytest.raises(InterchangeError, match=f"with {names[0 if len(names) == 1 else 2]};"):
        write_kaldi(tmp_path, [one(speaker="ab")])
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == dict.fromkeys(
        names, "bob m\n"
    )


@pytest.mark.parametrize(
    ("form", "path"), [("kaldi", "a\nb.wav"), ("kaldi", "rm x|"), ("tsv", "a\tb.wav")]
)
def test_what_a_form_cannot_hold_is_refused(tmp_path: Path, form: str, path: str) -> None:
    with pytest.raises(InterchangeError, match="choose another --format"):
        written(tmp_path, form, [one(path)])


def test_a_form_must_be_known(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store", TOY_IDENTITY)
    for out, form in ((tmp_path / "m", None), (tmp_path / "m.csv", "xml")):
        with pytest.raises(UsageError, match="expected a --format of csv, tsv"):
            exporter("manifest")(store, out, ExportOptions(format=form))
    with pytest.raises(InterchangeError, match="none is selected"):
        exporter("manifest")(store, tmp_path / "m.csv", ExportOptions())
