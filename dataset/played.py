"""A policy's trial to look at: what it saw, what it foresaw, what it achieved."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ..geometry import Canvas


@dataclass(frozen=True, eq=False)
class Played:
    """T frames of a trial, `rate` a second.

    `rgb` uint8 (T, H, W, 3) are the canvases seen. `maps` uint8 (M, h, w) are value maps the policy foresaw, of the
    same canvas in its own resolution (M is 0 where it foresees none); `shown` (T,) says which of them is of a frame,
    -1 where none is. `held` (T, C) says which of the success `conditions` held.
    """

    title: str
    instruction: str
    canvas: Canvas
    rate: Fraction
    rgb: np.ndarray
    maps: np.ndarray
    shown: np.ndarray
    conditions: tuple[str, ...]
    held: np.ndarray
