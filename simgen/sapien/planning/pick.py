"""Picking: approach a grasp, close the gripper, lift."""

from collections.abc import Iterator

import numpy as np

from ....errors import Unreachable
from ....geometry import Pose, rotation_about
from ...assets.model import Grasp
from ...steps import Carry, Haul, Pick, Place
from .arm_planner import FEW_RESTARTS
from .dispatch import plan
from .goals import approach_to, tcp_goals
from .haul import haul_poses
from .trajectory import GRASP_HOLD_SECONDS, PlannedInteraction, PlanningContext, Trajectory, TrajectoryBuilder

RANK_COST = 0.02
"""Joint travel (rad) that one rank in the list of grasps costs."""
LOOK_AHEAD = 6
"""Random restarts of inverse kinematics when checking that a later goal can be reached."""


@plan.register
def _pick(step: Pick, context: PlanningContext) -> Trajectory:
    body = context.world.body(step.object)
    touching = context.planner.collisions.touch_pairs(body)
    for grasp, tcp, start in rank_grasps(context, body, step.grasps, step.approach):
        try:
            builder = plan_grasp(context, grasp, tcp, start, touching)
            if step.lift:
                with context.planner.collisions.allowing(touching):
                    builder.along(
                        context.planner.plan_straight(builder.joints, Pose(tcp.p + np.array([0, 0, step.lift]), tcp.q))
                    )
        except Unreachable:
            continue
        if step.then is not None and not _allows(step.then, context, body, tcp, builder.joints):
            continue
        link = context.world.link_index(body, grasp.link)
        return builder.build(PlannedInteraction("pick", link, link), grasped=body)
    raise Unreachable(f"the {context.side} arm reaches none of the grasps of {step.object}")


def _allows(step: Place | Carry | Haul, context: PlanningContext, body: int, tcp: Pose, held: np.ndarray) -> bool:
    """Whether the next step is feasible with the body held in this grasp at joints `held` (6,)."""
    planner = context.planner
    if isinstance(step, Haul):
        return planner.can_follow(held, haul_poses(step, tcp))
    for goal in tcp_goals(step, context, body, tcp):
        joints = planner.ik_solutions(
            approach_to(step, context, goal), planner.collisions.joints(), enough=1, restarts=LOOK_AHEAD
        )
        if joints and _palm_is_free(context, body, joints[0], goal):
            return True
    return False


def _palm_is_free(context: PlanningContext, body: int, before: np.ndarray, goal: Pose) -> bool:
    """Whether the palm, without the body, moves from joints `before` (6,) straight to a TCP pose without a collision.

    The fingers are ignored because their opening at that time is not known yet.
    """
    planner = context.planner
    scene = context.world.scene
    others = {*planner.collisions.object_names(), *(link.name for link in scene.links if link.body != scene.robot)}
    fingers = {frozenset((finger, name)) for finger in planner.arm.fingers for name in others}
    with planner.collisions.allowing(planner.collisions.touch_pairs(body) | fingers):
        if not planner.collisions.is_free(before):
            return False
        try:
            planner.plan_straight(before, goal)
        except Unreachable:
            return False
    return True


def rank_grasps(
    context: PlanningContext, body: int, prefix: str, approach: float
) -> Iterator[tuple[Grasp, Pose, np.ndarray]]:
    """Grasps with their TCP poses and approach joints (6,), least joint travel first."""
    model = context.world.scene.bodies[body].model
    candidates = []
    start = context.builder().joints
    for rank, grasp in enumerate(grasp for grasp in model.grasps if grasp.name.startswith(prefix)):
        link_pose = context.world.scene.link_pose(context.world.link_index(body, grasp.link))
        for flip in (0.0, np.pi):
            tcp = link_pose @ grasp.pose @ Pose.of((-context.planner.retreat, 0, 0), rotation_about((1, 0, 0), flip))
            before = tcp @ Pose.of((-approach, 0, 0))
            for joints in context.planner.ik_solutions(before, start, enough=2, restarts=FEW_RESTARTS):
                cost = float(np.abs(joints - start).max()) + RANK_COST * rank
                candidates.append((cost, len(candidates), grasp, tcp, joints))
    for _, _, grasp, tcp, joints in sorted(candidates, key=lambda candidate: candidate[:2]):
        yield grasp, tcp, joints


def plan_grasp(
    context: PlanningContext, grasp: Grasp, tcp: Pose, before: np.ndarray, touching: set[frozenset[str]]
) -> TrajectoryBuilder:
    """Move to the approach joints `before`, go straight to the grasp and close the gripper.

    The pairs of names `touching` may collide on the straight line.

    Raises:
        Unreachable: the approach or the straight line collides or cannot be followed.
    """
    planner, builder = context.planner, context.builder()
    closed, opened = planner.arm.pads
    opening = float(np.clip((grasp.opening - closed) / (opened - closed), 0, 1))
    with planner.collisions.allowing(planner.collisions.at(builder.joints)):
        if not planner.collisions.is_free(before):
            raise Unreachable(f"the approach to {grasp.name} is blocked")
        with planner.collisions.allowing(touching):
            descent = planner.plan_straight(before, tcp)
        builder.along(planner.plan_to_joints(builder.joints, [before]), opening)
    builder.grip(opening)
    builder.along(descent)
    builder.grip(0.0, GRASP_HOLD_SECONDS)
    return builder
