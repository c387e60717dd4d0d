"""Placing and carrying a held object."""

import numpy as np

from ....errors import Unreachable
from ....geometry import Pose
from ...objects import Point
from ...steps import Carry, Place
from .dispatch import plan
from .goals import approach_to, tcp_goals
from .paths import Path
from .trajectory import RELEASE_HOLD_SECONDS, PlannedInteraction, PlanningContext, Trajectory


@plan.register
def _place(step: Place, context: PlanningContext) -> Trajectory:
    body = context.held()
    for goal in tcp_goals(step, context, body, context.world.tcp(context.side)):
        try:
            builder = context.builder()
            builder.along(_plan_carry(context, builder.joints, approach_to(step, context, goal)))
            with context.planner.collisions.allowing(context.held_pairs()):
                builder.along(context.planner.plan_straight(builder.joints, goal))
        except Unreachable:
            continue
        if step.release:
            builder.grip(step.opening, RELEASE_HOLD_SECONDS)
        else:
            builder.hold(RELEASE_HOLD_SECONDS)
        touches = step.release or step.gap <= 0
        return builder.build(_place_interaction(step, context, body) if touches else None, releases=step.release)
    raise Unreachable(f"the {context.side} arm cannot bring {step.object} to {_describe_target(step)}")


def _place_interaction(step: Place, context: PlanningContext, body: int) -> PlannedInteraction:
    target = context.world.body(step.target.object if isinstance(step.target, Point) else "table")
    first, second = (context.world.scene.links_of(index)[0] for index in (body, target))
    return PlannedInteraction("place", first, second)


def _describe_target(step: Place) -> str:
    target = step.target
    return f"{target.name} of {target.object}" if isinstance(target, Point) else f"({target.x:.3f}, {target.y:.3f})"


@plan.register
def _carry(step: Carry, context: PlanningContext) -> Trajectory:
    body = context.held()
    for goal in tcp_goals(step, context, body, context.world.tcp(context.side)):
        try:
            builder = context.builder()
            builder.along(_plan_carry(context, builder.joints, goal))
        except Unreachable:
            continue
        return builder.build()
    place = np.round(step.position, 3).tolist()
    raise Unreachable(f"the {context.side} arm cannot carry {step.object} to {place}")


def _plan_carry(context: PlanningContext, start: np.ndarray, tcp: Pose) -> Path:
    with context.planner.collisions.allowing(context.planner.collisions.at(start)):
        return context.planner.plan_to_pose(start, tcp)
