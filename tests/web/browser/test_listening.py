"""Playing and recording."""

import io

import numpy as np
import pytest
import soundfile
from playwright.sync_api import BrowserContext, Page, expect
from web_page import button, find_match, open_tab, take_stored, until

ADVANCES = "document.querySelector('#player').currentTime > 0.2"
PLAYING = "document.querySelector('#player').src"


def test_what_is_played_advances_and_one_plays_at_a_time(page: Page) -> None:
    open_tab(page, "recordings")
    players = page.locator("#recordings tbody .play")
    players.nth(0).click()
    until(page, ADVANCES)
    first = page.evaluate(PLAYING)
    players.nth(1).click()
    until(page, ADVANCES)
    assert page.evaluate(PLAYING) != first
    assert page.locator("#recordings tbody .play[aria-label^=Pause]").count() <= 1
    players.nth(1).click()
    until(page, "document.querySelector('#player').paused")


def test_a_key_switches_between_anchor_and_candidate(page: Page) -> None:
    take_stored(page, "#anchor", "en/032.opus")
    find_match(page)
    rows = page.locator(".candidates .at-path button")
    rows.nth(0).focus()
    page.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("p")
    until(page, ADVANCES)
    expect(page.locator("#dock-label")).to_have_text(rows.nth(1).inner_text())
    page.keyboard.press("a")
    expect(page.locator("#dock-label")).to_have_text("en/032.opus")
    until(page, ADVANCES)
    page.keyboard.press("a")
    expect(page.locator("#dock-label")).to_have_text(rows.nth(1).inner_text())


def test_a_click_on_a_spectrogram_plays_from_there(page: Page) -> None:
    take_stored(page, "#anchor", "en/032.opus")
    image = page.locator("#anchor img")
    until(page, "document.querySelector('#anchor img').naturalWidth > 0")
    box = image.bounding_box()
    assert box is not None
    image.click(position={"x": 0.5 * box["width"], "y": 20})
    until(page, "document.querySelector('#player').currentTime > 1")


def test_the_microphone_is_recorded(page: Page) -> None:
    button(page, "Record").click()
    page.locator(".recording meter").wait_for()
    until(page, "parseFloat(document.querySelector('.recording .number').textContent) > 1.2")
    until(page, "document.querySelector('.recording meter').value > 0")
    button(page, "Stop and use").click()
    # the fake microphone beeps, which may hold no speech: either answer is the server's
    page.locator("#anchor figure, #anchor .error:not([hidden])").first.wait_for()


def test_a_recording_that_does_not_arrive_is_kept(page: Page, complaints: list[str]) -> None:
    page.route("**/uploads", lambda route: route.abort(), times=1)
    button(page, "Record").click()
    page.locator(".recording meter").wait_for()
    until(page, "parseFloat(document.querySelector('.recording .number').textContent) > 0.5")
    button(page, "Stop and use").click()
    expect(page.locator("#anchor .error:not([hidden])")).to_contain_text("does not answer")
    with page.expect_response("**/uploads") as response:
        button(page, "Send it again").click()
    # the fake microphone beeps, which may hold no speech
    assert response.value.status in {201, 422}
    complaints.clear()


def test_the_microphone_is_let_go_where_the_recorder_does_not_load(
    context: BrowserContext, page: Page, complaints: list[str]
) -> None:
    context.add_init_script(
        "const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);"
        "navigator.mediaDevices.getUserMedia = async (w) => (window.taken = await open(w));"
        "AudioWorklet.prototype.addModule = () => Promise.reject(new Error('gone'));"
    )
    page.reload()
    button(page, "Record").click()
    expect(page.locator("#anchor .error:not([hidden])")).to_contain_text("did not load")
    assert page.evaluate("taken.getTracks().every((track) => track.readyState === 'ended')")
    complaints.clear()


def test_what_is_recorded_is_a_wav_that_others_read(page: Page) -> None:
    samples = np.linspace(-1.2, 1.2, 999, dtype=np.float32)
    written = page.evaluate(
        """async (samples) => {
            const { encodeWav } = await import("./static/wav.js");
            const chunks = [samples.slice(0, 128), samples.slice(128)];
            return [...new Uint8Array(await encodeWav(chunks, 44100).arrayBuffer())];
        }""",
        samples.tolist(),
    )
    read, rate = soundfile.read(io.BytesIO(bytes(written)), dtype="float32")
    assert rate == 44_100
    np.testing.assert_allclose(read, samples.clip(-1, 1), atol=1 / 16_384)


def test_a_recording_can_be_discarded(page: Page) -> None:
    button(page, "Record").click()
    button(page, "Discard").click()
    expect(button(page, "Record")).to_be_focused()


@pytest.mark.parametrize(
    ("error", "words"), [("NotFoundError", "No microphone"), ("NotAllowedError", "allow it")]
)
def test_no_microphone_is_said_in_words(
    context: BrowserContext, page: Page, error: str, words: str
) -> None:
    context.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => "
        f"Promise.reject(new DOMException('none', '{error}'))"
    )
    page.reload()
    button(page, "Record").click()
    expect(page.locator("#anchor .error:not([hidden])")).to_contain_text(words)


def test_audio_that_is_gone_is_said_in_words(page: Page, complaints: list[str]) -> None:
    gone = '{"error": "the file is gone: index the folder again"}'
    page.route("**/audio", lambda route: route.fulfill(status=404, body=gone))
    open_tab(page, "recordings")
    page.locator("#recordings tbody .play").first.click()
    expect(page.locator("#dock-label")).to_contain_text("the file is gone")
    complaints.clear()
