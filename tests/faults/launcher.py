"""A program that starts spkret's command line many times over, each time in a fork of itself.

It loads the heavy libraries once, and the modules it is given, so that a command is at its work a
few milliseconds after it was started, and a kill at a random moment hits that work rather than an
import. It reads one request a line from stdin, as JSON, and answers each by one line:

    {"do": "start", "arguments": [...], "out": PREFIX, "setup": {...}}    -> {"pid": ...}
    {"do": "wait", "pid": ..., "timeout_s": ...}                          -> {"status": ...}

A status is that of the command, less the signal's number where one ended it, and null where the
command still ran when the time was over.
"""

import ctypes
import errno
import importlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1])]

import builders  # noqa: E402

MODULES = (
    *("deltalake", "duckdb", "faiss", "lightgbm", "onnxruntime", "pyarrow.parquet"),
    *("scipy.optimize", "sklearn.model_selection", "soundfile", "soxr"),
    *("spkret.cli", "spkret.api.loading", "spkret.indexer.pipeline", "spkret.store.sql"),
    *("spkret.rerank.training", "spkret.matcher"),
)


def place(dotted: str) -> tuple[Any, str]:
    """Find `module:Class.name`: the object that has the name, and the name."""
    module, _, path = dotted.partition(":")
    *owners, name = path.split(".")
    found: Any = importlib.import_module(module)
    for owner in owners:
        found = getattr(found, owner)
    return found, name


def failing(function: Callable[..., Any], nth: int, then: str) -> Callable[..., Any]:
    """Wrap a function so that its `nth` call meets a fault."""
    calls = 0

    def wrapped(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == nth and then == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if calls >= nth and then == "full":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        result = function(*arguments, **options)
        if calls == nth and then == "kill after":
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return wrapped


def set_up(setup: Mapping[str, Any]) -> None:
    """Prepare a fork: stand-ins, settings and faults, limits, privileges."""
    from spkret.api import loading

    if not setup.get("real_encoder"):
        loading.encoder = lambda *_, **__: builders.SpectralEncoder()  # type: ignore[assignment]
    for dotted, value in setup.get("settings", {}).items():
        setattr(*place(dotted), value)
    for fault in setup.get("faults", []):
        owner, name = place(fault["at"])
        setattr(owner, name, failing(getattr(owner, name), fault["nth"], fault["then"]))
    if "clock_s" in setup:
        _turn_clock(setup["clock_s"])
    if "file_bytes" in setup:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (setup["file_bytes"],) * 2)
    if setup.get("without_privileges"):
        _drop_privileges()


def _drop_privileges() -> None:
    """Be bound to the modes of files, as root is not: capset(2) of version 3, all bits clear."""
    if ctypes.CDLL(None).capset((ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()):
        raise PermissionError("cannot give up the privileges of root")


def _turn_clock(seconds: float) -> None:
    """Let the rows that are written now have been written `seconds` later, or earlier."""
    import datetime

    class Turned(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> "Turned":
            return super().now(tz) + datetime.timedelta(seconds=seconds)

    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").startswith("spkret.") and hasattr(module, "datetime"):
            vars(module)["datetime"] = Turned


def run(arguments: list[str], out: str, setup: Mapping[str, Any]) -> None:
    """Be the command: never returns."""
    status, copiers = 99, []
    try:
        os.setsid()
        for number, name in ((1, "out"), (2, "err")):
            written = os.open(f"{out}.{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            if "file_bytes" in setup:
                copiers.append(_copy(number, written))
            else:
                os.dup2(written, number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        set_up(setup)
        from spkret import cli

        sys.argv = ["spkret", *arguments]
        cli.main()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    for number, copier in enumerate(copiers, 1):
        os.close(number)
        copier.wait()
    os._exit(status)


def _copy(number: int, file: int) -> subprocess.Popen[bytes]:
    """Let a process write what is said to a file: pipes have no limit of their size."""
    copier = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=file)
    assert copier.stdin is not None
    os.dup2(copier.stdin.fileno(), number)
    copier.stdin.close()
    return copier


def start(request: Mapping[str, Any]) -> dict[str, Any]:
    """Fork, and be the command in the child."""
    pid = os.fork()
    if not pid:
        run(request["arguments"], request["out"], request["setup"])
    return {"pid": pid}


def wait(request: Mapping[str, Any]) -> dict[str, Any]:
    """Wait for a command."""
    end = time.monotonic() + request["timeout_s"]
    while True:
        pid, status = os.waitpid(request["pid"], os.WNOHANG)
        if pid:
            return {"status": os.waitstatus_to_exitcode(status)}
        if time.monotonic() > end:
            return {"status": None}
        time.sleep(0.002)


def main() -> None:
    """Answer requests until stdin ends."""
    for module in (*MODULES, *sys.argv[1:]):
        importlib.import_module(module)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        answer = start(request) if request["do"] == "start" else wait(request)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
