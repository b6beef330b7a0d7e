"""From an anchor and a group to the ranked candidates."""

import json
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, Route, expect
from web_page import (
    CORPUS,
    button,
    find_match,
    open_tab,
    ranked,
    ranking,
    take_file,
    take_stored,
    until,
)

from spkret.rerank.feature_table import FEATURES

ANCHOR = "en/032.opus"
GROUP = [f"en/{number:03}.opus" for number in (46, 45, 39, 34, 6)]


def paste(page: Page, lines: list[str]) -> None:
    page.get_by_label("A list", exact=True).check(force=True)
    page.locator("textarea[name=list]").fill("\n".join(lines))


def test_an_uploaded_anchor_finds_its_speaker_in_the_filtered_store(page: Page) -> None:
    take_file(page, "#anchor", CORPUS / ANCHOR)
    page.locator("#query select[name=language]").select_option(label="en (48)")
    page.locator("#query input[name=where]").fill("speech_s > 0.5")
    answer = find_match(page)
    assert answer["candidates"][0]["speaker"] == "en-f4"  # the anchor itself is no candidate
    assert {candidate["language"] for candidate in answer["candidates"]} == {"en"}
    expect(page.locator(".verdict h2")).to_contain_text(answer["match"])
    assert ranking(page) == ranked(answer)


def test_the_ranking_of_a_pasted_list_is_the_one_of_the_api(page: Page, address: str) -> None:
    take_stored(page, "#anchor", ANCHOR)
    paste(page, [*GROUP, "", GROUP[0]])
    expect(page.locator("#list-count")).to_have_text("5 recordings")
    quoted = [f'"{GROUP[0]}"', *(f" '{path}'" for path in GROUP[1:])]
    page.locator("textarea[name=list]").fill("\n".join(quoted))
    find_match(page)
    asked = {"anchor": ANCHOR, "group": GROUP}
    expected = httpx.post(f"{address}query", json=asked, timeout=30).json()
    assert ranking(page) == ranked(expected)
    percent = f"{100 * expected['probability']:.1f} %"
    expect(page.locator(".figure").first).to_contain_text(percent)
    expect(page.locator(".figure").last).to_contain_text(
        f"{100 * expected['none_probability']:.1f} %"
    )


def test_a_group_of_files(page: Page) -> None:
    take_stored(page, "#anchor", ANCHOR)
    page.get_by_label("Files", exact=True).check(force=True)
    chooser = page.locator('[data-kind="files"] input[type=file]')
    chooser.set_input_files([CORPUS / path for path in GROUP[:3]])
    answer = find_match(page)  # waits for the files on their way
    assert {c["path"] for c in answer["candidates"]} == {Path(path).name for path in GROUP[:3]}
    assert ranking(page) == ranked(answer)
    button(page, f"Remove {Path(GROUP[1]).name}").click()
    expect(page.locator(".files li")).to_have_count(2)
    assert len(find_match(page)["candidates"]) == 2


def test_files_are_dropped_on_the_anchor(page: Page) -> None:
    data = list((CORPUS / ANCHOR).read_bytes())
    transfer = page.evaluate_handle(
        """data => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(data)], "dropped.opus"));
            return transfer;
        }""",
        data,
    )
    page.locator("#anchor .drop").dispatch_event("drop", {"dataTransfer": transfer})
    expect(page.locator("#anchor figcaption")).to_contain_text("dropped.opus")


def test_candidates_say_why_and_show_spectrograms_side_by_side(page: Page) -> None:
    take_stored(page, "#anchor", ANCHOR)
    paste(page, GROUP)
    answer = find_match(page)
    second = answer["candidates"][1]
    button(page, second["path"]).click()
    details = page.locator(".details:visible")
    expect(details).to_have_count(1)
    expect(details.locator(".reasons p")).to_have_text(
        f"{second['explanation'][0].upper()}{second['explanation'][1:]}."
    )
    strongest = max(second["contributions"], key=lambda name: abs(second["contributions"][name]))
    expect(details.locator("tbody th").first).to_have_text(strongest.replace("_", " "))
    expect(details.locator("tbody tr")).to_have_count(10)
    details.get_by_role("button", name="Show all").click()
    expect(details.locator("tbody tr")).to_have_count(len(second["contributions"]))
    details.locator("summary", has_text="What the features mean").click()
    meaning = next(feature.doc for feature in FEATURES if feature.name == strongest)
    expect(details.locator(".meanings dd").first).to_contain_text(meaning)
    until(page, "[...document.querySelectorAll('.comparison img')].every(i => i.naturalWidth > 0)")
    sizes = [image.bounding_box() for image in details.locator("img").all()]
    assert len(sizes) == 2
    assert sizes[0]["width"] == sizes[1]["width"]  # type: ignore[index]
    assert sizes[0]["height"] == sizes[1]["height"]  # type: ignore[index]


def test_a_candidate_becomes_the_anchor(page: Page) -> None:
    take_stored(page, "#anchor", ANCHOR)
    paste(page, GROUP)
    best = find_match(page)["candidates"][0]["path"]
    page.locator(".details:visible").get_by_role("button", name="Use as anchor").click()
    expect(page.locator("#anchor figcaption")).to_contain_text(best)


def test_nobody_is_named_below_the_least_probability(page: Page) -> None:
    take_stored(page, "#anchor", ANCHOR)
    paste(page, GROUP)
    page.locator("input[name=least]").fill("-3")
    button(page, "Find the match").click()
    expect(page.locator("#query-form > .task .error")).to_contain_text("0 to 100 %, not -3 %")
    page.locator("input[name=least]").fill("100")
    answer = find_match(page)
    assert answer["match"] is None
    expect(page.locator(".verdict h2")).to_have_text("No match is named")


@pytest.mark.parametrize(
    ("probability", "none", "words", "bar"),
    [
        (0.9, 0.2, "The match is en/046.opus", "named"),
        (0.9, None, "The match is en/046.opus", "named"),
        (0.128, 0.2, "Best candidate: en/046.opus, not certain", "abstained"),
        (1, 0.89, "Best candidate, but probably none of them is the match", "abstained"),
    ],
)
def test_the_best_is_named_as_surely_as_its_numbers_are(
    page: Page, probability: float, none: float | None, words: str, bar: str
) -> None:
    def answer(route: Route) -> None:
        document = route.fetch().json()
        route.fulfill(json=document | {"probability": probability, "none_probability": none})

    take_stored(page, "#anchor", ANCHOR)
    paste(page, [GROUP[0]])
    page.route("**/query", answer)
    button(page, "Find the match").click()
    expect(page.locator(".verdict h2")).to_contain_text(words)
    expect(page.locator(".verdict")).to_have_class(f"card verdict {bar}")


def test_a_search_of_the_whole_store_adds_up_by_speaker(page: Page) -> None:
    take_stored(page, "#anchor", ANCHOR)
    answer = find_match(page)
    best = answer["speakers"][0]
    line = f"Speaker {best['speaker']}: {100 * best['probability']:.1f} % over "
    expect(page.locator(".shares li").first).to_contain_text(line)
    expect(page.locator("#result .warning")).to_contain_text("shared among them")


def test_an_answer_to_what_is_not_asked_any_more_says_so(page: Page, complaints: list[str]) -> None:
    button(page, "Find the match").click()
    error = page.locator("#query-form > .task .error")
    expect(error).to_contain_text("No anchor yet")
    take_stored(page, "#anchor", ANCHOR)
    expect(error).to_be_hidden()
    paste(page, GROUP)
    find_match(page)
    result = page.locator("#result")
    expect(result).not_to_have_class("stack outdated")
    page.locator("textarea[name=list]").fill(GROUP[0])
    expect(result).to_have_class("stack outdated")
    expect(result.locator(".warning").first).to_contain_text("the former anchor")
    find_match(page)
    expect(result).to_have_class("stack")
    button(page, "Change anchor").click()
    expect(result).to_have_class("stack outdated")
    take_stored(page, "#anchor", ANCHOR)
    find_match(page)
    expect(result).to_have_class("stack")
    page.route("**/query", lambda route: route.abort())
    button(page, "Find the match").click()
    expect(result).to_have_class("stack outdated")
    complaints.clear()  # the failure is logged as an error


def test_an_answer_can_be_taken_along(page: Page) -> None:
    take_stored(page, "#anchor", ANCHOR)
    paste(page, GROUP)
    page.get_by_label("It may be none of them").check()
    answer = find_match(page)
    page.locator("summary", has_text="Export").click()
    command = page.locator("#result pre").inner_text()
    assert command.startswith(
        f"printf '%s\\n' {' '.join(GROUP)} | spkret query {ANCHOR} --group - "
    )
    assert "--top 20 --open --explain" in command
    with page.expect_download() as download:
        button(page, "Download JSON").click()
    assert json.loads(Path(download.value.path()).read_text()) == answer


@pytest.mark.parametrize("anchor", ["-x.wav", "$(echo INJECTED > injected).wav"])
def test_names_of_files_are_words_to_a_shell(page: Page, tmp_path: Path, anchor: str) -> None:
    names = [
        "END",
        "echo INJECTED > injected; # .wav",
        "it's `id` $HOME\\n",
        "--open",
        "=ls",
        "%s %d",
    ]
    command = page.evaluate(
        """async ([anchor, names]) => {
            const { commandLine } = await import("./static/export.js");
            const refs = names.map((name, number) => `upload:${number}`);
            const uploads = new Map(refs.map((ref, number) => [ref, { label: names[number] }]));
            const request = { top: 5, group: refs, where: "path != '; touch injected'" };
            return commandLine({ anchor: { label: anchor }, request, store: "a b", uploads });
        }""",
        [anchor, names],
    )
    stub = tmp_path / "bin" / "spkret"
    stub.parent.mkdir()
    stub.write_text("#!/bin/sh\nprintf '%s\\0' \"$@\"\ncat\n")
    stub.chmod(0o755)
    environment = {"PATH": f"{stub.parent}:/usr/bin:/bin"}
    ran = subprocess.run(
        ["bash", "-c", command],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    *words, group = ran.stdout.split("\0")
    options = ["--group", "-", "--where", "path != '; touch injected'", "--top", "5"]
    options += ["--store", "a b"]
    expected = [*options, "--", anchor] if anchor.startswith("-") else [anchor, *options]
    assert (words, group.splitlines()) == (["query", *expected], names)
    assert not (tmp_path / "injected").exists()


def test_a_slow_query_can_be_cancelled(page: Page) -> None:
    take_stored(page, "#anchor", ANCHOR)
    page.route("**/query", lambda _: None)
    button(page, "Find the match").click()
    expect(page.locator("#query-form .task [role=status]").last).to_have_text("Searching…")
    button(page, "Cancel").click()
    expect(page.locator("#query-form .task [role=status]").last).to_have_text("Cancelled.")
    expect(button(page, "Find the match")).to_be_focused()


def test_two_recordings_are_compared(page: Page, tmp_path: Path) -> None:
    open_tab(page, "verify")
    take_file(page, "#verify-a", Path(shutil.copy(CORPUS / ANCHOR, tmp_path / "copy.opus")))
    take_stored(page, "#verify-b", ANCHOR)
    with page.expect_response("**/verify") as response:
        button(page, "Compare").click()
    answer = response.value.json()
    assert answer["same_speaker"] is True
    expect(page.locator("#verify .verdict h2")).to_have_text("The same speaker")
    expect(page.locator("#verify-result .warning")).to_contain_text("both are the same audio")
    expect(page.locator("#verify .reasons tbody tr")).to_have_count(10)
    button(page, "Change first recording").click()
    expect(page.locator("#verify-result")).to_have_class("stack outdated")


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [([], "The list is empty"), (["en/046.opus", "en/999.opus"], "en/999.opus")],
)
def test_a_list_that_will_not_do(
    page: Page, complaints: list[str], lines: list[str], complaint: str
) -> None:
    take_stored(page, "#anchor", ANCHOR)
    paste(page, lines)
    button(page, "Find the match").click()
    expect(page.locator("#query-form > .task .error")).to_contain_text(complaint)
    complaints.clear()  # the server's refusal is logged as an error
