"""`spkret serve` as a process: what it prints, how it ends."""

import contextlib
import itertools
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import Result

from spkret.api import loading

Run = Callable[..., Result]
Start = Callable[..., "tuple[subprocess.Popen[str], str]"]

HALF_HEADER = b"GET / HTTP/1.1\r\nHost: loc"
HALF_BODY = b"POST /sql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n"
HALF_BODY += b"Content-Type: application/json\r\n\r\n{"
SPECTRAL = """
import signal
import sys
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # which nohup has its children ignore
sys.path[:0] = {path!r}
from builders import SpectralEncoder
from spkret.api import loading
loading.encoder = lambda *_, **__: SpectralEncoder()
from spkret.web import connections
connections.HEADER_S = connections.IDLE_S = {patience_s}
from spkret.cli import cli
cli()
"""


@pytest.fixture
def start(store: Path, tmp_path: Path) -> Iterator[Start]:
    """Start `spkret serve`; return the process and its address."""
    begun: list[subprocess.Popen[str]] = []
    environment = os.environ | {"TMPDIR": str(tmp_path)}

    def serve(
        *options: str, limit: str = "true", patience_s: float = 10.0
    ) -> tuple[subprocess.Popen[str], str]:
        code = SPECTRAL.format(path=[str(Path(__file__).parents[1])], patience_s=patience_s)
        arguments = ("serve", "--store", str(store), "--port", "0", *options)
        process = subprocess.Popen(
            ["bash", "-c", f'{limit}; exec "$@"', "sh", sys.executable, "-c", code, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        begun.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.fullmatch(r"spkret is at (http://\S+) \(Ctrl-C ends it\)\n", line)
        assert found is not None, (line, process.communicate())
        return process, found[1]

    yield serve
    for process in begun:
        process.kill()
        process.communicate()


def test_it_answers_and_ends_cleanly_on_ctrl_c(start: Start, tmp_path: Path, run: Run) -> None:
    process, url = start()
    assert httpx.get(f"{url}health").json()["recordings"] == 240
    host, port = url.removeprefix("http://").rstrip("/").split(":")
    assert (host, httpx.get(url).status_code) == ("127.0.0.1", 200)
    assert list(tmp_path.glob("spkret-serve-*"))
    taken = run("serve", "--store", tmp_path / "store", "--port", port, status=2)
    assert re.fullmatch(r"Error: cannot listen on 127.0.0.1 port \d+: .*\n", taken.output)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "", "")
    assert not list(tmp_path.glob("spkret-serve-*"))


def test_a_token_is_part_of_the_address_it_prints(start: Start) -> None:
    _, url = start("--token", "s3cret&", "--host", "0.0.0.0")  # noqa: S104
    assert url.endswith("/?token=s3cret%26")
    local = url.replace("0.0.0.0", "127.0.0.1")  # noqa: S104
    with httpx.Client(follow_redirects=True) as client:
        base = local.partition("?")[0]
        assert client.get(f"{base}facets").status_code == 401
        assert client.get(local).status_code == 200
        assert client.get(f"{base}facets").status_code == 200


def test_other_hosts_need_a_token(run: Run, store: Path) -> None:
    refused = run("serve", "--store", store, "--host", "0.0.0.0", status=2)  # noqa: S104
    assert "expected --token with --host 0.0.0.0" in refused.output


def test_a_store_that_is_not_there_is_said_so(run: Run, tmp_path: Path) -> None:
    assert "expected a store in" in run("serve", "--store", tmp_path / "none", status=1).output


def test_a_store_whose_encoder_is_lost_is_served_but_for_uploads(
    store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from starlette.testclient import TestClient

    from spkret.errors import EncoderError
    from spkret.store.store import Store
    from spkret.web.app import create_app

    def lost(*_: object, **__: object) -> None:
        raise EncoderError("no such encoder")

    monkeypatch.setattr(loading, "encoder", lost)
    with TestClient(create_app(Store.open(store)), base_url="http://localhost") as client:
        asked = {"anchor": "en/004.opus", "group": ["en/005.opus"]}
        assert client.post("/query", json=asked).status_code == 200
        sound = client.get(
            f"/recordings/{client.get('/recordings').json()['recordings'][0]['id']}/audio"
        ).content
        refused = client.post("/uploads", files={"file": ("a.opus", sound)})
        assert refused.status_code == 503
        assert "uploads cannot be embedded" in refused.json()["error"]
    assert "warning: uploads cannot be embedded" in capsys.readouterr().err


def test_a_port_that_is_free_is_taken_again_at_once() -> None:
    from spkret.web.running import _listening
    from spkret.web.settings import Settings

    with _listening(Settings(port=0)) as first:
        port = first.getsockname()[1]
    with _listening(Settings(port=port)) as second:
        assert second.getsockname()[1] == port
        assert second.family == socket.AF_INET


def test_a_store_whose_rows_are_lost_is_said_so_in_one_line(store: Path, run: Run) -> None:
    for rows in (store / "recordings").rglob("*.parquet"):
        rows.unlink()
    said = run("serve", "--store", store, "--port", "0", status=1).output
    assert re.fullmatch(r"Error: cannot read the table in .*check --repair\n", said)


def test_uploads_go_when_the_terminal_is_closed(start: Start, tmp_path: Path) -> None:
    process, _ = start()
    assert list(tmp_path.glob("spkret-serve-*"))
    process.send_signal(signal.SIGHUP)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (-signal.SIGHUP, "")
    assert not list(tmp_path.glob("spkret-serve-*"))


@pytest.mark.parametrize(
    "limit", ["ulimit -n 256", pytest.param("ulimit -Sn 200", marks=pytest.mark.slow)]
)
def test_half_requests_neither_stay_nor_keep_others_out(start: Start, limit: str) -> None:
    process, url = start(limit=limit, patience_s=1.0)
    host, port = url.removeprefix("http://").rstrip("/").split(":")
    halves = [socket.create_connection((host, int(port)), timeout=10) for _ in range(300)]
    with contextlib.ExitStack() as opened:
        for half, sent in zip(halves, itertools.cycle([HALF_HEADER, HALF_BODY]), strict=False):
            opened.enter_context(half)
            with contextlib.suppress(OSError):  # closed already: there are too many
                half.sendall(sent)
        assert all(_is_closed(half) for half in halves)
        assert httpx.get(f"{url}health", timeout=10).status_code == 200
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20) == ("", "")


def _is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True
