from collections.abc import Callable
from pathlib import Path

import pytest
from builders import embedded

from spkret.store.newest import Newest
from spkret.store.store import Store


def log_of(folder: Path, count: int) -> Path:
    for number in range(count):
        (folder / f"{number:020}.json").write_text(f"commit {number}")
    return folder


def counting(asked: list[int], version: int) -> Callable[[], int]:
    """Ask for a version that stays the same, and take note."""

    def ask() -> int:
        asked.append(version)
        return version

    return ask


def test_log_is_asked_only_when_something_was_committed(tmp_path: Path) -> None:
    log, asked = log_of(tmp_path, 2), []

    def ask() -> int:
        asked.append(len(list(log.iterdir())) - 1)
        return asked[-1]

    newest = Newest(log, ask)
    assert [newest.version() for _ in range(3)] == [1, 1, 1]
    log_of(log, 4)
    assert [newest.version() for _ in range(3)] == [3, 3, 3]
    assert asked == [1, 3]


def test_another_log_in_the_same_place_is_noticed(tmp_path: Path) -> None:
    asked: list[int] = []
    newest = Newest(log_of(tmp_path, 2), counting(asked, 1))
    newest.version()
    (tmp_path / f"{1:020}.json").write_text("another commit 1")
    newest.version()
    assert len(asked) == 2


def test_log_elsewhere_is_asked_every_time(tmp_path: Path) -> None:
    asked: list[int] = []
    newest = Newest(tmp_path / "none", counting(asked, 5))
    assert [newest.version(), newest.version()] == [5, 5]
    assert len(asked) == 2


def test_version_of_a_store_follows_its_writers(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Store.open(store.path)
    for number in range(3):
        assert other.recordings.commit([embedded(f"{number}.wav")]) == number + 1
        assert store.recordings.version() == other.recordings.version() == number + 1
    monkeypatch.setattr(type(store.recordings.delta), "handle", None)
    assert store.recordings.version() == 3
