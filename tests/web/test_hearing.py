"""Playback and spectrograms."""

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from builders import SpectralEncoder, embedded, voice, write_audio
from PIL import Image
from starlette.testclient import TestClient
from web_server import HOST, Serve, upload, wav

from spkret import api
from spkret.commands.demo import CORPUS
from spkret.errors import UnknownRecordingError
from spkret.indexer.audio import load
from spkret.store.store import Store
from spkret.web.app import create_app
from spkret.web.hearing import file_of
from spkret.web.services import Services
from spkret.web.spectrogram import levels


def id_of(client: TestClient, text: str) -> str:
    found = client.get("/recordings", params={"text": text}).json()["recordings"]
    assert len(found) == 1
    return str(found[0]["id"])


@pytest.fixture
def own(serve: Serve, store_path: Path, tmp_path: Path) -> TestClient:
    """A server of files in many formats, under `tmp_path / "own"`."""
    folder = tmp_path / "own"
    for name in ("a.wav", "a.flac", "a.mp3", "a.ogg"):
        write_audio(folder / name, voice(1.0))
    write_audio(folder / "eight.wav", voice(1.0, rate_hz=8_000), 8_000)
    soundfile.write(folder / "law.wav", voice(1.5, seed=1), 16_000, subtype="ULAW")
    api.index(folder, store_path)
    return serve()


def test_audio_is_the_file_and_ranges_work(client: TestClient) -> None:
    file = (CORPUS / "en" / "004.opus").read_bytes()
    path = f"/recordings/{id_of(client, 'en/004')}/audio"
    whole = client.get(path)
    assert (whole.content, whole.headers["content-type"]) == (file, "audio/ogg")
    part = client.get(path, headers={"range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, file[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(file)}"
    beyond = client.get(path, headers={"range": "bytes=99999999-"})
    assert (beyond.status_code, list(beyond.json())) == (416, ["error"])
    assert beyond.headers["content-range"] == f"bytes */{len(file)}"
    wrong = client.get(path, headers={"range": "bytes=abc"})
    assert (wrong.status_code, list(wrong.json())) == (400, ["error"])
    assert "content-disposition" not in whole.headers


def test_what_a_browser_has_is_asked_for_again_and_not_sent_again(client: TestClient) -> None:
    of_one = f"/recordings/{id_of(client, 'en/004')}"
    private = (f"{of_one}/audio", f"{of_one}/spectrogram.png")
    for path in (*private, "/", "/static/main.js", "/static/plotly.min.js"):
        sent = client.get(path)
        kept = "private, no-cache" if path in private else "no-cache"
        assert (sent.status_code, sent.headers["cache-control"]) == (200, kept)
        again = client.get(path, headers={"if-none-match": f'"x", W/{sent.headers["etag"]}'})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["cache-control"] == kept
        assert client.get(path, headers={"if-none-match": '"x"'}).status_code == 200


def test_heads_are_answered_wherever_something_can_be_got(client: TestClient) -> None:
    of_one = f"/recordings/{id_of(client, 'en/004')}"
    paths = ("/", "/static/main.js", "/health", "/recordings", f"{of_one}/audio", "/nothing")
    for path in paths:
        head, got = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert head.headers["content-length"] == got.headers["content-length"]
    assert client.head("/query").status_code == 405


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.wav", "audio/wav"),
        ("a.flac", "audio/flac"),
        ("a.mp3", "audio/mpeg"),
        ("a.ogg", "audio/ogg"),
    ],
)
def test_what_browsers_play_is_sent_as_it_is(
    own: TestClient, tmp_path: Path, name: str, kind: str
) -> None:
    played = own.get(f"/recordings/{id_of(own, name)}/audio")
    assert played.content == (tmp_path / "own" / name).read_bytes()
    assert played.headers["content-type"] == kind


def test_what_browsers_do_not_play_is_sent_as_wav(own: TestClient, tmp_path: Path) -> None:
    for _ in range(2):
        played = own.get(f"/recordings/{id_of(own, 'law.wav')}/audio")
        samples, rate = soundfile.read(io.BytesIO(played.content), dtype="float32")
        assert (rate, played.headers["content-type"]) == (16_000, "audio/wav")
        expected = load(tmp_path / "own" / "law.wav").waveform
        np.testing.assert_allclose(samples, expected, atol=2 / 32768)
    services: Services = own.app.state.services  # type: ignore[attr-defined]
    for made in services.uploads.folder.glob("*.wav"):
        made.unlink()
    part = own.get(f"/recordings/{id_of(own, 'law.wav')}/audio", headers={"range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"RIFF")


def test_a_flac_that_calls_itself_wav_is_not_sent_as_such(client: TestClient) -> None:
    reference = upload(client, wav(voice(1.0), format="FLAC"), "x.wav").removeprefix("upload:")
    played = client.get(f"/uploads/{reference}/audio")
    assert (played.headers["content-type"], played.content[:4]) == ("audio/wav", b"RIFF")


def test_a_file_that_is_gone_is_said_so(own: TestClient, tmp_path: Path) -> None:
    gone = id_of(own, "a.mp3")
    (tmp_path / "own" / "a.mp3").unlink()
    for what in ("audio", "spectrogram.png"):
        answer = own.get(f"/recordings/{gone}/{what}")
        assert (answer.status_code, list(answer.json())) == (404, ["error"])
    assert own.get(f"/recordings/{gone}").json()["audio"] is False


def test_a_stored_path_cannot_leave_its_root(tmp_path: Path, encoder: object) -> None:
    secret = write_audio(tmp_path / "secret.wav", voice(1.0))
    root = tmp_path / "root"
    root.mkdir()
    (root / "link.wav").symlink_to(secret)
    assert file_of(str(root), "link.wav").read_bytes() == secret.read_bytes()
    store = Store.create(tmp_path / "store", SpectralEncoder.identity)
    rows = [
        embedded("../secret.wav", root=str(root), dimension=48),
        embedded(str(secret), root=str(root), dimension=48),
    ]
    store.recordings.commit(rows)
    with TestClient(create_app(store), base_url=HOST) as client:
        listed = client.get("/recordings").json()["recordings"]
        assert len(listed) == 2
        for row in listed:
            assert row["audio"] is False
            assert client.get(f"/recordings/{row['id']}/audio").status_code == 404
            assert client.get(f"/recordings/{row['id']}/spectrogram.png").status_code == 404


def test_spectrograms_are_pictures_of_one_size(own: TestClient, anchor: bytes) -> None:
    reference = upload(own, anchor).removeprefix("upload:")
    paths = [f"/recordings/{id_of(own, name)}" for name in ("a.wav", "eight.wav", "law.wav")]
    for path in (*paths, f"/uploads/{reference}"):
        drawn = own.get(f"{path}/spectrogram.png")
        assert (drawn.status_code, drawn.headers["content-type"]) == (200, "image/png")
        with Image.open(io.BytesIO(drawn.content)) as picture:
            assert picture.size == (800, 260)
            assert len(set(picture.convert("L").tobytes())) > 50
        assert own.get(f"{path}/spectrogram.png").content == drawn.content
        bare = own.get(f"{path}/spectrogram.png?axes=false").content
        with Image.open(io.BytesIO(bare)) as picture:
            assert picture.size == (800, 260)
            alpha = picture.convert("RGBA").getchannel("A")
            assert alpha.getextrema() == (255, 255)  # nothing but the picture


def test_a_tone_stands_at_its_frequency_and_time() -> None:
    time = np.arange(32_000) / 16_000
    tone = (np.sin(2 * np.pi * 2_000 * time) * (time > 1)).astype(np.float32)
    picture = levels(tone, 16_000)
    loudest = picture[:, -20].argmax() / (len(picture) - 1) * 8_000
    assert loudest == pytest.approx(2_000, abs=32)
    assert picture.max() == 0
    frames = len(picture[0])
    assert picture[:, : frames // 3].max() < -60
    assert len(levels(tone[:100], 16_000)) == len(picture)


def test_silence_and_a_minute_are_drawn(own: TestClient, tmp_path: Path, store_path: Path) -> None:
    long = tmp_path / "long"
    write_audio(long / "long.flac", voice(70.0))
    api.index(long, store_path)
    assert own.get(f"/recordings/{id_of(own, 'long.flac')}/spectrogram.png").status_code == 200
    shutil.copy(CORPUS / "manifest.csv", tmp_path / "own" / "a.wav")
    answer = own.get(f"/recordings/{id_of(own, 'a.wav')}/spectrogram.png")
    assert answer.status_code == 422


def test_a_recording_at_a_url_is_said_not_to_be_played() -> None:
    with pytest.raises(UnknownRecordingError, match="it is at s3://calls/audio, which is not"):
        file_of("s3://calls/audio", "a.wav")
