"""Numbers of things, in words."""


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Write a number of things: `1 speaker`, `2 speakers`, `12,750 recordings`.

    Parameters
    ----------
    noun : of one thing
    plural : of several; by default the noun and an s
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
