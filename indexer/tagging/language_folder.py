"""SpeechBrain's language identifiers: their folder, from disk or once from Hugging Face."""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import EncoderError
from ..encoders import hub
from ..encoders.speechbrain_recipe import HYPERPARAMETERS, Part, Recipe, read_part, read_recipe
from ..languages import primary_subtag

DEFAULT = "speechbrain/lang-id-voxlingua107-ecapa"
EMBEDDING, CLASSIFIER, LABELS = "embedding_model.ckpt", "classifier.ckpt", "label_encoder.txt"
FILES = (HYPERPARAMETERS, EMBEDDING, CLASSIFIER, LABELS)
CLASSIFIER_CLASS = "speechbrain.lobes.models.Xvector.Classifier"
_SEPARATOR, _END = " => ", "=" * 16
_CODE = re.compile(r"[A-Za-z]{2,3}")
_REPOSITORY = re.compile(r"\w[\w.-]*/\w[\w.-]*")


@dataclass(frozen=True, slots=True)
class LanguageFolder:
    """What a folder says of itself; `languages` holds one primary subtag an output, in order."""

    path: Path
    encoder: Recipe
    classifier: Part
    languages: Sequence[str]


def find_folder(model: str) -> Path:
    """Return the local folder of a language identifier, downloaded once if it is a repository.

    Parameters
    ----------
    model : a folder, or `OWNER/NAME` on Hugging Face

    Raises
    ------
    EncoderError
        There is no such folder, and no such repository in the cache or on the network.
    """
    if Path(model).is_dir():
        return Path(model)
    if not _REPOSITORY.fullmatch(model):
        raise EncoderError(
            f"expected a folder or OWNER/NAME of Hugging Face for --language-model, got {model!r};"
            f" the default is {DEFAULT}"
        )
    return hub.fetch(model, FILES, "--language-model")


def read_folder(path: Path) -> LanguageFolder:
    """Read what a folder holds beside its weights; nothing in it is executed.

    Raises
    ------
    EncoderError
        A file is missing, or is not what SpeechBrain's ECAPA-TDNN for VoxLingua107 has there.
    """
    classifier = read_part(path, "classifier", CLASSIFIER_CLASS)
    return LanguageFolder(path, read_recipe(path), classifier, _read_labels(path / LABELS))


def _read_labels(path: Path) -> list[str]:
    """Return the language of each output, from lines such as `'en: English' => 20`."""
    try:
        lines = path.read_text("utf-8").splitlines()
        head = lines[: lines.index(_END)] if _END in lines else lines
        named = dict(_label(line) for line in head if line.strip())
        if not named or sorted(named) != list(range(len(named))) or len(named) != len(head):
            raise ValueError(f"{len(head)} labels that are not numbered from 0 on")
    except (OSError, SyntaxError, ValueError) as error:
        raise EncoderError(
            f"expected lines such as \"'en: English' => 20\" in {path}, got"
            f" {getattr(error, 'strerror', None) or error}; copy the file again"
        ) from error
    return [named[number] for number in range(len(named))]


def _label(line: str) -> tuple[int, str]:
    """Return the number and the primary subtag of one line."""
    literal, separator, number = line.strip().rpartition(_SEPARATOR)
    label = ast.literal_eval(literal) if separator else None
    code = label.split(":")[0].strip() if isinstance(label, str) else ""
    if not _CODE.fullmatch(code.replace("_", "-").split("-")[0]):
        raise ValueError(repr(line[:80]))
    return int(number), primary_subtag(code)
