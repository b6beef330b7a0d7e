"""Say which known speaker speaks a recording."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import TrialError
from ..rerank.enrolment_files import Spoken
from ..rerank.identification import evaluate_identifications
from ..rerank.results import Identification, IdentificationEvaluation
from ..rerank.trial_groups import first_of
from ..retrieval.library import Embed, Reference
from .bench import RERANKED, Bench

if TYPE_CHECKING:
    from ..store.store import Store


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
    bench = Bench.of(store)
    asked = bench.library.gather([anchor], embed)
    known = bench.known_speakers(enrolment, embed)
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
    progress: Callable[[int, int], None] | None = None,
) -> IdentificationEvaluation:
    """Identify anchors one by one, and measure the answers where their speakers are known.

    A speaker is known from `anchors`, else from the store's label if that speaker is enrolled.
    Anchors that are not there are skipped, counted and warned of. `progress` is told how many of
    them are done, and of how many. See `identify`.

    Raises
    ------
    UsageError
        Nobody is enrolled by another recording.
    TrialError
        No anchor is there.
    """
    bench = Bench.of(store)
    missing = bench.library.missing([anchor.reference for anchor in anchors])
    present = [anchor for anchor in anchors if anchor.reference not in missing]
    if not present:
        raise TrialError(f"expected anchors that are there, got none of {len(anchors)}")
    asked = bench.library.gather([anchor.reference for anchor in present], embed)
    known = bench.known_speakers(enrolment, embed)
    each = [asked.take(asked.rows[number : number + 1]) for number in range(len(present))]
    answers = []
    for one in each:
        nearest = max(RERANKED, top or 0)
        answers.append(known.identify(one, open_set, nearest, bench.store.encoder.name))
        if progress is not None:
            progress(len(answers), len(each))
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


def _lost(what: str, count: int, missing: set[str]) -> list[str]:
    return [f"{count} {what} are not there: {first_of(missing)}"] if count else []
