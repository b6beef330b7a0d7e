"""A server in a process of its own, and pages that must not complain."""

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, expect
from web_page import chromium, copy_corpus

_SPKRET = [sys.executable, "-m", "spkret.cli"]
_PATIENCE_MS = 30_000
"""Of a machine that does much else meanwhile."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A running Chromium; not longer than it must be, as playwright keeps an event loop running."""
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of English and German voices, ending in a slash."""
    folder = tmp_path_factory.mktemp("page")
    copy_corpus(folder / "audio")
    store = ["--store", str(folder / "store")]
    subprocess.run(
        [*_SPKRET, "index", str(folder / "audio"), *store], check=True, capture_output=True
    )
    server = subprocess.Popen(
        [*_SPKRET, "serve", *store, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        yield _address_of(server)
    finally:
        server.terminate()
        server.communicate()


def _address_of(server: subprocess.Popen[bytes]) -> str:
    """Read what the server prints until it says where it listens."""
    said = ""
    assert server.stdout is not None
    for line in server.stdout:
        said += line.decode()
        if found := re.search(r"http://[\w.]+:\d+", said):
            return f"{found[0]}/"
    raise AssertionError(f"the server did not start: {said}")


@pytest.fixture
def complaints() -> list[str]:
    """What must not happen in a page; a test that means it to happen clears the list."""
    return []


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(
        viewport={"width": 1280, "height": 900}, permissions=["microphone"], accept_downloads=True
    )
    opened.set_default_timeout(_PATIENCE_MS)
    expect.set_options(timeout=_PATIENCE_MS)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext, address: str, complaints: list[str]) -> Iterator[Page]:
    """The page, opened; console errors, dialogs and other hosts fail the test in the end."""
    opened = context.new_page()
    _listen(opened, address, complaints)
    opened.goto(address)
    opened.locator("#store:not(:empty)").wait_for()
    yield opened
    assert complaints == []


def _listen(page: Page, address: str, complaints: list[str]) -> None:
    def refuse(kind: str, text: str) -> None:
        complaints.append(f"{kind}: {text}")

    def dismiss(dialog: Dialog) -> None:
        refuse("dialog", dialog.message)
        dialog.dismiss()

    page.on("console", lambda m: refuse("console", m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: refuse("error", str(error)))
    page.on("dialog", dismiss)
    own = (address, "blob:", "data:")
    page.on("request", lambda r: None if r.url.startswith(own) else refuse("request", r.url))
