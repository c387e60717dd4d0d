"""Rectangular hollow things with slanted walls: baskets, boxes, trays. Metres; z = 0 is the underside."""

from dataclasses import dataclass

from ...model import Mesh, Shape
from .solids import Ring, belt, hull, loft, rounded_rectangle

Half = tuple[float, float]


@dataclass(frozen=True)
class Tub:
    """Outer half sizes (x, y) at the foot and at the lip, height, thickness of wall and floor, corner radius."""

    foot: Half
    lip: Half
    height: float
    wall: float = 0.005
    floor: float = 0.006
    corner: float = 0.012

    def outline(self, z: float, out: float = 0.0) -> Ring:
        """The outer outline at height z, `out` metres wider on every side."""
        return rounded_rectangle(self._half(z, out), z, self.corner)

    def mesh(self) -> Mesh:
        """Outside, lip, inside and floor as one closed surface."""
        inner = [self.outline(z, -self.wall) for z in (self.height, self.floor)]
        return loft([self.outline(0), self.outline(self.height), *inner])

    def band(self, low: float, high: float, out: float = 0.0008) -> Mesh:
        """A stripe around the outside between two heights."""
        return belt(
            [self.outline(low, -out), self.outline(low, out), self.outline(high, out), self.outline(high, -out)]
        )

    def pieces(self) -> tuple[Shape, ...]:
        """A solid floor and four walls on it, convex each; walls down to the ground would be in contact with it."""
        floor = [rounded_rectangle(self._half(z), z, 0.0, 1) for z in (0.0, self.floor)]
        return (hull(loft(floor)), *(self._wall(axis, sign) for axis in (0, 1) for sign in (-1, 1)))

    def _half(self, z: float, out: float = 0.0) -> Half:
        """Outer half sizes at height z, `out` metres more."""
        share = z / self.height
        x, y = (a + (b - a) * share + out for a, b in zip(self.foot, self.lip, strict=True))
        return x, y

    def _wall(self, axis: int, sign: int) -> Shape:
        rings = []
        for z in (self.floor, self.height):
            half, center = list(self._half(z)), [0.0, 0.0]
            center[axis] = sign * (half[axis] - self.wall / 2)
            half[axis] = self.wall / 2
            rings.append(rounded_rectangle((half[0], half[1]), z, 0.0, 1, (center[0], center[1])))
        return hull(loft(rings))
