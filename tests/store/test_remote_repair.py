"""Repair of a store at a URL spares what is merely out of reach, and what others erase."""

from pathlib import Path

import pyarrow as pa
import pytest
from builders import TOY_IDENTITY, embedded

from spkret.errors import StoreError
from spkret.store.audit import audit
from spkret.store.copies import Copies
from spkret.store.reading import DataFile
from spkret.store.remote import Remote
from spkret.store.repair import repair
from spkret.store.scores import SCORES_SCHEMA
from spkret.store.store import Store


@pytest.fixture
def remote(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("SPKRET_CACHE", str(tmp_path / "here"))
    store = Store.create(f"{bucket}/store", TOY_IDENTITY)
    store.recordings.commit([embedded("kept.wav")])
    store.recordings.commit([embedded("secret.wav", speaker="anna", language="de")])
    store.recordings.scan()
    return store


def other_machine(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("SPKRET_CACHE", str(store.path.parents[2] / "there"))
    return Store.open(store.place)


def of_anna(store: Store) -> list[str]:
    names = Remote(str(store.place), store.path).sizes("recordings")
    return [name for name in names if "language=de" in name]


def test_a_table_out_of_reach_is_not_taken_for_lost(
    remote: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = dict.fromkeys(SCORES_SCHEMA.names)
    remote.scores.append(pa.Table.from_pylist([row] * 7, SCORES_SCHEMA))
    with monkeypatch.context() as outage:
        again = Store.open(remote.place)
        outage.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        with pytest.raises(StoreError, match="cannot be reached"):
            audit(again)
    assert again.check(repair=True).repaired == ()
    assert again.scores.count() == 7


def test_what_is_erased_during_an_audit_is_not_lost(
    remote: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = other_machine(remote, monkeypatch)
    fetch = Copies.fetch

    def erased_first(self: Copies, files: list[DataFile]) -> None:
        monkeypatch.setattr(Copies, "fetch", fetch)
        other.forget(speaker="anna")
        fetch(self, files)

    monkeypatch.setattr(Copies, "fetch", erased_first)
    (remote.path / of_anna(remote)[0]).unlink()
    assert audit(remote).damaged == []
    assert remote.check(repair=True).ok


@pytest.mark.parametrize("moment", ["before", "while"])
def test_what_is_erased_during_a_repair_is_not_uploaded_again(
    remote: Store, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    other = other_machine(remote, monkeypatch)
    Remote(str(remote.place), remote.path).delete(of_anna(remote))
    findings = audit(remote)
    assert len(findings.damaged) == 1
    forget = other.recordings.delta.handle().delete
    if moment == "before":
        forget("language = 'de'")
    else:
        restore = Copies.restore

        def erased_meanwhile(self: Copies, file: DataFile) -> None:
            restore(self, file)
            forget("language = 'de'")

        monkeypatch.setattr(Copies, "restore", erased_meanwhile)
    repair(remote, findings)
    assert of_anna(remote) == []
    assert remote.check().ok
