"""Who speaks: queries, pairs and known speakers."""

from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from .arguments import Reference, enrolment_of, opened, pairs_of
from .loading import embedder
from .noting import noted

if TYPE_CHECKING:
    from ..matcher import (
        Identification,
        IdentificationEvaluation,
        Match,
        PairEvaluation,
        Verification,
    )
    from .arguments import AnyStore, Enrolment, Pairs


@noted("query", lambda match: len(match.candidates))
def query(
    store: "AnyStore",
    anchor: Reference,
    group: Sequence[Reference] | None = None,
    *,
    top: int | None = None,
    explain: bool = False,
    open_group: bool = False,
    min_probability: float | None = None,
    language: str | None = None,
    noise: str | None = None,
    where: str | None = None,
    log: bool = True,
    model: str | None = None,
    device: str = "auto",
) -> "Match":
    """Name the one recording of a group that is spoken by the anchor's speaker.

    Parameters
    ----------
    anchor, group : ids, stored paths or files; without a group, the whole store is searched
    top : how many candidates to return, the best first
    explain : give each candidate what every feature contributed to its score, its features, and
        an explanation in words
    open_group : the match may be none of them; then `Match.path` may be None
    min_probability : abstain below it
    language, noise, where : filters of the whole store; `where` is a DuckDB SQL condition
    log : write the scores to the store's scores table
    model, device : the encoder for files that are not stored; by default the store's own

    Raises
    ------
    RecordingError
        A reference names no recording, or several.
    """
    from .. import matcher

    store = opened(store)
    return matcher.query(
        store,
        anchor,
        group,
        embed=embedder(store, model, device),
        top=top,
        explain=explain,
        open_group=open_group,
        min_probability=min_probability,
        language=language,
        noise=noise,
        where=where,
        log=log,
    )


@noted("verify", lambda _: 2)
def verify(
    store: "AnyStore",
    a: Reference,
    b: Reference,
    *,
    explain: bool = False,
    log: bool = True,
    model: str | None = None,
    device: str = "auto",
) -> "Verification":
    """Say whether two recordings are spoken by one speaker, and how sure that is.

    Parameters
    ----------
    explain : tell what every feature contributed, its value, and an explanation in words
    log : write the scores to the store's scores table
    model, device : the encoder for files that are not stored; by default the store's own

    Raises
    ------
    RecordingError
        A reference names no recording, or several.
    """
    from .. import matcher

    store = opened(store)
    embed = embedder(store, model, device)
    return matcher.verify(store, a, b, embed=embed, explain=explain, log=log)


@noted("verify --pairs", lambda made: made.pairs)
def verify_pairs(
    store: "AnyStore",
    pairs: "Pairs",
    *,
    enrolment: "Enrolment | None" = None,
    prior: float = 0.01,
    false_alarm: float | None = None,
    balanced: bool = False,
    threshold_prior: float | None = None,
    log: bool = True,
    model: str | None = None,
    device: str = "auto",
) -> "PairEvaluation":
    """Score pairs by every system: a file of them, or pairs.

    Where the list has answers: EER, minimum and actual detection cost, Cllr, with intervals.

    Parameters
    ----------
    enrolment : a file (or what it holds) of the recording of each model, where the left side of the
        pairs names models, as NIST's do; see `rerank.enrolment_files.read_enrolment`
    prior : of one speaker, in the detection cost
    false_alarm, balanced, threshold_prior : find a threshold with at most this false-alarm rate,
        with balanced errors, or of least cost at this prior of one speaker; it is saved in the
        store, and `verify` decides by it
    log : write the scores to the store's scores table
    model, device : the encoder for files that are not stored; by default the store's own

    Raises
    ------
    TrialError
        The pairs cannot be read, a model has no recording or several, or none of the recordings is
        there.
    UsageError
        More than one kind of threshold is asked for.
    """
    from .. import matcher
    from ..rerank.decision import Rule

    store = opened(store)
    asked = false_alarm is not None or balanced or threshold_prior is not None
    return matcher.verify_pairs(
        store,
        pairs_of(pairs, enrolment),
        embed=embedder(store, model, device),
        prior=prior,
        rule=Rule(false_alarm, balanced, threshold_prior) if asked else None,
        source=Path(pairs).name if isinstance(pairs, str | PathLike) else "a list",
        log=log,
    )


@noted("identify", lambda _: 1)
def identify(
    store: "AnyStore",
    anchor: Reference,
    *,
    enrolment: "Enrolment | None" = None,
    open_set: bool = False,
    top: int | None = None,
    model: str | None = None,
    device: str = "auto",
) -> "Identification":
    """Rank known speakers by how likely each spoke the anchor.

    Parameters
    ----------
    enrolment : who speaks in which recording: a CSV or TSV with `speaker` and `path`, or
        `rerank.enrolment_files.Spoken`; by default every labelled recording of the store
    open_set : name nobody where "none of them" is likelier than not
    top : how many speakers to return
    model, device : the encoder for files that are not stored; by default the store's own

    Raises
    ------
    RecordingError
        A reference names no recording, or several.
    TrialError
        The enrolment cannot be read.
    """
    from .. import matcher

    store = opened(store)
    embed, enrolled = embedder(store, model, device), enrolment_of(enrolment)
    return matcher.identify(
        store, anchor, enrolment=enrolled, open_set=open_set, embed=embed, top=top
    )


@noted("identify --anchors", lambda made: len(made.identifications))
def identify_many(
    store: "AnyStore",
    anchors: "Enrolment",
    *,
    enrolment: "Enrolment | None" = None,
    open_set: bool = False,
    top: int | None = None,
    model: str | None = None,
    device: str = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> "IdentificationEvaluation":
    """Identify anchors, and measure the answers where their speakers are known.

    Parameters
    ----------
    anchors : a file with a path a line, or with the columns `path` and `speaker`; or
        `rerank.enrolment_files.Spoken`
    enrolment, open_set, top, model, device : see `identify`
    progress : told how many anchors are done, and of how many

    Raises
    ------
    TrialError
        A list cannot be read, or no anchor is there.
    """
    from .. import matcher
    from ..rerank.enrolment_files import read_anchors

    store = opened(store)
    return matcher.identify_many(
        store,
        read_anchors(Path(anchors)) if isinstance(anchors, str | PathLike) else anchors,
        enrolment=enrolment_of(enrolment),
        open_set=open_set,
        embed=embedder(store, model, device),
        top=top,
        progress=progress,
    )
