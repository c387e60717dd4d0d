"""The smallest gaps in an episode between bodies that must not penetrate one another."""

from collections.abc import Iterable

from ..assets.model import Embodiment
from .contacts import Pair
from .scene import PhysicsScene


class Clearances:
    """Smallest separation (m) seen at any physics step, by kind of pair; negative where they overlapped.

    `robot-table`: the robot and the scenery; `arm-arm`: the two arms; `robot-object`; `object-object`, the table
    included. The engine reports only pairs closer than its contact offsets: 5 mm, 3 mm for an arm's links that are
    not of its gripper, and 1 mm for two of these.
    """

    def __init__(self, scene: PhysicsScene, embodiment: Embodiment) -> None:
        self.smallest: dict[str, float] = {}
        self._kinds: dict[tuple[int, int], str | None] = {}
        self._scene = scene
        arm_of_link = {link: arm.side for arm in embodiment.arms for link in arm.links}
        self._arms = [arm_of_link.get(link.name) if link.body == scene.robot else None for link in scene.links]

    def watch(self, pairs: Iterable[Pair]) -> None:
        """Update the gaps with the contacts of a physics step."""
        kinds = self._kinds
        for pair in pairs:
            key = (pair.first, pair.second)
            try:
                kind = kinds[key]
            except KeyError:
                kind = kinds[key] = self._kind(*key)
            if kind is not None:
                gap = pair.gap()
                if gap < self.smallest.get(kind, 0.005):
                    self.smallest[kind] = gap

    def _kind(self, first: int, second: int) -> str | None:
        bodies = [self._scene.links[index].body for index in (first, second)]
        roles = [self._scene.bodies[body].role for body in bodies]
        if roles == ["robot", "robot"]:
            sides = {self._arms[first], self._arms[second]}
            return "arm-arm" if len(sides - {None}) == 2 else None
        if "robot" in roles:
            return "robot-table" if "scenery" in roles else "robot-object"
        return None
