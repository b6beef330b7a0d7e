"""Answers are those of the command line, with references."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders import voice
from click.testing import CliRunner
from starlette.testclient import TestClient
from web_server import CountingEncoder, Serve, upload, wav

from spkret.cli import cli
from spkret.store.store import Store

GROUP = [f"en/{number:03}.opus" for number in range(5, 15)]

Run = Callable[..., Any]


@pytest.fixture
def spoken(served_path: Path, encoder: CountingEncoder) -> Run:
    def run(*arguments: object, stdin: str | None = None) -> Any:
        options = ("--store", served_path, "--json")
        result = CliRunner().invoke(cli, [*map(str, (*arguments, *options))], input=stdin)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return run


def without_references(answer: dict[str, Any]) -> dict[str, Any]:
    kept = {k: v for k, v in answer.items() if k not in {"anchor_ref", "match_ref"}}
    kept["candidates"] = [
        {k: v for k, v in candidate.items() if k not in {"ref", "speaker"}}
        for candidate in answer["candidates"]
    ]
    return kept


@pytest.mark.parametrize("options", [[], ["--explain"], ["--open", "--min-probability", "0.9"]])
def test_query_of_a_group_is_that_of_the_command_line(
    client: TestClient, spoken: Run, options: list[str]
) -> None:
    asked = {
        "anchor": "en/004.opus",
        "group": GROUP,
        "top": 4,
        "explain": "--explain" in options,
        "open": "--open" in options,
        "min_probability": 0.9 if "--open" in options else None,
    }
    answer = client.post("/query", json=asked).json()
    told = ["query", "en/004.opus", "--group", "-", "--top", 4, *options]
    assert without_references(answer) == spoken(*told, stdin="\n".join(GROUP))


def test_query_of_the_store_is_that_of_the_command_line(client: TestClient, spoken: Run) -> None:
    asked = {"anchor": "en/004.opus", "language": "en", "where": "duration_s > 1", "top": 5}
    answer = client.post("/query", json=asked | {"explain": False}).json()
    told = ["query", "en/004.opus", "--language", "en", "--where", "duration_s > 1", "--top", 5]
    assert without_references(answer) == spoken(*told)


def test_verify_and_identify_are_those_of_the_command_line(client: TestClient, spoken: Run) -> None:
    asked = {"a": "en/004.opus", "b": "en/005.opus", "explain": True}
    assert client.post("/verify", json={**asked, "explain": False}).json() == spoken(
        "verify", "en/004.opus", "en/005.opus"
    )
    identified = client.post("/identify", json={"anchor": "en/004.opus", "top": 3}).json()
    assert identified == spoken("identify", "en/004.opus", "--top", 3)


def test_candidates_say_how_to_refer_to_them_and_who_speaks(
    client: TestClient, served_path: Path
) -> None:
    rows = Store.open(served_path).recordings.scan(["id", "path", "speaker"]).to_pylist()
    by_id = {str(row["id"]): row for row in rows}
    answer = client.post("/query", json={"anchor": "en/004.opus", "group": GROUP}).json()
    assert by_id[answer["anchor_ref"]]["path"] == answer["anchor"] == "en/004.opus"
    assert answer["match_ref"] == answer["candidates"][0]["ref"]
    for candidate in answer["candidates"]:
        row = by_id[candidate["ref"]]
        assert (row["path"], row["speaker"]) == (candidate["path"], candidate["speaker"])


def test_ids_and_paths_refer_to_the_same(client: TestClient) -> None:
    listed = client.get("/recordings", params={"language": "en"}).json()["recordings"]
    id_of = {row["path"]: row["id"] for row in listed}
    by_path = client.post("/query", json={"anchor": GROUP[0], "group": GROUP[1:]}).json()
    ids = {"anchor": id_of[GROUP[0]], "group": [id_of[path] for path in GROUP[1:]]}
    assert client.post("/query", json=ids).json() == by_path


def test_uploads_are_anchors_and_candidates_under_their_names(
    client: TestClient, served_path: Path, anchor: bytes
) -> None:
    first = upload(client, anchor, "me.wav")
    second = upload(client, wav(voice(2.0, f0_hz=121.0, seed=5)), "also me.wav")
    before = Store.open(served_path).scores.count()
    asked = {"anchor": first, "group": [second, "en/004.opus"]}
    answer = client.post("/query", json=asked).json()
    assert (answer["anchor"], answer["anchor_ref"]) == ("me.wav", first)
    best = answer["candidates"][0]
    assert (best["path"], best["ref"], best["id"]) == ("also me.wav", second, None)
    assert (answer["match"], answer["match_ref"]) == ("also me.wav", second)
    assert Store.open(served_path).scores.count() == before + 2
    assert "spkret-serve" not in json.dumps(answer)
    verified = client.post("/verify", json={"a": first, "b": "en/004.opus"}).json()
    assert (verified["a"], verified["b"]) == ("me.wav", "en/004.opus")
    assert client.post("/identify", json={"anchor": first}).json()["anchor"] == "me.wav"


def test_an_upload_of_a_stored_file_gets_its_embedding(client: TestClient) -> None:
    listed = client.get("/recordings", params={"text": "en/004"}).json()["recordings"]
    content = client.get(f"/recordings/{listed[0]['id']}/audio").content
    answer = client.post(
        "/verify", json={"a": upload(client, content, "copy.opus"), "b": listed[0]["id"]}
    ).json()
    assert answer["cosine"] == pytest.approx(1, abs=1e-6)
    assert "the same audio" in answer["warnings"][0]


def test_nothing_is_logged_where_that_is_asked_for(serve: Serve, store_path: Path) -> None:
    client, before = serve(log=False), Store.open(store_path).scores.count()
    assert client.post("/query", json={"anchor": "en/004.opus", "group": GROUP}).status_code == 200
    assert Store.open(store_path).scores.count() == before


def test_answers_follow_the_store(serve: Serve, store_path: Path) -> None:
    client = serve()
    total = client.get("/recordings").json()["total"]
    Store.open(store_path).forget(path="en/004.opus")
    assert client.get("/recordings").json()["total"] == total - 1
    asked = {"anchor": "en/004.opus", "group": GROUP}
    assert client.post("/query", json=asked).status_code == 404
    assert client.get("/health").json()["recordings"] == total - 1


def test_every_feature_of_an_answer_has_a_meaning(client: TestClient) -> None:
    asked = {"anchor": "en/001.opus", "group": ["en/002.opus"], "explain": True}
    (candidate,) = client.post("/query", json=asked).json()["candidates"]
    told = {feature["name"]: feature for feature in client.get("/features").json()}
    assert set(told) >= set(candidate["features"])
    assert told["snr_min"]["unit"] == "dB"
    assert all(feature["meaning"] and feature["range"] for feature in told.values())


def test_names_that_are_unknown_are_counted(client: TestClient) -> None:
    names = [f"x{number}.wav" for number in range(9)]
    asked = {"anchor": "en/001.opus", "group": ["en/002.opus", *names]}
    answer = client.post("/query", json=asked)
    assert answer.status_code == 404
    told = answer.json()["error"]
    assert "9 of 11 names that are unknown: 'x0.wav', 'x1.wav'" in told
    assert told.endswith("'x4.wav' and others")
