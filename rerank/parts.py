"""What the parts of an embedding say one by one, where an encoder joins several."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from ..retrieval.groups import Groups
from ..retrieval.normalize import unit
from ..retrieval.search import group_cosines
from .feature_table import MOST_PARTS
from .relative import leads, z_scores

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]


def part_features(
    embeddings: Floats, centred: Floats, groups: Groups, parts: Sequence[int]
) -> dict[str, Doubles | Floats]:
    """Compare every candidate and its anchor part by part: (total,) each, NaN without parts.

    Parameters
    ----------
    embeddings, centred : float32 (n, dimension), as encoded and centred, both of unit length
    groups : anchors and candidates
    parts : sizes of the slices of an embedding; those after the first `MOST_PARTS` are left out
    """
    unknown = np.full(len(groups.candidates), np.nan)
    columns: dict[str, Doubles | Floats] = {}
    slices = list(_slices(parts)) + [None] * MOST_PARTS
    for number, where in enumerate(slices[:MOST_PARTS], 1):
        cosine, lengths = unknown, np.full(len(embeddings), np.nan, np.float32)
        if where is not None:
            cosine = group_cosines(unit(centred[:, where]), groups)
            lengths = np.linalg.norm(embeddings[:, where], axis=1)
        left, right = lengths[groups.anchor_rows], lengths[groups.candidates]
        columns |= {
            f"part{number}": cosine,
            f"part{number}_lead": leads(cosine, groups),
            f"part{number}_z": z_scores(cosine, groups),
            f"part{number}_length_min": np.minimum(left, right),
            f"part{number}_length_max": np.maximum(left, right),
        }
    return columns


def _slices(parts: Sequence[int]) -> Iterator[slice]:
    ends = np.cumsum(parts, dtype=int).tolist()
    for end, size in zip(ends, parts, strict=True):
        yield slice(end - size, end)
