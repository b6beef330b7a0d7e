import gzip
from pathlib import Path

import pytest

from spkret.errors import ManifestError
from spkret.indexer.manifest import read_recordings
from spkret.indexer.manifests.finding import own_manifest

COMMON_VOICE = (
    "client_id\tpath\tsentence_id\tsentence\tsentence_domain\tup_votes\tdown_votes\tage\tgender\t"
    "accents\tvariant\tlocale\tsegment\n"
    "9f2a\tcommon_voice_cy_1.mp3\t17\tMae'r \"gath yn cysgu\t\t2\t0\ttwenties\tmale_masculine\t"
    "\t\tcy\t\n"
)


def test_common_voice_is_read_as_it_is_unpacked(tmp_path: Path) -> None:
    folder = tmp_path / "cv-corpus-17.0-2024-03-15" / "cy"
    (folder / "clips").mkdir(parents=True)
    (folder / "clips" / "common_voice_cy_1.mp3").touch()
    for name in ("validated.tsv", "train.tsv", "other.tsv"):
        (folder / name).write_text(COMMON_VOICE, encoding="utf-8")
    listed = read_recordings(folder)
    (one,) = listed.recordings
    assert listed.origin.endswith("validated.tsv")
    assert one.path == "clips/common_voice_cy_1.mp3"
    tags = (one.speaker.value, one.language.value, one.gender.value, one.age)
    assert tags == ("9f2a", "cy", "m", "twenties")


def test_a_validated_table_without_clips_is_no_manifest(tmp_path: Path) -> None:
    (tmp_path / "validated.tsv").touch()
    assert own_manifest(tmp_path) is None


def test_recordings_of_another_form_are_no_manifest(tmp_path: Path) -> None:
    (tmp_path / "recordings.jsonl").write_text('{"take": 1}\n')
    assert own_manifest(tmp_path) is None


@pytest.mark.parametrize("name", ["manifest.csv", "manifest.tsv", "manifest.jsonl"])
def test_gzipped_manifests_are_found_and_read(tmp_path: Path, name: str) -> None:
    tab = "\t" if name.endswith("tsv") else ","
    text = f"path{tab}speaker\na.wav{tab}ann\n"
    if name.endswith("jsonl"):
        text = '{"audio_filepath": "a.wav", "duration": 2.5, "offset": 0.0, "label": "ann"}\n'
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(text.encode()))
    listed = read_recordings(tmp_path)
    assert [(each.path, each.speaker.value) for each in listed.recordings] == [("a.wav", "ann")]


@pytest.mark.parametrize(
    "data", [b"path\na.wav\n", gzip.compress(b"path\na.wav\n")[:-9]], ids=["plain", "cut"]
)
def test_a_broken_gzip_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "m.csv.gz"
    path.write_bytes(data)
    with pytest.raises(ManifestError, match="cannot read the manifest"):
        read_recordings(tmp_path, path)


def test_nemo_segments_are_named(tmp_path: Path) -> None:
    path = tmp_path / "train.json"
    lines = ['{"audio_filepath": "a.wav", "duration": 2, "label": "ann"}']
    lines += ['{"audio_filepath": "a.wav", "offset": 2.0, "duration": 2, "label": "bob"}']
    path.write_text("\n".join(lines))
    listed = read_recordings(tmp_path, path)
    assert listed.recordings == []
    assert [each.detail for each in listed.failures] == [
        f"line {n}: offset {offset} in a.wav: segments are not read, cut the file"
        for n, offset in ((1, "0"), (2, "2.0"))
    ]


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    with pytest.raises(ManifestError, match="a Kaldi or Lhotse folder"):
        read_recordings(tmp_path, tmp_path / "m")
