"""Other programs read a store without spkret."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from builders import embedded

from spkret.store.arrays import embeddings
from spkret.store.store import Store

READ = """
import json, sys
import duckdb, faiss, numpy as np, polars as pl
from deltalake import DeltaTable

store = sys.argv[1]
table = DeltaTable(f"{store}/recordings")
recordings = table.to_pyarrow_dataset()
index = faiss.read_index(f"{store}/index/language=en/noise=clean.faiss")
first = table.to_pyarrow_table(columns=["id", "embedding"]).sort_by("id").slice(0, 1)
_, found = index.search(np.array(first["embedding"].to_pylist(), np.float32), 1)
files = f"{store}/recordings/**/*.parquet"
assert "spkret" not in sys.modules
print(json.dumps({
    "delta": sorted(table.to_pyarrow_table()["path"].to_pylist()),
    "polars": sorted(pl.scan_delta(f"{store}/recordings").collect()["path"].to_list()),
    "duckdb": sorted(r[0] for r in duckdb.sql("select path from recordings").fetchall()),
    "parquet": sorted(duckdb.sql(
        f"select path, language from read_parquet('{files}', hive_partitioning=true)").fetchall()),
    "vectors": [index.ntotal, index.d, index.metric_type == faiss.METRIC_INNER_PRODUCT],
    "nearest": [first["id"][0].as_py(), int(found[0][0])],
    "features": pl.scan_delta(f"{store}/scores").collect().height,
    "failures": DeltaTable(f"{store}/failures").count(),
}))
"""


@pytest.fixture
def used(store: Store) -> Store:
    """A store with history: replaced, moved and deleted rows, and a checkpoint."""
    for n in range(8):
        store.recordings.commit(
            [embedded(f"{n}.wav"), embedded("moving.wav", language="ab"[n % 2] * 2)]
        )
    store.recordings.delete([embedded("0.wav").recording.id])
    store.recordings.delta.handle().create_checkpoint()
    assert store.check(compact=True).ok
    return store


def read(store: Store) -> dict[str, object]:
    run = subprocess.run(
        [sys.executable, "-I", "-c", READ, str(store.path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return dict(json.loads(run.stdout))


def test_faiss_polars_deltalake_and_duckdb_read_the_store(used: Store) -> None:
    paths = sorted([*(f"{n}.wav" for n in range(1, 8)), "moving.wav"])
    facts = read(used)
    assert facts["delta"] == facts["polars"] == facts["duckdb"] == paths
    assert facts["parquet"] == [[path, "bb" if path == "moving.wav" else "en"] for path in paths]
    assert facts["vectors"] == [7, 16, True]
    assert (facts["features"], facts["failures"]) == (0, 0)


def test_index_of_plain_faiss_has_the_ids_of_the_table(store: Store) -> None:
    store.recordings.commit([embedded(f"{n}.wav") for n in range(50)])
    store.vectors.refresh()
    nearest = read(store)["nearest"]
    assert isinstance(nearest, list)
    assert nearest[0] == nearest[1]


def test_embeddings_are_a_plain_list_of_unit_length(used: Store) -> None:
    import pyarrow.parquet as pq

    (file,) = Path(used.path, "recordings", "language=en", "noise=clean").glob("*.parquet")
    vectors = embeddings(pq.ParquetFile(file).read())
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
