"""Upright bar handles on two posts, standing off a front that faces -y: on doors and drawers."""

from dataclasses import dataclass

import numpy as np

from .....geometry import Pose
from ...model import Grasp, Mesh, Shape
from .solids import block, box_shape, hull, merged, placed
from .sticks import prism

STANDOFF, BAR = 0.032, 0.0085
"""Metres: from the front to the middle of the bar; the bar's corner radius."""
POST = 0.005
SIDES = 8
BACK, OPENING = 0.012, 0.026
"""The TCP of a grasp is this far before the middle of the bar; the gap between pads. No finger reaches the front."""

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Pull:
    """A handle: the middle of its bar and half the bar's length, metres."""

    center: Triple
    half: float

    @property
    def frame(self) -> Pose:
        """The centre of the bar, z pointing away from the front."""
        return Pose.from_axes((1, 0, 0), (0, 0, 1), self.center)

    def mesh(self) -> Mesh:
        """The visual mesh."""
        return merged(self._bar(), *(block(half, 0, at) for half, at in self._posts()))

    def shapes(self) -> tuple[Shape, ...]:
        """The collision shapes."""
        return hull(self._bar()), *(box_shape(half, at) for half, at in self._posts())

    def grasps(self, link: str) -> tuple[Grasp, ...]:
        """Across the bar from the front, straight on or from the left or right, level or pointing down (degrees)."""
        grasps = []
        for yaw in (0, 45, -45):
            for pitch in (0, 25, 45):
                turn, down = np.radians(yaw), np.radians(pitch)
                ahead = np.array([np.sin(turn), np.cos(turn), 0.0])
                approach = np.cos(down) * ahead - np.sin(down) * np.array([0, 0, 1.0])
                at = np.array(self.center) - BACK * approach
                pose = Pose.from_axes(approach, np.cross((0, 0, 1), ahead), at)
                grasps.append(Grasp(f"handle_{yaw:+03d}_{pitch:02d}", link, pose, OPENING))
        return tuple(grasps)

    def _bar(self) -> Mesh:
        return placed(prism(BAR, -self.half, self.half, SIDES), self.center)

    def _posts(self) -> list[tuple[Triple, Triple]]:
        x, y, z = self.center
        gap = BAR / 3
        half = (POST, (STANDOFF - gap) / 2, POST)
        return [(half, (x, y + gap + half[1], z + side * (self.half - 2 * POST))) for side in (-1, 1)]
