"""Where somebody speaks: Silero VAD through ONNX Runtime, without torch."""

import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..store.schema import Vector
from .audio import RATE_HZ
from .optional import required

FRAME_SAMPLES, CONTEXT_SAMPLES = 512, 64
"""The network looks at frames of 32 ms, each with the 4 ms before it."""
BLOCK_FRAMES = 512
ENTER, LEAVE = 0.5, 0.35
"""Speech begins at a probability of `ENTER` and ends below `LEAVE`, Silero's own figures."""
MIN_SPEECH_SAMPLES = RATE_HZ // 4
MIN_PAUSE_SAMPLES = RATE_HZ // 10
MARGIN_SAMPLES = RATE_HZ * 3 // 100

Mask = npt.NDArray[np.bool_]


def is_speech(waveform: Vector) -> Mask:
    """Return which samples of a waveform (samples,) at 16 kHz are speech.

    Speech of less than 0.25 s is passed over, pauses below 0.1 s belong to the speech around them,
    and 30 ms are kept on either side.

    Raises
    ------
    OptionalDependencyError
        silero-vad is not installed.
    """
    mask = np.zeros(len(waveform), np.bool_)
    for first, last in _stretches(probabilities(waveform)):
        start, end = first * FRAME_SAMPLES, min(last * FRAME_SAMPLES, len(waveform))
        if end - start > MIN_SPEECH_SAMPLES:
            mask[max(0, start - MARGIN_SAMPLES) : end + MARGIN_SAMPLES] = True
    return mask


def probabilities(waveform: Vector) -> Vector:
    """Return how likely each frame of 32 ms of a waveform (samples,) at 16 kHz is speech."""
    frames = np.zeros((-(-len(waveform) // FRAME_SAMPLES), FRAME_SAMPLES), np.float32)
    frames.reshape(-1)[: len(waveform)] = waveform
    before = np.zeros((len(frames), CONTEXT_SAMPLES), np.float32)
    before[1:] = frames[:-1, -CONTEXT_SAMPLES:]
    inputs = np.concatenate([before, frames], axis=1)
    state = cell = np.zeros((1, 1, 128), np.float32)
    found = [np.empty(0, np.float32)]
    for start in range(0, len(inputs), BLOCK_FRAMES):
        block = {"input": inputs[start : start + BLOCK_FRAMES], "h": state, "c": cell}
        values, state, cell = _session().run(["speech_probs", "hn", "cn"], block)
        found.append(values)
    return np.concatenate(found)


@cache
def recipe() -> str:
    """Return what decides the result: a hash of the network, and the figures used with it."""
    weights = hashlib.blake2b(_graph().read_bytes(), digest_size=8).hexdigest()
    figures = (ENTER, LEAVE, MIN_SPEECH_SAMPLES, MIN_PAUSE_SAMPLES, MARGIN_SAMPLES)
    return f"silero {weights} {figures}"


def _stretches(likely: Sequence[float] | Vector) -> Iterator[tuple[int, int]]:
    """Yield the first frame of each stretch of speech and the first one after it."""
    start = end = -1
    for frame, probability in enumerate(likely):
        if probability >= ENTER:
            start, end = (frame if start < 0 else start), -1
        elif start >= 0 and probability < LEAVE:
            end = frame if end < 0 else end
            if (frame - end) * FRAME_SAMPLES >= MIN_PAUSE_SAMPLES:
                yield start, end
                start = end = -1
    if start >= 0:
        yield start, len(likely)


def _graph() -> Path:
    """Return the network that takes many frames a call; the package itself would import torch."""
    spec = required("silero_vad", "voice activity detection (--vad)", "silero-vad", "vad")
    return Path(str(spec.origin)).parent / "data" / "silero_vad_16k_sequence.onnx"


@cache
def _session() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(_graph()), options, providers=["CPUExecutionProvider"])
