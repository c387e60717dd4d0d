"""Motions of one arm: inverse kinematics, collision-free paths and straight lines, timed within limits.

mplib does collision checking (fcl) and inverse kinematics (pinocchio), toppra the timing. Whether a goal is
reachable is decided by kinematics and collisions alone, never by wall-clock time.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import combinations, pairwise

import numpy as np
from mplib.collision_detection import AllowedCollisionMatrix
from mplib.pymp import Pose as MplibPose
from mplib.sapien_utils.conversion import SapienPlanner, SapienPlanningWorld, convert_object_name

from ....dataset.recording import Side
from ....errors import Unreachable
from ....geometry import Pose
from ...assets.collision import shape_mesh
from ...assets.model import FINGERS_BEYOND_TCP, ArmModel, Embodiment
from ..scene import PhysicsScene, robot_joints
from .kinematics import ArmKinematics, distinct_solutions
from .paths import Path, joint_line, pose_line, time_path
from .rrt import is_clear, search

MAX_JOINT_JUMP = 0.35
RESTARTS, FEW_RESTARTS = 24, 10
"""Random starts of inverse kinematics for a pose that must be reached, and for each of many candidates.

Of 487 approaches to grasps that had solutions, 24 starts found more than 10 starts did for only one.
"""
SPEED = 0.6
"""Share of the robot's velocity and acceleration limits that demonstrations use."""


class ArmPlanner:
    """Plans motions of one arm in the current scene; the other arm and all objects are obstacles."""

    def __init__(self, scene: PhysicsScene, embodiment: Embodiment, side: Side, rng: np.random.Generator) -> None:
        self._scene = scene
        self._rng = rng
        self.arm: ArmModel = embodiment.arm(side)
        articulation = scene.articulations[scene.bodies[scene.robot].name]
        joints = [scene.joints[index].model for index in robot_joints(scene, embodiment, side)[0]]
        self.limits = np.array([joint.limits for joint in joints])
        self._velocity = np.array([joint.velocity for joint in joints])
        self._acceleration = np.array([joint.acceleration for joint in joints])
        self._world = SapienPlanningWorld(scene.engine, [articulation])
        self._planner = SapienPlanner(
            self._world, self.arm.hand, joint_vel_limits=self._velocity, joint_acc_limits=self._acceleration
        )
        self._articulation = self._world.get_planned_articulations()[0]
        self._base = from_mplib(self._articulation.get_base_pose())
        self._from_base, self._hand_from_tcp = self._base.inverse(), Pose.of((-self.arm.tcp_offset, 0, 0))
        self._chain = ArmKinematics(scene.bodies[scene.robot].model, self.arm)
        self._chain_columns = [self._planner.joint_name_2_idx[name] for name in self._chain.joints]
        self._hand = self._planner.link_name_2_idx[self.arm.hand]
        self._columns = list(self._planner.move_group_joint_indices)
        self._in_hand: dict[str, MplibPose] = {}
        self._names = {index: self._object_name(index) for index in range(len(scene.bodies))}
        for arm in embodiment.arms:
            self._acm.set_entry(*arm.fingers, True)
        self._bystanders = self._names_at_rest()
        for pair in combinations(self._bystanders, 2):
            self._acm.set_entry(*pair, True)
        self.reach_of_fingers = self._finger_tip()

    @property
    def _acm(self) -> AllowedCollisionMatrix:
        return self._world.get_allowed_collision_matrix()

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

    def _finger_tip(self) -> float:
        """Distance (m) from the hand's origin to the fingertips, along its x axis."""
        link = self._scene.bodies[self._scene.robot].model.link(self.arm.fingers[0])
        if link.joint is None:
            raise ValueError(f"finger {link.name} has no joint")
        tips = [shape.pose.apply(shape_mesh(shape).vertices)[:, 0].max() for shape in link.shapes]
        return float(link.joint.origin.p[0] + max(tips))

    @property
    def retreat(self) -> float:
        """Distance (m) to stay behind a grasp's pose: the fingers' excess over the length grasps are defined for."""
        return max(0.0, round(self.reach_of_fingers - self.arm.tcp_offset - FINGERS_BEYOND_TCP, 4))

    def update(self) -> None:
        """Copy the current state of the simulation."""
        self._planner.update_from_simulation()
        self._full = np.asarray(self._articulation.get_qpos(), dtype=float).copy()
        self._in_hand = {name: self._from_hand(name) for name in self._in_hand}

    def joints(self) -> np.ndarray:
        """(6,) the arm's joints in the planner's state."""
        return self._full[self._columns]

    def _with(self, joints: np.ndarray) -> np.ndarray:
        """All the robot's joints in the planner's state, this arm's at `joints` (6,)."""
        full = self._full.copy()
        full[self._columns] = joints
        return full

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

    def hand_pose(self, joints: np.ndarray) -> Pose:
        """The hand link in the world at these joints (6,)."""
        return self._base @ from_mplib(self._chain.hand(self._with(joints)[self._chain_columns]))

    def tcp_pose(self, joints: np.ndarray) -> Pose:
        """The tool centre point in the world at these joints (6,)."""
        return self.hand_pose(joints) @ Pose.of((self.arm.tcp_offset, 0, 0))

    def solve_ik(self, tcp: Pose, start: np.ndarray) -> np.ndarray | None:
        """Joints (6,) within limits that reach a TCP pose, by iteration from `start`; None if it does not converge."""
        joints = self._solve_ik(self._hand_goal(tcp), start)
        return joints if joints is not None and self._within_limits(joints) else None

    def _hand_goal(self, tcp: Pose) -> MplibPose:
        goal = self._from_base @ tcp @ self._hand_from_tcp
        return MplibPose(goal.p, goal.q)

    def _solve_ik(self, goal: MplibPose, start: np.ndarray) -> np.ndarray | None:
        """Joints (6,) from their lower limits to a turn above these; None if the iteration does not converge."""
        solution = self._chain.solve(goal, self._with(start)[self._chain_columns])
        if solution is None:
            return None
        full = self._full.copy()
        full[self._chain_columns] = solution
        return self.limits[:, 0] + np.mod(full[self._columns] - self.limits[:, 0], 2 * np.pi)

    def _within_limits(self, joints: np.ndarray) -> bool:
        return bool(np.all(joints <= self.limits[:, 1]))

    def ik_solutions(
        self, tcp: Pose, start: np.ndarray, *, enough: int = 3, restarts: int = RESTARTS
    ) -> list[np.ndarray]:
        """Distinct joint solutions (6,), closest to `start` first; empty when none is found."""
        low, high = self.limits.T
        starts = [start, np.asarray(self.arm.home) + 0.1, *self._rng.uniform(low, high, size=(restarts, len(low)))]
        goal = self._hand_goal(tcp)
        converged = (self._solve_ik(goal, joints) for joints in starts)
        found = distinct_solutions(converged, self._within_limits, enough)
        return sorted(found, key=lambda joints: float(np.abs(joints - start).max()))

    def collisions(self, joints: np.ndarray) -> set[frozenset[str]]:
        """Pairs of names in collision at these joints (6,), of this arm or of what it holds."""
        self._set_joints(self._with(joints))
        return {frozenset((hit.link_name1, hit.link_name2)) for hit in self._world.check_collision()}

    def is_free(self, joints: np.ndarray) -> bool:
        """Whether nothing collides with the arm at these joints (6,)."""
        self._set_joints(self._with(joints))
        return not self._world.is_state_colliding()

    def is_clear_of(self, other: "ArmPlanner", joints: np.ndarray, others: np.ndarray) -> bool:
        """Whether the arm at `joints`, with what it holds, does not touch the other arm at `others` (6,) each."""
        full = self._with(joints)
        full[other._columns] = others
        self._set_joints(full)
        other_links = set(other.arm.links)
        hits = self._world.check_self_collision()
        return not any(len({hit.link_name1, hit.link_name2} & other_links) == 1 for hit in hits)

    def assume_other(self, other: "ArmPlanner", joints: np.ndarray) -> None:
        """Plan as if the other arm were at `joints` (6,), until the next update."""
        self._full[other._columns] = joints

    @contextmanager
    def allowing(self, pairs: Iterable[frozenset[str]]) -> Iterator[None]:
        """Ignore collisions of these pairs of names inside the context."""
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

    def plan_straight(self, start: np.ndarray, goal: Pose, *, check: bool = True) -> Path:
        """A straight line of the TCP from joints `start` to a pose, the rotation interpolated.

        Raises:
            Unreachable: no continuous joint motion follows the line, or the arm collides.
        """
        return self.follow(start, pose_line(self.tcp_pose(start), goal), check=check)

    def follow(self, start: np.ndarray, poses: Iterable[Pose], *, check: bool = True) -> Path:
        """Joint waypoints along TCP poses, each solved from the previous one.

        Raises:
            Unreachable: a pose has no solution near the previous one, or the arm collides there.
        """
        waypoints = [start]
        for index, pose in enumerate(poses):
            joints = self.solve_ik(pose, waypoints[-1])
            if joints is None or np.abs(joints - waypoints[-1]).max() > MAX_JOINT_JUMP:
                raise Unreachable(f"the {self.arm.side} arm cannot follow its path beyond pose {index}")
            if check and not self.is_free(joints):
                raise Unreachable(f"the {self.arm.side} arm's path is blocked: {_pairs(self.collisions(joints))}")
            waypoints.append(joints)
        return Path(np.stack(waypoints))

    def can_follow(self, start: np.ndarray, poses: Iterable[Pose]) -> bool:
        """Whether a continuous joint motion follows these TCP poses; collisions are ignored."""
        try:
            self.follow(start, poses, check=False)
        except Unreachable:
            return False
        return True

    def plan_to_pose(self, start: np.ndarray, tcp: Pose) -> Path:
        """A collision-free path of any shape to a TCP pose.

        Raises:
            Unreachable: inverse kinematics finds no collision-free joints there.
        """
        goals = [joints for joints in self.ik_solutions(tcp, start) if self.is_free(joints)]
        if not goals:
            raise Unreachable(f"the {self.arm.side} arm cannot reach {np.round(tcp.p, 3).tolist()}")
        return self.plan_to_joints(start, goals)

    def plan_to_joints(self, start: np.ndarray, goals: list[np.ndarray]) -> Path:
        """A collision-free path to one of several joint goals, straight in joint space where that is free."""
        for goal in goals:
            if is_clear(start, goal, self.is_free):
                return Path(joint_line(start, goal))
        found = search(start, goals, self.limits, self.is_free, self._rng)
        if found is None:
            raise Unreachable(f"the {self.arm.side} arm finds no free path")
        return Path(np.concatenate([joint_line(*leg)[:-1] for leg in pairwise(found)] + [found[-1:]]))

    def time_path(self, path: Path, frame_seconds: float) -> np.ndarray:
        """(N, 6) joints at each frame after the start, within SPEED of the robot's limits."""
        return time_path(path, *self.pace, frame_seconds)

    @property
    def pace(self) -> tuple[np.ndarray, np.ndarray]:
        """Joint velocities (6,) and accelerations (6,) that motions keep to: SPEED of the robot's limits."""
        return SPEED * self._velocity, SPEED * self._acceleration


def from_mplib(pose: MplibPose) -> Pose:
    """Convert a pose of mplib."""
    return Pose(np.asarray(pose.p, dtype=float), np.asarray(pose.q, dtype=float))


def _pairs(pairs: set[frozenset[str]]) -> str:
    return ", ".join(" with ".join(sorted(pair)) for pair in sorted(pairs, key=sorted))
