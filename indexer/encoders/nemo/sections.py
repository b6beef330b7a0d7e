"""Reading values of a foreign configuration: every one is checked, and named when it is wrong."""

from typing import NoReturn

from ....errors import EncoderError

MOST = 65_536


class Section:
    """A mapping of a configuration, and where it is from."""

    def __init__(self, values: object, origin: str, name: str = "") -> None:
        self._origin, self._name = origin, name
        if not isinstance(values, dict):
            self._refuse("a mapping", values)
        self._values = values

    @property
    def target(self) -> str:
        """The class that the section configures, without its module."""
        return str(self._values.get("_target_", "")).rsplit(".", 1)[-1]

    def has(self, key: str) -> bool:
        """Whether a key is there and not null."""
        return self._values.get(key) is not None

    def section(self, key: str, *targets: str) -> "Section":
        """The section under a key, which must configure one of the classes `targets`."""
        found = Section(self._values.get(key), self._origin, self._path(key))
        if found.target not in targets:
            found._refuse(f"a speaker model's {' or '.join(targets)}", found.target)
        return found

    def sections(self, key: str) -> list["Section"]:
        """The sections of a list of at least one and at most 256."""
        values = self._values.get(key)
        if not isinstance(values, list) or not 1 <= len(values) <= 256:
            self._refuse("a list of blocks", values, key)
        names = [f"{self._path(key)}[{i}]" for i in range(len(values))]
        return [Section(v, self._origin, n) for v, n in zip(values, names, strict=True)]

    def integer(
        self, key: str, default: int | None = None, least: int = 1, most: int = MOST
    ) -> int:
        """A whole number within bounds; a list of one counts as its element."""
        value = self._get(key, default)
        if type(value) is not int or not least <= value <= most:
            self._refuse(f"a whole number from {least} to {most}", value, key)
        return value

    def integers(self, key: str, default: int | None = None, least: int = 1) -> tuple[int, ...]:
        """Whole numbers from 1, at least so many; one number counts as a list of one."""
        value = self._values.get(key, default)
        values = value if isinstance(value, list) else [value]
        if not least <= len(values) <= 256 or not all(
            type(v) is int and 1 <= v <= MOST for v in values
        ):
            self._refuse(f"{least} or more whole numbers", value, key)
        return tuple(values)

    def number(self, key: str, default: float, least: float, most: float) -> float:
        """A number within bounds; null means the default."""
        value = self._get(key, default) if self.has(key) else default
        try:
            number = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            number = float("nan")
        if not least <= number <= most:
            self._refuse(f"a number from {least:g} to {most:g}", value, key)
        return number

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self._values.get(key, default)
        if not isinstance(value, bool):
            self._refuse("true or false", value, key)
        return value

    def choice(self, key: str, default: str, *choices: str) -> str:
        """One of some words, in any case."""
        value = str(self._values.get(key, default)).lower()
        if value not in choices:
            self._refuse(" or ".join(choices), value, key)
        return value

    def fixed(self, **wanted: object) -> None:
        """Values that must be so wherever they are given: nothing else is built here."""
        for key, value in wanted.items():
            found = self._get(key, value)
            if found != value:
                self._refuse(repr(value), found, key)

    def _get(self, key: str, default: object) -> object:
        value = self._values.get(key, default)
        return value[0] if isinstance(value, list) and len(value) == 1 else value

    def _path(self, key: str) -> str:
        return f"{self._name}.{key}" if self._name else key

    def _refuse(self, wanted: str, found: object, key: str = "") -> NoReturn:
        place = (self._path(key) if key else self._name) or "its configuration"
        raise EncoderError(
            f"expected {wanted} as {place} of {self._origin}, got {_short(found)};"
            " pass a SpeakerNet, TitaNet or ECAPA model of NeMo"
        )


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
