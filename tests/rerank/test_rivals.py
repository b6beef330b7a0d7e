import numpy as np
import pytest

from spkret.rerank.rivals import RIVALS, standing
from spkret.retrieval.groups import Groups
from spkret.retrieval.search import group_cosines


def drawn(sizes: list[int]) -> tuple[np.ndarray, Groups]:
    generator = np.random.default_rng(0)
    embeddings = generator.normal(size=(400, 16)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    members = [generator.choice(399, size, replace=False) for size in sizes]
    return embeddings, Groups.of(np.full(len(sizes), 399), members)


@pytest.mark.parametrize("sizes", [[2, 5, 5, 9, 1], [RIVALS + 40]])
def test_standing_equals_brute_force(sizes: list[int]) -> None:
    embeddings, groups = drawn(sizes)
    scores = group_cosines(embeddings, groups)
    got = standing(embeddings, scores, groups)
    for number in range(len(groups)):
        part = slice(groups.offsets[number], groups.offsets[number + 1])
        rows, level = groups.members(number), scores[part]
        nearest = np.argsort(-level)[:RIVALS]
        for place in range(min(len(rows), 12)):
            others = [other for other in nearest if other != place]
            at = groups.offsets[number] + place
            if not others:
                assert np.isnan(got.similarity[at])
                continue
            cosines = embeddings[rows[others]] @ embeddings[rows[place]]
            assert got.similarity[at] == pytest.approx(cosines.mean(), abs=1e-5)
            assert got.rank[at] == 1 + (cosines > level[place]).sum()
            assert got.lead[at] == pytest.approx(level[place] - cosines.max(), abs=1e-5)
            if len(others) > 1:
                deviation = (level[place] - cosines.mean()) / cosines.std()
                assert got.deviations[at] == pytest.approx(deviation, rel=1e-3)
            if len(others) > 2:
                profile = np.corrcoef(cosines, level[others])[0, 1]
                assert got.profile[at] == pytest.approx(profile, abs=1e-4)
            else:
                assert np.isnan(got.profile[at])
