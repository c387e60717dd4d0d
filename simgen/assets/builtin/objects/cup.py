"""021_cup: empty tumblers without a handle, hollow, taken by the rim."""

from dataclasses import dataclass

from .....geometry import Pose
from ...model import Contact, Frame, Link, Material, Model, Visual
from ..assets import asset
from ..paint import metal, plastic
from ..shapes.rim import rim_grasps
from ..shapes.solids import hoop, lathe
from ..shapes.vessel import FLOOR, vessel

SIDES = 16
GRASP_DEPTH = 0.024


@dataclass(frozen=True)
class _Cup:
    """Outer radii at the lip and the foot, height, in metres; kg."""

    description: str
    synonyms: tuple[str, ...]
    unseen_names: tuple[str, ...]
    lip: float
    foot: float
    height: float
    mass: float
    material: Material
    band: Material
    wall: float = 0.004
    sides: int = SIDES


CUPS = (
    _Cup("teal tumbler", ("teal cup", "blue-green cup", "teal drinking cup"),
         ("beaker the colour of the sea",), 0.0435, 0.0365, 0.0895, 0.080, plastic("#2a8f9e"), plastic("#f2efe6")),
    _Cup("straight red cup", ("red cup", "red tumbler", "red drinking cup"),
         ("red beaker with a white band",), 0.0410, 0.0395, 0.0830, 0.070, plastic("#c23b32"), plastic("#f2efe6")),
    _Cup("wide yellow cup", ("yellow cup", "yellow tumbler", "big yellow cup"),
         ("yellow beaker",), 0.0500, 0.0420, 0.0950, 0.095, plastic("#e0a92e"), plastic("#5b4a3a")),
    _Cup("faceted steel cup", ("steel cup", "silver cup", "eight-sided metal cup"),
         ("metal beaker",), 0.0440, 0.0385, 0.0900, 0.090, metal("#c3c8cc"), metal("#6f777d"), sides=8),
)  # fmt: skip


@asset("021_cup", len(CUPS))
def cup(variant: int) -> Model:
    """One of the cups, standing on its foot."""
    made = CUPS[variant]
    foot, lip = (made.foot - made.wall, made.foot, 0.0), (made.lip - made.wall, made.lip, made.height)
    link = Link(
        "cup",
        visuals=_looks(made),
        shapes=vessel(foot, lip, FLOOR, made.sides),
        mass=made.mass,
        contact=Contact(0.6, 0.6),
    )
    frames = {"bottom": Frame("cup", Pose.of()), "top": Frame("cup", Pose.of((0, 0, made.height)))}
    grip = made.foot + (made.lip - made.foot) * (1 - GRASP_DEPTH / made.height) - made.wall / 2
    grasps = rim_grasps("cup", (grip, made.height), 0.0, range(0, 360, 45), depth=GRASP_DEPTH)
    names = made.description, made.synonyms, made.unseen_names
    return Model("021_cup", variant, (link,), frames, grasps, (), *names)


def _looks(made: _Cup) -> tuple[Visual, ...]:
    def outer(z: float) -> float:
        return made.foot + (made.lip - made.foot) * z / made.height

    low, high = 0.68 * made.height, 0.84 * made.height
    body = [(0, 0), (made.foot - 0.002, 0), (outer(0.002), 0.002), (made.lip, made.height)]
    inside = [(made.lip - made.wall, made.height), (outer(FLOOR) - made.wall, FLOOR), (0, FLOOR)]
    skin = 0.0004
    band = [(outer(low), low), (outer(low) + skin, low), (outer(high) + skin, high), (outer(high), high)]
    sides = max(made.sides, 8) if made.sides < SIDES else 2 * SIDES
    return (
        Visual(lathe(body + inside, sides), made.material),
        Visual(hoop(band, sides), made.band),
    )
