"""What may be asked, as OpenAPI describes it."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Reference = Annotated[
    str,
    Field(
        min_length=1,
        max_length=4096,
        description="`upload:ID`, a stored id, or a stored path. Files of the server are not read.",
        examples=["en/004.opus", "4713482905346120417", "upload:s6Hq2vX1vS0QJm0y3x8w9A"],
    ),
]
Text = Annotated[str, Field(max_length=4096)]


class Asked(BaseModel):
    """What is asked: nothing of another type, nothing that is not known."""

    model_config = ConfigDict(strict=True, extra="forbid")


class Query(Asked):
    """Whose voice is it: an anchor, and the group to find its speaker in."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"anchor": "en/004.opus", "group": None, "top": 5}]}
    )

    anchor: Reference
    group: Annotated[list[Reference], Field(min_length=1, max_length=10_000)] | None = Field(
        None, description="The candidates; null is the whole store, filtered."
    )
    language: Text | None = None
    noise: Text | None = None
    where: Text | None = Field(None, description="A DuckDB SQL condition on the recordings.")
    top: int = Field(20, ge=1, le=1000, description="How many candidates to return.")
    explain: bool = Field(True, description="Say why each candidate stands where it does.")
    open: bool = Field(False, description="The match may be none of them.")
    min_probability: float | None = Field(
        None, ge=0, le=1, allow_inf_nan=False, description="Name no match below this probability."
    )


class Verify(Asked):
    """Is it one voice: two recordings."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"a": "en/004.opus", "b": "en/005.opus"}]}
    )

    a: Reference
    b: Reference
    explain: bool = False


class Identify(Asked):
    """Which labelled speaker of the store is it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"anchor": "en/004.opus"}]})

    anchor: Reference
    open: bool = Field(False, description="It may be none of them.")
    top: int = Field(10, ge=1, le=1000, description="How many speakers to return.")


class Statement(Asked):
    """One SELECT statement over recordings, scores, trials and failures."""

    statement: str = Field(
        min_length=1,
        max_length=100_000,
        examples=["select language, count(*) from recordings group by all"],
    )
