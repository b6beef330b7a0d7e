"""No reference makes the server look at its own files."""

import os
import shutil
from pathlib import Path

import pytest
from builders import voice, write_audio
from starlette.testclient import TestClient
from web_server import Serve, upload

from spkret import api
from spkret.commands.demo import CORPUS

TRICKS = [
    "/etc/hostname",
    "../../../../etc/hostname",
    "en/../../../etc/hostname",
    "en/../en/004.opus",
    "./en/004.opus",
    "file:///etc/hostname",
    "/etc/hostname\0.wav",
    "\0",
    "~/x.wav",
    "a" * 4096,
    "9" * 19,
    "9" * 400,
    "-1",
    "١٢٣",
    "upload:",
    "upload:../../etc/hostname",
    "upload:\0",
    "http://127.0.0.1:1/x.wav",
]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths that a file is opened at or looked for at."""
    seen: list[str] = []
    for name in ("open", "stat"):
        real = getattr(os, name)

        def noted(path: object, *rest: object, real: object = real, **options: object) -> object:
            seen.append(str(path))
            return real(path, *rest, **options)  # type: ignore[operator]

        monkeypatch.setattr(os, name, noted)
    return seen


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: ascii(trick)[:20])
def test_what_is_not_stored_is_unknown_and_never_read(
    client: TestClient, opened: list[str], trick: str
) -> None:
    client.post("/query", json={"anchor": "en/004.opus", "group": ["en/005.opus"]})
    opened.clear()
    for body in (
        {"anchor": trick},
        {"anchor": "en/004.opus", "group": ["en/005.opus", trick]},
    ):
        answer = client.post("/query", json=body)
        assert answer.status_code == 404, answer.text
        assert list(answer.json()) == ["error"]
    assert client.post("/verify", json={"a": trick, "b": "en/004.opus"}).status_code == 404
    assert client.post("/identify", json={"anchor": trick}).status_code == 404
    assert not [path for path in opened if "hostname" in path or path.endswith("x.wav")]


def test_audio_that_lies_on_the_server_is_unknown_unless_stored(
    client: TestClient, tmp_path: Path
) -> None:
    there = write_audio(tmp_path / "there.wav", voice(2.0))
    link = tmp_path / "link.wav"
    link.symlink_to(there)
    for path in (there, link, CORPUS / "en" / "004.opus"):
        answer = client.post("/query", json={"anchor": str(path)})
        assert answer.status_code == 404
        assert "upload:ID" in answer.json()["error"]


def test_a_stored_path_is_found_from_a_folder_that_has_such_a_file(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_audio(tmp_path / "en" / "004.opus", voice(1.0), 48_000)
    monkeypatch.chdir(tmp_path)
    asked = {"a": "en/004.opus", "b": "en/005.opus"}
    assert client.post("/verify", json=asked).status_code == 200


def test_a_path_under_two_roots_needs_its_id(
    serve: Serve, store_path: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    (other / "en").mkdir(parents=True)
    shutil.copy(CORPUS / "en" / "006.opus", other / "en" / "004.opus")
    client = serve()
    api.index(other, store_path)
    answer = client.post("/query", json={"anchor": "en/004.opus"})
    assert answer.status_code == 400
    assert "2 roots; give its id" in answer.json()["error"]


def test_the_id_of_another_server_s_upload_is_unknown(client: TestClient, anchor: bytes) -> None:
    reference = upload(client, anchor)
    assert client.post("/query", json={"anchor": reference}).status_code == 200
    assert client.post("/query", json={"anchor": reference[:-1]}).status_code == 404
