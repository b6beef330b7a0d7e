"""Conventions for tag values: what manifests write, and what the store holds."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ...store.schema import UNKNOWN_LANGUAGE, Noise, Tag, TagSource
from ..languages import primary_subtag

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "path": ("path", "audio_filepath", "filename"),
    "speaker": ("speaker", "label", "speaker_id", "client_id"),
    "language": ("language", "locale", "lang"),
    "noise": ("noise",),
    "gender": ("gender",),
    "age": ("age",),
}
"""The names under which each column is known, the first one that a manifest has wins."""

_NOISES = {
    Noise.COMMUNICATION: ("communication", "comm", "telephone", "phone", "radio"),
    Noise.BACKGROUND: ("background", "noisy", "noise"),
    Noise.CLEAN: ("clean", "quiet"),
    Noise.UNKNOWN: ("unknown",),
}
_NOISE_OF = {word: noise for noise, words in _NOISES.items() for word in words}
_GENDERS = {"m": ("m", "male", "man", "male_masculine"), "f": ("f", "female", "woman")}
_GENDER_OF = {word: gender for gender, words in _GENDERS.items() for word in words} | {
    "female_feminine": "f"
}


@dataclass(frozen=True, slots=True)
class Tags:
    """The tags of one recording, and what has to be kept of the values they were read from."""

    speaker: Tag
    language: Tag
    noise: Tag
    gender: Tag
    age: str | None
    kept: Mapping[str, str]


def read_tags(values: Mapping[str, str], source: TagSource, listed: Collection[str] = ()) -> Tags:
    """Turn written values into tags from a source; those that are listed come from a manifest.

    A language becomes its primary subtag in lower case; the full tag is kept as `language_tag`. A
    noise or gender that no convention knows becomes unknown, the word is kept as `noise_tag` or
    `gender_tag`, so that nothing a manifest says is lost and no row fails for a tag.
    """
    language = primary_subtag(values.get("language", ""))
    noise = _NOISE_OF.get(values.get("noise", "").lower())
    gender = _GENDER_OF.get(values.get("gender", "").lower())
    kept = {
        "language_tag": values.get("language", "") if values.get("language") != language else "",
        "noise_tag": values.get("noise", "") if noise is None else "",
        "gender_tag": values.get("gender", "") if gender is None else "",
    }
    sources = dict.fromkeys(listed, TagSource.MANIFEST)
    return Tags(
        speaker=_tag(values.get("speaker"), None, sources.get("speaker", source)),
        language=_tag(language, UNKNOWN_LANGUAGE, sources.get("language", source)),
        noise=_tag(noise, Noise.UNKNOWN, sources.get("noise", source)),
        gender=_tag(gender, None, sources.get("gender", source)),
        age=values.get("age") or None,
        kept={name: text for name, text in kept.items() if text},
    )


def _tag(value: str | None, unknown: str | None, source: TagSource) -> Tag:
    """Return the tag of a value; one that says nothing comes from nowhere."""
    return Tag(unknown) if not value or value == unknown else Tag(value, source)
