"""What all tests need: libraries that stand each other, and properties tried often enough."""

import os
import subprocess
import sys
from collections.abc import Iterator
from uuid import uuid4

import pytest
import tally
import thoroughness
from hypothesis import settings

thoroughness.register()
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems() -> None:
    """Quiet the lazy modules that collecting the tests has loaded."""
    _quiet_lazy_modules()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what tests of faults and of hostile input have counted."""
    if counted := tally.lines():
        terminalreporter.section("faults and hostile input")
        terminalreporter.write_line("\n".join(counted))


def pytest_runtest_setup() -> None:
    """Quiet the lazy modules that an earlier test has loaded."""
    _quiet_lazy_modules()


_OBJECT_STORE = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print("http://%s:%d" % server.get_host_and_port(), flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="session")
def object_store() -> Iterator[str]:
    """Serve S3 on loopback; yields its endpoint. Use `bucket`."""
    # A process of its own: the Delta library holds this one's lock while it asks.
    with subprocess.Popen(
        [sys.executable, "-c", _OBJECT_STORE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.kill()


@pytest.fixture
def bucket(object_store: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty bucket, `s3://…`, that the environment has the endpoint and credentials of."""
    import boto3

    from spkret.store.urls import filesystem

    environment = {
        "AWS_ENDPOINT_URL": object_store,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "tester",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    name = f"bucket-{uuid4().hex}"
    boto3.client("s3").create_bucket(Bucket=name)
    filesystem(f"s3://{name}")[0].clear_instance_cache()
    return f"s3://{name}"


def _quiet_lazy_modules() -> None:
    """Keep Hypothesis from waking SpeechBrain's lazy modules.

    Hypothesis asks every loaded module for its `__file__`. A lazy module answers by importing what
    may not be installed, or by a warning of deprecation.
    """
    for module in list(sys.modules.values()):
        if any(kind.__name__ == "LazyModule" for kind in type(module).__mro__):
            vars(module).setdefault("__file__", None)
