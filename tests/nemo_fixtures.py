"""Make the small `.nemo` files of tests/data/nemo and NeMo's own embeddings of test waveforms.

Run it with a Python that has NeMo beside spkret, from the root of the checkout:
`PYTHONPATH=tests:.venv/typing python tests/nemo_fixtures.py`.
"""

import copy
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from nemo.collections.asr.models import EncDecSpeakerLabelModel
from nemo_models import DATA, LENGTHS, SMALL, Config, waveforms
from omegaconf import OmegaConf  # type: ignore[import-not-found,unused-ignore]


def random_model(config: Config, seed: int = 0) -> Any:
    """NeMo's model with random weights and the batch statistics of waveforms, without dropout."""
    torch.manual_seed(seed)
    model = EncDecSpeakerLabelModel(cfg=OmegaConf.create(copy.deepcopy(config))).train()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.momentum = None  # the plain average over the steps
            if module.affine:
                torch.nn.init.uniform_(module.weight, 0.5, 1.5)
                torch.nn.init.normal_(module.bias, 0.0, 0.2)
        if isinstance(module, torch.nn.Dropout):
            module.eval()
    with torch.no_grad():
        for step in range(20):
            embed(model, waveforms(16_000 + step, count=8))
    return model.eval()


def reference(model: Any, samples: int) -> npt.NDArray[np.float32]:
    """NeMo's embeddings of the test waveforms of one length."""
    with torch.no_grad():
        return np.asarray(embed(model, waveforms(samples)))


def embed(model: Any, waves: npt.NDArray[np.float32]) -> torch.Tensor:
    """The second output of NeMo's forward."""
    lengths = torch.full((len(waves),), waves.shape[1])
    outputs: list[torch.Tensor] = model.forward(
        input_signal=torch.from_numpy(waves), input_signal_length=lengths
    )
    return outputs[1]


def main() -> None:
    """Write one `.nemo` file and one reference file a model."""
    DATA.mkdir(parents=True, exist_ok=True)
    for name, config in SMALL.items():
        model = random_model(config)
        model.save_to(str(DATA / f"{name}.nemo"))
        references: dict[str, Any] = {str(n): reference(model, n) for n in LENGTHS}
        np.savez(DATA / f"{name}.npz", **references)


if __name__ == "__main__":
    main()
