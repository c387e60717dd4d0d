"""Synchronised motion of both arms holding one object."""

from collections.abc import Mapping

import numpy as np

from ....dataset.recording import SIDES, Side
from ....errors import Unreachable
from ....geometry import Pose
from ...steps import Haul
from .paths import STRAIGHT_STEP, Path, time_path
from .trajectory import PlanningContext, Trajectory


def plan_haul(step: Haul, contexts: Mapping[Side, PlanningContext]) -> list[Trajectory]:
    """A trajectory for each arm along the same displacement, with common timing.

    Raises:
        Unreachable: a hand does not hold the object, cannot follow, or collides.
    """
    followed = np.stack([_follow_displacement(step, contexts[side]) for side in SIDES])
    _check_free(followed, [contexts[side] for side in SIDES])
    paces = [contexts[side].planner.pace for side in SIDES]
    velocity, acceleration = (np.concatenate([pace[index] for pace in paces]) for index in (0, 1))
    rows = time_path(
        Path(np.concatenate(list(followed), axis=1)), velocity, acceleration, contexts[SIDES[0]].frame_seconds
    )
    return [contexts[side].joint_trajectory(rows[:, 6 * block : 6 * block + 6]) for block, side in enumerate(SIDES)]


def haul_poses(step: Haul, tcp: Pose) -> list[Pose]:
    """TCP poses along the displacement, without the start."""
    shift = np.asarray(step.by, dtype=float)
    count = max(2, int(np.ceil(np.linalg.norm(shift) / STRAIGHT_STEP)))
    return [Pose(tcp.p + shift * index / count, tcp.q) for index in range(1, count + 1)]


def _follow_displacement(step: Haul, context: PlanningContext) -> np.ndarray:
    """(N, 6) joints of one hand along the displacement."""
    if context.held() != context.world.body(step.object):
        raise Unreachable(f"the {context.side} hand does not hold {step.object}")
    start = context.builder().joints
    poses = haul_poses(step, context.planner.tcp_pose(start))
    return context.planner.follow(start, poses, check=False).waypoints


def _check_free(followed: np.ndarray, contexts: list[PlanningContext]) -> None:
    """Raise Unreachable if anything but the object collides while both arms (2, N, 6) move."""
    for own, (context, other) in enumerate(zip(contexts, reversed(contexts), strict=True)):
        planner = context.planner
        held = other.planner.collisions.touch_pairs(context.held()) | context.held_pairs()
        with planner.collisions.allowing(planner.collisions.at(followed[own][0]) | held):
            for joints, others in zip(followed[own], followed[1 - own], strict=True):
                planner.collisions.assume(other.planner.collisions, others)
                if not planner.collisions.is_free(joints):
                    raise Unreachable(f"the {context.side} arm's path is blocked while both arms move")
