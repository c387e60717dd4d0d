"""060_kitchenpot: open cooking pots with a loop handle on either side, at -x (left) and +x (right)."""

from dataclasses import dataclass

import numpy as np

from .....geometry import Pose
from ...model import Contact, Frame, Grasp, Link, Material, Model, Visual
from ..assets import asset
from ..paint import metal, plastic, rubber
from ..shapes.solids import block, box_shape, hoop, lathe, merged
from ..shapes.vessel import FLOOR, vessel

STAVES, SIDES = 12, 36
REACH, SPREAD, BAR = 0.036, 0.026, 0.0045
"""Handle loops, metres: how far out of the wall, half their width, half the bar's thickness."""


@dataclass(frozen=True)
class _Pot:
    """Outer radius, height, height of the handles, metres; kg."""

    names: tuple[str, ...]
    radius: float
    height: float
    handles: float
    mass: float
    body: Material
    inside: Material
    grip: Material
    wall: float = 0.004


POTS = (
    _Pot(("steel pot", "steel cooking pot", "silver kitchen pot", "pot with black handles", "shiny metal pot"),
         0.086, 0.085, 0.062, 0.45, metal("#c4c9cd"), metal("#9aa0a6"), rubber("#26282b")),
    _Pot(("red pot", "red enamel pot", "red kitchen pot", "pot with cream inside", "red two-handled pot"),
         0.090, 0.075, 0.055, 0.50, plastic("#b3302a"), plastic("#efe8da"), plastic("#8c211d")),
    _Pot(("blue stew pot", "blue cooking pot", "deep blue pot", "blue pot with steel handles", "blue saucepot"),
         0.080, 0.100, 0.075, 0.50, plastic("#2c5c94"), plastic("#e4e8ea"), metal("#b7bdc2")),
    _Pot(("olive casserole", "green casserole", "olive green pot", "green cooking pot", "pot with brass handles"),
         0.094, 0.080, 0.058, 0.55, plastic("#66703a"), plastic("#e9e3d0"), metal("#c79a48")),
)  # fmt: skip


@asset("060_kitchenpot", len(POTS))
def kitchenpot(variant: int) -> Model:
    """One of the pots, standing."""
    made = POTS[variant]
    inner = made.radius - made.wall
    foot, lip = (inner, made.radius, 0.0), (inner, made.radius, made.height)
    loops = [box for sign in (-1, 1) for box in _loop(made, sign)]
    link = Link(
        "pot",
        _looks(made, inner, loops),
        (*vessel(foot, lip, FLOOR, STAVES), *(box_shape(half, at) for half, at in loops)),
        mass=made.mass,
        contact=Contact(0.7, 0.7),
    )
    frames = {"bottom": Frame("pot", Pose.of()), "top": Frame("pot", Pose.of((0, 0, made.height)))}
    for name, sign in (("left", -1), ("right", 1)):
        frames[f"{name}_handle"] = Frame("pot", Pose.of((sign * _middle(made), 0, made.handles)))
    description, *synonyms, unseen = made.names
    names = description, tuple(synonyms), (unseen,)
    return Model("060_kitchenpot", variant, (link,), frames, _handle_grasps(made), (), *names)


def _middle(made: _Pot) -> float:
    return made.radius + 0.6 * REACH


def _loop(made: _Pot, sign: int) -> list[tuple[tuple[float, float, float], tuple[float, float, float]]]:
    """Two posts out of the wall and the bar that joins them: half sizes and centres."""
    start, end = made.radius - 0.005, made.radius + REACH
    post = ((end - start) / 2, BAR, BAR)
    posts = [(post, (sign * (start + end) / 2, side * (SPREAD - BAR), made.handles)) for side in (-1, 1)]
    return [*posts, ((BAR, SPREAD, BAR), (sign * (end - BAR), 0.0, made.handles))]


def _handle_grasps(made: _Pot) -> tuple[Grasp, ...]:
    """Fingers on both sides of a loop; the hand comes from above, leaning more and more in from outside."""
    grasps = []
    for degrees in (25, 45, 0, 65):
        lean = np.radians(degrees)
        for name, sign in (("left", -1), ("right", 1)):
            approach = (-sign * np.sin(lean), 0, -np.cos(lean))
            pose = Pose.from_axes(approach, (0, 1, 0), (sign * _middle(made), 0, made.handles))
            grasps.append(Grasp(f"{name}_{degrees:02d}", "pot", pose, opening=0.08))
    return tuple(grasps)


def _looks(made: _Pot, inner: float, loops: list) -> tuple[Visual, ...]:
    radius, height = made.radius, made.height
    foot = [(0, 0), (radius - 0.006, 0), (radius, 0.006)]
    outside = [*foot, (radius, height), (inner, height), (inner, FLOOR), (0, FLOOR)]
    skin = 0.0006
    lining = [(0, FLOOR), (inner - skin, FLOOR), (inner - skin, height - 0.004), (inner - 2 * skin, height - 0.004),
              (inner - 2 * skin, FLOOR + skin), (0, FLOOR + skin)]  # fmt: skip
    lip = [(radius, height - 0.005), (radius + 0.0015, height - 0.0035), (radius + 0.0015, height), (radius, height)]
    return (
        Visual(lathe(outside, SIDES), made.body),
        Visual(lathe(lining, SIDES), made.inside),
        Visual(hoop(lip, SIDES), made.grip),
        Visual(merged(*(block(half, 0.0015, at) for half, at in loops)), made.grip),
    )
