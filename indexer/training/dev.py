"""How well an encoder tells unseen speakers apart, from cached features."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from ...metrics import eer
from .features import Features, Utterance

FRAME_STEP = 50
MOST_FRAMES = 400
BATCH_FRAMES = 6_400
LEAST_SPEAKERS = 5


@dataclass(frozen=True, slots=True)
class DevResult:
    """Mean over the cells: equal error rate, and top-1 of one match among `group` files."""

    eer: float
    top1: float
    cells: int


def embed(network: nn.Module, features: Features) -> npt.NDArray[np.float32]:
    """Unit embeddings (rows, dim) of features cut to multiples of 50 frames."""
    device = next(network.parameters()).device
    counts = np.clip(features.counts // FRAME_STEP, 1, MOST_FRAMES // FRAME_STEP) * FRAME_STEP
    parts: dict[int, npt.NDArray[np.float32]] = {}
    network.eval()
    for count in np.unique(counts):
        rows = np.flatnonzero(counts == count)
        for chunk in np.array_split(rows, -(-len(rows) * count // BATCH_FRAMES)):
            block = np.stack(
                [np.resize(features.frames(i), (count, features.shards[0].shape[1])) for i in chunk]
            )
            with torch.no_grad():
                output = network(torch.from_numpy(block).float().to(device)).cpu().numpy()
            parts.update(zip(chunk.tolist(), output, strict=True))
    network.train()
    embeddings = np.stack([parts[i] for i in range(len(features))])
    return np.asarray(embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True))


def score(
    embeddings: npt.NDArray[np.float32],
    utterances: Sequence[Utterance],
    group: int = 50,
    records: int = 200,
    seed: int = 0,
) -> DevResult:
    """EER and closed-set top-1 within each cell of at least five speakers, averaged over cells.

    Where no cell has five speakers, all utterances are one cell.
    """
    rng = np.random.default_rng(seed)
    cells = defaultdict(list)
    for row, utterance in enumerate(utterances):
        cells[utterance.cell].append(row)
    speakers = np.array([u.speaker for u in utterances])
    usable = [rows for rows in cells.values() if _usable(speakers[rows], LEAST_SPEAKERS)]
    if not usable and _usable(speakers, 2):
        usable = [list(range(len(utterances)))]
    results = [
        _score_cell(embeddings[rows], speakers[rows], group, records, rng) for rows in usable
    ]
    if not results:
        return DevResult(float("nan"), float("nan"), 0)
    means = np.mean(results, axis=0)
    return DevResult(float(means[0]), float(means[1]), len(results))


def _usable(speakers: npt.NDArray[np.str_], least: int) -> bool:
    _, counts = np.unique(speakers, return_counts=True)
    return len(counts) >= least and bool(counts.max() > 1)


def _score_cell(
    embeddings: npt.NDArray[np.float32],
    speakers: npt.NDArray[np.str_],
    group: int,
    records: int,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """EER over all pairs of a cell, and top-1 over `records` random groups."""
    cosines = embeddings @ embeddings.T
    same = speakers[:, None] == speakers
    upper = np.triu_indices(len(speakers), 1)
    others = same & ~np.eye(len(same), dtype=bool)
    anchors = rng.choice(np.flatnonzero(others.any(axis=1)), records)
    hits = 0
    for anchor in anchors:
        match = rng.choice(np.flatnonzero(others[anchor]))
        pool = np.flatnonzero(~same[anchor])
        negatives = rng.choice(pool, min(group - 1, len(pool)), replace=False)
        hits += bool(cosines[anchor, match] > cosines[anchor, negatives].max())
    pairs, labels = cosines[upper], same[upper]
    return eer(pairs[labels], pairs[~labels]), hits / records
