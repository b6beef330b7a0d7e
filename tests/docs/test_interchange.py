"""What the documentation says of files of embeddings works as it stands there."""

import re
from pathlib import Path

import pytest
from builders import labelled_table, matched_store

import spkret

PAGE = Path(__file__).parents[2] / "docs" / "interchange.md"
PLAIN = PAGE.read_text().split("### With plain tools")[1].split("### What is refused")[0]
BLOCKS = re.findall(r"```python\n(.*?)```", PLAIN, re.DOTALL)
ENDINGS = ("scp", "npz", "npy", "h5", "safetensors", "csv", "parquet")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    store = matched_store(folder / "store", labelled_table(3, 2))
    for ending in ENDINGS:
        spkret.export(store, folder / f"embeddings.{ending}")
    return folder


def test_there_is_a_line_for_every_ending() -> None:
    assert all(f'"embeddings.{ending}"' in PLAIN for ending in ENDINGS)


@pytest.mark.parametrize("block", BLOCKS)
def test_plain_tools_read_what_is_exported(
    block: str, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(exported)
    names: dict[str, object] = {}
    exec(block, names)  # noqa: S102
    vectors = names.get("vectors", names.get("table"))
    assert vectors is None or len(vectors) == 6  # type: ignore[arg-type]
