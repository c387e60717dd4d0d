"""Pass a microphone from one hand to the other."""

from ...errors import Unreachable
from ..objects import Object
from ..placement import Placement, mirrored
from ..steps import Together
from ..task import Task, task
from ..world import CLOSED, OPEN, arm_for


@task("handover_mic", limit=600)
class HandoverMic(Task):
    mic = Object("018_microphone")

    def scene(self, rng):
        side = rng.choice((-1, 1))
        yield Placement(self.mic, x=mirrored(side, 0.10, 0.26), y=(-0.16, 0.03), yaw=(-3.14, 3.14))

    def demo(self, world):
        giver = arm_for(world, self.mic)
        taker = giver.other
        inwards = 1 if giver.side == "left" else -1
        middle = giver.carry(self.mic, (0.0, -0.06, world.table_top + 0.30), by="head", facing=(inwards, 0.5))
        free = "tail"
        try:
            yield giver.pick(self.mic, "neck_square", lift=0.10, then=middle)
        except Unreachable:
            free = "neck"
            yield giver.pick(self.mic, "tail_square", lift=0.10, then=middle)
        yield middle
        yield taker.pick(self.mic, free)
        yield giver.open(0.6)
        yield giver.lift(0.06, along="hand")
        yield giver.open()
        aside = taker.carry(self.mic, (0.10 * inwards, -0.10, world.table_top + 0.30), by="head")
        yield Together(giver.home(), aside)

    def success(self, world):
        giver = arm_for(world, self.mic)
        taker = giver.other
        head = world.pose(self.mic.point("head")).p
        return {
            "taker closed": world.opening(taker.side) < CLOSED,
            "giver open": world.opening(giver.side) > OPEN,
            "taker holds the microphone": world.holding(taker.side, self.mic),
            "head raised": head[2] - world.table_top > 0.18,
            "on the taker's side": (head[0] > 0) == (taker.side == "right"),
        }
