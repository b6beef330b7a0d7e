"""Work for a process of its own, which must be able to import it."""

import os
import time
from pathlib import Path

from spkret.errors import StoreError


def own_id(_: Path) -> int:
    return os.getpid()


def failing(store: Path) -> None:
    raise StoreError(f"nothing in {store.name}")


def dying(_: Path) -> None:
    os.abort()


def greedy(_: Path) -> int:
    return len(bytearray(16 << 30))


def endless(store: Path) -> None:
    (store / "pid").write_text(str(os.getpid()))
    time.sleep(600)
