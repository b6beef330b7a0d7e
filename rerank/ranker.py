"""The reranker: a linear model, boosted trees on top of it, and their calibration, as one folder.

::

    reranker.json   format, encoder, features, linear models, calibration, how it was trained and
                    measured
    model.txt       the trees, LightGBM's text format
    cohort.npz      means and cohort of the training store
    plda.npz        the PLDA model of its speakers, empty where they were too few
    none.txt        the trees of "none of them"
"""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ..errors import RerankerError
from ..retrieval.background_file import from_bytes, to_bytes
from ..retrieval.groups import Groups
from ..retrieval.normalize import Background
from ..retrieval.plda import Plda
from ..store.files import replace_folder
from ..store.schema import EncoderIdentity
from ..store.sealed import DIGEST, seal, unseal
from .booster import Booster
from .calibration import sigmoid
from .features import Features, Plan
from .linear import Linear
from .probabilities import Calibration
from .user_columns import UserColumn
from .winners import describe_winners

Doubles = npt.NDArray[np.float64]

_FORMAT = 2
_DESCRIPTION, _MODEL, _COHORT, _PLDA = "reranker.json", "model.txt", "cohort.npz", "plda.npz"
_NONE = "none.txt"
_DATA = (_MODEL, _COHORT, _PLDA, _NONE)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a reranker is made of.

    Parameters
    ----------
    encoder : the encoder whose embeddings it was trained on
    names : the features it was trained on, as the trees count them
    qmf : the linear baseline, from which the log odds of a pair come
    base : the linear model that the trees start from
    model : the trees, LightGBM's text format
    calibration : scores to probabilities
    background : means and cohort of the training store
    plda : of its speakers; None where they were too few
    training : seed, trials, versions, and the table of cross-validated results
    columns : the user's own that it looks at
    none_model : the trees that correct the odds of "none of them"; empty without
    """

    encoder: EncoderIdentity
    names: tuple[str, ...]
    qmf: Linear
    base: Linear
    model: str
    calibration: Calibration
    background: Background
    plda: Plda | None
    training: Mapping[str, Any]
    columns: tuple[UserColumn, ...] = ()
    none_model: str = ""


class Reranker:
    """Scores candidates of groups, turns scores into probabilities, and says why."""

    def __init__(self, parts: Parts, files: Mapping[str, bytes]) -> None:
        self.encoder = parts.encoder
        self.names = parts.names
        self.plan = Plan(parts.encoder.parts, parts.columns)
        self.qmf = parts.qmf
        self.background = parts.background
        self.plda = parts.plda
        self.training = parts.training
        self.fingerprint = hashlib.blake2b(files[_DESCRIPTION], digest_size=8).hexdigest()
        self._base = parts.base
        self._booster = Booster(parts.model)
        self._none = Booster(parts.none_model) if parts.none_model else None
        self._calibration = parts.calibration
        self._files = files

    @classmethod
    def build(cls, parts: Parts) -> Self:
        """Make a reranker of its parts."""
        return cls(parts, _files(parts))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read a reranker from its folder.

        Raises
        ------
        RerankerError
            A file is missing or damaged, or another version of spkret wrote it.
        """
        try:
            files = _read(folder)
        except OSError as error:
            raise RerankerError(
                f"expected a reranker in {folder}, but {error.filename} cannot be read;"
                " run `spkret train-reranker`"
            ) from error
        return cls(_parts(files, folder), files)

    def save(self, folder: Path) -> None:
        """Write the reranker, replacing the one in that folder, which stays until this is whole."""
        draft = folder.with_name(f".{folder.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        try:
            for name, data in self._files.items():
                (draft / name).write_bytes(data)
            replace_folder(draft, folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    @property
    def encoder_fingerprint(self) -> str:
        """The fingerprint of the encoder it was trained on."""
        return self.encoder.fingerprint

    @property
    def temperature(self) -> float:
        """The temperature of the softmax of a group whose conditions are unknown."""
        return self._calibration.temperature

    def score(self, features: Features) -> Doubles:
        """Score every candidate: float64 (total,), larger is likelier."""
        return self._base.scores(features) + self._booster.scores(
            features.select(self.names).matrix
        )

    def probabilities(self, scores: Doubles, features: Features, groups: Groups) -> Doubles:
        """Compute each candidate's probability, given that one of its group is the match."""
        return self._calibration.probabilities(scores, features, groups)

    def none_probabilities(self, scores: Doubles, features: Features, groups: Groups) -> Doubles:
        """Compute each group's probability, at equal prior, that none of it is the match."""
        log_odds = self.qmf.scores(features)
        evidence = self._calibration.evidence(scores, features, log_odds, groups)
        odds = self._calibration.none_log_odds(evidence)
        if self._none is None:
            return sigmoid(odds)
        winners = describe_winners(scores, evidence, features, groups)
        return sigmoid(odds + self._none.scores(winners.matrix))

    def pair_log_odds(self, features: Features) -> Doubles:
        """Compute the log odds, at equal prior, that each pair has one speaker: (total,).

        Those of the linear model, calibrated for the conditions of the pair.
        """
        return self._calibration.pair_log_odds(self.qmf.scores(features), features)

    def pair_probabilities(self, features: Features) -> Doubles:
        """Compute the probability, at equal prior, that each pair has one speaker: (total,)."""
        return sigmoid(self.pair_log_odds(features))

    def contributions(self, features: Features) -> Doubles:
        """Compute what each feature adds to each score: float64 (total, len(names)).

        The trees' SHAP values and the linear model's terms; with a constant, they sum to the score.
        """
        parts = self._booster.contributions(features.select(self.names).matrix)[:, :-1]
        columns = [self.names.index(name) for name in self._base.names]
        parts[:, columns] += self._base.contributions(features)
        return parts


def _read(folder: Path) -> dict[str, bytes]:
    """Read the files of one reranker, also where another takes its place meanwhile."""
    while True:
        files = {name: (folder / name).read_bytes() for name in (_DESCRIPTION, *_DATA)}
        if (folder / _DESCRIPTION).read_bytes() == files[_DESCRIPTION]:
            return files


def _files(parts: Parts) -> dict[str, bytes]:
    data = {
        _MODEL: parts.model.encode(),
        _COHORT: to_bytes(parts.background),
        _PLDA: b"" if parts.plda is None else parts.plda.to_bytes(),
        _NONE: parts.none_model.encode(),
    }
    description = {
        "format": _FORMAT,
        "encoder": asdict(parts.encoder),
        "features": list(parts.names),
        "columns": [asdict(column) for column in parts.columns],
        "sha256": {name: _sha256(content) for name, content in data.items()},
        "qmf": asdict(parts.qmf),
        "base": asdict(parts.base),
        "calibration": asdict(parts.calibration),
        "training": dict(parts.training),
    }
    text = json.dumps(seal(description), indent=1, ensure_ascii=False)
    return {_DESCRIPTION: text.encode(), **data}


def _parts(files: Mapping[str, bytes], folder: Path) -> Parts:
    description = _description(files, folder)
    background = from_bytes(files[_COHORT])
    if background is None:
        raise _damaged(folder, _COHORT)
    try:
        return Parts(
            encoder=EncoderIdentity.from_dict(description["encoder"]),
            names=tuple(description["features"]),
            qmf=_linear(description["qmf"]),
            base=_linear(description["base"]),
            model=files[_MODEL].decode(),
            calibration=_calibration(description["calibration"]),
            background=background,
            plda=Plda.from_bytes(files[_PLDA]) if files[_PLDA] else None,
            training=description["training"],
            columns=_columns(description),
            none_model=files[_NONE].decode(),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(folder, _DESCRIPTION) from error


def _description(files: Mapping[str, bytes], folder: Path) -> dict[str, Any]:
    try:
        description: dict[str, Any] = json.loads(files[_DESCRIPTION])
        _check_format(description, folder)
        if DIGEST in description:  # the one that ships was written before there were any
            description = unseal(files[_DESCRIPTION])
        sums = description["sha256"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(folder, _DESCRIPTION) from error
    _check_features(description, folder)
    for name in _DATA:
        if sums.get(name) != _sha256(files[name]):
            raise _damaged(folder, name)
    return description


def _check_format(description: Mapping[str, Any], folder: Path) -> None:
    if description.get("format") != _FORMAT:
        raise RerankerError(
            f"expected a reranker of format {_FORMAT} in {folder}, got format"
            f" {description.get('format')}; run `spkret train-reranker` again"
        )


def _check_features(description: Mapping[str, Any], folder: Path) -> None:
    """Refuse a reranker that asks for features that this version does not compute."""
    try:
        names, known = list(description["features"]), Plan(columns=_columns(description)).names
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _damaged(folder, _DESCRIPTION) from error
    unknown = [name for name in names if name not in known]
    if unknown:
        raise RerankerError(
            f"expected features that this version of spkret knows in {folder}, got {unknown[0]!r};"
            " update spkret, or run `spkret train-reranker` again"
        )


def _columns(description: Mapping[str, Any]) -> tuple[UserColumn, ...]:
    return tuple(UserColumn.from_dict(fields) for fields in description["columns"])


def _linear(fields: Mapping[str, Any]) -> Linear:
    return Linear(
        tuple(fields["names"]), tuple(fields["centre"]), tuple(fields["weights"]), fields["bias"]
    )


def _calibration(fields: Mapping[str, Any]) -> Calibration:
    return Calibration(
        fields["temperature"],
        tuple(fields["none_weights"]),
        fields["none_bias"],
        **{name: _linear(fields[name]) for name in ("conditions", "pair_scale", "pair_bias")},
    )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _damaged(folder: Path, name: str) -> RerankerError:
    return RerankerError(
        f"{folder / name} is damaged or does not belong to its reranker;"
        " run `spkret train-reranker` again"
    )
