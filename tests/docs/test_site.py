"""The documentation as a site: every page has its place, no link is broken, no host is asked."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ASSET = re.compile(r'<(?:script|img|iframe|source)[^>]*\ssrc="([^"]*)"|<link[^>]*\shref="([^"]*)"')
CONFIG = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
INCLUDED = set(CONFIG["exclude_docs"].split())
"""Parts of other pages, and what writes them."""


def pages(entries: list[Any]) -> list[str]:
    """Every page that a navigation names."""
    found: list[str] = []
    for entry in entries:
        inner = next(iter(entry.values())) if isinstance(entry, dict) else entry
        found += pages(inner) if isinstance(inner, list) else [inner]
    return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly: a broken link or a page without a place is an error."""
    folder = tmp_path_factory.mktemp("site")
    ran = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    return folder


def test_every_page_has_its_place_in_the_navigation() -> None:
    named = pages(CONFIG["nav"])
    written = {path.name for path in (ROOT / "docs").glob("*.md")} - INCLUDED
    assert len(named) == len(set(named))
    assert set(named) == written, "add new pages of docs/ to nav in mkdocs.yml"


def test_pages_ask_no_other_host_for_anything(site: Path) -> None:
    html = list(site.rglob("*.html"))
    assert {"index.html", "cli.html"} <= {path.name for path in html}
    for path in html:
        assets = ["".join(found) for found in ASSET.findall(path.read_text())]
        assert assets
        assert not [each for each in assets if each.startswith(("http:", "https:", "//"))], path


def test_styles_ask_no_other_host_for_anything(site: Path) -> None:
    for path in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//", path.read_text()), path


def test_the_search_has_an_index(site: Path) -> None:
    assert "reranker" in (site / "search" / "search_index.json").read_text()
