from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import TOY_IDENTITY, embedded
from hypothesis import given
from hypothesis import strategies as st
from thoroughness import few

from spkret.errors import StoreError
from spkret.indexer.tagging.base import Evidence, Probabilities, Tagger
from spkret.indexer.tagging.stored import tag_stored, tagged
from spkret.store.schema import Embedded, Tag, TagSource
from spkret.store.store import Store

NOISES = ("background", "clean", "communication")


class ByVector(Tagger):
    """Says a noise by where an embedding points; nothing where its first number is negative."""

    tag = "noise"
    classes = NOISES

    def __init__(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        self._meanwhile = meanwhile
        self.asked = 0

    def probabilities(self, evidence: Evidence) -> Probabilities:
        self.asked += len(evidence)
        self._meanwhile()
        powers = np.exp(2 * evidence.embeddings[:, :3])
        shares = powers / powers.sum(axis=1, keepdims=True)
        return np.where(evidence.embeddings[:, :1] < 0, np.nan, shares).astype(np.float32)


def recording(number: int, noise: Tag, root: str = "/audio") -> Embedded:
    row = embedded(f"{number}.wav", root=root)
    return replace(row, recording=replace(row.recording, noise=noise))


def stored(store: Store) -> dict[str, Tag]:
    rows = store.recordings.scan(["path", "noise", "noise_source", "noise_probability"])
    return {
        row["path"]: Tag(row["noise"], TagSource(row["noise_source"]), row["noise_probability"])
        for row in rows.to_pylist()
    }


def expected(row: Embedded) -> Tag | None:
    if row.embedding[0] < 0:
        return None
    powers = np.exp(2 * row.embedding[:3])
    shares = (powers / powers.sum()).astype(np.float32)
    return Tag(NOISES[shares.argmax()], TagSource.TAGGER, float(shares.max()))


TAGS = st.one_of(
    st.just(Tag("unknown")),
    st.builds(Tag, st.sampled_from([*NOISES, "unknown"]), st.just(TagSource.MANIFEST)),
    st.builds(Tag, st.sampled_from(NOISES), st.just(TagSource.FOLDER)),
    st.builds(Tag, st.sampled_from(NOISES), st.just(TagSource.TAGGER), st.just(0.5)),
)


@few(12)
@given(tags=st.lists(TAGS, min_size=1, max_size=8), again=st.booleans())
def test_what_a_manifest_says_stays(
    tmp_path_factory: pytest.TempPathFactory, tags: list[Tag], again: bool
) -> None:
    store = Store.create(tmp_path_factory.mktemp("tags") / "store", TOY_IDENTITY)
    rows = {f"{i}.wav": recording(i, tag) for i, tag in enumerate(tags)}
    store.recordings.commit(list(rows.values()))
    summary = tag_stored(store.recordings, ByVector(), again=again)
    after = stored(store)
    assert after.keys() == rows.keys()
    open_ = set()
    for path, row in rows.items():
        before = row.recording.noise
        missing = before.source == TagSource.NONE
        if missing or (again and before.source == TagSource.TAGGER):
            open_.add(path)
            wanted = expected(row) or before
            assert replace(after[path], probability=None) == replace(wanted, probability=None)
            assert after[path].probability == pytest.approx(wanted.probability)
        else:
            assert after[path] == before
    said = [after[path].value for path in open_ if expected(rows[path])]
    assert summary.rows == len(open_)
    assert dict(summary.tagged) == {value: said.count(value) for value in set(said)}
    assert summary.unsaid == len(open_) - len(said)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.create(tmp_path / "store", TOY_IDENTITY)
    store.recordings.commit([recording(i, Tag("unknown")) for i in range(12)])
    return store


def test_rows_move_to_their_partition_with_all_else_kept(store: Store) -> None:
    before = store.recordings.scan()
    version = store.recordings.version()
    tag_stored(store.recordings, ByVector())
    after = store.recordings.scan()
    assert store.recordings.version() == version + 1
    assert {noise for _, noise in store.recordings.cells()} > {"unknown"}
    changed = ["noise", "noise_source", "noise_probability", "f0_hz"]  # NaN equals nothing
    assert after.drop_columns(changed).equals(before.drop_columns(changed))


def test_a_second_run_asks_only_about_what_could_not_be_told(store: Store) -> None:
    told: list[tuple[int, int]] = []
    first = tag_stored(
        store.recordings, ByVector(), progress=lambda done, total: told.append((done, total))
    )
    assert told[-1] == (first.rows, first.rows)
    version = store.recordings.version()
    second = ByVector()
    assert tag_stored(store.recordings, second).tagged == {}
    assert second.asked == first.unsaid
    assert store.recordings.version() == version
    assert tagged(store.recordings, "noise", "/audio") == first.tagged


def test_only_rows_of_a_folder(store: Store) -> None:
    store.recordings.commit([recording(i, Tag("unknown"), root="/it's") for i in range(5)])
    assert tag_stored(store.recordings, ByVector(), root="/it's").rows == 5


def test_a_manifest_that_comes_meanwhile_wins(store: Store) -> None:
    given_ = [recording(i, Tag("communication", TagSource.MANIFEST)) for i in range(6)]
    tag_stored(store.recordings, ByVector(lambda: store.recordings.commit(given_)))
    after = stored(store)
    assert all(after[f"{i}.wav"] == given_[i].recording.noise for i in range(6))


def test_rows_deleted_meanwhile_stay_away(store: Store) -> None:
    ids = store.recordings.scan(["id"])["id"].to_pylist()
    tag_stored(store.recordings, ByVector(lambda: store.recordings.delete(ids[:4])))
    assert store.recordings.scan(["id"])["id"].to_pylist() == ids[4:]


def test_a_value_that_cannot_be_stored_is_refused(store: Store) -> None:
    tagger = ByVector()
    tagger.classes = ("loud", "louder", "loudest")
    before = store.recordings.version()
    with pytest.raises(StoreError, match="cannot store a changed row: expected a noise of"):
        tag_stored(store.recordings, tagger)
    assert store.recordings.version() == before
