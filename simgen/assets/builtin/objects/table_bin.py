"""063_tabletrashbin: small open bins for the table, hollow, taken by the rim."""

from dataclasses import dataclass

import numpy as np

from .....geometry import Pose
from ...model import Contact, Frame, Grasp, Link, Material, Model, Visual
from ..assets import asset
from ..paint import metal, plastic
from ..shapes.solids import circle, hoop, loft
from ..shapes.vessel import FLOOR, vessel

SIDES = 12
WALL = 0.004
GRASP_DEPTH = 0.024
LEANS = ((0, ""), (35, "_lean_left"), (-35, "_lean_right"))


@dataclass(frozen=True)
class _Bin:
    """Outer radii of rim and foot, height, in metres; kg."""

    description: str
    synonyms: tuple[str, ...]
    unseen_names: tuple[str, ...]
    rim: float
    foot: float
    height: float
    mass: float
    shell: Material
    trim: Material


BINS = (
    _Bin("gray mini bin", ("small gray trash bin", "gray desk bin", "little gray wastebasket"), ("gray tabletop pail",),
         0.072, 0.056, 0.1320, 0.090, plastic("#5d6368"), plastic("#2b2e31")),
    _Bin("blue mini bin", ("small blue trash bin", "blue desk bin", "little blue wastebasket"), ("blue tabletop pail",),
         0.061, 0.048, 0.1167, 0.075, plastic("#2f66b0"), plastic("#e9e6de")),
    _Bin("white mini bin", ("small white trash bin", "white desk bin", "little white wastebasket"),
         ("white tabletop pail",), 0.066, 0.054, 0.1437, 0.090, plastic("#ecebe6"), plastic("#c6432f")),
    _Bin("steel mini bin", ("small steel trash bin", "metal desk bin", "little metal wastebasket"),
         ("metal tabletop pail",), 0.056, 0.050, 0.1280, 0.110, metal("#d3d8dc"), plastic("#26292d")),
    _Bin("pink mini bin", ("small pink trash bin", "pink desk bin", "little pink wastebasket"), ("pink tabletop pail",),
         0.064, 0.050, 0.1250, 0.080, plastic("#d9748c"), plastic("#f6efe6")),
)  # fmt: skip


@asset("063_tabletrashbin", len(BINS))
def table_bin(variant: int) -> Model:
    """One of the bins, standing on its foot."""
    made = BINS[variant]
    foot, rim = (made.foot - WALL, made.foot, 0.0), (made.rim - WALL, made.rim, made.height)
    link = Link(
        "bin",
        _looks(made),
        vessel(foot, rim, FLOOR, SIDES),
        mass=made.mass,
        contact=Contact(0.6, 0.5),
    )
    frames = {"bottom": Frame("bin", Pose.of()), "top": Frame("bin", Pose.of((0, 0, made.height)))}
    return Model(
        "063_tabletrashbin",
        variant,
        (link,),
        frames,
        _rim_grasps(made),
        description=made.description,
        synonyms=made.synonyms,
        unseen_names=made.unseen_names,
    )


def _radius(made: _Bin, z: float) -> float:
    return made.foot + (made.rim - made.foot) * z / made.height


def _looks(made: _Bin) -> tuple[Visual, ...]:
    top, skin = made.height, 0.0004
    inside = _radius(made, FLOOR) - WALL
    hollow = [(made.foot, 0), (made.rim, top), (made.rim - WALL, top), (inside, FLOOR)]
    bands = []
    for low, high in ((0.90 * top, top), (0.02 * top, 0.10 * top)):
        lower, upper = _radius(made, low), _radius(made, high)
        bands.append(hoop([(lower, low), (lower + skin, low), (upper + skin, high), (upper, high)], SIDES))
    return (
        Visual(loft([circle(radius, z, SIDES) for radius, z in hollow]), made.shell),
        *(Visual(ring, made.trim) for ring in bands),
    )


def _rim_grasps(made: _Bin) -> tuple[Grasp, ...]:
    """One finger inside, one outside, on the middle of every second face; straight down, or leaning along the rim."""
    z = made.height - GRASP_DEPTH
    middle = (_radius(made, z) - WALL / 2) * np.cos(np.pi / SIDES)
    grasps = []
    for degrees, suffix in LEANS:
        lean = np.radians(degrees)
        for face in range(0, SIDES, 2):
            angle = 2 * np.pi * (face + 0.5) / SIDES
            radial = np.array([np.cos(angle), np.sin(angle), 0.0])
            along = np.array([-np.sin(angle), np.cos(angle), 0.0])
            approach = np.array([0, 0, -np.cos(lean)]) + np.sin(lean) * along
            pose = Pose.from_axes(approach, radial, middle * radial + (0, 0, z))
            grasps.append(Grasp(f"rim_{np.degrees(angle):03.0f}{suffix}", "bin", pose, opening=0.05))
    return tuple(grasps)
