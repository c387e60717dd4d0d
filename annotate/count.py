"""What annotation will find in a recording, counted without drawing anything."""

from ..dataset.drawing import KINDS, shown_events
from ..dataset.motion import Motion
from ..dataset.recording import Recording
from .events import find_events


def count_events(recording: Recording) -> dict[str, float]:
    """Per kind the interactions that were executed and those that have their event; the share of frames with a map.

    Returns:
        For pick, place and press `KIND_done` and `KIND_found`, for kinds that occur; `mapped`, in 0..1.
    """
    events = find_events(recording)
    found = {event.interaction for event in events}
    counts: dict[str, float] = {}
    for kind in KINDS:
        done = [index for index, made in enumerate(recording.meta.interactions) if made.kind == kind]
        if done:
            counts[f"{kind}_done"] = len(done)
            counts[f"{kind}_found"] = sum(index in found for index in done)
    shown = shown_events(Motion.of(recording), events)
    counts["mapped"] = sum(bool(events_shown) for events_shown in shown) / recording.meta.frames
    return counts
