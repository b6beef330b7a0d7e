"""The working copy of a store at a URL: what is small is mirrored, what is old is deleted."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import StoreError
from .files import erase, is_under_way, replace_folder, write_text
from .identity import FILE_NAME
from .locks import Locks
from .remote import Remote

if TYPE_CHECKING:
    from .delta import DeltaFolder
    from .store import Store

MIRRORED = (FILE_NAME, "verification.json", "reranker")
"""Files and folders that are truth and no tables: the working copy has them as the URL has."""

_TOKENS = ".mirrored.json"
_PRIVATE = 0o700


def mirror(remote: Remote) -> None:
    """Make the mirrored files those at the URL.

    Raises
    ------
    StoreError
        The URL cannot be read.
    """
    wanted = _wanted(remote)
    remote.folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
    with Locks(remote.folder / "locks").copying():
        known = _tokens(remote.folder)
        for name in MIRRORED:
            own = {path: token for path, token in wanted.items() if _top(path) == name}
            target = remote.folder / name
            if not own:
                erase(target)
            elif not target.exists() or own != {p: t for p, t in known.items() if _top(p) == name}:
                _pull(remote, name, own)
        if known != wanted:
            write_text(remote.folder / _TOKENS, json.dumps(wanted))


def publish(remote: Remote, name: str) -> None:
    """Put a file or folder of the working copy in the place of that at the URL."""
    local = remote.folder / name
    files = sorted(path for path in [local, *local.rglob("*")] if path.is_file())
    names = [path.relative_to(remote.folder).as_posix() for path in files]
    remote.delete(set(remote.names(name)) - set(names))
    for each in names:
        remote.push(each)


def sweep(store: "Store") -> None:
    """Delete copies of what the newest version of the store is not made of.

    So what was erased through one machine leaves the others when they next open the store. A table
    that cannot be opened is left as it is: that is for `check` to tell.
    """
    erased = [_sweep_table(table) for table in store.tables]
    with store.locks.idle("index") as is_idle:
        if is_idle and store.vectors.folder.exists():
            _sweep_indexes(store, is_new=erased[0])


def _sweep_table(table: "DeltaFolder") -> bool:
    """Delete the files that the newest version does not name; tell whether there were any."""
    # Listed before the version is asked for: what another process copies meanwhile may be newer.
    copies = [file for file in table.path.rglob("*") if file.is_file()]
    if not copies:
        return False
    try:
        named = {file.path for file in table.snapshot().files}
    except StoreError:
        return False
    old = [file for file in copies if str(file) not in named and not is_under_way(file)]
    for file in old:
        file.unlink(missing_ok=True)
    return bool(old)


def _sweep_indexes(store: "Store", is_new: bool) -> None:
    """Delete indexes of other rows than the newest, and what else was derived from them."""
    try:
        kept = set(_named_by_indexes(store))
    except StoreError:
        return
    found = {file for file in store.vectors.folder.rglob("*") if file.is_file()}
    derived = set(store.vectors.folder.glob("*"))
    old = found - kept - derived
    for file in old | (derived & found if old or is_new else set()):
        file.unlink(missing_ok=True)


def _named_by_indexes(store: "Store") -> Iterator[Path]:
    for cell, files in store.recordings.cells().items():
        index = store.vectors.file(cell)
        built = index.built()
        if built is not None and built.files == files:
            yield from index.files(built)


def _wanted(remote: Remote) -> dict[str, str]:
    top = remote.top()
    wanted: dict[str, str] = {}
    for name in MIRRORED:
        if name in top:
            wanted |= {name: top[name]} if "." in name else remote.names(name)
    return wanted


def _pull(remote: Remote, name: str, own: dict[str, str]) -> None:
    if name in own:
        remote.pull(name)
        return
    draft = Remote(remote.url, remote.folder / f".{name}.pulled")
    shutil.rmtree(draft.folder, ignore_errors=True)
    draft.pull_all(dict.fromkeys(own))
    replace_folder(draft.folder / name, remote.folder / name)
    shutil.rmtree(draft.folder)


def _tokens(folder: Path) -> dict[str, str]:
    try:
        return dict(json.loads((folder / _TOKENS).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _top(name: str) -> str:
    return name.partition("/")[0]
