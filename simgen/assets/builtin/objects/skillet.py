"""106_skillet: frying pans, hollow, held by the handle, which points along +x."""

from dataclasses import dataclass

import numpy as np

from .....geometry import Pose
from ...model import Contact, Frame, Grasp, Link, Material, Mesh, Model, Visual
from ..assets import asset
from ..paint import metal, plastic, rubber
from ..shapes.solids import hull, lathe, loft, placed, rounded_rectangle
from ..shapes.vessel import FLOOR, vessel

SIDES = 12
WALL = 0.0035
ALONG_X = Pose.from_axes((0, 1, 0), (0, 0, 1))
"""Turns rings stacked along z into rings stacked along x, their x and y becoming y and z."""


@dataclass(frozen=True)
class _Skillet:
    """Outer radii of the floor and the rim, height of the rim; length and half sizes (across, up) of the handle."""

    description: str
    synonyms: tuple[str, ...]
    unseen_names: tuple[str, ...]
    floor: float
    rim: float
    height: float
    handle: float
    grip: tuple[float, float]
    mass: float
    pan: Material
    inside: Material
    handle_look: Material


SKILLETS = (
    _Skillet("black skillet", ("black frying pan", "black pan", "dark skillet"), ("pan with a brown handle",),
             0.078, 0.094, 0.038, 0.130, (0.0115, 0.0095), 0.24,
             metal("#2c2d30"), rubber("#3d3e42"), rubber("#8a5a33")),
    _Skillet("red skillet", ("red frying pan", "red pan", "red enamel skillet"), ("pan with a red outside",),
             0.074, 0.088, 0.036, 0.135, (0.0110, 0.0090), 0.22,
             plastic("#b2332b"), rubber("#d9d3c4"), plastic("#26272a")),
    _Skillet("steel skillet", ("steel frying pan", "silver pan", "metal skillet"), ("shiny pan with a black handle",),
             0.080, 0.096, 0.034, 0.125, (0.0120, 0.0095), 0.24,
             metal("#b9bdc1"), metal("#8f9498"), plastic("#222326")),
    _Skillet("teal skillet", ("teal frying pan", "blue-green pan", "teal pan"), ("pan with a blue-green outside",),
             0.076, 0.091, 0.040, 0.130, (0.0115, 0.0090), 0.23,
             plastic("#23818a"), rubber("#4d5357"), rubber("#e4ded0")),
)  # fmt: skip


@asset("106_skillet", len(SKILLETS))
def skillet(variant: int) -> Model:
    """One of the pans, standing flat; `inside` is the middle of its floor."""
    made = SKILLETS[variant]
    foot, rim = (made.floor - WALL, made.floor, 0.0), (made.rim - WALL, made.rim, made.height)
    link = Link(
        "skillet",
        _looks(made),
        (*vessel(foot, rim, FLOOR, SIDES), hull(_handle(made, 1))),
        made.mass,
        Contact(0.8, 0.8),
    )
    frames = {
        "inside": Frame("skillet", Pose.of((0, 0, FLOOR))),
        "bottom": Frame("skillet", Pose.of()),
        "handle": Frame("skillet", Pose.of((made.rim + made.handle, 0, made.height))),
    }
    names = made.description, made.synonyms, made.unseen_names
    return Model("106_skillet", variant, (link,), frames, _grasps(made), (), *names)


def _looks(made: _Skillet) -> tuple[Visual, ...]:
    def inner(z: float) -> float:
        return made.floor - WALL + (made.rim - made.floor) * z / made.height

    pan = [(0, 0), (made.floor, 0), (made.rim, made.height), (made.rim - WALL, made.height)]
    coat = 0.0006
    lining = [(0, FLOOR), (inner(FLOOR), FLOOR), (inner(FLOOR) - coat, FLOOR + coat), (0, FLOOR + coat)]
    rivet = lathe([(0, 0), (0.004, 0), (0.003, 0.0012), (0, 0.0012)], 8)
    rivets = placed(rivet, (made.rim + 0.012, 0, made.height + made.grip[1] - 0.006))
    return (
        Visual(lathe([*pan, (inner(FLOOR), FLOOR), (0, FLOOR)], 2 * SIDES), made.pan),
        Visual(lathe(lining, 2 * SIDES), made.inside),
        Visual(_handle(made, 3), made.handle_look),
        Visual(rivets, made.pan),
    )


def _handle(made: _Skillet, steps: int) -> Mesh:
    """A bar from the rim outwards, just under its height."""
    across, up = made.grip
    middle = made.height - 0.006
    ends = (made.rim * np.cos(np.pi / SIDES) - 0.006, made.rim + made.handle)
    rings = [rounded_rectangle((across, up), x, 0.006, steps, (0, middle)) for x in ends]
    return placed(loft(rings), ALONG_X)


def _grasps(made: _Skillet) -> tuple[Grasp, ...]:
    """Across the handle, near the pan first: pointing along the handle and down, steeply or less so."""
    grasps = []
    for pitch in (45, 30, 65, 90):
        down = np.radians(pitch)
        approach = (-np.cos(down), 0, -np.sin(down))
        for place, distance in (("near", 0.050), ("middle", 0.075)):
            center = (made.rim + distance, 0, made.height - 0.006)
            pose = Pose.from_axes(approach, (0, 1, 0), center)
            grasps.append(Grasp(f"handle_{place}_{pitch}", "skillet", pose, opening=0.06))
    return tuple(grasps)
