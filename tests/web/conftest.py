"""A served store of the example corpus, made by a small fast encoder."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from builders import SpectralEncoder, voice
from starlette.testclient import TestClient
from web_server import HOST, CountingEncoder, Serve, wav

from spkret import api
from spkret.api import loading
from spkret.commands.demo import CORPUS
from spkret.store.store import Store
from spkret.web.app import create_app
from spkret.web.settings import Settings


@pytest.fixture(autouse=True)
def encoder(monkeypatch: pytest.MonkeyPatch) -> CountingEncoder:
    """The encoder that servers of this test load."""
    counting = CountingEncoder()
    monkeypatch.setattr(loading, "encoder", lambda *_, **__: counting)
    return counting


@pytest.fixture(scope="session")
def served_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that tests may append scores to."""
    path = tmp_path_factory.mktemp("served") / "store"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "encoder", lambda *_, **__: SpectralEncoder())
        api.index(CORPUS, path)
    return path


@pytest.fixture(scope="session")
def shared(served_path: Path) -> Iterator[TestClient]:
    """A server for tests that change nothing but scores and uploads."""
    with ExitStack() as running:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loading, "encoder", lambda *_, **__: SpectralEncoder())
            app = create_app(Store.open(served_path))
            client = running.enter_context(TestClient(app, base_url=HOST))
        yield client


@pytest.fixture
def client(shared: TestClient) -> TestClient:
    """The shared server, asked by a client without cookies."""
    shared.cookies.clear()
    return shared


@pytest.fixture
def store_path(served_path: Path, tmp_path: Path) -> Path:
    """A copy of the store, to do with as a test likes."""
    return Path(shutil.copytree(served_path, tmp_path / "store"))


@pytest.fixture
def serve(store_path: Path, encoder: CountingEncoder) -> Iterator[Serve]:
    """Serve the copy with settings of one's own."""
    running: list[TestClient] = []

    def start(base_url: str = HOST, **settings: object) -> TestClient:
        app = create_app(Store.open(store_path), Settings(**settings))  # type: ignore[arg-type]
        client = TestClient(app, base_url=base_url, raise_server_exceptions=False)
        running.append(client.__enter__())
        return running[-1]

    yield start
    for client in running:
        client.__exit__(None, None, None)


@pytest.fixture
def anchor() -> bytes:
    """A WAV of two seconds with a voice in it."""
    return wav(voice(2.0))
