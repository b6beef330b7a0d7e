"""The working copy of a store at a URL: what is small is mirrored, what is old is deleted."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
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
_LOCKS = "locks"
_DESCRIPTION = "reranker.json"
_DRAFTS = (".new", ".old", ".pulled", ".tmp")
_PAUSE_S = 1.0
_PRIVATE = 0o700


def mirror(remote: Remote) -> None:
    """Make the mirrored files those at the URL; without a store there, empty the working copy.

    What is replaced or erased there meanwhile is asked for once more.

    Raises
    ------
    StoreError
        The URL cannot be read, or what is there does not stay for as long as it takes to read.
    """
    remote.folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
    with Locks(remote.folder / _LOCKS).copying():
        try:
            is_whole = _mirror(remote)
        except FileNotFoundError:
            is_whole = False
        if is_whole:
            return
        time.sleep(_PAUSE_S)
        try:
            _mirror(remote)
        except FileNotFoundError as error:
            raise StoreError(
                f"cannot copy {remote.url}: files vanish from it while they are read;"
                " run the command again"
            ) from error


@contextmanager
def publishing(remote: Remote, name: str) -> Iterator[None]:
    """Let a file or folder of the working copy be written, and put it at the URL then.

    Nobody mirrors meanwhile. What does not get there is replaced by what is there at the next
    opening, and what is not mirrored is at the URL only.
    """
    with Locks(remote.folder / _LOCKS).copying():
        known = _tokens(remote.folder)
        others = {path: token for path, token in known.items() if _top(path) != _top(name)}
        _write_tokens(remote.folder, known, others)
        yield
        _push(remote, name)
        if _top(name) not in MIRRORED:
            erase(remote.folder / name)


def _mirror(remote: Remote) -> bool:
    """Mirror what the URL lists; tell whether it belongs together."""
    _erase_drafts(remote.folder)
    wanted, known = _wanted(remote), _tokens(remote.folder)
    if FILE_NAME not in wanted:
        _empty(remote.folder)
        return True
    is_whole = True
    for name in MIRRORED:
        own = {path: token for path, token in wanted.items() if _top(path) == name}
        target = remote.folder / name
        if not own:
            erase(target)
        elif not target.exists() or own != {p: t for p, t in known.items() if _top(p) == name}:
            _pull(remote, name, own)
            is_whole &= _belongs_together(target)
    _write_tokens(remote.folder, known, wanted)
    return is_whole


def _push(remote: Remote, name: str) -> None:
    """Upload a file or folder: the description of a folder last, and then delete what is old."""
    local = remote.folder / name
    files = [path for path in [local, *local.rglob("*")] if path.is_file()]
    files.sort(key=lambda path: (path.name == _DESCRIPTION, path))
    names = [path.relative_to(remote.folder).as_posix() for path in files]
    for each in names:
        remote.push(each)
    remote.delete(set(remote.names(name)) - set(names))


def _belongs_together(folder: Path) -> bool:
    """Tell whether the files of a folder are those that its description was written for."""
    try:
        sums = json.loads((folder / _DESCRIPTION).read_bytes())["sha256"]
        return all(sha256((folder / name).read_bytes()).hexdigest() == sums[name] for name in sums)
    except FileNotFoundError:
        return not (folder / _DESCRIPTION).exists()
    except (OSError, ValueError, KeyError, TypeError):
        return True  # one that tells of no files


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.name != _LOCKS:
            erase(entry)


def _erase_drafts(folder: Path) -> None:
    """Erase what processes that were killed left half-written; whoever writes holds the lock."""
    for entry in folder.glob(".*"):
        if entry.suffix in _DRAFTS:
            erase(entry)


def sweep(store: "Store") -> None:
    """Delete copies of what the newest version of the store is not made of.

    So what was erased through one machine leaves the others when they next open the store. A table
    that cannot be opened is left as it is: that is for `check` to tell.
    """
    rows, *logs = [_old_files(table) for table in store.tables]
    with store.locks.idle("index") as is_idle:
        if is_idle:
            # What a repair sets aside is at the URL; here is what one that was cut off has left.
            erase(store.set_aside_path)
            if store.vectors.folder.exists():
                _sweep_indexes(store, is_new=bool(rows))
            # Last, since they tell an opening that comes after one that was cut off what to do.
            _unlink(rows)
    for files in logs:
        _unlink(files)


def _old_files(table: "DeltaFolder") -> list[Path]:
    """List the files that the newest version does not name."""
    # Listed before the version is asked for: what another process copies meanwhile may be newer.
    copies = [file for file in table.path.rglob("*") if file.is_file()]
    if not copies:
        return []
    try:
        named = {file.path for file in table.snapshot().files}
    except StoreError:
        return []
    return [file for file in copies if str(file) not in named and not is_under_way(file)]


def _unlink(files: list[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)


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
    try:
        draft.pull_all(dict.fromkeys(own))
        replace_folder(draft.folder / name, remote.folder / name)
    finally:
        shutil.rmtree(draft.folder, ignore_errors=True)


def _tokens(folder: Path) -> dict[str, str]:
    try:
        return dict(json.loads((folder / _TOKENS).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _write_tokens(folder: Path, known: dict[str, str], tokens: dict[str, str]) -> None:
    if tokens != known:
        write_text(folder / _TOKENS, json.dumps(tokens))


def _top(name: str) -> str:
    return name.partition("/")[0]
