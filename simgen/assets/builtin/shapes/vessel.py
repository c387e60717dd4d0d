"""Round hollow things as convex pieces: a solid floor and staves on it. Metres."""

from collections.abc import Sequence

import numpy as np

from ...model import Shape
from .solids import hull, lathe, loft

FLOOR = 0.006
"""Thickness of a usual floor. Staves that began nearer to what the thing stands on would all be in contact with it."""
Level = tuple[float, float, float]
"""Inner radius, outer radius and height of a wall."""


def vessel(bottom: Level, top: Level, floor: float, count: int) -> tuple[Shape, ...]:
    """A solid floor from the bottom level up to height `floor`, and on it a wall of `count` staves up to the top level.

    The flat outer side of a stave lies on the chord of its polygon, as a drawn wall with `count` sides does.
    """
    share = (floor - bottom[2]) / (top[2] - bottom[2])
    low = tuple(np.add(bottom, share * np.subtract(top, bottom)).tolist())
    base = hull(lathe([(0, bottom[2]), (bottom[1], bottom[2]), (low[1], floor), (0, floor)], count))
    return (base, *_staves((low, top), count))


def _staves(levels: Sequence[Level], count: int) -> list[Shape]:
    pieces = []
    for index in range(count):
        around = (np.array([index, index, index + 1, index + 1]) * 2 * np.pi) / count
        rings = []
        for inner, outer, z in levels:
            radii = np.array([inner, outer, outer, inner])
            rings.append(np.stack([radii * np.cos(around), radii * np.sin(around), np.full(4, z)], axis=1))
        pieces.append(hull(loft(rings)))
    return pieces
