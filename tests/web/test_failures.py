"""Whatever is sent, the answer is one line, and never the server's fault."""

import json
import re
from typing import Any

import pytest
from starlette.testclient import TestClient
from web_server import Serve

BODIES = [
    b"",
    b"null",
    b"[]",
    b"{",
    b"\xff\xfe",
    b'{"anchor": "\\ud800"}',
    b'{"anchor": null}',
    b'{"anchor": 1}',
    b'{"anchor": "en/004.opus", "top": 1e308}',
    b'{"anchor": "en/004.opus", "top": NaN}',
    b'{"anchor": "en/004.opus", "top": ' + b"9" * 5000 + b"}",
    b'{"anchor": "en/004.opus", "min_probability": Infinity}',
    b'{"anchor": "en/004.opus", "min_probability": -0.1}',
    b'{"anchor": "en/004.opus", "group": []}',
    b'{"anchor": "en/004.opus", "group": {}}',
    b'{"anchor": "en/004.opus", "group": ["en/004.opus"]}',
    b'{"anchor": "en/004.opus", "group": ["en/005.opus"], "language": "en"}',
    b'{"anchor": "en/004.opus", "language": "\\u0000"}',
    b'{"anchor": "en/004.opus", "noise": "\\u0000"}',
    b'{"anchor": "en/004.opus", "where": "\\ud800"}',
    b'{"statement": "\\ud800"}',
    b'{"a": "en/004.opus", "b": "en/005.opus", "anchor": "en/004.opus", "explain": 0}',
    b'{"anchor": "en/004.opus", "top": "5"}',
    b'{"anchor": "en/004.opus", "min_probabilty": 0.5}',
    b'{"anchor": ' + b"[" * 100_000,
    b'{"anchor": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
]
TARGETS = [
    *("/recordings?limit=0", "/recordings?limit=1e3", "/recordings?offset=" + "9" * 400),
    *("/recordings?offset=-1", "/recordings/%00", "/recordings/" + "9" * 19 + "/audio"),
    *("/uploads/%2e%2e/audio", "/uploads/x/spectrogram.png", "/map?method=umap", "/map?limit=NaN"),
    *("/static/../app.py", "/static/%2e%2e/app.py", "/static/%00", "/%ff", "/recordings/-1"),
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: ascii(body[:40]))
def test_bodies_that_cannot_be_are_refused_in_one_line(client: TestClient, body: bytes) -> None:
    for path in ("/query", "/verify", "/identify", "/sql"):
        answer = client.post(path, content=body, headers={"content-type": "application/json"})
        if path != "/identify" or answer.status_code != 200:
            assert answer.status_code in {400, 404, 422}, (path, answer.text)
            assert re.fullmatch(r"[^\n]{5,600}", answer.json()["error"])


@pytest.mark.parametrize("target", TARGETS)
def test_addresses_that_cannot_be_are_refused_in_one_line(client: TestClient, target: str) -> None:
    answer = client.get(target)
    assert answer.status_code in {400, 404, 422}, answer.text
    assert re.fullmatch(r"[^\n]{5,600}", answer.json()["error"])


@pytest.mark.parametrize(
    "params",
    [{"text": "\0"}, {"language": "\0"}, {"speaker": "x" * 4096}, {"text": "\\"}, {"text": "%"}],
)
def test_odd_filters_find_nothing(client: TestClient, params: dict[str, str]) -> None:
    answer = client.get("/recordings", params=params)
    assert (answer.status_code, answer.json()["total"]) == (200, 0)


def test_messages_say_what_was_found(client: TestClient) -> None:
    def said(path: str, body: dict[str, Any]) -> str:
        return str(client.post(path, json=body).json()["error"])

    assert said("/query", {"anchor": "x"}).endswith("got 'x'")
    assert said("/query", {"anchor": "en/004.opus", "top": 0}).endswith("got 0")
    assert "got one of 3000" not in said("/query", {"anchor": "a" * 5000})
    assert client.put("/query", json={}).json()["error"].startswith("/query does not take PUT")
    assert len(said("/query", {"anchor": ["x" * 10_000]})) < 600


def test_forms_without_a_file_are_refused(client: TestClient) -> None:
    assert client.post("/uploads", data={"file": "text"}).status_code == 415
    assert client.post("/uploads", files={"other": b"x"}).status_code == 422
    assert client.post("/uploads", files={"file": (None, b"x")}).status_code == 422
    kind = {"content-type": "multipart/form-data"}
    assert client.post("/uploads", content=b"x", headers=kind).status_code == 400
    kind = {"content-type": "multipart/form-data; boundary=x"}
    assert client.post("/uploads", content=b"--x\r\nbad", headers=kind).status_code in {400, 422}


def test_what_nobody_foresaw_is_one_line_and_goes_to_the_log(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    client = serve()

    def broken(*_: object) -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr("spkret.web.endpoints.looking.answer", broken)
    answer = client.post("/sql", json={"statement": "select 1"})
    assert answer.status_code == 500
    assert list(answer.json()) == ["error"]
    assert "secret" not in answer.text
    assert "a secret detail" in capsys.readouterr().err


def test_metrics_count_by_route(serve: Serve) -> None:
    client = serve()
    client.get("/recordings/1")
    client.get("/recordings/2")
    client.get("/nowhere/at/all")
    text = client.get("/metrics").text
    counted = 'spkret_requests_total{method="GET",route="/recordings/{id}",status="404"} 2.0'
    assert counted in text
    assert 'route="other"' in text
    assert "nowhere" not in text
    assert "spkret_recordings 240.0" in text
    assert "spkret_uploads_held 0.0" in text
    assert "spkret_embedding_batch_size_bucket" in text
    assert "spkret_request_seconds_sum" in text


def test_the_description_names_every_endpoint_and_every_failure(client: TestClient) -> None:
    description = client.get("/openapi.json").json()
    assert set(description["paths"]) == {
        *("/health", "/metrics", "/facets", "/recordings", "/recordings/{id}", "/sql", "/map"),
        "/features",
        *("/recordings/{id}/audio", "/recordings/{id}/spectrogram.png", "/uploads"),
        *("/uploads/{id}/audio", "/uploads/{id}/spectrogram.png", "/query", "/verify", "/identify"),
    }
    for operations in description["paths"].values():
        for operation in operations.values():
            assert operation["summary"]
            assert operation["description"]
            assert operation["tags"]
            assert {"400", "401", "422", "503"} <= set(operation["responses"])
            refused = operation["responses"]["422"]["content"]["application/json"]["schema"]
            assert refused == {"$ref": "#/components/schemas/ErrorAnswer"}
    assert "HTTPValidationError" not in json.dumps(description)
