"""What tests of the server share: an encoder that counts, and files to upload."""

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import soundfile
from builders import SpectralEncoder
from starlette.testclient import TestClient

HOST = "http://127.0.0.1:8765"

Serve = Callable[..., TestClient]


class CountingEncoder(SpectralEncoder):
    """Remembers the sizes of the batches it was given."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def encode_equal(self, waveforms: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        self.batches.append(len(waveforms))
        return super().encode_equal(waveforms)


def wav(waveform: npt.NDArray[np.float32], rate_hz: int = 16_000, **kind: str) -> bytes:
    """Write a waveform as a file in memory."""
    buffer = io.BytesIO()
    soundfile.write(buffer, waveform, rate_hz, **{"format": "WAV", "subtype": "PCM_16"} | kind)
    return buffer.getvalue()


def at_once(*tasks: Callable[[], object]) -> None:
    """Run tasks in threads of their own, and wait for all of them."""
    with ThreadPoolExecutor(len(tasks)) as pool:
        for future in [pool.submit(task) for task in tasks]:
            future.result()


def upload(client: TestClient, content: bytes, name: str = "anchor.wav") -> str:
    """Upload a file; return its reference."""
    answer = client.post("/uploads", files={"file": (name, content)})
    assert answer.status_code == 201, answer.text
    return f"upload:{answer.json()['upload']}"
