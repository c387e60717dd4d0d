"""Kinds of events by name, as the command line gives them."""

from ..dataset.drawing import KINDS
from ..dataset.recording import InteractionKind
from ..errors import unknown


def kinds_named(text: str) -> tuple[InteractionKind, ...]:
    """The kinds in a list such as "pick,place"; "all" means every kind.

    Raises:
        UsageError: there is no kind of that name.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names or names == ["all"]:
        return KINDS
    for name in names:
        if name not in KINDS:
            raise unknown("kind of event", name, (*KINDS, "all"))
    return tuple(kind for kind in KINDS if kind in names)
