import pytest

from spkret.indexer.manifests.tags import read_tags
from spkret.store.schema import Noise, Tag, TagSource


@pytest.mark.parametrize(
    ("written", "language", "kept"),
    [
        ("en", "en", {}),
        ("zh-CN", "zh", {"language_tag": "zh-CN"}),
        ("rm-sursilv", "rm", {"language_tag": "rm-sursilv"}),
        ("en_US", "en", {"language_tag": "en_US"}),
        ("EN", "en", {"language_tag": "EN"}),
        ("English", "en", {"language_tag": "English"}),
        (" mandarin ", "zh", {"language_tag": " mandarin "}),
        ("Chinese (Mandarin)", "zh", {"language_tag": "Chinese (Mandarin)"}),
        ("unknown", "und", {"language_tag": "unknown"}),
        ("../x", "und", {"language_tag": "../x"}),
        ("", "und", {}),
    ],
)
def test_language_is_the_primary_subtag(written: str, language: str, kept: dict[str, str]) -> None:
    tags = read_tags({"language": written}, TagSource.MANIFEST)
    source = TagSource.NONE if language == "und" else TagSource.MANIFEST
    assert tags.language == Tag(language, source)
    assert tags.kept == kept


@pytest.mark.parametrize(
    ("written", "noise"),
    [
        ("telephone", Noise.COMMUNICATION),
        ("Radio", Noise.COMMUNICATION),
        ("comm", Noise.COMMUNICATION),
        ("noisy", Noise.BACKGROUND),
        ("NOISE", Noise.BACKGROUND),
        ("clean", Noise.CLEAN),
    ],
)
def test_noise_synonyms(written: str, noise: Noise) -> None:
    tags = read_tags({"noise": written}, TagSource.FOLDER)
    assert tags.noise == Tag(noise, TagSource.FOLDER)
    assert tags.kept == {}


def test_a_noise_that_no_convention_knows_is_unknown_and_kept() -> None:
    tags = read_tags({"noise": "underwater"}, TagSource.MANIFEST)
    assert tags.noise == Tag(Noise.UNKNOWN, TagSource.NONE)
    assert tags.kept == {"noise_tag": "underwater"}


@pytest.mark.parametrize(
    ("written", "gender"),
    [("M", "m"), ("male", "m"), ("male_masculine", "m"), ("f", "f"), ("Female", "f")],
)
def test_gender(written: str, gender: str) -> None:
    assert read_tags({"gender": written}, TagSource.MANIFEST).gender.value == gender


def test_a_gender_that_is_neither_is_kept_as_written() -> None:
    tags = read_tags({"gender": "other"}, TagSource.MANIFEST)
    assert tags.gender == Tag()
    assert tags.kept == {"gender_tag": "other"}
