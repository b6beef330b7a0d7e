"""Anchor and candidates to an answer: the one place where retrieval and rerank meet."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .errors import TrialError, UsageError
from .rerank.decision import (
    Rule,
    Scale,
    Threshold,
    doubts,
    find_threshold,
    read_threshold,
    write_threshold,
)
from .rerank.enrolment_files import Spoken
from .rerank.evaluation import Evaluation, evaluate_groups, system_scores
from .rerank.features import NAMES
from .rerank.identification import evaluate_identifications
from .rerank.known_speakers import KnownSpeakers
from .rerank.loading import load_for
from .rerank.pair_evaluation import PairEvaluation, evaluate_pairs, pair_scores
from .rerank.pairs import LaidPairs, lay_out_pairs, same_audio
from .rerank.ranker import Reranker
from .rerank.results import (
    Candidate,
    Decision,
    Identification,
    IdentificationEvaluation,
    KnownSpeaker,
    Match,
    Verification,
)
from .rerank.scoring import (
    Scored,
    abstains,
    best_first,
    known_or_none,
    log_rows,
    missing_reranker,
    score_groups,
    score_pairs,
)
from .rerank.trial_groups import TrialGroups, first_of, group_trials, log_trials
from .rerank.trials import Pair, Trial
from .retrieval.groups import Groups
from .retrieval.library import Embed, Gathered, Library, Reference, library
from .retrieval.normalize import Background, Centred
from .retrieval.search import search_store
from .retrieval.voices import Voices

if TYPE_CHECKING:
    from .store.store import Store

__all__ = [
    "Candidate",
    "Decision",
    "Evaluation",
    "Identification",
    "IdentificationEvaluation",
    "KnownSpeaker",
    "Match",
    "PairEvaluation",
    "Verification",
    "evaluate",
    "identify",
    "identify_many",
    "query",
    "train_reranker",
    "verify",
    "verify_pairs",
]

Rows = npt.NDArray[np.int64]

RERANKED = 50
"""How many of the nearest recordings or speakers are reranked when a whole store is searched."""


@dataclass(frozen=True, slots=True)
class _Bench:
    """A store ready to be matched in: its recordings, its reranker and what is usual in it."""

    store: "Store"
    library: Library
    reranker: Reranker | None

    @classmethod
    def of(cls, store: "Store") -> "_Bench":
        return cls(store, library(store), load_for(store))

    @property
    def prior(self) -> Background | None:
        return None if self.reranker is None else self.reranker.background

    @property
    def reranker_name(self) -> str | None:
        return None if self.reranker is None else self.reranker.fingerprint

    def background(self) -> Background:
        return self.library.background(self.prior, self.reranker_name or "")

    def known_speakers(
        self, enrolment: Sequence[Spoken] | None, embed: Embed | None
    ) -> KnownSpeakers:
        """Return the speakers to choose from: those that a list enrols, or all labelled ones."""
        listed = None
        if enrolment is not None:
            listed = self.library.gather([entry.reference for entry in enrolment], embed)
        return KnownSpeakers.of(
            self.library, self.background(), self.reranker, listed, enrolment or ()
        )

    def background_without(self, voices: Voices) -> Background:
        """Return the store's background whose cohort has none of these speakers."""
        return Background.fit(
            self.library.labelled(),
            self.prior,
            exclude_speakers={name for name in voices.speakers.tolist() if name is not None},
            exclude_ids=voices.ids.tolist(),
        )

    def centred(self, gathered: Gathered) -> Centred:
        """See recordings against the store without their own speakers."""
        speakers = {name for name in gathered.voices.speakers.tolist() if name is not None}
        ids = gathered.voices.ids.tolist()
        return self.background().without(speakers, ids, self.prior).apply(gathered.voices)


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
    log: bool = True,
) -> Match:
    """Name the one recording of a group that has the anchor's speaker.

    Parameters
    ----------
    anchor, group : ids, stored paths or files; without a group, the whole store is searched and
        its `RERANKED` nearest recordings are the group
    embed : embeds files that are not stored, all in one call
    top : how many candidates to return; probabilities are over the whole group all the same
    explain : tell what each feature added to each score
    open_group : name no match where "none of them" is likelier than not
    min_probability : name no match below this probability
    language, noise, where : filters of the search of the whole store
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
    bench = _Bench.of(store)
    if group is None:
        gathered = _nearest(bench, anchor, embed, max(RERANKED, top or 0), language, noise, where)
        members, warnings = np.arange(1, len(gathered.voices)), list[str]()
    else:
        _check_no_filters(language, noise, where)
        gathered = bench.library.gather([anchor, *group], embed)
        members, warnings = _members(gathered)
    groups = Groups.of(gathered.rows[:1], [members])
    scored = score_groups(gathered, bench.centred(gathered), groups, bench.reranker)
    if log:
        encoder = store.encoder
        store.scores.append(log_rows(scored, gathered, "query", encoder, bench.reranker))
    candidates = _candidates(scored, gathered, bench.reranker if explain else None, top)
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
        warnings=[*warnings, *missing_reranker(scored.system)],
    )


def verify(
    store: "Store",
    a: Reference,
    b: Reference,
    *,
    embed: Embed | None = None,
    log: bool = True,
) -> Verification:
    """Say whether two recordings have one speaker: cosine, normalised score, probability.

    The probability takes one speaker and two speakers as equally likely beforehand. The decision
    is by the threshold that `verify_pairs` saved in the store, else by that probability.

    Raises
    ------
    RecordingError
        A reference does not name precisely one recording.
    """
    bench = _Bench.of(store)
    gathered = bench.library.gather([a, b], embed)
    pair = Groups.of(gathered.rows[:1], [gathered.rows[1:]])
    scored = score_pairs(gathered, bench.centred(gathered), pair, bench.reranker)
    if log:
        store.scores.append(log_rows(scored, gathered, "verify", store.encoder, bench.reranker))
    decision, warnings = _decide(bench, scored)
    if same_audio(gathered, pair)[0]:
        warnings.insert(0, "both are the same audio, so this says nothing about the voice")
    left, right = (str(gathered.paths[row]) for row in gathered.rows)
    return Verification(
        left=left,
        right=right,
        same_speaker=None if decision is None else decision.score >= decision.threshold,
        cosine=float(scored.features.column("cosine")[0]),
        asnorm=known_or_none(scored.features.column("asnorm")[0]),
        probability=known_or_none(scored.probabilities[0]),
        decision=decision,
        encoder=store.encoder.name,
        reranker=bench.reranker_name,
        warnings=[*warnings, *missing_reranker(scored.system)],
    )


def verify_pairs(
    store: "Store",
    pairs: Sequence[Pair],
    *,
    embed: Embed | None = None,
    prior: float = 0.01,
    rule: Rule | None = None,
    source: str = "a list",
    log: bool = True,
) -> PairEvaluation:
    """Score pairs by every system, measure those whose answer is known, and find a threshold.

    No speaker of the pairs is in the normalisation's cohort. Pairs that name a recording that is
    not there are skipped, counted and warned of.

    Parameters
    ----------
    prior : of one speaker, in the detection cost
    rule : find a threshold and save it in the store, for `verify`
    source : names the list in the saved threshold

    Raises
    ------
    TrialError
        No pair is left, or pairs of one kind are missing and a threshold is asked for.
    UsageError
        The prior is not between 0 and 1.
    """
    if not 0 < prior < 1:
        raise UsageError(f"expected a target prior between 0 and 1, got {prior}")
    bench = _Bench.of(store)
    laid = lay_out_pairs(pairs, bench.library, embed)
    voices = laid.gathered.voices
    centred = bench.background_without(voices).apply(voices)
    scored = score_pairs(laid.gathered, centred, laid.groups, bench.reranker)
    threshold, doubted = _found_threshold(bench, laid, scored, rule, source)
    if log:
        matches = np.flatnonzero(laid.targets)
        store.scores.append(
            log_rows(
                *(scored, laid.gathered, "verify", store.encoder, bench.reranker),
                matches=matches if laid.labelled.all() else None,
            )
        )
    warnings = [*laid.warnings, *doubted, *missing_reranker(scored.system)]
    return evaluate_pairs(
        *(laid, scored, prior, threshold),
        encoder=store.encoder.name,
        reranker=bench.reranker_name,
        warnings=warnings,
    )


def identify(
    store: "Store",
    anchor: Reference,
    *,
    enrolment: Sequence[Spoken] | None = None,
    open_set: bool = False,
    embed: Embed | None = None,
    top: int | None = None,
) -> Identification:
    """Say which known speaker speaks the anchor.

    Every speaker is enrolled by the mean of the centred embeddings of their recordings, less the
    anchor's own audio. The `RERANKED` nearest speakers are compared, probabilities are over them.

    Parameters
    ----------
    enrolment : who speaks in which recording, several a speaker; by default, all labels of the
        store
    open_set : name nobody where "none of them" is likelier than not
    top : how many speakers to return

    Raises
    ------
    UsageError
        Nobody is enrolled by another recording.
    RecordingError
        A reference does not name precisely one recording.
    """
    bench = _Bench.of(store)
    known = bench.known_speakers(enrolment, embed)
    asked = bench.library.gather([anchor], embed)
    answer = known.identify(asked, open_set, max(RERANKED, top or 0), bench.store.encoder.name)
    return replace(answer, speakers=answer.speakers[:top])


def identify_many(
    store: "Store",
    anchors: Sequence[Spoken],
    *,
    enrolment: Sequence[Spoken] | None = None,
    open_set: bool = False,
    embed: Embed | None = None,
    top: int | None = None,
) -> IdentificationEvaluation:
    """Identify anchors one by one, and measure the answers where their speakers are known.

    A speaker is known from `anchors`, else from the store's label if that speaker is enrolled.
    Anchors that are not there are skipped, counted and warned of. See `identify`.

    Raises
    ------
    UsageError
        Nobody is enrolled by another recording.
    TrialError
        No anchor is there.
    """
    bench = _Bench.of(store)
    known = bench.known_speakers(enrolment, embed)
    missing = bench.library.missing([anchor.reference for anchor in anchors])
    present = [anchor for anchor in anchors if anchor.reference not in missing]
    if not present:
        raise TrialError(f"expected anchors that are there, got none of {len(anchors)}")
    asked = bench.library.gather([anchor.reference for anchor in present], embed)
    each = [asked.take(asked.rows[number : number + 1]) for number in range(len(present))]
    answers = [
        known.identify(one, open_set, max(RERANKED, top or 0), bench.store.encoder.name)
        for one in each
    ]
    truths = [known.truth(anchor, one) for anchor, one in zip(present, each, strict=True)]
    evaluation = evaluate_identifications(
        answers,
        truths,
        [known.enrols(truth, one) for truth, one in zip(truths, each, strict=True)],
        open_set=open_set,
        skipped=len(anchors) - len(present),
        warnings=[*_lost("anchors", len(anchors) - len(present), missing), *answers[0].warnings],
    )
    short = [replace(answer, speakers=answer.speakers[:top]) for answer in answers]
    return replace(evaluation, identifications=short)


def evaluate(
    store: "Store", trials: Sequence[Trial], *, embed: Embed | None = None, log: bool = True
) -> Evaluation:
    """Measure every system on trials; no speaker of a trial is in the normalisation's cohort.

    Trials that name a recording that is not there are skipped, counted and warned of.

    Raises
    ------
    TrialError
        No trial has a match among its candidates.
    AmbiguousRecordingError
        A trial names several recordings at once.
    """
    bench = _Bench.of(store)
    laid = group_trials(trials, bench.library, embed)
    voices = laid.gathered.voices
    background = bench.background_without(voices)
    scored = score_groups(laid.gathered, background.apply(voices), laid.groups, bench.reranker)
    if log:
        _log_evaluation(store, laid, scored, bench.reranker)
    systems = system_scores(scored.features)
    if bench.reranker is not None:
        qmf = bench.reranker.qmf.scores(scored.features)
        systems = system_scores(scored.features, qmf, scored.scores)
    return evaluate_groups(
        systems,
        1.0 if bench.reranker is None else bench.reranker.temperature,
        voices,
        laid.groups,
        laid.matches,
        skipped=laid.skipped,
        warnings=[*laid.warnings, *missing_reranker(scored.system)],
    )


def train_reranker(
    store: "Store", trials: Sequence[Trial], *, seed: int = 0, embed: Embed | None = None
) -> Evaluation:
    """Train a reranker on trials, save it into the store, and return its cross-validated figures.

    Raises
    ------
    TrialError
        No trial has a match among its candidates.
    RerankerError
        The trials have too few speakers.
    """
    from .rerank.training import Material, train

    shelf = library(store)
    laid = group_trials(trials, shelf, embed)
    background = Background.fit(shelf.labelled())
    material = Material(store.encoder, laid.gathered.voices, background, laid.groups, laid.matches)
    reranker, evaluation = train(material, seed=seed, skipped=laid.skipped, warnings=laid.warnings)
    reranker.save(store.reranker_path)
    return evaluation


def _nearest(
    bench: _Bench,
    anchor: Reference,
    embed: Embed | None,
    k: int,
    language: str | None,
    noise: str | None,
    where: str | None,
) -> Gathered:
    """Gather the anchor, as row 0, and the recordings of the store nearest to it."""
    asked = bench.library.gather([anchor], embed)
    vector, content = asked.voices.embeddings[0], asked.voices.content_hashes[0]
    spare = 5  # copies of the anchor are found too
    hits = search_store(bench.store, vector, k + spare, language=language, noise=noise, where=where)
    found = bench.library.by_id(hits.ids)
    others = np.flatnonzero(found.voices.content_hashes != content)[:k]
    if not len(others):
        filters = {"language": language, "noise": noise, "where": where}
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
    """Rows of a group without repeats and without the anchor, and warnings of what was dropped."""
    anchor, rows = int(gathered.rows[0]), gathered.rows[1:]
    if not len(rows):
        raise UsageError("expected at least one candidate in the group, got none")
    distinct = np.array(list(dict.fromkeys(rows.tolist())), np.int64)
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


def _candidates(
    scored: Scored, gathered: Gathered, explainer: Reranker | None, top: int | None
) -> list[Candidate]:
    """List the candidates of the one group, the best first, explained if there is an explainer."""
    order = best_first(scored, gathered)[:top]
    cosines = scored.features.column("cosine")
    parts = None if explainer is None else explainer.contributions(scored.features.take(order))
    voices, rows = gathered.voices, scored.groups.candidates[order]
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
            contributions=None if parts is None else _strongest(parts[place]),
        )
        for place, (position, row) in enumerate(zip(order, rows, strict=True))
    ]


def _strongest(parts: npt.NDArray[np.float64]) -> dict[str, float]:
    order = np.argsort(-np.abs(parts), kind="stable")
    return {NAMES[number]: float(parts[number]) for number in order}


def _lost(what: str, count: int, missing: set[str]) -> list[str]:
    return [f"{count} {what} are not there: {first_of(missing)}"] if count else []


def _decide(bench: _Bench, scored: Scored) -> tuple[Decision | None, list[str]]:
    """Decide one pair by the store's threshold, else by calibrated odds; and warnings."""
    store, scores = bench.store, pair_scores(scored)
    saved, warnings = read_threshold(store.path, store.encoder.fingerprint, bench.reranker_name)
    if saved is not None and saved.system in scores:
        score = float(scores[saved.system][0])
        return Decision(saved.system, score, saved.value, str(saved)), warnings
    if saved is not None:
        warnings.append(f"the saved threshold is for {saved.system}, which has no score here")
    if bench.reranker is None:
        return None, warnings
    source = "equal odds beforehand: no threshold of this store (spkret verify --pairs)"
    return Decision("qmf", float(scored.scores[0]), 0.0, source), warnings


def _found_threshold(
    bench: _Bench, laid: LaidPairs, scored: Scored, rule: Rule | None, source: str
) -> tuple[Threshold | None, list[str]]:
    """Find the threshold that is asked for, if any, and save it; and doubts about it."""
    if rule is None:
        return None, []
    scale = Scale(scored.system, bench.store.encoder.fingerprint, bench.reranker_name)
    targets, nontargets = (
        scored.scores[laid.labelled & (laid.targets == same)] for same in (True, False)
    )
    threshold = find_threshold(rule, scale, targets, nontargets, source)
    write_threshold(bench.store.path, threshold)
    return threshold, doubts(rule, threshold)


def _log_evaluation(
    store: "Store", laid: TrialGroups, scored: Scored, reranker: Reranker | None
) -> None:
    rows = log_rows(
        scored,
        laid.gathered,
        "evaluate",
        store.encoder,
        reranker,
        trial_ids=[trial.id for trial in laid.trials],
        matches=laid.matches,
    )
    store.scores.append(rows)
    store.trials.append(log_trials(laid, rows["query_id"].to_numpy()[laid.groups.offsets[:-1]]))
