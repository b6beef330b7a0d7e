"""The page in a browser: what tests of it share."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, sync_playwright

CORPUS = Path(__file__).parents[1] / "examples" / "corpus"
HOSTILE = "<img src=x onerror=alert(1)>"
"""Stands in a path and in a speaker's name."""
TABS = ("query", "verify", "recordings", "map", "sql")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]


def find_chromium(own: str) -> str | None:
    """Return a Chromium to drive: playwright's own if it is installed, else the system's."""
    if Path(own).exists():
        return own
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a Chromium; skip the test where there is none."""
    with sync_playwright() as playwright:
        path = find_chromium(playwright.chromium.executable_path)
        if path is None:
            pytest.skip("no Chromium to test the page in: playwright install chromium")
        running = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield running
        running.close()


def copy_corpus(folder: Path) -> None:
    """Write English voices and some German ones into a folder, the last one with hostile names."""
    lines = (CORPUS / "manifest.csv").read_text(encoding="utf-8").splitlines()
    english = [line for line in lines if line.startswith("en/")]
    german = [line for line in lines if line.startswith("de/")][:12]
    rows = [line.split(",") for line in english + german]
    for row in rows:
        target = folder / row[0]
        target.parent.mkdir(exist_ok=True, parents=True)
        shutil.copy(CORPUS / row[0], target)
    hostile = f"de/{HOSTILE}.opus"
    (folder / rows[-1][0]).rename(folder / hostile)
    rows[-1][:2] = [hostile, HOSTILE]
    text = "\n".join([lines[0], *(",".join(row) for row in rows)])
    (folder / "manifest.csv").write_text(text, encoding="utf-8")


def until(page: Page, expression: str, seconds: float = 30.0) -> None:
    """Wait until an expression holds in the page, whose policy forbids what playwright offers."""
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"never true: {expression}"
        page.wait_for_timeout(50)


def open_tab(page: Page, name: str) -> None:
    page.locator(f"#tab-{name}").click()


def take_stored(page: Page, place: str, path: str) -> None:
    """Choose a stored recording in a picker."""
    page.locator(f"{place} input[type=search]").fill(path)
    page.locator(f"{place} .found button", has_text=path).click()
    page.locator(f"{place} figure").wait_for()


def take_file(page: Page, place: str, file: Path) -> None:
    """Upload a file in a picker."""
    page.locator(f"{place} input[type=file]").set_input_files(file)
    page.locator(f"{place} figure").wait_for()


def button(page: Page, name: str) -> Locator:
    """Return the one visible button of this name."""
    return page.get_by_role("button", name=name, exact=True)


def find_match(page: Page) -> dict[str, Any]:
    """Run the query, and return what the server answered once the page shows it."""
    with page.expect_response("**/query") as response:
        button(page, "Find the match").click()
    answer: dict[str, Any] = json.loads(response.value.body())
    page.locator(".verdict").wait_for()
    return answer


def ranking(page: Page) -> list[tuple[str, str]]:
    """Return the path and cosine of every candidate as the page shows them."""
    rows = page.locator(".candidates > tbody > tr:not(.details)")
    paths = rows.locator(".at-path").all_inner_texts()
    cosines = rows.locator("[data-heading=Cosine]").all_inner_texts()
    return list(zip(paths, cosines, strict=True))


def ranked(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what the page should show of an answer's candidates."""
    return [
        (c["path"], f"{c['cosine']:.3f}".replace("-", "\N{MINUS SIGN}"))
        for c in answer["candidates"]
    ]
