"""Values that a shell completes: names of encoders, languages of a store, files. All are cheap."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from ..store.urls import is_url

MODEL_NAMES = (
    "compact",
    "ecapa",
    "resnet",
    "xvector",
    "titanet-large",
    "titanet-small",
    "speakernet",
    "nemo-ecapa",
    "wav2vec2",
    "wavlm",
)
"""The names that the registry of encoders knows; importing it would keep the shell waiting."""

DEVICES = ("auto", "cpu", "openvino", "cuda", "cuda:0")
STORED_FEATURES = ("stored", "acoustics", "mfcc")


class PathOrUrl(click.Path):
    """A path, as `click.Path` takes it, or a URL such as s3://bucket/audio, which is a text."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Leave a URL as it is: as a path it would lose a slash."""
        of_url = isinstance(value, str) and is_url(value)
        return value if of_url else super().convert(value, param, ctx)


def complete_model(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete an encoder: a name, or a file or folder."""
    return _starting(MODEL_NAMES, incomplete) or _file(incomplete)


def complete_features(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete what `probe --features` takes: stored columns, or an encoder."""
    return _starting((*STORED_FEATURES, *MODEL_NAMES), incomplete) or _file(incomplete)


def complete_device(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete a device."""
    return _starting(DEVICES, incomplete)


def complete_recording(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete a recording as a file; stored paths would have to be read first."""
    return _file(incomplete)


def complete_language(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete a language that the store has, from the names of its folders."""
    folders = Path(ctx.params.get("store_path") or ".").glob("recordings/language=*")
    return _starting(sorted(folder.name.partition("=")[2] for folder in folders), incomplete)


def _starting(values: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(value) for value in values if value.startswith(incomplete)]


def _file(incomplete: str) -> list[CompletionItem]:
    """Leave it to the shell to complete a file."""
    return [CompletionItem(incomplete, type="file")]
