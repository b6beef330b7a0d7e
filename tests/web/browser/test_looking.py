"""The Recordings, Map and SQL tabs."""

import csv
from pathlib import Path

from playwright.sync_api import Page, expect
from web_page import HOSTILE, button, open_tab, until


def rows(page: Page) -> list[str]:
    return page.locator("#recordings tbody .at-path").all_inner_texts()


def test_recordings_are_filtered_and_paged(page: Page) -> None:
    open_tab(page, "recordings")
    status = page.locator("#recordings-list [role=status]")
    expect(status.filter(has_text="1 to 50 of 60 recordings").first).to_be_visible()
    first = rows(page)
    button(page, "Next").first.click()
    expect(status.filter(has_text="51 to 60 of 60 recordings").first).to_be_visible()
    assert not set(first) & set(rows(page))
    page.locator("#recordings select[name=language]").select_option("de")
    expect(status.filter(has_text="1 to 12 of 12 recordings").first).to_be_visible()
    page.locator("#recordings input[name=text]").fill("de/00")
    expect(status.filter(has_text="1 to 9 of 9 recordings").first).to_be_visible()
    assert sorted(rows(page)) == [f"de/00{i}.opus" for i in range(1, 10)]


def test_a_recording_shows_what_is_known(page: Page) -> None:
    open_tab(page, "recordings")
    page.locator("#recordings input[name=text]").fill("en/032")
    expect(page.locator("#recordings tbody .at-path")).to_have_text(["en/032.opus"])
    button(page, "en/032.opus").click()
    expect(page.locator(".facts")).to_contain_text("en-f4")
    until(page, "document.querySelector('#recordings img').naturalWidth > 0")
    button(page, "Compare in Verify").click()
    expect(page.locator("#verify-a figcaption")).to_contain_text("en/032.opus")


def test_a_bad_condition_is_said_in_place(page: Page, complaints: list[str]) -> None:
    open_tab(page, "recordings")
    page.locator("#recordings input[name=where]").fill("nothing = 1")
    expect(page.locator("#recordings .error")).to_contain_text("nothing")
    complaints.clear()


def test_a_click_on_the_map_plays_and_shows(page: Page) -> None:
    open_tab(page, "map")
    points = page.locator("#plot .scatterlayer .point")
    points.first.wait_for()
    assert points.count() == 60
    box = points.nth(5).bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.locator("#map-side .facts dt").first.wait_for()
    until(page, "document.querySelector('#player').currentTime > 0.1")
    expect(page.locator("#map-side h2")).to_have_text("Nearest on the map")
    button(page, "Use as anchor").click()
    expect(page.locator("#anchor figcaption")).to_have_text(
        page.locator("#dock-label").inner_text()
    )


def test_the_map_has_colours_filters_and_a_list_for_the_keyboard(page: Page) -> None:
    open_tab(page, "map")
    page.locator("#plot .scatterlayer .point").first.wait_for()
    page.locator("#map select[name=colour]").select_option("gender")
    expect(page.locator("#plot .legendtext")).to_have_text(["f", "m"])
    page.locator("#map select[name=language]").select_option("de")
    expect(page.locator("#plot .scatterlayer .point")).to_have_count(12)
    page.get_by_label("Find on the map").fill("de/003")
    expect(page.locator("#map-side .option")).to_have_count(1)
    page.locator("#map-side .option").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#map-side figcaption")).to_contain_text("de/003.opus")


def test_a_statement_gives_rows_and_a_csv(page: Page) -> None:
    open_tab(page, "sql")
    editor = page.locator("#sql textarea")
    editor.fill("select id, path, speaker from recordings where language = 'de' order by path")
    editor.press("Control+Enter")
    expect(page.locator("#sql-result tbody tr")).to_have_count(12)
    shown = page.locator("#sql-result tbody tr").first.locator("td").all_inner_texts()
    with page.expect_download() as download:
        button(page, "Download CSV").click()
    with Path(download.value.path()).open(newline="", encoding="utf-8") as file:
        saved = list(csv.reader(file))
    assert saved[0] == ["id", "path", "speaker"]
    assert saved[1] == shown
    assert len(shown[0]) > 15  # all digits of a 63-bit id
    assert [row[2] for row in saved].count(HOSTILE) == 1


def test_a_failing_statement_is_said_in_place(page: Page, complaints: list[str]) -> None:
    open_tab(page, "sql")
    page.locator("#sql textarea").fill("select nothing")
    button(page, "Run").click()
    expect(page.locator("#sql .error")).to_contain_text("nothing")
    complaints.clear()


def test_examples_run_and_the_schema_is_shown(page: Page) -> None:
    open_tab(page, "sql")
    for example in page.locator(".chip").all():
        example.click()
        with page.expect_response("**/sql") as response:
            button(page, "Run").click()
        assert response.value.status == 200, example.inner_text()
    page.locator("#sql-schema summary").click()
    expect(page.locator(".schema")).to_contain_text("speech_s")
