"""A store at a URL: the same rows, the same answers, on any machine, and erased everywhere."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from builders import TOY_IDENTITY, embedded
from traces import Needles

from spkret.errors import EncoderMismatchError, StoreError, StoreNotFoundError, UsageError
from spkret.store import copies, exact, sql, working_copy
from spkret.store.remote import Remote
from spkret.store.schema import EncoderIdentity
from spkret.store.scores import SCORES_SCHEMA
from spkret.store.store import Store

QUERY = np.arange(1, 17, dtype=np.float32)
ROWS = [
    embedded(f"{n}.wav", speaker=f"speaker-{n % 5}", language=["en", "de"][n % 2])
    for n in range(20)
]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep working copies apart from those of other tests."""
    monkeypatch.setenv("SPKRET_CACHE", str(tmp_path / "here"))


@pytest.fixture
def url(bucket: str) -> str:
    return f"{bucket}/folder/store-1"


@pytest.fixture
def remote(url: str) -> Store:
    store = Store.create(url, TOY_IDENTITY)
    store.recordings.commit(ROWS)
    return store


def elsewhere(store: Store, monkeypatch: pytest.MonkeyPatch, machine: str = "there") -> Store:
    """Open the store as another machine would."""
    monkeypatch.setenv("SPKRET_CACHE", str(store.path.parents[2] / machine))
    return Store.open(store.place)


def objects(store: Store) -> Remote:
    """Reach the objects of a store past its working copy."""
    return Remote(str(store.place), store.path)


def downloaded(store: Store, folder: Path) -> Path:
    """Copy every object of a store into a folder."""
    remote = Remote(str(store.place), folder)
    remote.pull_all(dict.fromkeys(remote.sizes()))
    return folder


def test_rows_are_those_of_a_local_store(remote: Store, tmp_path: Path) -> None:
    local = Store.create(tmp_path / "local", TOY_IDENTITY)
    local.recordings.commit(ROWS)
    for store in (local, remote):
        store.recordings.commit([embedded("3.wav", language="fr"), embedded("new.wav")])
        assert store.recordings.delete([ROWS[4].recording.id]) == 1
    names = [
        name for name in local.recordings.scan().column_names if name not in ("indexed_at", "f0_hz")
    ]
    assert remote.recordings.scan(names).equals(local.recordings.scan(names))
    assert remote.recordings.cells().keys() == local.recordings.cells().keys()
    ids = [row.recording.id for row in ROWS[:7]]
    picked = remote.recordings.scan(["id", "embedding"], ids=ids)
    assert picked.equals(local.recordings.scan(["id", "embedding"], ids=ids))
    one, other = remote.vectors.search(QUERY, 30), local.vectors.search(QUERY, 30)
    np.testing.assert_array_equal(one.ids, other.ids)
    np.testing.assert_array_equal(one.cosines, other.cosines)


def test_another_machine_fetches_what_it_needs_and_no_more(
    remote: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote.vectors.refresh()
    wanted = remote.vectors.search(QUERY, 5, language="de")
    other = elsewhere(remote, monkeypatch)
    assert other.path != remote.path
    assert other.encoder == TOY_IDENTITY
    assert {entry.name for entry in other.path.iterdir()} <= {
        *("locks", "spkret.json", ".mirrored.json")
    }
    assert other.vectors.fresh()
    found = other.vectors.search(QUERY, 5, language="de")
    np.testing.assert_array_equal(found.ids, wanted.ids)
    assert not (other.path / "recordings").exists()
    assert other.recordings.scan(["path"], language="de").num_rows == 10
    assert {file.parts[-3] for file in other.path.rglob("*.parquet")} == {"language=de"}
    assert other.info().working_copy == str(other.path)
    assert other.info().path == str(remote.place)
    assert other.check().ok


def test_a_table_is_read_by_sql_only_if_it_is_named(
    remote: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = dict.fromkeys(SCORES_SCHEMA.names) | {"command": "query"}
    remote.scores.append(pa.Table.from_pylist([row], SCORES_SCHEMA))
    other = elsewhere(remote, monkeypatch)
    assert sql.query(other, "SELECT command FROM SCORES").fetchall() == [("query",)]
    assert not (other.path / "recordings").exists()
    hidden = "SELECT count(*) FROM query_table('record' || 'ings')"
    assert sql.query(other, hidden).fetchall() == [(20,)]
    alike = "SELECT cosine(embedding_of('1.wav'), embedding_of('1.wav')) > 0.999"
    assert sql.query(elsewhere(remote, monkeypatch, "third"), alike).fetchall() == [(True,)]


def test_large_indexes_are_published_with_their_vectors(
    remote: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exact, "MOST_BYTES", 64 * 150)
    remote.recordings.commit([embedded(f"many-{n}.wav", language="de") for n in range(400)])
    wanted = remote.vectors.search(QUERY, 9)
    vectors = [name for name in objects(remote).sizes("index") if name.endswith(".vectors")]
    assert len(vectors) == 1
    other = elsewhere(remote, monkeypatch)
    found = other.vectors.search(QUERY, 9)
    np.testing.assert_array_equal(found.ids, wanted.ids)
    assert not (other.path / "recordings").exists()
    other.recordings.commit([embedded("one-more.wav", language="de")])
    other.vectors.refresh()
    later = [name for name in objects(remote).sizes("index") if name.endswith(".vectors")]
    assert len(later) == 1
    assert later != vectors
    again = elsewhere(remote, monkeypatch, "third")
    assert len(again.vectors.search(QUERY, 500).ids) == 421
    assert again.vectors.equals_rows(("de", "clean"))


@pytest.mark.parametrize("damage", ["lost", "corrupt", "no note"])
def test_a_published_index_that_is_damaged_is_built_again(
    remote: Store, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    wanted = remote.vectors.search(QUERY, 5)
    name = "index/language=de/noise=clean"
    if damage == "corrupt":
        size = objects(remote).sizes("index")[f"{name}.faiss"]
        objects(remote).write(f"{name}.faiss", bytes(size))
    else:
        objects(remote).delete([f"{name}.faiss" if damage == "lost" else f"{name}.json"])
    other = elsewhere(remote, monkeypatch)
    np.testing.assert_array_equal(other.vectors.search(QUERY, 5).ids, wanted.ids)
    assert other.check().ok
    assert objects(remote).sizes("index").keys() >= {f"{name}.faiss", f"{name}.json"}
    third = elsewhere(remote, monkeypatch, "third")
    np.testing.assert_array_equal(third.vectors.search(QUERY, 5).ids, wanted.ids)
    assert not (third.path / "recordings").exists()


def test_what_is_fitted_goes_to_the_url_and_to_other_machines(
    remote: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote.reranker_path.mkdir()
    for name in ("reranker.json", "cohort.npz"):
        (remote.reranker_path / name).write_text(name)
    remote.publish("reranker")
    (remote.path / "verification.json").write_text("{}")
    remote.publish("verification.json")
    other = elsewhere(remote, monkeypatch)
    assert (other.reranker_path / "cohort.npz").read_text() == "cohort.npz"
    assert (other.path / "verification.json").read_text() == "{}"

    (other.reranker_path / "cohort.npz").unlink()
    (other.reranker_path / "reranker.json").write_text("another")
    other.publish("reranker")
    monkeypatch.setenv("SPKRET_CACHE", str(remote.path.parents[1]))
    here = elsewhere(remote, monkeypatch, "here")
    assert [path.name for path in here.reranker_path.iterdir()] == ["reranker.json"]
    assert (here.reranker_path / "reranker.json").read_text() == "another"


def test_what_is_forgotten_is_in_no_object_and_on_no_machine(
    remote: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret = [embedded(f"secret-{n}.wav", speaker="secret-anna") for n in range(2)]
    remote.recordings.commit(secret)
    named = {"anchor_path": "secret-0.wav", "anchor_id": secret[0].recording.id}
    rows = [dict.fromkeys(SCORES_SCHEMA.names) | named, dict.fromkeys(SCORES_SCHEMA.names)]
    remote.scores.append(pa.Table.from_pylist(rows, SCORES_SCHEMA))
    remote.vectors.refresh()
    remote.reranker_path.mkdir()
    (remote.reranker_path / "cohort.npz").write_text("secret-anna")
    remote.publish("reranker")
    objects(remote).write("set-aside/x/rows.parquet", b"secret-anna")
    for table in remote.tables:
        table.handle().create_checkpoint()
    other = elsewhere(remote, monkeypatch)
    assert other.recordings.scan().num_rows == 22
    assert other.vectors.search(QUERY, 50).ids.size == 22
    (other.path / "index" / "background.npz").write_bytes(secret[0].embedding.tobytes())
    needles = Needles.of(
        remote.recordings.scan(where="speaker = 'secret-anna'"),
        {"name": ["secret-0.wav", "secret-1.wav", "secret-anna"]},
    )
    assert all(needles.inside(downloaded(remote, tmp_path / "before")).values())
    assert all(needles.inside(other.path).values())

    assert remote.forget(speaker="secret-anna") == 2
    assert not any(needles.inside(downloaded(remote, tmp_path / "after"), remote.path).values())
    again = elsewhere(remote, monkeypatch)
    assert not any(needles.inside(again.path).values())
    assert again.recordings.scan(["id"]).num_rows == 20
    assert again.scores.count() == 1
    assert again.check().ok
    assert len(again.vectors.search(QUERY, 50).ids) == 20


def test_an_opening_that_was_cut_off_is_made_good_by_the_next(
    remote: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = elsewhere(remote, monkeypatch)
    other.recordings.scan()
    other.vectors.search(QUERY, 1)
    derived = other.path / "index" / "background.npz"
    derived.write_bytes(b"of a voice")
    remote.forget(path="0.wav")

    def cut_off(_store: Store, is_new: bool) -> None:
        assert is_new
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(working_copy, "_sweep_indexes", cut_off)
        with pytest.raises(KeyboardInterrupt):
            elsewhere(remote, monkeypatch)
    assert derived.exists()
    elsewhere(remote, monkeypatch)
    assert not derived.exists()


def test_maintenance_spares_what_another_writer_is_about_to_commit(
    remote: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "recordings/language=de/noise=clean/part-of-another-writer.parquet"
    objects(remote).write(name, b"about to be committed")
    assert remote.check(compact=True).ok
    assert name in objects(remote).sizes("recordings")
    monkeypatch.setattr(copies, "UNNAMED_FILES_KEPT", timedelta(0))
    assert remote.check(compact=True).ok
    assert name not in objects(remote).sizes("recordings")
    assert remote.recordings.scan(["id"]).num_rows == 20


def test_compaction_leaves_one_file_a_partition_and_frees_the_others(
    remote: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        remote.recordings.commit([embedded(f"more-{n}.wav", language="de")])
    other = elsewhere(remote, monkeypatch)
    assert other.recordings.scan(["id"]).num_rows == 23
    report = remote.check(compact=True)
    assert report.ok
    assert report.freed_bytes > 0
    files = [name for name in objects(remote).sizes("recordings") if "part-" in name]
    assert len(files) == 2
    assert other.recordings.scan(["id"]).num_rows == 23
    assert other.recordings.scan(["id", "embedding"], ids=[ROWS[0].recording.id]).num_rows == 1


def test_a_file_lost_at_the_url_is_told_and_written_again_from_a_copy(remote: Store) -> None:
    assert remote.recordings.scan(["id"]).num_rows == 20
    name = next(name for name in objects(remote).sizes("recordings") if "part-" in name)
    objects(remote).delete([name])
    report = remote.check()
    assert not report.ok
    assert "is lost at s3://" in report.problems[0]
    mended = remote.check(repair=True)
    assert mended.ok
    assert mended.rows == 20
    assert name in objects(remote).sizes("recordings")


def test_a_file_lost_everywhere_is_dropped(remote: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    name = next(name for name in objects(remote).sizes("recordings") if "language=de" in name)
    objects(remote).delete([name])
    other = elsewhere(remote, monkeypatch)
    with pytest.raises(StoreError, match="run spkret check --repair"):
        other.recordings.scan(["id"])
    with pytest.raises(StoreError, match="run spkret check --repair"):
        sql.query(other, "SELECT id FROM recordings")
    assert other.check(repair=True).ok
    assert other.recordings.scan(["id"]).num_rows == 10


def test_a_damaged_object_is_set_aside_at_the_url(
    remote: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = objects(remote).sizes("recordings")
    name = next(name for name in sizes if "language=de" in name)
    objects(remote).write(name, bytes(sizes[name]))
    other = elsewhere(remote, monkeypatch)
    assert not other.check().ok
    assert other.check(repair=True).ok
    assert other.recordings.scan(["id"]).num_rows == 10
    (aside,) = objects(remote).sizes("set-aside")
    assert objects(remote).read(aside) == bytes(sizes[name])


def test_a_damaged_copy_is_fetched_again(remote: Store) -> None:
    assert remote.recordings.scan(["id"]).num_rows == 20
    copy = Path(remote.recordings.delta.snapshot().files[0].path)
    copy.write_bytes(bytes(copy.stat().st_size))
    assert remote.check().ok
    assert remote.recordings.scan().num_rows == 20


def test_a_table_whose_log_is_lost_is_replaced(remote: Store) -> None:
    remote.scores.append(pa.Table.from_pylist([dict.fromkeys(SCORES_SCHEMA.names)], SCORES_SCHEMA))
    logs = [name for name in objects(remote).sizes("scores") if "_delta_log" in name]
    objects(remote).delete(logs)
    again = Store.open(remote.place)
    assert not again.check().ok
    assert again.check(repair=True).ok
    assert again.scores.count() == 0
    assert len(objects(remote).sizes("set-aside")) == 1


def test_a_second_creation_opens_and_another_encoder_is_refused(
    remote: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPKRET_CACHE", str(remote.path.parents[2] / "there"))
    assert Store.create(remote.place, TOY_IDENTITY).recordings.scan(["id"]).num_rows == 20
    with pytest.raises(EncoderMismatchError, match="store-1 was built with"):
        Store.create(remote.place, EncoderIdentity("other", "feed", 8))


def test_a_folder_that_holds_something_else_is_refused(url: str) -> None:
    with pytest.raises(StoreNotFoundError, match="expected a store in s3://"):
        Store.open(url)
    Remote(url, Path("unused")).write("notes.txt", b"mine")
    with pytest.raises(StoreError, match=r"with notes\.txt in it"):
        Store.create(url, TOY_IDENTITY)


def test_a_store_that_is_gone_is_not_read_from_its_copy(remote: Store) -> None:
    objects(remote).delete(list(objects(remote).sizes()))
    with pytest.raises(StoreNotFoundError):
        Store.open(remote.place)


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("s3://no-such-bucket-here/store", "there is no such bucket"),
        ("ftp://host/store", "expected a URL of"),
        ("s3://bucket/a b", "expected a URL of"),
        ("s3://bucket/language=en", "expected a URL of"),
    ],
)
def test_a_place_that_cannot_be_is_told(bucket: str, place: str, reason: str) -> None:
    with pytest.raises(StoreError, match=reason) as error:
        Store.open(place)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300


def test_a_service_that_is_down_is_told_soon(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    begun = datetime.now(UTC)
    with pytest.raises(StoreError, match="cannot be reached"):
        Store.open(f"{bucket}/store")
    assert datetime.now(UTC) - begun < timedelta(seconds=20)


def test_a_table_that_cannot_be_written_is_told(
    remote: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    for act in (lambda: remote.recordings.commit(ROWS), remote.recordings.cells):
        with pytest.raises(StoreError, match="cannot be reached") as error:
            act()
        assert "\n" not in str(error.value)


def test_a_file_url_is_a_plain_folder(tmp_path: Path) -> None:
    store = Store.create(f"file://{tmp_path}/store", TOY_IDENTITY)
    assert store.place == store.path == tmp_path / "store"
    assert json.loads((tmp_path / "store" / "spkret.json").read_text())["format"] == 1
    with pytest.raises(UsageError):
        store.forget()
