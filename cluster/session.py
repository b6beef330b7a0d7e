"""Join a Ray cluster, or start one on this machine, for as long as something is done there."""

import logging
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from ..errors import ClusterError, OptionalDependencyError

LOCAL = "local"
AUTO = "auto"
NAMESPACE = "spkret"
_ANSWERS_WITHIN: float = 5
_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # else Ray warns of a change to come
}


@contextmanager
def joined(
    address: str, *, cpus: int | None = None, object_store_bytes: int | None = None
) -> Iterator[Any]:
    """Be in a Ray cluster for the length of a `with`, which is given the module `ray`.

    A process that is in a cluster already stays in that one, also afterwards.

    Parameters
    ----------
    address : `auto` for a cluster that runs on this machine, `HOST:PORT` of its head,
        `ray://HOST:PORT` of its client server; `local` starts one here and stops it at the end,
        for this process alone: others lack its token
    cpus, object_store_bytes : what a cluster started here has to give; all CPUs, Ray's own default

    Raises
    ------
    OptionalDependencyError
        Ray is not installed.
    ClusterError
        No cluster answers at the address.
    """
    if find_spec("ray") is None:
        raise OptionalDependencyError("a cluster needs Ray: pip install 'spkret[ray]'")
    _set_environment(address)
    with _kept_sigterm():
        import ray
    if ray.is_initialized():
        yield ray
        return
    with _kept_sigterm():
        _join(ray, address, cpus, object_store_bytes)
    try:
        yield ray
    finally:
        ray.shutdown()


def _join(ray: Any, address: str, cpus: int | None, object_store_bytes: int | None) -> None:
    quiet = {
        "namespace": NAMESPACE,
        "log_to_driver": False,
        "logging_level": logging.CRITICAL,
    }
    try:
        _check_answers(address)
        if address == LOCAL:
            ray.init(
                address=LOCAL,
                num_cpus=cpus,
                object_store_memory=object_store_bytes,
                include_dashboard=False,
                **quiet,
            )
        else:
            ray.init(address=address, **quiet)
        # Of the errors that it mends itself, it would write on stdout, whatever it is asked for.
        ray._private.worker.print_to_stdstream = lambda *_, **__: None
    except (OSError, RuntimeError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ClusterError(
            f"expected a Ray cluster at {address!r}, found none ({reason}); start one with"
            f" `ray start --head`, set RAY_AUTH_MODE=token where it wants one, or use {LOCAL!r}"
        ) from error


def _check_answers(address: str) -> None:
    """Try the port of an address: Ray itself tries for two minutes."""
    if address == AUTO:
        address = os.environ.get("RAY_ADDRESS") or _noted_address()
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdecimal():
        socket.create_connection((host, int(port)), timeout=_ANSWERS_WITHIN).close()


def _noted_address() -> str:
    """Read the address that `ray start` left, unless Ray takes the one cluster that runs here."""
    from ray._private.services import find_gcs_addresses
    from ray._private.utils import read_ray_address

    running = find_gcs_addresses()  # type: ignore[no-untyped-call]
    return "" if len(running) == 1 else read_ray_address() or ""


def _set_environment(address: str) -> None:
    """Set what Ray reads when it is imported, and the token of a cluster that is started here."""
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    private = address == LOCAL and "ray" not in sys.modules
    for name, value in {**_SETTINGS, **(token if private else {})}.items():
        os.environ.setdefault(name, value)


@contextmanager
def _kept_sigterm() -> Iterator[None]:
    """Keep what is done on SIGTERM, which Ray sets for itself."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
