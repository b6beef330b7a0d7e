"""SECURITY.md: the tests that it names are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def test_every_test_it_names_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", TEXT))
    sources = [file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("test_*.py")]
    defined = set(re.findall(r"def (test_\w+)", "\n".join(sources)))
    assert named
    assert not named - defined


def test_every_file_it_names_is_there() -> None:
    paths = re.findall(r"\btests/[\w/]+\.py\b", TEXT) + re.findall(r"\]\((docs/[\w-]+\.md)", TEXT)
    assert paths
    assert not [path for path in paths if not (ROOT / path).exists()]
