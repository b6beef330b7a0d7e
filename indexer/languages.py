"""Names of languages: the primary subtag of BCP 47, as the store holds it."""

import re
from functools import lru_cache

from ..store.schema import UNKNOWN_LANGUAGE

RENAMED = {"in": "id", "iw": "he", "ji": "yi", "jw": "jv", "mo": "ro"}
"""Codes that ISO 639 withdrew, and those that replaced them (IANA language subtag registry)."""
_CODE = re.compile(r"[a-z]{2,3}")
"""No language is registered under a longer subtag."""
_USUAL = {"cmn": "zh"}
"""Codes of names that manifests otherwise tag by a shorter one."""


@lru_cache(4096)
def primary_subtag(written: str) -> str:
    """Return the primary subtag of a tag (`zh-CN`, `en_US`, `iw`), or of a name (`English`).

    `und` where there is none.
    """
    primary = written.strip().replace("_", "-").split("-")[0].lower()
    if _CODE.fullmatch(primary):
        return RENAMED.get(primary, primary)
    return _named(written.strip())


def _named(name: str) -> str:
    """Look a language's name up, which manifests of Lhotse's recipes write instead of codes."""
    import langcodes

    try:
        code = langcodes.find(name, "en").language
    except LookupError:
        return UNKNOWN_LANGUAGE
    return _USUAL.get(code, code) if code else UNKNOWN_LANGUAGE
