"""Who may ask, and what every answer carries."""

import re

import pytest
from starlette.testclient import TestClient
from web_server import HOST, Serve

from spkret.errors import UsageError
from spkret.web.settings import Settings

TOKEN = "a token; with = odd é"  # noqa: S105
QUERY = {"anchor": "en/004.opus", "group": ["en/005.opus"]}
OPEN = ("/", "/health", "/static/index.html")
CLOSED = ("/facets", "/recordings", "/map?limit=1", "/metrics", "/openapi.json", "/nothing")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::1", "@:80"])
def test_other_names_for_this_computer_are_refused(client: TestClient, host: str) -> None:
    for path in (*OPEN, *CLOSED):
        answer = client.get(path, headers={"host": host})
        assert answer.status_code == 400
        assert "expected the host" in answer.json()["error"]


@pytest.mark.parametrize("host", ["localhost:8765", "LOCALHOST", "127.0.0.1", "[::1]:1"])
def test_names_of_this_computer_are_taken(client: TestClient, host: str) -> None:
    assert client.get("/health", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "http://["},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_another_site_s_page_can_ask_and_change_nothing(
    client: TestClient, headers: dict[str, str], anchor: bytes
) -> None:
    for path in (*CLOSED, "/health"):
        assert client.get(path, headers=headers).status_code == 403, path
    for path in ("/", "/static/main.js"):
        assert client.get(path, headers=headers).status_code == 200, path
    assert client.post("/query", json=QUERY, headers=headers).status_code == 403
    sent = client.post("/uploads", files={"file": ("a.wav", anchor)}, headers=headers)
    assert sent.status_code == 403


def test_this_server_s_page_can(client: TestClient) -> None:
    own = {"origin": HOST, "sec-fetch-site": "same-origin"}
    assert client.post("/query", json=QUERY, headers=own).status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "json"])
def test_bodies_that_forms_can_send_are_refused(client: TestClient, kind: str) -> None:
    for path in ("/query", "/verify", "/identify", "/sql", "/uploads"):
        answer = client.post(path, content=b"{}", headers={"content-type": kind})
        assert answer.status_code == 415, answer.text


def test_every_answer_is_confined_to_this_host(client: TestClient) -> None:
    for path in (*OPEN, *CLOSED):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "http" not in policy
        assert not re.search(r"script-src[^;]*unsafe", policy)
    for path in ("/docs", "/redoc"):
        assert client.get(path).status_code == 404


def test_without_the_token_nothing_is_told(serve: Serve) -> None:
    client = serve("http://somewhere.example", host="0.0.0.0", token=TOKEN)  # noqa: S104
    assert [client.get(path).status_code for path in OPEN] == [200] * len(OPEN)
    wrong: list[dict[str, str]] = [
        {},
        {"authorization": "Bearer x"},
        {"authorization": "Basic secret"},
        {"cookie": "spkret_token=x"},
        {"cookie": "spkret_token=\x7f"},
    ]
    for headers in wrong:
        for path in CLOSED:
            answer = client.get(path, headers=headers)
            assert (answer.status_code, list(answer.json())) == (401, ["error"])
            assert answer.headers["www-authenticate"] == "Bearer"
        assert client.post("/query", json=QUERY, headers=headers).status_code == 401


def test_with_a_token_a_proxy_may_have_a_name_of_its_own(serve: Serve) -> None:
    client = serve("https://voices.example", token="secret")  # noqa: S106
    bearer = {"authorization": "Bearer secret", "origin": "https://voices.example"}
    assert client.post("/query", json=QUERY, headers=bearer).status_code == 200
    assert client.post("/query", json=QUERY).status_code == 401
    shown = client.get("/", params={"token": "secret"}, follow_redirects=False)
    assert "secure" in shown.headers["set-cookie"].lower()


def test_the_token_opens_by_header_and_by_link(serve: Serve) -> None:
    client = serve("http://somewhere.example", host="0.0.0.0", token="secret")  # noqa: S104, S106
    bearer = {"authorization": "Bearer secret"}
    assert client.get("/facets", headers=bearer).status_code == 200
    assert client.get("/", params={"token": "wrong"}).status_code == 401
    shown = client.get("/", params={"token": "secret"}, follow_redirects=False)
    assert (shown.status_code, shown.headers["location"]) == (303, "/")
    cookie = shown.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secret" not in cookie
    assert client.get("/facets").status_code == 200
    assert client.post("/query", json=QUERY).status_code == 200


def test_odd_tokens_open_too(serve: Serve) -> None:
    client = serve("http://somewhere.example", host="0.0.0.0", token=TOKEN)  # noqa: S104
    assert client.get("/", params={"token": TOKEN}).status_code == 200
    assert client.get("/facets").status_code == 200


@pytest.mark.parametrize("token", [TOKEN, "schlüssel", "\N{KEY}", " padded\n"])
def test_odd_tokens_open_by_header(serve: Serve, token: str) -> None:
    client = serve(token=token)
    for sent in (token.strip().encode(), b" " + token.strip().encode() + b" "):
        headers = [(b"authorization", b"Bearer " + sent)]
        assert client.get("/facets", headers=headers).status_code == 200
    wrong = [(b"authorization", b"Bearer " + token.strip().encode("ascii", "replace") + b"?")]
    assert client.get("/facets", headers=wrong).status_code == 401
    assert client.get("/", params={"token": token}, follow_redirects=False).status_code == 303


def test_servers_on_two_ports_do_not_log_each_other_out(serve: Serve) -> None:
    first = serve("http://127.0.0.1:1001", token="one")  # noqa: S106
    second = serve("http://127.0.0.1:1002", token="two")  # noqa: S106
    second.cookies = first.cookies  # as in a browser, whose cookies are for all ports
    for client, token in ((first, "one"), (second, "two")):
        assert client.get("/", params={"token": token}).status_code == 200
        second.cookies.update(client.cookies)
        first.cookies.update(client.cookies)
    assert [client.get("/facets").status_code for client in (first, second)] == [200, 200]


def test_the_description_asks_for_a_token_where_one_is_needed(serve: Serve) -> None:
    bearer = {"authorization": "Bearer secret"}
    description = serve(token="secret").get("/openapi.json", headers=bearer).json()  # noqa: S106
    assert description["paths"]["/query"]["post"]["security"] == [{"HTTPBearer": []}]
    assert "security" not in serve().get("/openapi.json").json()["paths"]["/query"]["post"]


@pytest.mark.parametrize(
    "settings",
    [
        {"host": "0.0.0.0"},  # noqa: S104
        {"host": "192.0.2.1"},
        {"host": "::"},
        {"token": "  "},
        {"max_upload_bytes": 0},
    ],
)
def test_settings_that_let_others_in_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="expected"):
        Settings(**settings)  # type: ignore[arg-type]
