"""The section on scores of pairs."""

from . import figures_scores as figures
from .content import Chart, Section, Table, between, share
from .pairs import PairScores

_TITLE = "Scores of pairs"
_MISSING = (
    "Pairs of one speaker and of two cannot be drawn: two labelled speakers of one language are"
    " needed, one of them with two recordings. Label recordings: spkret index AUDIO_DIR"
    " --manifest FILE."
)


def pairs_section(scores: PairScores | None) -> Section:
    """Show how far cosines of one speaker and of two are apart."""
    if scores is None:
        return Section("scores", _TITLE, missing=_MISSING)
    charts = (
        Chart(
            "chart-scores",
            "Do pairs of one speaker score higher than pairs of two?",
            "The less the two humps overlap, the better; the dashed line is where both errors are"
            " equally frequent.",
            figures.histogram(scores),
        ),
        Chart(
            "chart-scores-noise",
            "Does that hold between all noise conditions?",
            "Boxes of one colour that shift from row to row mean that no single threshold suits all"
            " conditions. Boxes hold the middle half, whiskers 90 % of the pairs.",
            figures.by_noise(scores),
            _noise_table(scores),
        ),
    )
    return Section("scores", _TITLE, _told(scores), charts)


def _told(scores: PairScores) -> tuple[str, str]:
    drawn = (
        f"{scores.same:,} pairs of one speaker and {scores.different:,} of two, each within one"
        f" language, drawn from {scores.speakers:,} labelled speakers."
    )
    errors = (
        f"Where both errors are equally frequent, at a cosine of {scores.threshold:.3f}, they are"
        f" {share(scores.eer)} (equal error rate, 95 % interval {between(scores.eer_ci)});"
        f" minimum detection cost at a prior of 0.01: {scores.min_dcf:.3f}"
        f" ({scores.min_dcf_ci[0]:.3f} to {scores.min_dcf_ci[1]:.3f})."
    )
    return drawn, errors


def _noise_table(scores: PairScores) -> Table:
    rows = [
        (
            name,
            0 if pair.same is None else pair.same.count,
            0 if pair.different is None else pair.different.count,
            None if pair.eer is None else share(pair.eer),
            None if pair.threshold is None else round(pair.threshold, 3),
        )
        for name, pair in scores.by_noise.items()
    ]
    columns = ("noise conditions", "pairs of one speaker", "of two", "EER", "cosine at the EER")
    return Table(columns, rows)
