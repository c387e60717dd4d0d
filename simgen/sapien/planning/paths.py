"""Paths in pose and joint space, and their time parametrisation. No simulator."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import toppra
from toppra.algorithm import TOPPRA
from toppra.constraint import JointAccelerationConstraint, JointVelocityConstraint

from ....errors import Unreachable
from ....geometry import Pose

toppra.setup_logging("ERROR")

STRAIGHT_STEP = 0.01
TURN_STEP = 0.06
JOINT_STEP = 0.02
GRID_POINTS = 30
"""Fewest points of a path at which its limits are checked; more where it bends."""


@dataclass(frozen=True, eq=False)
class Path:
    """Joint waypoints (N, 6) of one arm, rad."""

    waypoints: np.ndarray

    @property
    def end(self) -> np.ndarray:
        """(6,) the last waypoint."""
        return self.waypoints[-1]


def time_path(path: Path, velocity: np.ndarray, acceleration: np.ndarray, frame_seconds: float) -> np.ndarray:
    """(N, 6) joints at each frame after the start, time-optimal within the limits (6,) (TOPP-RA, Pham and Pham 2018).

    Raises:
        Unreachable: the path cannot be followed within the limits at any speed.
    """
    waypoints = _drop_repeats(path.waypoints)
    if len(waypoints) < 2:
        return np.empty((0, waypoints.shape[1]))
    grid = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(waypoints, axis=0), axis=1))])
    spline = toppra.SplineInterpolator(grid / grid[-1], waypoints)
    trajectory: Any = TOPPRA(
        _limits(tuple(velocity), tuple(acceleration)),
        spline,
        parametrizer="ParametrizeConstAccel",
        gridpt_min_nb_points=GRID_POINTS,
    ).compute_trajectory()
    if trajectory is None:
        raise Unreachable("a path cannot be timed within the joints' limits")
    frames = int(np.ceil(trajectory.duration / frame_seconds))
    times = np.minimum(np.arange(1, frames + 1) * frame_seconds, trajectory.duration)
    return np.asarray(trajectory(times))


@lru_cache(maxsize=8)
def _limits(velocity: tuple[float, ...], acceleration: tuple[float, ...]) -> list:
    """TOPP-RA's constraints, which take a fifth of its time to make and are the same for every path of an arm."""
    return [JointVelocityConstraint(np.array(velocity)), JointAccelerationConstraint(np.array(acceleration))]


def pose_line(start: Pose, goal: Pose) -> list[Pose]:
    """Poses along the straight line from start to goal, without the start."""
    turn = _angle_between(start.q, goal.q)
    count = max(1, int(np.ceil(max(np.linalg.norm(goal.p - start.p) / STRAIGHT_STEP, turn / TURN_STEP))))
    return [interpolate(start, goal, step / count) for step in range(1, count + 1)]


def interpolate(start: Pose, goal: Pose, fraction: float) -> Pose:
    """Interpolate two poses: linear in position, slerp along the shorter arc in rotation."""
    q = goal.q if np.dot(start.q, goal.q) >= 0 else -goal.q
    angle = np.arccos(np.clip(np.dot(start.q, q), -1, 1))
    if angle < 1e-6:
        return Pose.of(start.p + fraction * (goal.p - start.p), q)
    mixed = (np.sin((1 - fraction) * angle) * start.q + np.sin(fraction * angle) * q) / np.sin(angle)
    return Pose.of(start.p + fraction * (goal.p - start.p), mixed)


def joint_line(start: np.ndarray, goal: np.ndarray, longest: float = JOINT_STEP) -> np.ndarray:
    """(N, 6) joints from start to goal in steps of at most `longest` (rad)."""
    count = max(2, int(np.ceil(np.abs(goal - start).max() / longest)) + 1)
    return np.linspace(start, goal, count)


def _angle_between(first: np.ndarray, second: np.ndarray) -> float:
    return 2 * float(np.arccos(np.clip(abs(np.dot(first, second)), -1, 1)))


def _drop_repeats(waypoints: np.ndarray) -> np.ndarray:
    keep = np.concatenate([[True], np.abs(np.diff(waypoints, axis=0)).max(axis=1) > 1e-5])
    return waypoints[keep]
