"""Names of languages: the primary subtag of BCP 47, as the store holds it."""

import re

from ..store.schema import UNKNOWN_LANGUAGE

RENAMED = {"in": "id", "iw": "he", "ji": "yi", "jw": "jv", "mo": "ro"}
"""Codes that ISO 639 withdrew, and those that replaced them (IANA language subtag registry)."""
_PRIMARY_SUBTAG = re.compile(r"[a-z]{2,8}")


def primary_subtag(written: str) -> str:
    """Return the primary subtag of a tag (`zh-CN`, `en_US`, `iw`), `und` where there is none."""
    primary = written.strip().replace("_", "-").split("-")[0].lower()
    if not _PRIMARY_SUBTAG.fullmatch(primary):
        return UNKNOWN_LANGUAGE
    return RENAMED.get(primary, primary)
