"""Pull a drawer open with one hand and put a small object into it with the other."""

import numpy as np

from ...errors import Unreachable
from ..objects import Object
from ..placement import Placement, mirrored
from ..steps import Together
from ..task import Task, task
from ..world import OPEN, arm_for, lifted, near_box

THINGS = (
    "047_mouse", "048_stapler", "057_toycar", "073_rubikscube", "075_bread", "077_phone", "081_playingcards",
    "107_soap", "112_tea-box", "113_coffee-box",
)  # fmt: skip
NEARER = 0.02
"""How far from the middle of the drawer (m), towards the robot, where the hand would touch the cabinet's front."""


@task("put_object_cabinet", limit=700)
class PutObjectCabinet(Task):
    """The hand on the object's side must be open; RoboTwin checks the arm its expert used."""

    thing = Object(THINGS)
    cabinet = Object("036_cabinet", static=True)

    def scene(self, rng):
        side = rng.choice((-1, 1))
        yield Placement(self.cabinet, x=(-0.04, 0.04), y=(0.15, 0.17), yaw=(-0.05, 0.05))
        yield Placement(
            self.thing, x=mirrored(side, 0.19, 0.30), y=(-0.20, 0.0), yaw=(-np.pi / 3, np.pi / 3), apart=0.2
        )

    def demo(self, world):
        arm = arm_for(world, self.thing)
        yield arm.other.swing(self.cabinet, "drawer", 1.0, grasps="handle")
        yield arm.other.open(0.5)
        yield arm.other.lift(0.05, along="hand")

        def into(out):
            drawer = self.cabinet.point("inside")
            return arm.place(
                self.thing, drawer, heading="aligned", symmetry=2, approach=0.12, gap=0.006, offset=(out, 0.0)
            )

        yield Together(arm.other.home(), arm.pick(self.thing, lift=0.12, then=into(0.0)))
        try:
            yield into(0.0)
        except Unreachable:
            yield into(NEARER)
        yield arm.lift(0.10)

    def success(self, world):
        thing, drawer = self.thing.point("bottom"), self.cabinet.point("inside")
        return {
            "object over the drawer": near_box(world, thing, drawer, xy=0.05),
            "object at the drawer's height": 0.007 < lifted(world, self.thing) < 0.12,
            "hand open": world.opening(arm_for(world, self.thing).side) > OPEN,
        }

    def quality(self, world):
        return {
            "drawer open": world.joint(self.cabinet, "drawer") > 0.8,
            "object lies in the drawer": world.touching(self.thing, self.cabinet),
        }
