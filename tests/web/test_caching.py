"""The cache: each value computed once, and none taken away from who has it."""

import threading
from pathlib import Path

import pytest

from spkret.web.caching import Cache
from spkret.web.hearing import _delete
from spkret.web.settings import Settings
from spkret.web.uploads import Uploads


def test_a_value_is_computed_once_and_again_where_it_is_gone(tmp_path: Path) -> None:
    cache: Cache[Path] = Cache(2, _delete, Path.is_file)
    made: list[Path] = []

    def make() -> Path:
        made.append(tmp_path / f"{len(made)}.wav")
        made[-1].touch()
        return made[-1]

    assert cache.get("k", make) == cache.get("k", make) == made[0]
    made[0].unlink()
    assert cache.get("k", make) == made[1]
    assert made[1].exists()


def test_a_failure_is_not_kept() -> None:
    cache: Cache[int] = Cache(2)
    with pytest.raises(ZeroDivisionError):
        cache.get("k", lambda: 1 // 0)
    assert cache.get("k", lambda: 1) == 1


def test_what_falls_out_while_it_is_made_takes_no_other_with_it(tmp_path: Path) -> None:
    uploads = Uploads(Settings(), lambda *_: pytest.fail("nothing is uploaded"))
    cache: Cache[Path] = Cache(2, _delete, Path.is_file)
    go_on = threading.Event()

    def make() -> Path:
        file = uploads.beside(tmp_path / "a.wav")
        file.touch()
        return file

    def make_slowly() -> Path:
        assert go_on.wait(10)
        return make()

    first = threading.Thread(target=cache.get, args=("k", make_slowly))
    first.start()
    while not cache._kept:
        pass
    for other in ("a", "b"):
        cache.get(other, make)
    second = cache.get("k", make)
    go_on.set()
    first.join()
    assert second.is_file()
    assert cache.get("k", make) == second
    assert len(list(uploads.folder.iterdir())) == 2
    uploads.close()
