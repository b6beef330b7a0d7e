"""Uploads: what is taken, what is refused, how long it is kept."""

import io
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from builders import voice
from starlette.exceptions import HTTPException
from starlette.testclient import TestClient
from web_server import CountingEncoder, Serve, at_once, upload, wav

from spkret.indexer.media import find_pyav
from spkret.web.services import Services
from spkret.web.settings import Settings
from spkret.web.uploads import Uploads


def folder_of(client: TestClient) -> Path:
    services: Services = client.app.state.services  # type: ignore[attr-defined]
    return services.uploads.folder


def test_an_upload_is_embedded_once_and_played_as_it_is(
    serve: Serve, encoder: CountingEncoder, anchor: bytes
) -> None:
    client = serve()
    encoder.batches.clear()
    answer = client.post("/uploads", files={"file": ("dir/../my anchor.wav", anchor)})
    assert answer.status_code == 201
    assert answer.json()["name"] == "my anchor.wav"
    assert answer.json()["duration_s"] == pytest.approx(2.0)
    for _ in range(3):
        reference = f"upload:{answer.json()['upload']}"
        assert client.post("/query", json={"anchor": reference}).status_code == 200
    assert encoder.batches == [1]
    played = client.get(f"/uploads/{answer.json()['upload']}/audio")
    assert (played.content, played.headers["content-type"]) == (anchor, "audio/wav")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("text.wav", b"hello there, this is not audio", "not_audio"),
        ("empty.wav", b"", "empty"),
        ("silent.wav", wav(np.zeros(16_000, np.float32)), "silent"),
        ("short.wav", wav(voice(0.05)), "too_short"),
        ("cut.wav", wav(voice(1.0))[:-2000], "truncated"),
        ("list.m4a", b"#EXTM3U\n/etc/hostname\n", "not_audio"),
        ("..", b"RIFF", "not_audio"),
    ],
)
def test_what_is_no_usable_audio_is_refused_with_its_reason(
    client: TestClient, name: str, content: bytes, said: str
) -> None:
    before = sorted(folder_of(client).iterdir())
    answer = client.post("/uploads", files={"file": (name, content)})
    assert answer.status_code == 422, answer.text
    assert said in answer.json()["error"]
    assert "spkret-serve" not in answer.text
    assert sorted(folder_of(client).iterdir()) == before


def test_audio_that_is_too_long_is_refused(serve: Serve) -> None:
    client = serve(max_upload_s=3.0)
    long = wav(voice(4.0), format="FLAC")
    answer = client.post("/uploads", files={"file": ("long.flac", long)})
    assert (answer.status_code, answer.json()["error"][:8]) == (422, "too_long")


def test_a_file_that_is_too_large_is_refused_before_it_is_read(serve: Serve) -> None:
    client = serve(max_upload_bytes=1 << 20)
    form = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield form
        while sent < 100:
            sent += 1
            yield bytes(1 << 20)

    kind = {"content-type": "multipart/form-data; boundary=x"}
    answer = client.post("/uploads", content=endless(), headers=kind)
    assert answer.status_code == 413
    assert "at most 1 MiB" in answer.json()["error"]
    announced = client.post(
        "/uploads", content=b"", headers=kind | {"content-length": str(1 << 40)}
    )
    assert announced.status_code == 413
    assert client.post("/sql", json={"statement": "x" * (9 << 20)}).status_code == 413


def test_the_oldest_go_where_there_are_too_many(serve: Serve) -> None:
    client = serve(most_uploads=2)
    kept = [upload(client, wav(voice(1.0, seed=seed))) for seed in range(3)]
    statuses = [client.post("/query", json={"anchor": one}).status_code for one in kept]
    assert statuses == [404, 200, 200]
    assert len(list(folder_of(client).glob("*.wav"))) == 2


def test_uploads_go_with_their_size_and_age(serve: Serve, anchor: bytes) -> None:
    client = serve(most_upload_bytes=len(anchor) + 1)
    first, second = upload(client, anchor), upload(client, anchor)
    statuses = [client.post("/query", json={"anchor": one}).status_code for one in (first, second)]
    assert statuses == [404, 200]
    aged = serve(upload_age_s=0.0)
    old = upload(aged, anchor).removeprefix("upload:")
    assert aged.get(f"/uploads/{old}/audio").status_code == 404
    assert not list(folder_of(aged).glob("*.wav"))


def test_uploads_go_with_their_age_though_nobody_asks(
    serve: Serve, anchor: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spkret.web.app._SWEEP_S", 0.05)
    client = serve(upload_age_s=0.5)
    upload(client, wav(voice(1.0), subtype="ULAW"))
    kept = upload(client, wav(voice(1.0, seed=1), subtype="ULAW")).removeprefix("upload:")
    assert client.get(f"/uploads/{kept}/audio").status_code == 200
    assert len(list(folder_of(client).iterdir())) == 3  # with a copy that browsers play
    end = time.monotonic() + 10
    while list(folder_of(client).iterdir()):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_what_could_not_be_kept_is_refused(serve: Serve, anchor: bytes) -> None:
    client = serve(most_upload_bytes=len(anchor) - 1)
    answer = client.post("/uploads", files={"file": ("a.wav", anchor)})
    assert answer.status_code == 413
    assert not list(folder_of(client).iterdir())


def test_what_is_being_embedded_counts(anchor: bytes) -> None:
    began, go_on = threading.Barrier(3), threading.Event()

    def held(*_: object) -> pa.Table:
        began.wait(10)
        assert go_on.wait(10)
        return pa.table({})

    uploads = Uploads(Settings(most_uploads=2), held)
    with ThreadPoolExecutor(2) as pool:
        sent = [pool.submit(uploads.add, "a.wav", io.BytesIO(anchor)) for _ in range(2)]
        began.wait(10)
        with pytest.raises(HTTPException, match="fewer uploads") as refused:
            uploads.add("a.wav", io.BytesIO(anchor))
        go_on.set()
        kept = {one.result().id for one in sent}
    assert (refused.value.status_code, len(kept), len(uploads)) == (503, 2, 2)
    uploads.close()


def test_a_folder_that_is_cleaned_away_is_made_again(serve: Serve, anchor: bytes) -> None:
    client = serve()
    gone = upload(client, anchor).removeprefix("upload:")
    shutil.rmtree(folder_of(client))
    for what in ("audio", "spectrogram.png"):
        answer = client.get(f"/uploads/{gone}/{what}")
        assert (answer.status_code, list(answer.json())) == (404, ["error"])
    there = upload(client, anchor).removeprefix("upload:")
    assert client.get(f"/uploads/{there}/audio").content == anchor
    assert folder_of(client).stat().st_mode & 0o077 == 0


def test_the_folder_goes_when_the_server_ends(serve: Serve, anchor: bytes) -> None:
    client = serve()
    upload(client, anchor)
    folder = folder_of(client)
    assert folder.stat().st_mode & 0o077 == 0
    client.__exit__(None, None, None)
    assert not folder.exists()
    client.__enter__()


def test_media_of_phones_and_browsers_is_taken(client: TestClient, tmp_path: Path) -> None:
    av = find_pyav()
    for suffix, codec, rate in ((".webm", "libopus", 48_000), (".m4a", "aac", 16_000)):
        path = tmp_path / f"x{suffix}"
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=rate, layout="mono")
            frame = av.AudioFrame.from_ndarray(
                voice(2.0, rate_hz=rate)[None], format="fltp", layout="mono"
            )
            frame.sample_rate = rate
            for packet in (*stream.encode(frame), *stream.encode(None)):
                container.mux(packet)
        answer = client.post("/uploads", files={"file": (path.name, path.read_bytes())})
        assert answer.status_code == 201, answer.text
        assert answer.json()["duration_s"] == pytest.approx(2.0, abs=0.2)


def test_uploads_that_come_together_are_embedded_together(
    serve: Serve, encoder: CountingEncoder
) -> None:
    client = serve()
    anchors = [wav(voice(2.0, f0_hz=100 + 5 * n, seed=n)) for n in range(12)]
    alone = [upload(client, one) for one in anchors]
    encoder.batches.clear()
    together: dict[int, str] = {}
    gate = threading.Barrier(len(anchors))

    def send(number: int) -> None:
        gate.wait()
        together[number] = upload(client, anchors[number])

    at_once(*(partial(send, number) for number in range(len(anchors))))
    assert sum(encoder.batches) == len(anchors)
    assert len(encoder.batches) < len(anchors)
    for number, one in enumerate(alone):
        verified = client.post("/verify", json={"a": one, "b": together[number]}).json()
        assert verified["cosine"] == pytest.approx(1, abs=1e-6)
