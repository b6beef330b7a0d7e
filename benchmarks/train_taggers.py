"""Train the taggers of noise and gender that ship, on speakers no encoder was trained on.

Reads the store that `train_default_reranker.py` makes of the `backend` and `dev` splits, in both
renderings, and measures on speakers held out: noise also in the conditions of the benchmark, which
no training has seen. The figures go into docs/tagging.md.

    python benchmarks/train_taggers.py --work /tmp/reranker
"""

import argparse
import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import conditions
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spkret.indexer.acoustics import measure
from spkret.indexer.stored import measured
from spkret.indexer.tagging import inputs, shipped
from spkret.indexer.tagging.base import Evidence
from spkret.indexer.tagging.network import Floats, Network
from spkret.metrics import bootstrap_interval, ece
from spkret.store.store import Store

ROOT = Path(__file__).resolve().parents[1]
SPEECH = ROOT.parent / "shared" / "speech"
PAGE = ROOT / "docs" / "tagging.md"
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"
FOLDS = 4
FEWEST_SPEAKERS = 5
NOISES = ("background", "clean", "communication")
GENDERS = ("f", "m")

Strings = npt.NDArray[np.str_]
Fit = Callable[[Floats, Strings, Strings], Network]


@dataclass(frozen=True, slots=True)
class Rows:
    """Recordings, and what they are cut by: one entry of each a recording."""

    evidence: Evidence
    speaker: Strings
    noise: Strings
    gender: Strings
    language: Strings
    source: Strings
    rendering: Strings


@dataclass(frozen=True, slots=True)
class Trained:
    """A network of all speakers, those of each fold, and what these say of the others."""

    network: Network
    folds: Sequence[tuple[Network, set[str]]]
    held_out: npt.NDArray[np.float32]


def main() -> None:
    """Train, measure, and replace the shipped taggers and their figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--speech", type=Path, default=SPEECH)
    parser.add_argument("--work", type=Path, required=True, help="folder of audio and the store")
    parser.add_argument("--unseen", type=int, default=600, help="files in unseen conditions")
    options = parser.parse_args()
    store = Store.open(options.work / "store")
    rows = read_rows(store)
    shipped.MODELS.mkdir(exist_ok=True)
    page = [noise_figures(rows, options)]
    spoken = np.isin(rows.gender, GENDERS)
    for name, columns, title in (
        (shipped.EMBEDDED_GENDER, inputs.embedded_gender_inputs, f"`{store.encoder.name}` and f0"),
        (shipped.GENDER, inputs.acoustic_gender_inputs, "acoustics and f0, for any encoder"),
    ):
        trained = train(columns(rows.evidence), rows.gender, rows.speaker, spoken, logistic)
        own = store.encoder.fingerprint if name == shipped.EMBEDDED_GENDER else ""
        replace(trained.network, encoder=own).save(shipped.MODELS / name)
        page.append(gender_figures(rows, trained, spoken, title))
    text = "\n".join(page)
    print(text)
    before, rest = PAGE.read_text().split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}")


def read_rows(store: Store) -> Rows:
    """Read what taggers see, and the labels."""
    table = store.recordings.scan()
    extra = [json.loads(text) for text in table["extra"].to_pylist()]
    acoustics, embeddings, _ = zip(*map(measured, table.to_pylist()), strict=True)
    return Rows(
        Evidence(acoustics, np.stack(embeddings), _no_sound),
        speaker=_strings(table, "speaker"),
        noise=_strings(table, "noise"),
        gender=_strings(table, "gender"),
        language=_strings(table, "language"),
        source=np.array([one["source"] for one in extra]),
        rendering=np.array([one["rendering"] for one in extra]),
    )


def train(
    columns: Floats, labels: Strings, speakers: Strings, known: npt.NDArray[np.bool_], fit: Fit
) -> Trained:
    """Fit on the rows whose label is known, with a temperature fitted on speakers held out."""
    from sklearn.model_selection import GroupKFold

    columns, labels, speakers = columns[known], labels[known], speakers[known]
    held_out = np.zeros((len(labels), len(np.unique(labels))), np.float32)
    folds = []
    splits = GroupKFold(FOLDS, shuffle=True, random_state=0).split(columns, labels, speakers)
    for inside, outside in splits:
        network = fit(columns[inside], labels[inside], speakers[inside])
        held_out[outside] = network.probabilities(columns[outside])
        folds.append((network, set(speakers[outside])))
    network = fit(columns, labels, speakers)
    heat = temperature(held_out, labels, network.classes)
    tempered = [(replace(one, temperature=heat), others) for one, others in folds]
    return Trained(replace(network, temperature=heat), tempered, _heated(held_out, heat))


def perceptron(columns: Floats, labels: Strings, _: Strings) -> Network:
    """Fit one hidden layer of 64 units."""
    from sklearn.neural_network import MLPClassifier

    mean, scale = _standard(columns)
    model = MLPClassifier((64,), alpha=1.0, max_iter=40, random_state=0)
    model.n_iter_no_change = model.max_iter
    _quietly(lambda: model.fit((columns - mean) / scale, labels))
    return Network(tuple(model.classes_), mean, scale, model.coefs_, model.intercepts_)


def logistic(columns: Floats, labels: Strings, speakers: Strings) -> Network:
    """Fit a logistic regression; genders weigh the same, a speaker the root of their files."""
    from sklearn.linear_model import LogisticRegression

    _, speaker, files = np.unique(speakers, return_inverse=True, return_counts=True)
    mean, scale = _standard(columns)
    model = LogisticRegression(C=0.01, class_weight="balanced", max_iter=500)
    model.fit((columns - mean) / scale, labels, sample_weight=files[speaker] ** -0.5)
    weights = np.stack([0 * model.coef_[0], model.coef_[0]], axis=1)
    bias = np.array([0, model.intercept_[0]])
    return Network(tuple(model.classes_), mean, scale, [weights], [bias])


def temperature(shares: Floats, labels: Strings, classes: Sequence[str]) -> float:
    """Return the temperature of the least cross-entropy."""
    from scipy.optimize import minimize_scalar

    truth = np.searchsorted(classes, labels)[:, None]

    def loss(heat: float) -> float:
        return float(-np.log(np.take_along_axis(_heated(shares, heat), truth, 1) + 1e-9).mean())

    return float(minimize_scalar(loss, bounds=(0.2, 5), method="bounded").x)


def noise_figures(rows: Rows, options: argparse.Namespace) -> str:
    """Train the noise tagger, and write its figures."""
    known = np.isin(rows.noise, NOISES)
    columns = inputs.noise_inputs(rows.evidence)
    trained = train(columns, rows.noise, rows.speaker, known, perceptron)
    trained.network.save(shipped.MODELS / shipped.NOISE)
    labels, speakers, shares = rows.noise[known], rows.speaker[known], trained.held_out
    parts = ["### Noise condition\n"]
    for rendering, title in (("asis", "as it is"), ("conditions", "in simulated conditions")):
        chosen = rows.rendering[known] == rendering
        parts.append(f"Speech {title}:\n")
        parts.append(confusion(labels[chosen], shares[chosen], speakers[chosen], NOISES))
    parts.append("Speech in the conditions of `benchmarks/conditions.py`, unseen in training:\n")
    parts.append(confusion(*_unseen(trained, options), NOISES))
    return "\n".join(parts)


def gender_figures(rows: Rows, trained: Trained, known: npt.NDArray[np.bool_], title: str) -> str:
    """Write the figures of a gender tagger: overall, by language, noise and source."""
    labels, speakers = rows.gender[known], rows.speaker[known]
    parts = [f"### Gender: {title}\n", confusion(labels, trained.held_out, speakers, GENDERS)]
    right = np.array(GENDERS)[trained.held_out.argmax(axis=1)] == labels
    parts.append("| | recordings | speakers | right |\n| --- | --- | --- | --- |")
    for name, values in (
        ("noise", rows.noise[known]),
        ("language", rows.language[known]),
        ("source", rows.source[known]),
    ):
        for value in np.unique(values):
            chosen = values == value
            if len(np.unique(speakers[chosen])) >= FEWEST_SPEAKERS:
                parts.append(_line(f"{name} {value}", right[chosen], speakers[chosen]))
    return "\n".join([*parts, ""])


def confusion(labels: Strings, shares: Floats, speakers: Strings, classes: Sequence[str]) -> str:
    """Write a confusion matrix, the share that is right by its interval, and the calibration."""
    said = np.array(classes)[shares.argmax(axis=1)]
    lines = [f"| is | {' | '.join(f'said {name}' for name in classes)} | right |"]
    lines.append("| --- |" + " --- |" * (len(classes) + 1))
    for name in np.intersect1d(classes, labels):
        counts = [int(((labels == name) & (said == other)).sum()) for other in classes]
        share = (said[labels == name] == name).mean()
        lines.append(f"| {name} | {' | '.join(map(str, counts))} | {100 * share:.1f} % |")
    error = ece(shares.max(axis=1), said == labels)
    lines.append(f"\n{_share(said == labels, speakers)} right; calibration error {error:.3f}.\n")
    return "\n".join(lines)


def _unseen(trained: Trained, options: argparse.Namespace) -> tuple[Strings, Floats, Strings]:
    """Render files in unseen conditions; each is judged by the fold that lacks its speaker."""
    sounds = conditions.read_sounds(options.speech / "noise.csv")
    audio = options.work / "audio"
    with (audio / "manifest.csv").open(newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["rendering"] == "asis"]
    rows = [row for row in rows if row["noise"] != "communication"]
    chosen = np.random.default_rng(0).permutation(len(rows))[: options.unseen]
    labels, speakers, shares = [], [], []
    for row in (rows[i] for i in chosen):
        rng = conditions.generator(row["path"], 99)
        label = str(rng.choice(conditions.CONDITIONS))
        wave = conditions.render(conditions.read_wave(audio / row["path"]), label, sounds, rng)
        columns = inputs.sound([measure(wave, conditions.RATE)])
        fold = next((net for net, others in trained.folds if row["speaker"] in others), None)
        shares.append((fold or trained.network).probabilities(columns)[0])
        labels.append(label)
        speakers.append(row["speaker"])
    return np.array(labels), np.array(shares), np.array(speakers)


def _line(name: str, right: npt.NDArray[np.bool_], speakers: Strings) -> str:
    count = len(np.unique(speakers))
    return f"| {name} | {len(right)} | {count} | {_share(right, speakers)} |"


def _share(right: npt.NDArray[np.bool_], speakers: Strings) -> str:
    low, high = bootstrap_interval(right.astype(np.float64), speakers)
    return f"{100 * right.mean():.1f} % ({100 * low:.1f} to {100 * high:.1f})"


def _standard(columns: Floats) -> tuple[Floats, Floats]:
    return columns.mean(axis=0), columns.std(axis=0) + np.float32(1e-3)


def _heated(shares: Floats, heat: float) -> Floats:
    powers = np.power(np.maximum(shares, 1e-9), 1 / heat)
    heated: Floats = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return heated


def _quietly(work: Callable[[], object]) -> None:
    import warnings

    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        work()


def _strings(table: pa.Table, name: str) -> Strings:
    return np.array([value or "" for value in table[name].to_pylist()])


def _no_sound(_: int) -> Iterator[npt.NDArray[np.float32]]:
    """Give no window: stored rows come without their sound, which these taggers do not ask for."""
    return iter(())


if __name__ == "__main__":
    main()
