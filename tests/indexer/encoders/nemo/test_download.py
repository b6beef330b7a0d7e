"""Named models: downloaded once, then used without a network."""

import http.server
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub.constants
import numpy as np
import pytest
from nemo_models import nemo_file

from spkret.errors import EncoderError
from spkret.indexer.encoders import nemo, registry
from spkret.indexer.encoders.nemo import PUBLISHED, download
from spkret.indexer.encoders.nemo.download import Ngc

ONE = np.ones((1, 8_000), np.float32)
NGC_MODELS = [name for name, model in PUBLISHED.items() if isinstance(model.source, Ngc)]


@pytest.fixture(autouse=True)
def _caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty caches of the user and of the hub."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise OSError("no network in this test")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves one small model under any address; `cut` leaves out its end."""

    content, cut = b"", 0
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        self.wfile.write(self.content[: len(self.content) - self.cut])

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Handler]]:
    class Catalogue(Handler):
        content = nemo_file(tmp_path / "served.nemo").read_bytes()
        asked: list[str] = []  # noqa: RUF012

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Catalogue) as serving:
        monkeypatch.setattr(download, "NGC", f"http://127.0.0.1:{serving.server_port}")
        thread = threading.Thread(target=serving.serve_forever, args=(0.01,))
        thread.start()
        yield Catalogue
        serving.shutdown()
        thread.join()


@pytest.mark.parametrize("name", NGC_MODELS)
def test_a_named_model_is_downloaded_once(server: type[Handler], name: str) -> None:
    source = PUBLISHED[name].source
    assert isinstance(source, Ngc)
    assert not source.cached()
    for _ in range(2):
        encoder = registry.load(name, "cpu")
        assert encoder.identity.name == name
        assert encoder.encode_equal(ONE).shape == (1, 24)
    assert server.asked == [f"/{source.model}/versions/{source.version}/files/{source.filename}"]
    assert [path.name for path in download.cache_folder().iterdir()] == [
        f"{source.model}-{source.version}.nemo"
    ]


def test_a_download_cut_short_leaves_nothing(server: type[Handler]) -> None:
    server.cut = 60_000
    with pytest.raises(EncoderError) as error:
        registry.load("titanet-small", "cpu")
    assert "\n" not in str(error.value)
    assert list(download.cache_folder().iterdir()) == []


@pytest.mark.usefixtures("no_network")
def test_a_cached_file_is_used_without_a_network() -> None:
    source = PUBLISHED["speakernet"].source
    assert isinstance(source, Ngc)
    download.cache_folder().mkdir(parents=True)
    nemo_file(download.cache_folder() / f"{source.model}-{source.version}.nemo", "speakernet")
    assert {m.name: m.cached for m in nemo.models()}["speakernet"]
    assert registry.load("speakernet", "cpu").encode_equal(ONE).shape == (1, 24)


@pytest.mark.usefixtures("no_network")
def test_the_hubs_cache_is_used_without_a_network(tmp_path: Path) -> None:
    repository = tmp_path / "hub" / f"models--{nemo.TITANET.replace('/', '--')}"
    snapshot = repository / "snapshots" / "0123abc"
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0123abc")
    nemo_file(snapshot / "speakerverification_en_titanet_large.nemo", "titanet-large")
    assert {m.name: m.cached for m in nemo.models()}["titanet-large"]
    assert registry.load("titanet-large", "cpu").encode_equal(ONE).shape == (1, 24)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("name", ["titanet-small", "titanet-large"])
def test_without_a_network_one_line_says_what_to_do(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    assert not {m.name: m.cached for m in nemo.models()}[name]
    with pytest.raises(EncoderError, match="connect once, or pass a") as error:
        registry.load(name, "cpu")
    assert "\n" not in str(error.value)


def test_a_file_of_any_name_is_loaded_by_its_suffix(tmp_path: Path) -> None:
    encoder = registry.load(str(nemo_file(tmp_path / "mine.nemo")), "cpu")
    other = registry.load(str(nemo_file(tmp_path / "other.nemo", "titanet-large")), "cpu")
    assert (encoder.identity.name, encoder.identity.dimension) == ("mine", 24)
    assert encoder.identity.fingerprint != other.identity.fingerprint
    with pytest.raises(EncoderError, match="No such file"):
        registry.load(str(tmp_path / "gone.nemo"), "cpu")
