"""Trajectories: one arm's targets at every frame of a step, and what is needed to plan one."""

from dataclasses import dataclass

import numpy as np

from ....dataset.recording import SIDES, InteractionKind, Side
from ....errors import Unreachable
from ..controller import ARM
from ..world import PhysicalWorld
from .arm_planner import ArmPlanner
from .paths import Path

FULL_STROKE_SECONDS = 0.5
GRASP_HOLD_SECONDS = 0.24
RELEASE_HOLD_SECONDS = 0.16


@dataclass(frozen=True, eq=False)
class PlannedInteraction:
    """The contact a step is planned to make, as link indices; recorded as an `Interaction` when it is executed."""

    kind: InteractionKind
    actor: int | None
    target: int | None
    point: tuple[float, float, float] | None = None
    joint: int | None = None


@dataclass(frozen=True, eq=False)
class Trajectory:
    """One arm's targets (N, 7) at N frames.

    `grasped` is the body index that the hand holds afterwards; `releases` says that it lets go of what it holds.
    The first `free` frames are the first path: on it the arm touches nothing but what it holds.
    """

    side: Side
    targets: np.ndarray
    interaction: PlannedInteraction | None = None
    grasped: int | None = None
    releases: bool = False
    free: int = 0


class TrajectoryBuilder:
    """Appends targets of one arm, starting at its current targets."""

    def __init__(self, world: PhysicalWorld, planner: ArmPlanner, frame_seconds: float) -> None:
        block = SIDES.index(planner.arm.side)
        action = world.controller.action[block * ARM : (block + 1) * ARM]
        self._planner = planner
        self._seconds = frame_seconds
        self.joints = np.asarray(action[:6], dtype=float)
        self.opening = float(action[6])
        self._rows: list[np.ndarray] = []
        self._free = 0

    def along(self, path: Path, opening: float | None = None) -> None:
        """Follow a path while moving the gripper to `opening` (unchanged by default)."""
        timed = self._planner.time_path(path, self._seconds)
        if not self._rows:
            self._free = len(timed)
        target = self.opening if opening is None else opening
        share = np.minimum(np.arange(1, len(timed) + 1) / max(1, self._stroke_frames(target)), 1.0)
        grip = self.opening + (target - self.opening) * share
        self._rows += list(np.column_stack([timed, grip]))
        self.joints = path.end
        if len(timed):
            self.opening = float(grip[-1])

    def grip(self, opening: float, hold_seconds: float = 0.0) -> None:
        """Move the gripper, then hold still."""
        frames = self._stroke_frames(opening)
        for step in range(1, frames + 1):
            self._append(self.opening + (opening - self.opening) * step / frames)
        self.opening = opening
        self.hold(hold_seconds)

    def hold(self, seconds: float) -> None:
        """Keep the current targets."""
        for _ in range(int(np.ceil(seconds / self._seconds))):
            self._append(self.opening)

    def build(
        self, interaction: PlannedInteraction | None = None, *, grasped: int | None = None, releases: bool = False
    ) -> Trajectory:
        """The trajectory of everything appended so far."""
        targets = np.array(self._rows).reshape(-1, ARM)
        return Trajectory(self._planner.arm.side, targets, interaction, grasped, releases, self._free)

    def _append(self, opening: float) -> None:
        self._rows.append(np.append(self.joints, opening))

    def _stroke_frames(self, opening: float) -> int:
        return int(np.ceil(abs(opening - self.opening) * FULL_STROKE_SECONDS / self._seconds - 1e-9))


@dataclass(frozen=True, eq=False)
class PlanningContext:
    """What planning a step of one arm needs: the world, the arm's planner, the duration of a frame."""

    world: PhysicalWorld
    planner: ArmPlanner
    frame_seconds: float

    @property
    def side(self) -> Side:
        """The arm planned for."""
        return self.planner.arm.side

    def builder(self) -> TrajectoryBuilder:
        """An empty builder that starts at the arm's current targets."""
        return TrajectoryBuilder(self.world, self.planner, self.frame_seconds)

    def held(self) -> int:
        """The body in this hand.

        Raises:
            Unreachable: the hand is empty.
        """
        if self.side not in self.world.held:
            raise Unreachable(f"the {self.side} hand holds nothing")
        return self.world.held[self.side]

    def held_pairs(self) -> set[frozenset[str]]:
        """Pairs of the held body with everything but the robot: it may touch what it is placed on."""
        held = self.planner.collisions.object_name(self.held())
        return {frozenset((held, name)) for name in self.planner.collisions.object_names() if name != held}

    def joint_trajectory(self, joints: np.ndarray) -> Trajectory:
        """A trajectory through joints (N, 6) that leaves the gripper as it is."""
        opening = self.builder().opening
        return Trajectory(self.side, np.column_stack([joints, np.full(len(joints), opening)]))
