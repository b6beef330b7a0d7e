from pathlib import Path

import pytest

from spkret.indexer.manifest import read_recordings
from spkret.indexer.manifests.speakers import voxceleb_speakers
from spkret.store.schema import Recording, TagSource

VOX1 = (
    "VoxCeleb1 ID\tVGGFace1 ID\tGender\tNationality\tSet\n"
    "id10001\tA.J._Buckley\tm\tIreland\tdev\n"
    "id10003\tAamir_Khan\tm\tIndia\tdev\n"
)
VOX2 = "VoxCeleb2 ID ,VGGFace2 ID ,Gender ,Set \nid00012 ,n000012 ,f ,dev \n"


def touch(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()


def indexed(folder: Path) -> dict[str, Recording]:
    return {each.path: each for each in read_recordings(folder).recordings}


@pytest.mark.parametrize("inside", ["", "wav", "dev", "dev/wav"])
def test_voxceleb_with_its_meta_beside_or_above(tmp_path: Path, inside: str) -> None:
    folder = tmp_path / "vox1" / inside
    touch(folder, "id10001/1zcIwhmdeo4/00001.wav", "id10009/x/00001.wav")
    (tmp_path / "vox1" / "vox1_meta.csv").write_text(VOX1)
    known, unknown = indexed(folder).values()
    assert (known.speaker.value, known.speaker.source) == ("id10001", TagSource.FOLDER)
    assert (known.gender.value, known.gender.source) == ("m", TagSource.MANIFEST)
    assert known.extra == {"session": "1zcIwhmdeo4", "nationality": "Ireland"}
    assert unknown.gender.value is None


def test_voxceleb2_lies_between_commas_and_blanks(tmp_path: Path) -> None:
    (tmp_path / "vox2_meta.csv").write_text(VOX2)
    assert voxceleb_speakers(tmp_path) == {"id00012": {"gender": "f"}}


def test_librispeech_gender_is_from_a_list(tmp_path: Path) -> None:
    touch(tmp_path, "LibriSpeech/dev-clean/1272/128104/1272-128104-0000.flac")
    (tmp_path / "LibriSpeech" / "SPEAKERS.TXT").write_text(
        "; LibriSpeech\n;ID  |SEX| SUBSET           |MINUTES| NAME\n"
        "1272 | M | dev-clean        | 8.06 | John Rose\n"
    )
    for folder in (".", "LibriSpeech", "LibriSpeech/dev-clean"):
        (one,) = indexed(tmp_path / folder).values()
        assert (one.speaker.value, one.speaker.source) == ("1272", TagSource.FOLDER)
        assert (one.gender.value, one.gender.source) == ("m", TagSource.MANIFEST)
        assert (one.language.value, one.language.source) == ("en", TagSource.MANIFEST)


@pytest.mark.parametrize("text", ["", "\n", "VoxCeleb1 ID\n", "a\tb\nc\n\td\te\n"])
def test_other_tables_say_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "vox1_meta.csv").write_text(text)
    assert voxceleb_speakers(tmp_path) == {}
