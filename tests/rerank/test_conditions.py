from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from builders import labelled_table

from spkret.rerank.conditions import conditions
from spkret.retrieval.groups import Groups
from spkret.retrieval.voices import Voices
from spkret.store.schema import RECORDINGS_SCHEMA

VOICES = Voices.of(labelled_table(speakers=4, recordings=1))
GROUPS = Groups.of([0], [[1, 2, 3]])


def test_a_taggers_gender_counts_for_what_it_is_worth() -> None:
    voices = replace(
        VOICES,
        genders=np.array(["m", "m", "f", None], object),
        gender_certainty=np.array([0.9, 0.8, 1.0, 1.0], np.float32),
    )
    same = conditions(voices, GROUPS)["same_gender"]
    assert same[:2] == pytest.approx([0.9 * 0.8 + 0.1 * 0.2, 0.1], abs=1e-6)
    assert np.isnan(same[2])


def test_age_difference_in_years() -> None:
    voices = replace(VOICES, ages=np.array([30, 45, 22, np.nan], np.float32))
    np.testing.assert_array_equal(
        conditions(voices, GROUPS)["age_difference"], np.array([15, 8, np.nan])
    )


def test_ages_and_certainties_are_read_from_the_table() -> None:
    rows = labelled_table(speakers=4, recordings=1).to_pylist()
    rows[0] |= {"age": "twenties", "gender_probability": 0.75}
    voices = Voices.of(pa.Table.from_pylist(rows, RECORDINGS_SCHEMA))
    assert voices.ages[0] == 25
    assert np.isnan(voices.ages[1])
    assert voices.gender_certainty.tolist() == [0.75, 1, 1, 1]
