"""Names of languages: the primary subtag of BCP 47, as the store holds it."""

import re

from ..store.schema import UNKNOWN_LANGUAGE

RENAMED = {"in": "id", "iw": "he", "ji": "yi", "jw": "jv", "mo": "ro"}
"""Codes that ISO 639 withdrew, and those that replaced them (IANA language subtag registry)."""
NAMED = {
    **{"afrikaans": "af", "amharic": "am", "arabic": "ar", "basque": "eu", "bengali": "bn"},
    **{"bulgarian": "bg", "cantonese": "yue", "catalan": "ca", "chinese": "zh", "croatian": "hr"},
    **{"czech": "cs", "danish": "da", "dutch": "nl", "english": "en", "estonian": "et"},
    **{"finnish": "fi", "french": "fr", "georgian": "ka", "german": "de", "greek": "el"},
    **{"hausa": "ha", "hebrew": "he", "hindi": "hi", "hungarian": "hu", "indonesian": "id"},
    **{"italian": "it", "japanese": "ja", "korean": "ko", "latvian": "lv", "lithuanian": "lt"},
    **{"malay": "ms", "mandarin": "zh", "norwegian": "no", "persian": "fa", "polish": "pl"},
    **{"portuguese": "pt", "romanian": "ro", "russian": "ru", "serbian": "sr", "slovak": "sk"},
    **{"slovenian": "sl", "somali": "so", "spanish": "es", "swahili": "sw", "swedish": "sv"},
    **{"tagalog": "tl", "tamil": "ta", "telugu": "te", "thai": "th", "turkish": "tr"},
    **{"ukrainian": "uk", "urdu": "ur", "vietnamese": "vi", "welsh": "cy", "yoruba": "yo"},
}
"""English names of languages, which manifests of Lhotse's recipes write instead of codes."""
_PRIMARY_SUBTAG = re.compile(r"[a-z]{2,8}")


def primary_subtag(written: str) -> str:
    """Return the primary subtag of a tag (`zh-CN`, `en_US`, `iw`), or of a name (`English`).

    `und` where there is none.
    """
    name = written.strip().lower()
    if name in NAMED:
        return NAMED[name]
    primary = written.strip().replace("_", "-").split("-")[0].lower()
    if not _PRIMARY_SUBTAG.fullmatch(primary):
        return UNKNOWN_LANGUAGE
    return RENAMED.get(primary, primary)
