"""What the documentation says of files of embeddings works as it stands there."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from builders import labelled_table, matched_store

import spkret
from spkret.interchange.embeddings.base import Embeddings
from spkret.interchange.embeddings.registry import read_embeddings
from spkret.store.store import Store

PAGE = Path(__file__).parents[2] / "docs" / "interchange.md"
PLAIN = PAGE.read_text().split("### With plain tools")[1].split("### What is refused")[0]
BLOCKS = re.findall(r"```python\n(.*?)```", PLAIN, re.DOTALL)
ENDINGS = ("scp", "ark", "npz", "npy", "h5", "safetensors", "csv", "parquet")
LOADED = ("vectors", "table", "found")

Stored = Mapping[str, npt.NDArray[np.float32]]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    store = matched_store(folder / "store", labelled_table(3, 2))
    for ending in ENDINGS:
        spkret.export(store, folder / f"embeddings.{ending}")
    return folder


@pytest.fixture(scope="module")
def stored(exported: Path) -> Stored:
    rows = Store.open(exported / "store").recordings.scan(["path", "embedding"]).to_pylist()
    return {row["path"]: np.array(row["embedding"], np.float32) for row in rows}


def test_there_is_a_line_for_every_ending() -> None:
    assert all(f'"embeddings.{ending}"' in PLAIN for ending in ENDINGS)


def loads(block: str) -> Iterator[dict[str, Any]]:
    """Run a block, and yield its names after each statement that loads embeddings."""
    names: dict[str, Any] = {}
    for statement in ast.parse(block).body:
        before = [names.get(name) for name in LOADED]
        exec(compile(ast.Module([statement], []), PAGE.name, "exec"), names)  # noqa: S102
        if any(names.get(name) is not was for name, was in zip(LOADED, before, strict=True)):
            yield names


def loaded(names: Mapping[str, Any]) -> Stored:
    """Return the vector of each key, whatever form a block has loaded them in."""
    if isinstance(names.get("found"), Embeddings):
        return dict(zip(names["found"].keys, names["found"].vectors, strict=True))
    if isinstance(names.get("table"), pl.DataFrame):
        rows = names["table"].rows()
        return {
            key: np.array(rest[0] if len(rest) == 1 else rest, np.float32) for key, *rest in rows
        }
    if isinstance(names["vectors"], dict):
        return names["vectors"]
    keys = names["keys"].tolist() if isinstance(names["keys"], np.ndarray) else names["keys"]
    return dict(zip(keys, names["vectors"], strict=True))


@pytest.mark.parametrize("block", BLOCKS)
def test_plain_tools_read_what_is_exported(
    block: str, exported: Path, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(exported)
    checked = 0
    for names in loads(block):
        found = loaded(names)
        assert found.keys() == stored.keys()
        for key, vector in stored.items():
            np.testing.assert_array_equal(found[key], vector)
        checked += 1
    assert checked == len(set(re.findall(r'"embeddings\.\w+"', block)))
    if "copy.ark" in block:
        assert read_embeddings(exported / "copy.ark").keys == list(found)
