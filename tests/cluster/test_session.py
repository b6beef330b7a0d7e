import os
import signal
from typing import Any

import pytest

from spkret.cluster import session
from spkret.cluster.session import joined
from spkret.errors import ClusterError, OptionalDependencyError


def test_a_process_stays_in_the_cluster_that_it_is_in(ray: Any) -> None:
    handler = signal.getsignal(signal.SIGTERM)
    with joined("local") as module, joined("auto") as again:
        assert module is again is ray
    assert ray.is_initialized()
    assert signal.getsignal(signal.SIGTERM) is handler
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("127.0.0.1:1", "Connection refused"),
        ("ray://127.0.0.1:1", "Connection refused"),
        ("nonsense", "Invalid address format"),
    ],
)
def test_an_address_where_no_cluster_answers_is_named(
    monkeypatch: pytest.MonkeyPatch, address: str, reason: str
) -> None:
    import ray

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with (
        pytest.raises(ClusterError, match=f"cluster at '{address}', found none .*{reason}"),
        joined(address),
    ):
        pass


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "find_spec", lambda _: None)
    with pytest.raises(OptionalDependencyError, match=r"pip install 'spkret\[ray\]'"), joined("x"):
        pass


def test_the_address_that_a_dead_cluster_left_is_given_up_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:9")

    with pytest.raises(ConnectionRefusedError):
        session._check_answers("auto")


def test_a_cluster_that_runs_here_is_joined_whatever_another_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr("ray._private.utils.read_ray_address", lambda: "127.0.0.1:9")
    monkeypatch.setattr("ray._private.services.find_gcs_addresses", lambda: {"127.0.0.1:7"})
    session._check_answers("auto")
    monkeypatch.setattr("ray._private.services.find_gcs_addresses", set)
    with pytest.raises(ConnectionRefusedError):
        session._check_answers("auto")
