from pathlib import Path

import pytest
import torch

from spkret.errors import EncoderError
from spkret.indexer.training import checkpoint


def test_checkpoint_is_read_as_it_was_saved(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.pt"
    assert checkpoint.load(file) is None
    checkpoint.save(file, {"step": 3, "weights": torch.arange(3)})
    state = checkpoint.load(file)
    assert state is not None
    assert state["step"] == 3
    assert state["weights"].tolist() == [0, 1, 2]
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]


@pytest.mark.parametrize("left", [0, 0.5, 0.99])
def test_damaged_checkpoint_says_what_to_do(tmp_path: Path, left: float) -> None:
    file = tmp_path / "checkpoint.pt"
    checkpoint.save(file, {"step": 3, "weights": torch.arange(300)})
    whole = file.read_bytes()
    file.write_bytes(whole[: int(left * len(whole))])
    with pytest.raises(EncoderError, match="delete the file to train from the start"):
        checkpoint.load(file)
