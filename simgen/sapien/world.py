"""`simgen.world.World` over the running physics, with a memory of starts, touches and traces."""

from collections.abc import Container, Mapping

import numpy as np

from ...dataset.recording import SIDES, Side
from ...errors import unknown
from ...geometry import Pose, rotation_about
from ..assets.model import Embodiment
from ..objects import Object, Point, Spot, Target
from ..world import CLOSED
from .clearances import Clearances
from .contacts import ContactReader, Pair
from .controller import ARM, Controller
from .scene import PhysicsScene


class PhysicalWorld:
    """Implements `simgen.world.World`; remembers where objects started and what the fingers touched."""

    def __init__(
        self,
        scene: PhysicsScene,
        controller: Controller,
        embodiment: Embodiment,
        objects: Mapping[str, int],
        table_top: float,
    ) -> None:
        self.scene = scene
        self.controller = controller
        self.embodiment = embodiment
        self.table_top = table_top
        self.held: dict[Side, int] = {}
        self._bodies = {**objects, "table": [body.name for body in scene.bodies].index("table")}
        self._reader = ContactReader(scene)
        self._pairs: list[Pair] = self._reader.pairs()
        self.clearances = Clearances(scene, embodiment)
        self._starts = {name: self._root(name) for name in objects}
        robot = scene.bodies[scene.robot].name
        self._hands = {side: scene.link(robot, embodiment.arm(side).hand) for side in SIDES}
        self._fingers = {side: [scene.link(robot, name) for name in embodiment.arm(side).fingers] for side in SIDES}
        self._touches: list[tuple[int, Pose, np.ndarray]] = []
        self._touch_points: dict[int, list[np.ndarray]] = {}
        self._touched: set[frozenset[int]] = set()
        self._traces: dict[str, list[np.ndarray]] = {name: [] for name in objects}
        self.remember()

    def body(self, name: str) -> int:
        """Index of a declared object's body."""
        if name not in self._bodies:
            raise unknown("object of this task", name, self._bodies)
        return self._bodies[name]

    def link_index(self, body: int, name: str) -> int:
        """Index of a body's link into the scene's links."""
        return self.scene.link(self.scene.bodies[body].name, name)

    def observe(self) -> None:
        """Process the contacts of the last physics step."""
        self._pairs = self._reader.pairs()
        self.clearances.watch(self._pairs)
        for side, opening in zip(SIDES, self.controller.action[ARM - 1 :: ARM].tolist(), strict=True):
            if opening < CLOSED and side not in self.held:
                self._remember_touches(self._fingers[side])

    def contacts(self, watched: Container[int]) -> list[Pair]:
        """Contacts of the last step with one of these links, the robot's with itself left out."""
        return self._reader.others(self._pairs, watched)

    def remember(self) -> None:
        """Remember, at a frame, the objects' poses and which bodies press on one another."""
        for name, trace in self._traces.items():
            trace.append(self._root(name).vector())
        links = self.scene.links
        for pair in self._reader.others(self._pairs):
            bodies = frozenset((links[pair.first].body, links[pair.second].body))
            if bodies not in self._touched and pair.presses():
                self._touched.add(bodies)

    def _remember_touches(self, fingers: list[int]) -> None:
        """Remember where a closed empty hand presses on a link, and where that link is."""
        for pair in self._reader.others(self._pairs, fingers):
            pressing = pair.pressing_positions()
            if len(pressing):
                link = pair.second if pair.first in fingers else pair.first
                self._touches.append((link, self.scene.link_pose(link), pressing))

    def _touches_of(self, link: int) -> list[np.ndarray]:
        """(N, 3) points in a link's frame of every time that a closed empty hand pressed on it so far."""
        for touched, pose, pressing in self._touches:
            self._touch_points.setdefault(touched, []).append(pose.inverse().apply(pressing))
        self._touches.clear()
        return self._touch_points.get(link, [])

    def _root(self, name: str) -> Pose:
        return self.scene.link_pose(self.scene.links_of(self._bodies[name])[0])

    def pose(self, target: Target) -> Pose:
        """Current world pose of a named frame or of a spot above the table."""
        if isinstance(target, Spot):
            return Pose.of((target.x, target.y, self.table_top + target.z), rotation_about((0, 0, 1), target.yaw))
        body = self.body(target.object)
        frame = self.scene.bodies[body].model.frame(target.name)
        return self.scene.link_pose(self.link_index(body, frame.link)) @ frame.pose

    def start(self, obj: Object) -> Pose:
        """Pose of an object at the start of the episode."""
        return self._starts[obj.name]

    def trace(self, obj: Object) -> np.ndarray:
        """(N, 7) the object's pose (xyz, wxyz) at every frame so far."""
        return np.stack(self._traces[obj.name])

    def opening(self, side: Side) -> float:
        """Commanded gripper opening, 0 to 1."""
        return float(self.controller.action[SIDES.index(side) * ARM + 6])

    def tcp(self, side: Side) -> Pose:
        """Current world pose of the tool centre point."""
        offset = self.embodiment.arm(side).tcp_offset
        return self.scene.link_pose(self._hands[side]) @ Pose.of((offset, 0, 0))

    def hand_link(self, side: Side) -> int:
        """Index of the hand link into the scene's links."""
        return self._hands[side]

    def hand(self, side: Side) -> Pose:
        """Current world pose of the hand link."""
        return self.scene.link_pose(self._hands[side])

    def joint(self, obj: Object, name: str) -> float:
        """Position of an object's joint as a fraction of its range."""
        index = self.joint_index(self.body(obj.name), name)
        low, high = self.scene.joints[index].model.limits
        return float((self.scene.positions()[index] - low) / (high - low))

    def joint_index(self, body: int, name: str) -> int:
        """Index into the scene's joints of a body's joint."""
        for index, joint in enumerate(self.scene.joints):
            if joint.name == name and self.scene.links[joint.link].body == body:
                return index
        raise unknown("joint of this object", name, [joint.name for joint in self.scene.joints])

    def touching(self, first: Object, second: Object) -> bool:
        """Whether two objects press on one another now."""
        bodies = (self.body(obj.name) for obj in (first, second))
        return self._pressing(*(set(self.scene.links_of(body)) for body in bodies))

    def touched(self, first: Object, second: Object) -> bool:
        """Whether two objects have pressed on one another at any frame so far."""
        return frozenset((self.body(first.name), self.body(second.name))) in self._touched

    def touched_by_robot(self, link: int) -> bool:
        """Whether the robot has pressed on a link's body at any frame so far."""
        return frozenset((self.scene.robot, self.scene.links[link].body)) in self._touched

    def holding(self, side: Side, obj: Object) -> bool:
        """Whether both fingers of a hand press on an object now."""
        return self.grips(side, self.body(obj.name))

    def pressed(self, point: Point, *, xy: float, z: float) -> bool:
        """Whether a closed gripper's finger has touched that near the point so far."""
        body = self.body(point.object)
        frame = self.scene.bodies[body].model.frame(point.name)
        link = self.link_index(body, frame.link)
        gaps = [positions - frame.pose.p for positions in self._touches_of(link)]
        return any(bool(np.any((np.hypot(gap[:, 0], gap[:, 1]) < xy) & (np.abs(gap[:, 2]) < z))) for gap in gaps)

    def grips(self, side: Side, body: int) -> bool:
        """Whether both fingers of a hand press on a body now."""
        links = set(self.scene.links_of(body))
        return all(self._pressing({finger}, links) for finger in self._fingers[side])

    def pressing_links(self) -> set[frozenset[int]]:
        """Pairs of links that press on one another now, the robot's with itself left out."""
        return {frozenset((pair.first, pair.second)) for pair in self._reader.others(self._pairs) if pair.presses()}

    def _pressing(self, first: set[int], second: set[int]) -> bool:
        """Whether a link of the one set presses on a link of the other now; reads the points of such pairs only."""
        return any(
            pair.presses()
            for pair in self._pairs
            if (pair.first in first and pair.second in second) or (pair.first in second and pair.second in first)
        )
