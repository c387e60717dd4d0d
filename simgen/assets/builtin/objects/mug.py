"""039_mug: hollow mugs standing on their foot, the handle at +x with a hole that a peg goes through."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .....geometry import Pose
from ...model import Contact, Frame, Grasp, Link, Material, Mesh, Model, Shape, Visual
from ..assets import asset
from ..paint import plastic, rubber
from ..shapes.solids import Ring, hoop, hull, lathe, loft
from ..shapes.vessel import FLOOR, vessel

STAVES, SIDES = 11, 22
"""An odd number of staves puts a flat one opposite the handle, where fingers take the rim."""
GRASP_DEPTH = 0.020
LEAN = np.radians(25)
REACH, THICK, WIDE = 0.034, 0.009, 0.012
"""The handle, metres: how far its middle line stands off the wall, its thickness and its width."""


@dataclass(frozen=True)
class _Mug:
    """Outer radius, height, half height of the handle's middle line, metres; kg."""

    names: tuple[str, ...]
    radius: float
    height: float
    handle: float
    mass: float
    glaze: Material
    band: Material
    inside: Material
    wall: float = 0.004


MUGS = (
    _Mug(("white mug", "white coffee mug", "white cup with a handle", "white mug with a blue band", "white tea mug"),
         0.0400, 0.092, 0.030, 0.16, plastic("#ecebe6"), plastic("#2f5f9e"), plastic("#d9d8d2")),
    _Mug(("red mug", "red coffee mug", "red cup with a handle", "red mug with a cream band", "red tea mug"),
         0.0415, 0.086, 0.028, 0.16, plastic("#b5302c"), plastic("#efe6d2"), plastic("#f1ece0")),
    _Mug(("blue mug", "blue coffee mug", "blue cup with a handle", "dark blue mug", "blue tea mug"),
         0.0385, 0.098, 0.032, 0.15, plastic("#28508c"), plastic("#e8c547"), plastic("#dfe3e6")),
    _Mug(("brown mug", "brown coffee mug", "earthenware mug", "brown mug with a dark band", "brown tea mug"),
         0.0420, 0.090, 0.030, 0.18, rubber("#a8672f"), rubber("#4a2b16"), rubber("#cfa878")),
    _Mug(("green mug", "green coffee mug", "green cup with a handle", "green mug with a white band", "green tea mug"),
         0.0395, 0.094, 0.031, 0.16, plastic("#2f8a53"), plastic("#f2f1ec"), plastic("#e2efe6")),
)  # fmt: skip


@asset("039_mug", len(MUGS))
def mug(variant: int) -> Model:
    """One of the mugs, standing. Frame `hole`: the middle of the handle's hole, x away from the mug, y to its mouth."""
    made = MUGS[variant]
    inner = made.radius - made.wall
    foot, lip = (inner, made.radius, 0.0), (inner, made.radius, made.height)
    link = Link(
        "mug",
        _looks(made, inner),
        (*vessel(foot, lip, FLOOR, STAVES), *_handle_pieces(made)),
        mass=made.mass,
        contact=Contact(0.7, 0.7),
        damping=4.0,
    )
    hole = (made.radius + (REACH - THICK / 2) / 2, 0.0, made.height / 2)
    frames = {
        "bottom": Frame("mug", Pose.of()),
        "top": Frame("mug", Pose.of((0, 0, made.height))),
        "hole": Frame("mug", Pose.from_axes((1, 0, 0), (0, 0, 1), hole)),
    }
    description, *synonyms, unseen = made.names
    return Model("039_mug", variant, (link,), frames, _rim_grasps(made), (), description, tuple(synonyms), (unseen,))


def _rim_grasps(made: _Mug) -> tuple[Grasp, ...]:
    """One finger inside, one outside, straight down or leaning along the rim; `back` is opposite the handle."""
    z = made.height - GRASP_DEPTH
    middle = (made.radius - made.wall / 2) * np.cos(np.pi / STAVES)
    half = STAVES // 2
    grasps = []
    for lean, way in ((0.0, "down"), (LEAN, "left"), (-LEAN, "right")):
        for step in (0, 1, -1, 2, -2, 3, -3, 4, -4):
            angle = 2 * np.pi * (half + step + 0.5) / STAVES
            radial = np.array([np.cos(angle), np.sin(angle), 0.0])
            along = np.array([-np.sin(angle), np.cos(angle), 0.0])
            approach = np.array([0, 0, -np.cos(lean)]) + np.sin(lean) * along
            pose = Pose.from_axes(approach, radial, middle * radial + (0, 0, z))
            place = "back" if abs(step) < 2 else "side"
            grasps.append(Grasp(f"{place}_{way}_{step:+d}", "mug", pose, opening=0.045))
    return tuple(grasps)


def _handle_rings(made: _Mug) -> list[Ring]:
    """Rectangles across the handle's middle line, from its upper end in the wall to the lower one."""
    near, far, up = made.radius - 0.003, made.radius + REACH, made.handle
    bend = 0.014
    points = [(near, up), (far - bend, up), (far, up - bend), (far, bend - up), (far - bend, -up), (near, -up)]
    line = np.array([(x, 0.0, z + made.height / 2) for x, z in points])
    ways = np.diff(line, axis=0)
    ways /= np.linalg.norm(ways, axis=1)[:, None]
    across = np.array([0.0, 1.0, 0.0])
    rings = []
    for index, point in enumerate(line):
        before, after = ways[max(index - 1, 0)], ways[min(index, len(ways) - 1)]
        normal = np.cross(across, before + after)
        normal *= THICK / 2 / (normal @ np.cross(across, after))
        corners = ((1, 1), (-1, 1), (-1, -1), (1, -1))
        rings.append(np.stack([point + n * normal + w * WIDE / 2 * across for n, w in corners]))
    return rings


def _handle_pieces(made: _Mug) -> tuple[Shape, ...]:
    rings = _handle_rings(made)
    return tuple(hull(loft([first, second])) for first, second in pairwise(rings))


def _handle(made: _Mug) -> Mesh:
    return loft(_handle_rings(made))


def _looks(made: _Mug, inner: float) -> tuple[Visual, ...]:
    radius, height, skin = made.radius, made.height, 0.0002
    outside = [(0, 0), (radius - 0.002, 0), (radius, 0.002), (radius, height)]
    inside = [(inner, height), (inner, FLOOR), (0, FLOOR)]
    within, edge = inner - skin, height - 0.003
    lining = [(0, FLOOR), (inner, FLOOR), (inner, edge), (within, edge), (within, FLOOR + skin), (0, FLOOR + skin)]
    low, high = 0.80 * height, 0.92 * height
    band = [(radius, low), (radius + skin, low), (radius + skin, high), (radius, high)]
    return (
        Visual(lathe(outside + inside, SIDES), made.glaze),
        Visual(_handle(made), made.glaze),
        Visual(lathe(lining, SIDES), made.inside),
        Visual(hoop(band, SIDES), made.band),
    )
