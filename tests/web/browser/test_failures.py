"""What goes wrong is said in one line, and hostile names do nothing."""

from pathlib import Path

from playwright.sync_api import Page, expect
from web_page import HOSTILE, button, find_match, open_tab, take_stored


def test_a_text_file_is_refused_as_audio(page: Page, complaints: list[str], tmp_path: Path) -> None:
    text = tmp_path / "notes.wav"
    text.write_text("no audio at all")
    page.locator("#anchor input[type=file]").set_input_files(text)
    expect(page.locator("#anchor .error:not([hidden])")).to_contain_text(
        "notes.wav cannot be used: not audio ("
    )
    page.get_by_label("Files", exact=True).check(force=True)
    page.locator('[data-kind="files"] input[type=file]').set_input_files(text)
    expect(page.locator(".files .error")).to_be_visible()
    complaints.clear()


def test_a_server_that_is_gone(page: Page, complaints: list[str]) -> None:
    take_stored(page, "#anchor", "en/032.opus")
    page.route("**/query", lambda route: route.abort())
    button(page, "Find the match").click()
    expect(page.locator("#query-form > .task .error")).to_contain_text("The server does not answer")
    complaints.clear()


def test_a_server_that_wants_a_token(page: Page, complaints: list[str]) -> None:
    page.route("**/facets", lambda route: route.fulfill(status=401, body="{}"))
    page.reload()
    expect(page.locator("#notice")).to_contain_text("wants a token")
    complaints.clear()


def test_an_anchor_is_asked_for(page: Page) -> None:
    button(page, "Find the match").click()
    expect(page.locator("#query-form > .task .error")).to_contain_text("No anchor yet")


def test_names_are_text_wherever_they_stand(page: Page) -> None:
    hostile = f"de/{HOSTILE}.opus"
    take_stored(page, "#anchor", hostile)
    page.locator("#query select[name=language]").select_option("de")
    assert find_match(page)["candidates"]
    open_tab(page, "recordings")
    page.locator("#recordings input[name=text]").fill("onerror")
    expect(page.locator("#recordings tbody .at-path")).to_have_text([hostile])
    button(page, hostile).click()
    expect(page.locator(".facts")).to_contain_text(HOSTILE)
    open_tab(page, "map")
    page.locator("#plot .scatterlayer .point").first.wait_for()
    page.get_by_label("Find on the map").fill("onerror")
    page.locator("#map-side .option", has_text="onerror").click()
    expect(page.locator("#map-side figcaption")).to_have_text(hostile)
    open_tab(page, "sql")
    page.locator("#sql textarea").fill("select path, speaker from recordings order by path")
    button(page, "Run").click()
    expect(page.locator("#sql-result td", has_text=HOSTILE).first).to_be_visible()
    assert page.locator("img[src=x]").count() == 0
