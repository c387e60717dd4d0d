"""mplib's planning world for one arm: what collides with the arm and with what it holds (fcl)."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import combinations

import numpy as np
from mplib.collision_detection import AllowedCollisionMatrix
from mplib.pymp import Pose as MplibPose
from mplib.sapien_utils.conversion import SapienPlanner, SapienPlanningWorld, convert_object_name

from ....dataset.recording import Side
from ....geometry import Pose
from ...assets.model import ArmModel, Embodiment
from ..scene import PhysicsScene


class ArmCollisions:
    """A copy of the scene in which one arm moves; the other arm and all objects are obstacles.

    Pairs in collision are sets of two names: links of articulations by their own names, other bodies by `object_name`.
    `full` are all the robot's joints as last copied, in mplib's order; this arm's are its `columns`.
    """

    def __init__(self, scene: PhysicsScene, embodiment: Embodiment, side: Side) -> None:
        self._scene = scene
        self.arm: ArmModel = embodiment.arm(side)
        self._world = SapienPlanningWorld(scene.engine, [scene.articulations[scene.bodies[scene.robot].name]])
        self._planner = SapienPlanner(self._world, self.arm.hand)
        self._articulation = self._world.get_planned_articulations()[0]
        self._hand = self._planner.link_name_2_idx[self.arm.hand]
        self.columns: list[int] = list(self._planner.move_group_joint_indices)
        self._in_hand: dict[str, MplibPose] = {}
        self._names = {index: self._object_name(index) for index in range(len(scene.bodies))}
        for arm in embodiment.arms:
            self._acm.set_entry(*arm.fingers, True)
        self._bystanders = self._names_at_rest()
        for pair in combinations(self._bystanders, 2):
            self._acm.set_entry(*pair, True)
        self.full = np.empty(0)

    @property
    def _acm(self) -> AllowedCollisionMatrix:
        return self._world.get_allowed_collision_matrix()

    @property
    def base(self) -> Pose:
        """The robot's root in the world."""
        return from_mplib(self._articulation.get_base_pose())

    def indices(self, names: Iterable[str]) -> list[int]:
        """Where joints are in `full`."""
        return [self._planner.joint_name_2_idx[name] for name in names]

    def object_name(self, body: int) -> str:
        """The planning world's name of a body."""
        name = self._names[body]
        if name is None:
            raise ValueError(f"body {body} does not collide")
        return name

    def object_names(self) -> list[str]:
        """Names of everything that is not the robot."""
        return [name for name in self._names.values() if name]

    def _object_name(self, body: int) -> str | None:
        """The planning world's name of a body; None for the robot and for ghosts."""
        info = self._scene.bodies[body]
        if body == self._scene.robot or info.ghost:
            return None
        if info.name in self._scene.articulations:
            return convert_object_name(self._scene.articulations[info.name])
        component = next(link.component for link in self._scene.links if link.body == body)
        return convert_object_name(component.entity) if component else None

    def _names_at_rest(self) -> list[str]:
        """Names of everything that does not move with this arm: whether two of these touch depends on no pose of it."""
        names = dict.fromkeys(name for name in self._names.values() if name)
        names |= dict.fromkeys(link.name for link in self._scene.links if link.component is not None)
        return [name for name in names if name not in self.arm.links]

    def update(self) -> None:
        """Copy the current state of the simulation."""
        self._planner.update_from_simulation()
        self.full = np.asarray(self._articulation.get_qpos(), dtype=float).copy()
        self._in_hand = {name: self._from_hand(name) for name in self._in_hand}

    def joints(self) -> np.ndarray:
        """(6,) the arm's joints in the copied state."""
        return self.full[self.columns]

    def with_joints(self, joints: np.ndarray) -> np.ndarray:
        """All the robot's joints in the copied state, this arm's at `joints` (6,)."""
        full = self.full.copy()
        full[self.columns] = joints
        return full

    def assume(self, other: "ArmCollisions", joints: np.ndarray) -> None:
        """Assume the other arm at `joints` (6,) until the next update."""
        self.full[other.columns] = joints

    def attach(self, body: int) -> None:
        """Attach a body to the hand, so that both move together."""
        name = self.object_name(body)
        touching = [self.arm.hand, *self.arm.fingers]
        self._world.attach_object(name, self._articulation.get_name(), self._hand, touching)
        self._in_hand[name] = self._from_hand(name)
        for other in self._bystanders:
            if other != name:
                self._acm.remove_entry(name, other)

    def detach(self, body: int) -> None:
        """Detach a body from the hand."""
        name = self.object_name(body)
        self._world.detach_object(name, False)
        del self._in_hand[name]
        for other in self._bystanders:
            if other != name:
                self._acm.set_entry(name, other, True)

    def _from_hand(self, name: str) -> MplibPose:
        """Current pose of a held object in the hand's frame."""
        hand = self._world.get_attached_object(name).get_attached_link_global_pose()
        return (self._articulation.get_base_pose() * hand).inv() * self._world.get_object(name).pose

    def _set_joints(self, full: np.ndarray) -> None:
        """Set all joints and move held objects along.

        The "attached link global pose" of mplib 0.2.1 lacks the pose of the robot's base, so a held object would move
        about the world's origin; its pose is corrected here.
        """
        self._articulation.set_qpos(full, True)
        base = self._articulation.get_base_pose()
        for name, from_hand in self._in_hand.items():
            held = self._world.get_attached_object(name)
            hand = held.get_attached_link_global_pose()
            held.pose = hand.inv() * base * hand * from_hand

    def at(self, joints: np.ndarray) -> set[frozenset[str]]:
        """Pairs in collision at these joints (6,), of this arm or of what it holds."""
        self._set_joints(self.with_joints(joints))
        return {frozenset((hit.link_name1, hit.link_name2)) for hit in self._world.check_collision()}

    def now(self) -> set[frozenset[str]]:
        """Pairs in collision in the copied state."""
        return self.at(self.joints())

    def is_free(self, joints: np.ndarray) -> bool:
        """Whether nothing collides with the arm at these joints (6,)."""
        self._set_joints(self.with_joints(joints))
        return not self._world.is_state_colliding()

    def is_clear_of(self, other: "ArmCollisions", joints: np.ndarray, others: np.ndarray) -> bool:
        """Whether the arm at `joints`, with what it holds, does not touch the other arm at `others` (6,) each."""
        full = self.with_joints(joints)
        full[other.columns] = others
        self._set_joints(full)
        other_links = set(other.arm.links)
        hits = self._world.check_self_collision()
        return not any(len({hit.link_name1, hit.link_name2} & other_links) == 1 for hit in hits)

    @contextmanager
    def allowing(self, pairs: Iterable[frozenset[str]]) -> Iterator[None]:
        """Ignore collisions of these pairs inside the context."""
        known = [(min(pair), max(pair)) for pair in pairs if len(pair) == 2]
        before = [self._acm.get_entry(*pair) for pair in known]
        for pair in known:
            self._acm.set_entry(*pair, True)
        try:
            yield
        finally:
            for pair, entry in zip(known, before, strict=True):
                if entry is None:
                    self._acm.remove_entry(*pair)

    def touch_pairs(self, body: int) -> set[frozenset[str]]:
        """Pairs of this arm's hand and fingers with the links of a body."""
        return self._pairs_with(body, (self.arm.hand, *self.arm.fingers))

    def finger_pairs(self, body: int) -> set[frozenset[str]]:
        """Pairs of this arm's fingers with the links of a body."""
        return self._pairs_with(body, self.arm.fingers)

    def _pairs_with(self, body: int, own: Iterable[str]) -> set[frozenset[str]]:
        links = [link.name for link in self._scene.links if link.body == body]
        names = [self._names[body]] if len(links) == 1 else links
        return {frozenset((link, name)) for link in own for name in names if name}


def from_mplib(pose: MplibPose) -> Pose:
    """Convert a pose of mplib."""
    return Pose(np.asarray(pose.p, dtype=float), np.asarray(pose.q, dtype=float))
