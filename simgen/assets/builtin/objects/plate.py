"""003_plate: dinner plates with a wide sloping rim."""

from dataclasses import dataclass

from .....geometry import Pose
from ...model import Frame, Link, Material, Model, Visual
from ..assets import asset
from ..paint import plastic
from ..shapes.solids import hoop, lathe
from ..shapes.vessel import vessel

SIDES = 12
WALL = 0.004


@dataclass(frozen=True)
class _Plate:
    """Radii of the rim and of the flat middle, height and thickness of the middle, metres."""

    description: str
    synonyms: tuple[str, ...]
    unseen_names: tuple[str, ...]
    rim: float
    middle: float
    height: float
    floor: float
    glaze: Material
    ring: Material


PLATES = (
    _Plate("white plate with a blue edge", ("white plate", "dinner plate", "blue-edged plate"),
           ("round white dish with a blue line",), 0.1150, 0.0780, 0.026, 0.008,
           plastic("#efeee9"), plastic("#3a64a8")),
    _Plate("sage green plate", ("green plate", "grey-green plate", "green dinner plate"),
           ("flat dish the colour of sage",), 0.1080, 0.0740, 0.024, 0.008, plastic("#8fae8b"), plastic("#6c8a68")),
    _Plate("cream plate with a brown edge", ("cream plate", "beige plate", "brown-edged plate"),
           ("round cream-coloured dish",), 0.1120, 0.0800, 0.022, 0.008, plastic("#e9dcc0"), plastic("#7d5232")),
    _Plate("slate blue plate", ("blue plate", "dark blue plate", "blue dinner plate"),
           ("flat blue-grey dish",), 0.1060, 0.0760, 0.025, 0.008, plastic("#4a5f7e"), plastic("#c9d3de")),
)  # fmt: skip


@asset("003_plate", len(PLATES))
def plate(variant: int) -> Model:
    """One of the plates; `top` is the flat middle."""
    made = PLATES[variant]
    foot, rim = (made.middle - WALL, made.middle, 0.0), (made.rim - WALL, made.rim, made.height)
    link = Link(
        "plate",
        _looks(made),
        vessel(foot, rim, made.floor, SIDES),
        mass=0.40,
    )
    frames = {"top": Frame("plate", Pose.of((0, 0, made.floor))), "bottom": Frame("plate", Pose.of())}
    names = made.description, made.synonyms, made.unseen_names
    return Model("003_plate", variant, (link,), frames, (), (), *names)


def _looks(made: _Plate) -> tuple[Visual, ...]:
    def upper(z: float) -> float:
        return made.middle - 0.004 + (made.rim - WALL - made.middle + 0.004) * z / made.height

    skin = 0.0006
    body = [(0, 0), (made.middle, 0), (made.rim, made.height), (made.rim - WALL, made.height)]
    low, high = 0.70 * made.height, 0.88 * made.height
    ring = [
        (upper(low) + skin, low - skin),
        (upper(high) + skin, high - skin),
        (upper(high) - skin, high + skin),
        (upper(low) - skin, low + skin),
    ]
    return (
        Visual(lathe([*body, (upper(made.floor), made.floor), (0, made.floor)], 2 * SIDES), made.glaze),
        Visual(hoop(ring, 2 * SIDES), made.ring),
    )
