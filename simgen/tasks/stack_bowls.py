"""Stack two or three bowls of the same kind.

RoboTwin checks only that no bowl is too high; here it must be neither too high nor too low over the one below.
"""

from itertools import pairwise

from ..objects import Object, Spot
from ..placement import Placement, mirrored
from ..steps import Together
from ..task import Task, task
from ..world import arm_for, hands_open, near_box

CENTER = Spot(0.0, -0.10)


class StackBowls(Task):
    def bowls(self):
        return tuple(self.objects().values())

    def scene(self, rng):
        sides = rng.permuted([-1, 1, rng.choice((-1, 1))])
        for bowl, side in zip(self.bowls(), sides, strict=False):
            yield Placement(bowl, x=mirrored(side, 0.15, 0.27), y=(-0.18, 0.12), yaw=(-3.1, 3.1), apart=0.16)

    def demo(self, world):
        below, last = CENTER, None
        for bowl in self.bowls():
            arm = arm_for(world, bowl)
            onto = arm.place(bowl, below, heading="free", gap=0.009, opening=0.45)
            pick = arm.pick(bowl, "rim", lift=0.08, then=onto)
            yield pick if last in (None, arm) else Together(last.home(), pick)
            yield onto
            yield arm.lift(0.03, along="hand")
            yield arm.open()
            below, last = bowl.point("inside"), arm

    def success(self, world):
        ordered = sorted(self.bowls(), key=lambda bowl: world.pose(bowl.point("bottom")).p[2])
        below, above = [world.pose(CENTER).p[2]], [bowl.point("bottom") for bowl in ordered]
        below += [world.pose(bowl.point("inside")).p[2] for bowl in ordered[:-1]]
        gaps = [world.pose(bottom).p[2] - floor for bottom, floor in zip(above, below, strict=True)]
        return {
            "bowls above one another": all(near_box(world, low, high, xy=0.04) for low, high in pairwise(above)),
            "every bowl inside the one below": all(abs(gap) < 0.02 for gap in gaps),
            "hands open": hands_open(world),
        }


@task("stack_bowls_two", limit=900)
class StackBowlsTwo(StackBowls):
    lower = Object("002_bowl")
    upper = Object("002_bowl", like=lower)


@task("stack_bowls_three", limit=1200)
class StackBowlsThree(StackBowls):
    lower = Object("002_bowl")
    middle = Object("002_bowl", like=lower)
    upper = Object("002_bowl", like=lower)
