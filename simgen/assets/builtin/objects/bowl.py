"""002_bowl: bowls on a foot ring, hollow; a second one of the same kind stands inside, its foot on the floor."""

from dataclasses import dataclass

import numpy as np

from .....geometry import Pose
from ...model import Contact, Frame, Link, Material, Model, Visual
from ..assets import asset
from ..paint import plastic
from ..shapes.rim import rim_grasps
from ..shapes.solids import cylinder_shape, hoop, lathe
from ..shapes.vessel import vessel

SIDES = 12
FOOT, FLOOR, WALL = 0.010, 0.025, 0.0045
"""Metres: height of the foot ring, of the floor inside, thickness of the wall."""


@dataclass(frozen=True)
class _Bowl:
    """Outer radii at the lip, where the wall begins, and of the foot; height; metres, kg."""

    description: str
    synonyms: tuple[str, ...]
    unseen_names: tuple[str, ...]
    lip: float
    base: float
    foot: float
    height: float
    mass: float
    outside: Material
    inside: Material

    @property
    def slope(self) -> float:
        """How far the wall leans outwards, rad."""
        return float(np.arctan2(self.lip - self.base, self.height - FOOT))

    def outer(self, z: float) -> float:
        """Outer radius of the wall at height z."""
        return self.base + (self.lip - self.base) * (z - FOOT) / (self.height - FOOT)


BOWLS = (
    _Bowl("white bowl with a blue inside", ("white and blue bowl", "rice bowl", "white ceramic bowl"),
          ("small white dish that is blue within",), 0.0640, 0.0380, 0.0330, 0.059, 0.100,
          plastic("#eceae4"), plastic("#3d6fae")),
    _Bowl("terracotta bowl", ("brown clay bowl", "orange-brown bowl", "earthenware bowl"),
          ("bowl of burnt clay",), 0.0720, 0.0420, 0.0360, 0.062, 0.120, plastic("#b4603a"), plastic("#e4c9a5")),
    _Bowl("small mint bowl", ("light green bowl", "small green bowl", "mint-coloured bowl"),
          ("little pale green dish",), 0.0580, 0.0350, 0.0300, 0.056, 0.085, plastic("#7fc4a4"), plastic("#eef3ea")),
    _Bowl("black bowl", ("dark bowl", "black ceramic bowl", "black soup bowl"), ("black dish with a red inside",),
          0.0680, 0.0395, 0.0340, 0.065, 0.110, plastic("#232427"), plastic("#b23b2e")),
)  # fmt: skip


@asset("002_bowl", len(BOWLS))
def bowl(variant: int) -> Model:
    """One of the bowls, standing on its foot; `inside` is where the foot of a like one rests."""
    made = BOWLS[variant]
    base, lip = (made.base - WALL, made.base, FOOT), (made.lip - WALL, made.lip, made.height)
    link = Link(
        "bowl",
        _looks(made),
        (cylinder_shape(made.foot, 0.0, FOOT), *vessel(base, lip, FLOOR, SIDES)),
        mass=made.mass,
        contact=Contact(0.5, 0.5),
    )
    frames = {
        "bottom": Frame("bowl", Pose.of()),
        "inside": Frame("bowl", Pose.of((0, 0, FLOOR))),
        "top": Frame("bowl", Pose.of((0, 0, made.height))),
    }
    flat = np.cos(np.pi / SIDES)
    middles = [360 / SIDES * (stave + 0.5) for stave in range(SIDES)]
    grasps = rim_grasps("bowl", (made.lip * flat - WALL / 2, made.height), made.slope, middles, depth=0.0)
    names = made.description, made.synonyms, made.unseen_names
    return Model("002_bowl", variant, (link,), frames, grasps, (), *names)


def _looks(made: _Bowl) -> tuple[Visual, ...]:
    edge, skin = 0.0015, 0.0005
    outside = [(0, 0), (made.foot, 0), (made.foot, FOOT), (made.base, FOOT), (made.lip, made.height - edge)]
    floor = made.outer(FLOOR) - WALL
    inside = [(made.lip - edge, made.height), (made.lip - WALL, made.height), (floor, FLOOR), (0, FLOOR)]
    lining = [
        (floor - skin, FLOOR + skin),
        (made.lip - WALL - skin, made.height - 0.001),
        (made.lip - WALL + skin, made.height - 0.001),
        (floor + skin, FLOOR - skin),
    ]
    disc = [(0, FLOOR - skin), (floor, FLOOR - skin), (floor, FLOOR + skin), (0, FLOOR + skin)]
    return (
        Visual(lathe(outside + inside, 2 * SIDES), made.outside),
        Visual(hoop(lining[::-1], 2 * SIDES), made.inside),
        Visual(lathe(disc, 2 * SIDES), made.inside),
    )
