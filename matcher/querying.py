"""Name the one recording of a group, or of a whole store, that has the anchor's speaker."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..errors import TrialError, UsageError
from ..rerank.results import Candidate, Match
from ..rerank.scoring import (
    Scored,
    abstains,
    best_first,
    known_or_none,
    log_rows,
    missing_reranker,
    score_groups,
)
from ..rerank.speaker_shares import SHARED, SpeakerShare, shares_by_speaker
from ..retrieval.groups import Groups
from ..retrieval.library import Embed, Gathered, Reference
from ..retrieval.search import search_store
from ..store.conditions import ids_where
from .bench import RERANKED, Bench

if TYPE_CHECKING:
    from ..rerank.explanations import Explanation
    from ..store.store import Store

Rows = npt.NDArray[np.int64]


def query(
    store: "Store",
    anchor: Reference,
    group: Sequence[Reference] | None = None,
    *,
    embed: Embed | None = None,
    top: int | None = None,
    explain: bool = False,
    open_group: bool = False,
    min_probability: float | None = None,
    language: str | None = None,
    noise: str | None = None,
    where: str | None = None,
    allowed_ids: Rows | None = None,
    log: bool = True,
) -> Match:
    """Name the one recording of a group that has the anchor's speaker.

    Parameters
    ----------
    anchor, group : ids, stored paths or files; without a group, the whole store is searched and
        its `RERANKED` nearest recordings are the group
    embed : embeds files that are not stored, all in one call
    top : how many candidates to return; probabilities are over the whole group all the same
    explain : tell why each candidate stands where it does: contributions, values and words
    open_group : name no match where "none of them" is likelier than not
    min_probability : name no match below this probability
    language, noise, where : filters of the search of the whole store
    allowed_ids : ids of what fulfils `where`, from who has tried it already
    log : write the scores into the store

    Raises
    ------
    UsageError
        The group is empty, the filters leave nothing, or they are given with a group.
    TrialError
        The group holds nobody but the anchor.
    RecordingError
        A reference does not name precisely one recording.
    """
    if min_probability is not None and not 0 <= min_probability <= 1:
        raise UsageError(f"expected a minimum probability from 0 to 1, got {min_probability}")
    bench = Bench.of(store)
    if group is None:
        k = max(RERANKED, top or 0)
        if where is not None and allowed_ids is None:
            allowed_ids = ids_where(store, where)
        filters = {"language": language, "noise": noise, "where": where}
        gathered = _nearest(bench, anchor, embed, k, filters, allowed_ids).in_order()
        members, warnings = np.sort(gathered.rows[1:]), [SHARED]
    else:
        _check_no_filters(language, noise, where)
        gathered = bench.library.gather([anchor, *group], embed).in_order()
        members, warnings = _members(gathered)
    groups = Groups.of(gathered.rows[:1], [members])
    scored = score_groups(gathered, bench.centred(gathered), groups, bench.reranker)
    if log:
        encoder = store.encoder
        store.scores.append(log_rows(scored, gathered, "query", encoder, bench.reranker))
    ranked = best_first(scored, gathered)
    order = ranked[:top]
    reasons = None
    if explain:
        from ..rerank.explanations import explanations

        where_in = "in the store" if group is None else None
        reasons = explanations(scored, order, bench.reranker, where_in)
    candidates = _candidates(scored, gathered, order, reasons)
    none = known_or_none(scored.none_probabilities[0])
    abstain = abstains(candidates[0].probability, none, open_group, min_probability)
    return Match(
        anchor=str(gathered.paths[gathered.rows[0]]),
        path=None if abstain else candidates[0].path,
        probability=candidates[0].probability,
        none_probability=none,
        encoder=store.encoder.name,
        reranker=bench.reranker_name,
        candidates=candidates,
        warnings=[*warnings, *missing_reranker(scored.system, open_group)],
        speakers=_shares(scored, gathered, ranked) if group is None else None,
    )


def _nearest(
    bench: Bench,
    anchor: Reference,
    embed: Embed | None,
    k: int,
    filters: Mapping[str, str | None],
    allowed_ids: Rows | None,
) -> Gathered:
    """Gather the anchor, as row 0, and the recordings of the store nearest to it."""
    asked = bench.library.gather([anchor], embed)
    vector, content = asked.voices.embeddings[0], asked.voices.content_hashes[0]
    spare = 5  # copies of the anchor are found too
    hits = search_store(
        *(bench.store, vector, k + spare),
        language=filters["language"],
        noise=filters["noise"],
        allowed_ids=allowed_ids,
    )
    found = bench.library.by_id(hits.ids) if len(hits.ids) else asked
    others = np.flatnonzero(found.voices.content_hashes != content)[:k]
    if not len(others):
        given = ", ".join(f"{name} {value}" for name, value in filters.items() if value is not None)
        raise UsageError(
            "expected other recordings to compare with, the store has none"
            f" ({given or 'no filter'}); `spkret info` shows its languages and noises"
        )
    return asked.joined(found.take(others))


def _check_no_filters(*filters: str | None) -> None:
    if any(given is not None for given in filters):
        raise UsageError("language, noise and where filter the whole store; leave out the group")


def _members(gathered: Gathered) -> tuple[Rows, list[str]]:
    """Rows of a group in order, less repeats and the anchor, and warnings of what was dropped."""
    anchor, rows = int(gathered.rows[0]), gathered.rows[1:]
    if not len(rows):
        raise UsageError("expected at least one candidate in the group, got none")
    distinct = np.unique(rows)
    content = gathered.voices.content_hashes
    members = distinct[content[distinct] != content[anchor]]
    warnings = []
    if len(distinct) < len(rows):
        warnings.append(f"{len(rows) - len(distinct)} candidates were listed twice")
    if len(members) < len(distinct):
        warnings.append("the group holds the anchor itself, which was left out")
    if not len(members):
        raise TrialError("expected a candidate besides the anchor itself, got none")
    copies = len(members) - len(set(content[members].tolist()))
    if copies:
        warnings.append(f"{copies} candidates hold the same audio as another")
    return members, warnings


def _shares(scored: Scored, gathered: Gathered, ranked: Rows) -> list[SpeakerShare]:
    speakers = gathered.voices.speakers[scored.groups.candidates[ranked]]
    return shares_by_speaker(speakers.tolist(), scored.probabilities[ranked].tolist())


def _candidates(
    scored: Scored, gathered: Gathered, order: Rows, reasons: "Sequence[Explanation] | None"
) -> list[Candidate]:
    """List the candidates of the one group in this order, explained if they are."""
    cosines = scored.features.column("cosine")
    voices, rows = gathered.voices, scored.groups.candidates[order]
    why = [None] * len(order) if reasons is None else reasons
    return [
        Candidate(
            rank=place + 1,
            path=str(gathered.paths[row]),
            id=int(voices.ids[row]) if gathered.stored[row] else None,
            language=voices.languages[row],
            noise=voices.noises[row],
            cosine=float(cosines[position]),
            score=float(scored.scores[position]),
            probability=float(scored.probabilities[position]),
            contributions=None if reason is None else reason.contributions,
            features=None if reason is None else reason.features,
            explanation=None if reason is None else reason.words,
        )
        for place, (position, row, reason) in enumerate(zip(order, rows, why, strict=True))
    ]
