"""Whose voice it is."""

from typing import Any

from fastapi import APIRouter

from ...rerank.feature_table import FEATURES
from ..asking import Identify, Query, Verify
from ..models import FeatureMeaning, IdentifyAnswer, QueryAnswer, VerifyAnswer
from .shared import Served, failures

router = APIRouter(tags=["voices"], responses=failures(403, 404, 413, 415))


@router.post("/query", response_model=QueryAnswer, response_model_exclude_unset=True)
def query(services: Served, asked: Query) -> Any:
    """Name the one recording of a group, or of the store, that has the anchor's speaker."""
    return services.matching.query(asked)


@router.post("/verify", response_model=VerifyAnswer, response_model_exclude_unset=True)
def verify(services: Served, asked: Verify) -> Any:
    """Say whether two recordings have one speaker."""
    return services.matching.verify(asked)


@router.post("/identify", response_model=IdentifyAnswer, response_model_exclude_unset=True)
def identify(services: Served, asked: Identify) -> Any:
    """Rank the labelled speakers of the store by how likely each is the anchor's."""
    return services.matching.identify(asked)


@router.get("/features", response_model=list[FeatureMeaning])
def features() -> Any:
    """Say what each feature means that an answer's `features` and `contributions` name."""
    return [
        {"name": one.name, "meaning": one.doc, "unit": one.unit, "range": one.range}
        for one in FEATURES
    ]
