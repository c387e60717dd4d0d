"""Learning curves of a run's TensorBoard files as one PNG: a panel a scalar, logarithmic where it falls far."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 420, 220, 60, 26, 24
INK, SOFT, LINE, SMOOTH = (30, 30, 30), (220, 220, 220), (190, 205, 230), (30, 90, 200)
TICKS = 3


def scalars(folder: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Steps (N,) and values (N,) of a scalar; empty when it was not logged."""
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    events.Reload()
    if name not in events.Tags()["scalars"]:
        return np.zeros(0), np.zeros(0)
    found = events.Scalars(name)
    return np.array([one.step for one in found]), np.array([one.value for one in found])


def draw(panels: Sequence[tuple[str, np.ndarray, np.ndarray]], path: Path, columns: int = 3) -> None:
    """Panels of title, steps and values, row by row."""
    shown = [panel for panel in panels if len(panel[1])]
    rows = -(-len(shown) // columns)
    page = Image.new("RGB", (columns * WIDTH, rows * HEIGHT), "white")
    pen = ImageDraw.Draw(page)
    for number, (title, steps, values) in enumerate(shown):
        _panel(pen, (number % columns * WIDTH, number // columns * HEIGHT), title, steps, values)
    page.save(path)


def _panel(
    pen: ImageDraw.ImageDraw, corner: tuple[int, int], title: str, steps: np.ndarray, values: np.ndarray
) -> None:
    left, top = corner[0] + LEFT, corner[1] + TOP
    right, bottom = corner[0] + WIDTH - 12, corner[1] + HEIGHT - BOTTOM
    font = ImageFont.load_default(13)
    pen.text((left, corner[1] + 6), title, INK, font)
    pen.rectangle((left, top, right, bottom), outline=SOFT)
    logarithmic = bool((values >= 0).all()) and values.max() > 4 * np.median(values)
    if logarithmic:  # a loss of nothing, where a batch drew no such sample, has no logarithm
        steps, values = steps[values > 0], values[values > 0]
    heights = np.log10(values) if logarithmic else values
    low, high = float(heights.min()), float(heights.max())
    room = (high - low) or 1.0
    across = left + (steps - steps[0]) / max(steps[-1] - steps[0], 1) * (right - left)
    for share in np.linspace(0, 1, TICKS):
        value = low + share * room
        text = f"{10**value if logarithmic else value:.3g}"
        pen.text((left - 6, bottom - share * (bottom - top)), text, INK, font, anchor="rm")
    for step, x in ((steps[0], left), (steps[-1], right)):
        pen.text((x, bottom + 4), f"{step:,}", INK, font, anchor="ra" if x == right else "la")
    for drawn, color, width in ((heights, LINE, 1), (_smoothed(heights), SMOOTH, 2)):
        down = bottom - (drawn - low) / room * (bottom - top)
        pen.line(list(zip(across.tolist(), down.tolist(), strict=True)), color, width)


def _smoothed(values: np.ndarray) -> np.ndarray:
    """Means over the hundredth part of the curve around each value."""
    half = max(len(values) // 100, 1)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    places = np.arange(len(values))
    first, last = np.maximum(places - half, 0), np.minimum(places + half + 1, len(values))
    return (sums[last] - sums[first]) / (last - first)
