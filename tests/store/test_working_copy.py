"""A working copy has what its URL has: after cut-off uploads, races and erasure, and no more."""

import hashlib
import json
import time
from pathlib import Path
from threading import Thread

import pytest
from builders import TOY_IDENTITY, embedded

from spkret.errors import EncoderMismatchError, StoreError, StoreNotFoundError
from spkret.store import working_copy
from spkret.store.delta import DeltaFolder
from spkret.store.remote import Remote
from spkret.store.schema import EncoderIdentity
from spkret.store.store import Store

OTHER = EncoderIdentity("other", "fedcba9876543210", 16)


@pytest.fixture
def remote(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("SPKRET_CACHE", str(tmp_path / "here"))
    monkeypatch.setattr(working_copy, "_PAUSE_S", 0.0)
    return Store.create(f"{bucket}/store", TOY_IDENTITY)


def objects(store: Store) -> Remote:
    return Remote(str(store.place), store.path)


def write_reranker(folder: Path, text: str) -> None:
    """Write a folder whose description names the digest of what is beside it."""
    folder.mkdir(exist_ok=True)
    (folder / "model.txt").write_text(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    (folder / "reranker.json").write_text(json.dumps({"sha256": {"model.txt": digest}}))


def test_of_two_machines_that_create_a_store_one_is_first(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = DeltaFolder.create

    def late(self: DeltaFolder) -> None:
        monkeypatch.setattr(DeltaFolder, "create", create)
        create(self)
        monkeypatch.setenv("SPKRET_CACHE", str(tmp_path / "first"))
        Store.create(f"{bucket}/store", TOY_IDENTITY)

    monkeypatch.setattr(DeltaFolder, "create", late)
    monkeypatch.setenv("SPKRET_CACHE", str(tmp_path / "second"))
    with pytest.raises(EncoderMismatchError):
        Store.create(f"{bucket}/store", OTHER)
    assert Store.open(f"{bucket}/store").encoder == TOY_IDENTITY


def test_an_upload_that_fails_leaves_what_the_url_has(
    remote: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    (remote.path / "verification.json").write_text("old")
    remote.publish("verification.json")
    Store.open(remote.place)

    def fail(*_: object) -> None:
        raise StoreError("access is denied")

    with monkeypatch.context() as denied:
        denied.setattr(Remote, "push", fail)
        with (
            pytest.raises(StoreError, match="denied"),
            remote.publishing("verification.json") as file,
        ):
            file.write_text("new")
    assert (Store.open(remote.place).path / "verification.json").read_text() == "old"


def test_who_opens_meanwhile_waits_for_a_whole_reranker(
    remote: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with remote.publishing("reranker") as folder:
        write_reranker(folder, "old")
    reader = Thread(target=Store.open, args=(remote.place,))
    push = Remote.push
    order: list[str] = []

    def pushing(self: Remote, name: str, source: Path | None = None) -> None:
        if not order:
            reader.start()
            reader.join(0.3)
        order.append(name)
        push(self, name, source)

    monkeypatch.setattr(Remote, "push", pushing)
    with remote.publishing("reranker") as folder:
        write_reranker(folder, "new")
    reader.join()
    assert order == ["reranker/model.txt", "reranker/reranker.json"]
    assert (remote.reranker_path / "model.txt").read_text() == "new"
    assert objects(remote).read("reranker/model.txt") == b"new"


def test_half_a_reranker_is_asked_for_again(
    remote: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with remote.publishing("reranker") as folder:
        write_reranker(folder, "whole")
    objects(remote).write("reranker/model.txt", b"of another")
    monkeypatch.setenv("SPKRET_CACHE", str(tmp_path / "there"))
    monkeypatch.setattr(
        *(time, "sleep"),
        lambda _: objects(remote).write("reranker/model.txt", b"whole"),
    )
    assert (Store.open(remote.place).reranker_path / "model.txt").read_text() == "whole"


@pytest.mark.parametrize("always", [False, True])
def test_what_is_erased_while_it_is_mirrored_is_asked_for_again(
    remote: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, always: bool
) -> None:
    wanted = working_copy._wanted
    name = "reranker/reranker.json"

    def erased_after(at: Remote) -> dict[str, str]:
        if always:
            objects(remote).write(name, b"x")
        listed = wanted(at)
        objects(remote).delete([name])
        return listed

    objects(remote).write(name, b"x")
    monkeypatch.setattr(working_copy, "_wanted", erased_after)
    monkeypatch.setenv("SPKRET_CACHE", str(tmp_path / "there"))
    if always:
        with pytest.raises(StoreError, match="run the command again"):
            Store.open(remote.place)
    else:
        assert not Store.open(remote.place).reranker_path.exists()


def test_no_voice_is_left_behind(remote: Store) -> None:
    remote.recordings.commit([embedded("secret.wav", speaker="anna")])
    remote.recordings.scan()
    remote.vectors.refresh()
    leftovers = [
        *("set-aside/1/recordings/x.parquet", ".reranker.pulled/reranker/cohort.npz"),
        *(".reranker.new/cohort.npz", ".reranker.old/cohort.npz"),
    ]
    for name in leftovers:
        (remote.path / name).parent.mkdir(parents=True)
        (remote.path / name).write_text("anna")
    Store.open(remote.place)
    assert not any((remote.path / name).exists() for name in leftovers)

    aside = remote.set_aside_path / "2" / "x.parquet"
    aside.parent.mkdir(parents=True)
    aside.write_text("anna")
    remote.publish("set-aside/2/x.parquet")
    assert objects(remote).read("set-aside/2/x.parquet") == b"anna"
    assert not aside.exists()

    objects(remote).delete(list(objects(remote).sizes()))
    with pytest.raises(StoreNotFoundError):
        Store.open(remote.place)
    assert [entry.name for entry in remote.path.iterdir()] == ["locks"]
