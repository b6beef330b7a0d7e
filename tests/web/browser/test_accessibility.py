"""By keyboard, on a narrow screen, in the dark, and with a screen reader."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from web_page import TABS, button, find_match, open_tab, take_stored, until

CHECKS = Path(__file__).with_name("checks.js").read_text(encoding="utf-8")


def fill_all_tabs(page: Page) -> None:
    """Leave something to look at on every tab."""
    take_stored(page, "#anchor", "en/032.opus")
    find_match(page)
    page.locator("summary", has_text="Export").click()
    open_tab(page, "verify")
    for place in ("#verify-a", "#verify-b"):
        take_stored(page, place, "en/032.opus")
    button(page, "Compare").click()
    page.locator("#verify .verdict").wait_for()
    open_tab(page, "recordings")
    page.locator("#recordings .at-path button").first.click()
    page.locator("#recordings .facts dt").first.wait_for()
    open_tab(page, "map")
    page.locator("#map-side .option").first.click()
    page.locator("#map-side .facts dt").first.wait_for()
    open_tab(page, "sql")
    page.locator("#sql-schema summary").click()
    page.locator(".schema").wait_for()
    button(page, "Run").click()
    page.locator("#sql-result td").first.wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_names_labels_and_contrast(page: Page, theme: str) -> None:
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
    until(page, f"document.documentElement.dataset.theme === '{theme}'")
    fill_all_tabs(page)
    for tab in TABS:
        open_tab(page, tab)
        page.mouse.move(0, 0)
        page.wait_for_timeout(200)  # colours fade under the mouse
        assert page.evaluate(CHECKS) == [], tab


def test_a_narrow_screen_never_scrolls_sideways(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    fill_all_tabs(page)
    for tab in TABS:
        open_tab(page, tab)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), tab
        cards = "[...document.querySelectorAll('.card:has(> table.cards)')]"
        assert page.evaluate(f"{cards}.every(card => card.scrollWidth <= card.clientWidth)"), tab


def test_the_theme_is_kept(page: Page) -> None:
    button(page, "Dark theme").click()
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_a_query_by_keyboard_alone(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    tab_to(page, "#anchor input[type=search]")
    page.keyboard.type("en/032")
    page.locator("#anchor .found button").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator("#anchor figure").wait_for()
    tab_to(page, "#group input[value=store]")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    tab_to(page, "textarea[name=list]")
    page.keyboard.type("en/046.opus\nen/045.opus\n")
    tab_to(page, "#query-form > .task .primary")
    page.keyboard.press("Space")
    page.locator(".verdict").wait_for()
    expect(page.locator(".verdict h2")).to_be_focused()
    tab_to(page, ".candidates .play")
    page.keyboard.press("Space")
    until(page, "document.querySelector('#player').currentTime > 0")


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until an element has the focus, which must be seen wherever it goes."""
    for _ in range(25):
        if page.evaluate(f"document.activeElement.matches({selector!r})"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {selector}")


def test_tabs_by_arrow_keys_and_by_address(page: Page, address: str) -> None:
    page.locator("#tab-query").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tab-verify")).to_be_focused()
    expect(page.locator("#verify")).to_be_visible()
    page.keyboard.press("End")
    expect(page.locator("#sql")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#query")).to_be_visible()
    assert page.url == f"{address}#query"
    page.go_back()
    expect(page.locator("#sql")).to_be_visible()
    page.goto(f"{address}#map")
    expect(page.locator("#map")).to_be_visible()
    assert page.locator("[role=tab][tabindex='0']").count() == 1


def test_the_first_page_asks_for_little(browser: Browser, address: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.locator("#store:not(:empty)").wait_for()
    assert not [url for url in asked if "plotly" in url]
    context.close()
