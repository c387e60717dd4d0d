"""Steps without an object: straight displacements, opening and closing the gripper, going home."""

import numpy as np

from ....geometry import Pose
from ...steps import Grip, Home, Move
from .dispatch import plan
from .trajectory import RELEASE_HOLD_SECONDS, PlannedInteraction, PlanningContext, Trajectory


@plan.register
def _move(step: Move, context: PlanningContext) -> Trajectory:
    planner, builder = context.planner, context.builder()
    start = planner.tcp_pose(builder.joints)
    shift = np.asarray(step.by, dtype=float)
    goal = Pose(start.p + (start.rotation() @ shift if step.along == "hand" else shift), start.q)
    pairs = planner.collisions.at(builder.joints)
    if context.side in context.world.held:
        pairs |= context.held_pairs()
    with planner.collisions.allowing(pairs):
        builder.along(planner.plan_straight(builder.joints, goal))
    return builder.build()


@plan.register
def _grip(step: Grip, context: PlanningContext) -> Trajectory:
    builder = context.builder()
    opens = step.opening > builder.opening
    builder.grip(step.opening, RELEASE_HOLD_SECONDS)
    return builder.build(_release(context) if opens else None, releases=opens)


def _release(context: PlanningContext) -> PlannedInteraction | None:
    """Opening the gripper places what the hand holds, unless the other hand holds it too."""
    held = dict(context.world.held)
    body = held.pop(context.side, None)
    if body is None or body in held.values():
        return None
    return PlannedInteraction("place", context.world.scene.links_of(body)[0], None)


@plan.register
def _home(step: Home, context: PlanningContext) -> Trajectory:
    planner, builder = context.planner, context.builder()
    with planner.collisions.allowing(planner.collisions.at(builder.joints)):
        builder.along(planner.plan_to_joints(builder.joints, [np.asarray(planner.arm.home, dtype=float)]))
    return builder.build()
