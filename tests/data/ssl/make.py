"""Write the small models beside this file, and what `transformers` makes of them.

Run with an interpreter that has torch and transformers: `python tests/data/ssl/make.py`. Each
folder is in the Hugging Face format; `hidden.npy` holds, float32 (layers, frames, hidden), the
hidden states after each transformer layer for `waveform()`, as the folder's preprocessor
configuration prepares it.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from transformers import (  # type: ignore[import-not-found]
    Wav2Vec2Config,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2ForPreTraining,
    Wav2Vec2Model,
    WavLMConfig,
    WavLMModel,
)

HERE = Path(__file__).parent
SIZES = {
    "conv_dim": [12] * 7,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_attention_heads": 2,
    "num_hidden_layers": 4,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
    "codevector_dim": 8,
    "proj_codevector_dim": 8,
    "num_codevectors_per_group": 4,
}
BUCKETS = {"num_buckets": 16, "max_bucket_distance": 30}
LARGE = {"feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": True}
MODELS = {
    "wav2vec2-base": (Wav2Vec2ForPreTraining, Wav2Vec2Config(**SIZES), True),
    "wav2vec2-large": (Wav2Vec2Model, Wav2Vec2Config(**SIZES, **LARGE), True),
    "wavlm-base": (WavLMModel, WavLMConfig(**SIZES, **BUCKETS), False),
    "wavlm-large": (WavLMModel, WavLMConfig(**SIZES, **BUCKETS, **LARGE), True),
}


def waveform() -> npt.NDArray[np.float32]:
    """One second of noise at 16 kHz, off centre: float32 (16000,)."""
    noise = np.random.default_rng(0).standard_normal(16_000)
    return (0.1 * noise + 0.02).astype(np.float32)


def make(name: str) -> None:
    """Write one folder, with weights far enough from their start that no mistake hides."""
    kind, config, normalise = MODELS[name]
    torch.manual_seed(0)
    model = kind(config).eval()
    with torch.no_grad():
        for weights in model.parameters():
            weights.add_(0.2 * torch.randn_like(weights))
    model.save_pretrained(HERE / name)
    prepare = Wav2Vec2FeatureExtractor(do_normalize=normalise)
    prepare.save_pretrained(HERE / name)
    inputs = prepare(waveform(), sampling_rate=16_000, return_tensors="pt").input_values
    with torch.no_grad():
        states = model(inputs, output_hidden_states=True).hidden_states
    np.save(HERE / name / "hidden.npy", torch.cat(states[1:]).numpy())


if __name__ == "__main__":
    for name in MODELS:
        make(name)
