"""What is answered, as OpenAPI describes it."""

from typing import Any

from pydantic import BaseModel, Field


class ErrorAnswer(BaseModel):
    """Why a request was not answered, in one line."""

    error: str = Field(description="What was expected, what was found, what to do.")


class Health(BaseModel):
    """The server is there, and this is what it serves."""

    status: str = Field(examples=["ok"])
    store: str = Field(description="Name of the store's folder.")
    recordings: int
    encoder: str
    reranker: str | None = Field(description="Fingerprint of the reranker.")


class Facets(BaseModel):
    """How many recordings there are of each kind; `unknown` stands for what is not labelled."""

    recordings: int
    languages: dict[str, int]
    noises: dict[str, int]
    genders: dict[str, int]
    speakers: int


class Recording(BaseModel):
    """A stored recording."""

    id: str = Field(description="63 bits: more than a JavaScript number holds.")
    path: str
    speaker: str | None
    language: str | None
    noise: str | None
    gender: str | None
    age: str | None
    duration_s: float | None
    speech_s: float | None
    snr_db: float | None
    bandwidth_hz: float | None
    f0_hz: float | None
    sample_rate_hz: int | None
    audio: bool = Field(description="Whether its file is still there.")


class RecordingDetails(Recording):
    """A stored recording with all that is known of it."""

    root: str
    extra: dict[str, Any] = Field(description="Further columns of the manifest.")


class Recordings(BaseModel):
    """A page of recordings, by their ids in order."""

    total: int = Field(description="How many there are beyond this page as well.")
    recordings: list[Recording]


class Uploaded(BaseModel):
    """An upload that is kept for a time."""

    upload: str = Field(description="Its id: refer to it by `upload:ID`.")
    name: str
    duration_s: float


class FeatureMeaning(BaseModel):
    """What a feature is that moves scores."""

    name: str
    meaning: str
    unit: str = Field(description="Empty where it has none.")
    range: str


class Candidate(BaseModel):
    """A candidate: as `spkret query --json` gives it, with its reference and speaker."""

    rank: int
    ref: str
    path: str
    id: int | None
    speaker: str | None
    language: str
    noise: str
    cosine: float | None
    score: float | None
    probability: float | None
    contributions: dict[str, float | None] | None = None
    features: dict[str, float | None] | None = None
    explanation: str | None = None


class SpeakerShare(BaseModel):
    """The probability that the match is one of a labelled speaker's candidates."""

    speaker: str
    probability: float | None
    ranks: list[int]


class QueryAnswer(BaseModel):
    """The match and the ranked candidates: the document of `spkret query --json`."""

    anchor: str
    anchor_ref: str
    match: str | None
    match_ref: str | None
    probability: float | None
    none_probability: float | None
    encoder: str
    reranker: str | None
    candidates: list[Candidate]
    warnings: list[str]
    speakers: list[SpeakerShare] | None = Field(
        None, description="Of a search of the whole store: the sums by speaker, the largest first."
    )


class Decision(BaseModel):
    """What decided that two recordings have one speaker."""

    system: str
    score: float | None
    threshold: float | None
    source: str


class VerifyAnswer(BaseModel):
    """Whether two recordings have one speaker: the document of `spkret verify --json`."""

    a: str
    b: str
    same_speaker: bool | None
    cosine: float | None
    asnorm: float | None
    probability: float | None
    decision: Decision | None
    encoder: str
    reranker: str | None
    warnings: list[str]
    contributions: dict[str, float | None] | None = None
    features: dict[str, float | None] | None = None
    explanation: str | None = None


class Speaker(BaseModel):
    """A labelled speaker as a candidate."""

    rank: int
    speaker: str
    recordings: int
    cosine: float | None
    score: float | None
    probability: float | None


class IdentifyAnswer(BaseModel):
    """The ranked speakers: the document of `spkret identify --json`."""

    anchor: str
    speaker: str | None
    probability: float | None
    none_probability: float | None
    encoder: str
    reranker: str | None
    calibrated_on: int
    speakers: list[Speaker]
    warnings: list[str]


class Column(BaseModel):
    """A column of rows: its name, and its type in DuckDB's words."""

    name: str
    type: str


class Table(BaseModel):
    """Rows of SQL.

    Whole numbers beyond ±(2^53 - 1), decimals, times (ISO 8601) and UUIDs are strings, bytes are
    Base64, what is not finite is null.
    """

    columns: list[Column]
    rows: list[list[Any]]
    truncated: bool = Field(description="Whether there were more rows than are given.")


class Points(BaseModel):
    """Recordings on a plane: value i of each belongs to one recording."""

    id: list[str]
    x: list[float]
    y: list[float]
    path: list[str]
    speaker: list[str | None]
    gender: list[str | None]
    language: list[str | None]
    noise: list[str | None]


class Map(BaseModel):
    """Embeddings laid out on a plane: near each other means alike, distances mean little."""

    method: str
    total: int = Field(description="Recordings that the filters let through; more than are shown.")
    points: Points
