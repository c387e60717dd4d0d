"""Run a demonstration: plan each step, execute its trajectories frame by frame, keep track of what is held."""

import math
from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

import numpy as np

from ...dataset.recording import PHYSICS_HZ, SIDES, Interaction, Perturbation, Side
from ...errors import Unreachable
from ..steps import ArmStep, Haul, Home, Step, Together, Wait
from ..task import Task
from .controller import ARM
from .perturbation import PERTURBED, PathNoise
from .planning.arm_planner import ArmPlanner
from .planning.steps import plan, plan_haul
from .planning.trajectory import PlannedInteraction, PlanningContext, Trajectory
from .world import PhysicalWorld

DELAY_FRAMES = 5
TAIL_SECONDS, LONGEST_TAIL_SECONDS = 0.5, 6.0
"""Recording goes on this long after the last step, and until released objects are at rest, but not longer."""
REST_SPEED, REST_SECONDS = 0.01, 0.3
"""An object is at rest when it has been slower than this (m/s) for that long: a margin over the annotator's 0.2 s."""


class Execution:
    """A running demonstration. `on_step` is called after every physics step, `on_frame` after every frame.

    With `noise`, some paths are perturbed and their step planned again from where the arm has got to.
    """

    def __init__(
        self,
        world: PhysicalWorld,
        planners: dict[Side, ArmPlanner],
        steps_per_frame: int,
        on_step: Callable[[int, list[Interaction]], None],
        on_frame: Callable[[int], None],
        noise: PathNoise | None = None,
    ) -> None:
        self._world = world
        self._planners = planners
        self.steps_per_frame = steps_per_frame
        self._frame_seconds = steps_per_frame / PHYSICS_HZ
        self._on_step, self._on_frame = on_step, on_frame
        self.step = 0
        self.interactions: list[Interaction] = []
        self._noise = noise
        self.perturbations: list[Perturbation] = []
        self.used: set[Side] = set()
        self._released: set[int] = set()
        self.seconds = {"planning": 0.0, "physics": 0.0}

    def run(self, task: Task) -> None:
        """Execute the steps of the task's demo, then keep recording until everything has come to rest.

        Raises:
            Unreachable: a step could not be planned and the task has no alternative.
        """
        demo = task.demo(self._world)
        step = next(demo, None)
        while step is not None:
            try:
                self._do(step)
            except Unreachable as reason:
                try:
                    step = demo.throw(reason)
                except StopIteration:
                    break
            else:
                step = next(demo, None)
        self.record_tail()

    def record_tail(self) -> None:
        """Hold still for TAIL_SECONDS, and longer while something released still moves."""
        still, before = 0, self._released_positions()
        for frame in range(self._frames(LONGEST_TAIL_SECONDS)):
            if frame >= self._frames(TAIL_SECONDS) and still >= self._frames(REST_SECONDS):
                return
            self._play([], 1, self.step)
            now = self._released_positions()
            speeds = np.linalg.norm(now - before, axis=1) / self._frame_seconds
            still, before = still + 1 if np.all(speeds < REST_SPEED) else 0, now

    def _released_positions(self) -> np.ndarray:
        """(N, 3) the centre of mass of everything that was released and not taken again.

        The engine's velocities do not tell whether it is at rest: in a stack of bowls they stay at 13 mm/s.
        """
        scene, free = self._world.scene, sorted(self._released - {*self._world.held.values()})
        return np.array([scene.centre_of_mass(scene.links_of(body)[0]) for body in free]).reshape(-1, 3)

    def _frames(self, seconds: float) -> int:
        return math.ceil(seconds / self._frame_seconds)

    def _do(self, step: Step) -> None:
        if isinstance(step, Wait):
            self._play([], round(step.seconds / self._frame_seconds), self.step)
            return
        started_at = self.step
        trajectories = self._plan_timed(step)
        if isinstance(step, PERTURBED) and self._perturb(trajectories[0]):
            trajectories = self._plan_timed(step)
        self.used |= {trajectory.side for trajectory in trajectories if not isinstance(step, Home)}
        self._play(trajectories, max(len(trajectory.targets) for trajectory in trajectories), started_at)
        for trajectory in trajectories:
            self._update_held(trajectory, started_at)

    def _perturb(self, planned: Trajectory) -> bool:
        """Execute part of a planned path with noise; whether it was, so that the step must be planned again."""
        planner = self._planners[planned.side]
        noisy = self._noise.perturb(planned, self._current(planned.side), planner) if self._noise else None
        if noisy is None:
            return False
        first = self.step // self.steps_per_frame
        self._play([noisy], len(noisy.targets), self.step)
        self.perturbations.append(Perturbation(planned.side, first, self.step // self.steps_per_frame))
        return True

    def _plan_timed(self, step: ArmStep | Haul | Together) -> list[Trajectory]:
        started = perf_counter()
        try:
            return self._plan(step)
        finally:
            self.seconds["planning"] += perf_counter() - started

    def _plan(self, step: ArmStep | Haul | Together) -> list[Trajectory]:
        if isinstance(step, Haul):
            for planner in self._planners.values():
                planner.collisions.update()
            return plan_haul(step, {side: self._context(side) for side in SIDES})
        if not isinstance(step, Together):
            return [self._plan_one(step)]
        if step.first.side == step.second.side:
            raise ValueError("Together needs steps of two different arms")
        first = self._plan_one(step.first)
        return [first, self._delayed(first, self._plan_one(step.second, beside=first))]

    def _plan_one(self, step: ArmStep, beside: Trajectory | None = None) -> Trajectory:
        """Plan a step of one arm; with `beside`, the other arm is assumed to be at the end of that trajectory."""
        planner = self._planners[step.side]
        planner.collisions.update()
        if beside is not None:
            planner.collisions.assume(self._planners[beside.side].collisions, beside.targets[-1, :6])
        with planner.collisions.allowing(self._touching_elsewhere(planner)):
            return plan(step, self._context(step.side))

    def _touching_elsewhere(self, planner: ArmPlanner) -> set[frozenset[str]]:
        """Pairs in contact that do not involve this arm: what the other hand holds, objects resting on one another."""
        return {pair for pair in planner.collisions.now() if not pair & set(planner.arm.links)}

    def _context(self, side: Side) -> PlanningContext:
        return PlanningContext(self._world, self._planners[side], self._frame_seconds)

    def _delayed(self, first: Trajectory, second: Trajectory) -> Trajectory:
        """The second trajectory, delayed until the arms stay apart.

        Raises:
            Unreachable: the arms collide even when the second starts after the first has ended.
        """
        for delay in range(0, len(first.targets) + DELAY_FRAMES, DELAY_FRAMES):
            waiting = np.repeat(self._current(second.side)[None], delay, axis=0)
            candidate = np.concatenate([waiting, second.targets])
            if self._apart(first, candidate, second.side):
                return replace(second, targets=candidate, free=0)
        raise Unreachable("the two arms would collide")

    def _apart(self, first: Trajectory, second: np.ndarray, second_side: Side) -> bool:
        frames = max(len(first.targets), len(second))
        of_one, of_two = (self._planners[side].collisions for side in (first.side, second_side))
        one = _padded(first.targets, frames, self._current(first.side))[:, :6]
        two = _padded(second, frames, self._current(second_side))[:, :6]
        started = of_one.now(), of_two.now()
        with of_one.allowing(started[0]), of_two.allowing(started[1]):
            return all(
                of_one.is_clear_of(of_two, one[frame], two[frame])
                and of_two.is_clear_of(of_one, two[frame], one[frame])
                for frame in range(frames)
            )

    def _current(self, side: Side) -> np.ndarray:
        block = SIDES.index(side)
        return np.asarray(self._world.controller.action[block * ARM : (block + 1) * ARM], dtype=float)

    def _play(self, trajectories: list[Trajectory], frames: int, started_at: int) -> None:
        """Execute trajectories side by side; their interactions began at physics step `started_at`."""
        started = perf_counter()
        opened = [_interaction(each.interaction, each.side, started_at) for each in trajectories if each.interaction]
        plans = {each.side: _padded(each.targets, frames, self._current(each.side)) for each in trajectories}
        for frame in range(frames):
            rows = [plans[side][frame] if side in plans else self._current(side) for side in SIDES]
            for _ in self._world.controller.frame(np.concatenate(rows)):
                self.step += 1
                self._world.observe()
                self._on_step(self.step, self.interactions + opened)
            self._world.remember()
            self._on_frame(self.step)
        self.seconds["physics"] += perf_counter() - started

    def _update_held(self, trajectory: Trajectory, started_at: int) -> None:
        if trajectory.interaction is not None:
            self.interactions.append(_interaction(trajectory.interaction, trajectory.side, started_at, self.step))
        if trajectory.releases and trajectory.side in self._world.held:
            released = self._world.held.pop(trajectory.side)
            self._planners[trajectory.side].collisions.detach(released)
            self._released.add(released)
        if trajectory.grasped is not None:
            if not self._world.grips(trajectory.side, trajectory.grasped):
                raise Unreachable(f"the {trajectory.side} hand closed without grasping the object")
            self._world.held[trajectory.side] = trajectory.grasped
            self._planners[trajectory.side].collisions.update()
            self._planners[trajectory.side].collisions.attach(trajectory.grasped)


def _interaction(planned: PlannedInteraction, side: Side, start: int, stop: int = -1) -> Interaction:
    return Interaction(planned.kind, side, planned.actor, planned.target, start, stop, planned.point, planned.joint)


def _padded(targets: np.ndarray, frames: int, current: np.ndarray) -> np.ndarray:
    """(frames, 7): targets, then the last target (or the current one) repeated."""
    last = targets[-1] if len(targets) else current
    return np.concatenate([targets, np.repeat(last[None], frames - len(targets), axis=0)])
