"""Batches through a torch module on a device, so that the device never waits for copies."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from .base import Embeddings, Waveforms

if TYPE_CHECKING:
    import torch

    Network = Callable[[torch.Tensor], torch.Tensor]


def start(
    front_end: "Network",
    network: "Network",
    waveforms: Waveforms,
    device: str,
    bf16: bool | None = None,
) -> Callable[[], Embeddings]:
    """Begin to embed a batch, and return a function that waits for the result.

    On a GPU the waveforms are copied from pinned memory and nothing waits: the next batch can be
    stacked, copied and queued while the device works. The front end runs in float32, since power
    spectra exceed what bfloat16 holds apart.

    Parameters
    ----------
    front_end : waveforms float32 (batch, samples) → features, on the device
    network : features → embeddings (batch, dimension) or (batch, 1, dimension), on the device
    waveforms : float32 (batch, samples)
    device : `cpu`, `cuda` or `cuda:N`
    bf16 : whether the network runs in bfloat16; by default it does on a GPU
    """
    import torch

    batch = torch.from_numpy(np.ascontiguousarray(waveforms))
    on_gpu = device != "cpu"
    if on_gpu:
        batch = batch.pin_memory().to(device, non_blocking=True)
    with torch.inference_mode():
        features = front_end(batch)
        reduced = on_gpu if bf16 is None else bf16
        with torch.autocast(batch.device.type, torch.bfloat16, enabled=reduced):
            embeddings = network(features)
        copied = embeddings.flatten(1).float().to("cpu", non_blocking=True)
    if not on_gpu:
        return copied.numpy
    done: torch.cuda.Event = torch.cuda.Event()  # type: ignore[no-untyped-call]
    done.record(torch.cuda.current_stream(batch.device))

    def wait() -> Embeddings:
        done.synchronize()
        return copied.numpy()

    return wait
