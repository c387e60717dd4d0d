"""Noise on the path of an arm, from which a demonstration recovers by planning its step again.

A part of the free path of a step is executed with a smooth offset of the joints; then the same step is planned from
where the arm has got to. The recordings show states beside the expert's path with the expert's way back, as noise
injection does for imitation learning (Laskey et al., DART, 2017).
"""

from dataclasses import replace

import numpy as np

from ..steps import Carry, Pick, Place, Press
from .planning.arm_planner import ArmPlanner
from .planning.trajectory import Trajectory

PERTURBED = (Pick, Place, Carry, Press)
"""Steps whose goal does not depend on where the arm is when they are planned."""
SHARE = 0.5
"""Share of the paths that are perturbed."""
OFFSET = 0.12
"""Standard deviation (rad) of each joint's offset at scale 1; offsets are cut off at twice that."""
SHORTEST = 8
"""Frames of free path below which a path is left alone."""
TRIES = 4
"""Offsets tried, each half the one before, until the arm collides with nothing."""


class PathNoise:
    """Draws perturbations from one random stream; `scale` multiplies their size."""

    def __init__(self, scale: float, rng: np.random.Generator) -> None:
        self._scale, self._rng = scale, rng

    def perturb(self, planned: Trajectory, current: np.ndarray, planner: ArmPlanner) -> Trajectory | None:
        """The part of a planned trajectory to execute with noise; None to leave the path alone.

        Args:
            planned: the trajectory of a step.
            current: (7,) the arm's targets now.
            planner: the arm's planner, updated to the current state.
        """
        chosen, part = self._rng.random() < SHARE, self._rng.uniform(0.3, 0.7)
        offset = OFFSET * self._scale * np.clip(self._rng.standard_normal(6), -2, 2)
        if not chosen or planned.free < SHORTEST:
            return None
        path = np.concatenate([current[None], planned.targets[: planned.free]])
        for halved in range(TRIES):
            targets = _bend(path, part, offset / 2**halved, planner.limits)
            if _is_free(planner, targets[:, :6]):
                return replace(planned, targets=targets, interaction=None, grasped=None, releases=False, free=0)
        return None


def _bend(path: np.ndarray, part: float, offset: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """(N, 7) targets along the first `part` of a path (M, 7) that slow down to a stop, `offset` (6,) beside the path.

    The progress along the path, 1.5 (u - u³ / 3) of the part at time u in 0 to 1, starts at the planned speed.
    """
    length = part * (len(path) - 1)
    time = np.arange(1, int(np.ceil(1.5 * length)) + 1) / np.ceil(1.5 * length)
    progress = 1.5 * length * (time - time**3 / 3)
    rows = np.arange(len(path))
    targets = np.stack([np.interp(progress, rows, column) for column in path.T], axis=1)
    targets[:, :6] += (3 * time**2 - 2 * time**3)[:, None] * offset
    targets[:, :6] = np.clip(targets[:, :6], limits[:, 0], limits[:, 1])
    return targets


def _is_free(planner: ArmPlanner, joints: np.ndarray) -> bool:
    """Whether the arm, at every second of these joints (N, 6), collides with nothing that it does not touch already."""
    with planner.collisions.allowing(planner.collisions.now()):
        return all(planner.collisions.is_free(row) for row in joints[::-2])
