"""The page in headless Chromium: drawn lazily, quiet, alive in light, dark, narrow and print."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from builders import altered, fitting_store, labelled_table
from playwright.sync_api import Browser, Dialog, Page
from web_page import chromium

from spkret.analysis.projection import Projection
from spkret.analysis.report.page import render
from spkret.analysis.report.report import make_report

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
DRAWN = "[...document.querySelectorAll('.chart')].filter(c => c.querySelector('svg')).length"
BUTTONS = "[...document.querySelectorAll('.modebar-btn')].map(b => b.dataset.title)"
SCROLL = """async () => { for (let y = 0; y < document.body.scrollHeight; y += 500) {
    scrollTo({top: y, behavior: 'instant'}); await new Promise(r => setTimeout(r, 60)); } }"""

PLACE = """point => { const chart = document.querySelector('#chart-map');
    const {xaxis, yaxis, _size} = chart._fullLayout, {x, y} = chart.getBoundingClientRect();
    const [left, top] = [_size.l + x, _size.t + y], [{x: xs, y: ys}] = chart.data;
    return [left + xaxis.l2p(xs[point]), top + yaxis.l2p(ys[point])]; }"""
"""Where a point of the map is on the screen."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with hostile names in every part."""
    table: pa.Table = labelled_table(12, 5, spread=0.6, dimension=448)
    for row in range(5):
        table = altered(table, row, speaker=HOSTILE, path=f"{HOSTILE}{row}.wav", id=row + 1)
    folder = tmp_path_factory.mktemp("page")
    store = fitting_store(folder / "store", table)
    failure = {"root": "/", "path": HOSTILE, "reason": HOSTILE, "detail": HOSTILE}
    store.failures.append(pa.Table.from_pylist([failure], store.failures.delta.schema))
    (folder / "report.html").write_text(render(make_report(store, projection=Projection.PCA)))
    return folder / "report.html"


def opened(browser: Browser, file: Path, complaints: list[str], **context: Any) -> Page:
    def refuse(dialog: Dialog) -> None:
        complaints.append(dialog.message)
        dialog.dismiss()

    page = browser.new_context(**context).new_page()
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", refuse)
    own = ("file:", "blob:", "data:")
    page.on("request", lambda r: None if r.url.startswith(own) else complaints.append(r.url))
    page.goto(file.as_uri())
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts_are_drawn_when_they_come_into_view(
    browser: Browser, file: Path, scheme: str
) -> None:
    complaints: list[str] = []
    page = opened(browser, file, complaints, color_scheme=scheme)
    total = page.locator(".chart").count()
    assert page.evaluate(DRAWN) < total / 2
    page.evaluate(SCROLL)
    page.wait_for_function(f"{DRAWN} == {total}")
    titles = page.evaluate(BUTTONS)
    assert "Zoom in" in titles
    assert not [title for title in titles if re.search("share|send|cloud|edit", title, re.I)]
    colour = page.locator("#chart-durations .xtick text").first.evaluate(
        "tick => getComputedStyle(tick).fill"
    )
    assert (colour == "rgb(231, 234, 238)") == (scheme == "dark")
    assert complaints == []
    page.context.close()


def test_the_map_is_coloured_by_choice_and_names_are_text(browser: Browser, file: Path) -> None:
    complaints: list[str] = []
    page = opened(browser, file, complaints)
    page.locator("#map").scroll_into_view_if_needed()
    page.evaluate("document.querySelector('#chart-map').scrollIntoView()")
    legend = page.locator("#map .legend")
    legend.get_by_text("communication").wait_for()
    page.locator("#map select").select_option("language")
    assert legend.inner_text().split() == ["en", "es"]
    page.locator("#map select").select_option("speaker")
    assert legend.inner_text() == ""
    place = page.evaluate("document.querySelector('#chart-map').data[0].customdata.findIndex("
                          "row => row[0].includes('alert'))")  # fmt: skip
    page.mouse.move(*page.evaluate(PLACE, place))
    shown = page.locator("#chart-map .hoverlayer").get_by_text("</script><script>alert(1)")
    shown.first.wait_for()
    assert page.locator("#chart-map img").count() == 0
    assert complaints == []
    page.context.close()


def test_a_narrow_screen_scrolls_one_way_and_print_has_every_chart(
    browser: Browser, file: Path
) -> None:
    complaints: list[str] = []
    page = opened(browser, file, complaints, viewport={"width": 400, "height": 800})
    page.evaluate(SCROLL)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page.context.close()
    page = opened(browser, file, complaints)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.wait_for_function(f"{DRAWN} == {page.locator('.chart').count()}")
    assert complaints == []
    page.context.close()


def test_keys_lead_from_the_contents_to_a_section(browser: Browser, file: Path) -> None:
    complaints: list[str] = []
    page = opened(browser, file, complaints, reduced_motion="reduce")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the report"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#durations"
    page.wait_for_function("document.querySelector('#chart-durations svg') !== null")
    assert complaints == []
    page.context.close()
