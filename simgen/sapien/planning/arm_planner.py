"""Motions of one arm: inverse kinematics, collision-free paths and straight lines, timed within limits.

Whether a goal is reachable is decided by kinematics and collisions alone, never by wall-clock time.
"""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from mplib.pymp import Pose as MplibPose

from ....dataset.recording import Side
from ....errors import Unreachable
from ....geometry import Pose
from ...assets.collision import shape_mesh
from ...assets.model import FINGERS_BEYOND_TCP, ArmModel, Embodiment
from ..scene import PhysicsScene, robot_joints
from .collisions import ArmCollisions, from_mplib
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
        self.collisions = ArmCollisions(scene, embodiment, side)
        joints = [scene.joints[index].model for index in robot_joints(scene, embodiment, side)[0]]
        self.limits = np.array([joint.limits for joint in joints])
        self._velocity = np.array([joint.velocity for joint in joints])
        self._acceleration = np.array([joint.acceleration for joint in joints])
        self._base = self.collisions.base
        self._from_base, self._hand_from_tcp = self._base.inverse(), Pose.of((-self.arm.tcp_offset, 0, 0))
        self._chain = ArmKinematics(scene.bodies[scene.robot].model, self.arm)
        self._chain_columns = self.collisions.indices(self._chain.joints)
        self.reach_of_fingers = self._finger_tip()

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

    def hand_pose(self, joints: np.ndarray) -> Pose:
        """The hand link in the world at these joints (6,)."""
        return self._base @ from_mplib(self._chain.hand(self.collisions.with_joints(joints)[self._chain_columns]))

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
        solution = self._chain.solve(goal, self.collisions.with_joints(start)[self._chain_columns])
        if solution is None:
            return None
        full = self.collisions.full.copy()
        full[self._chain_columns] = solution
        return self.limits[:, 0] + np.mod(full[self.collisions.columns] - self.limits[:, 0], 2 * np.pi)

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
            if check and not self.collisions.is_free(joints):
                raise Unreachable(f"the {self.arm.side} arm's path is blocked: {_pairs(self.collisions.at(joints))}")
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
        goals = [joints for joints in self.ik_solutions(tcp, start) if self.collisions.is_free(joints)]
        if not goals:
            raise Unreachable(f"the {self.arm.side} arm cannot reach {np.round(tcp.p, 3).tolist()}")
        return self.plan_to_joints(start, goals)

    def plan_to_joints(self, start: np.ndarray, goals: list[np.ndarray]) -> Path:
        """A collision-free path to one of several joint goals, straight in joint space where that is free."""
        for goal in goals:
            if is_clear(start, goal, self.collisions.is_free):
                return Path(joint_line(start, goal))
        found = search(start, goals, self.limits, self.collisions.is_free, self._rng)
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


def _pairs(pairs: set[frozenset[str]]) -> str:
    return ", ".join(" with ".join(sorted(pair)) for pair in sorted(pairs, key=sorted))
