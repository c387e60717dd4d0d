"""Pressing and pushing with closed fingertips, and moving lids, doors and handles while holding them."""

from collections.abc import Iterator
from itertools import product

import numpy as np

from ....errors import Unreachable
from ....geometry import Pose, rotation_about
from ...objects import Point
from ...steps import Press, Push, Swing
from ..world import PhysicalWorld
from .arm_planner import FEW_RESTARTS
from .dispatch import plan
from .goals import frame_pose
from .pick import plan_grasp, rank_grasps
from .trajectory import RELEASE_HOLD_SECONDS, PlannedInteraction, PlanningContext, Trajectory, TrajectoryBuilder


@plan.register
def _press(step: Press, context: PlanningContext) -> Trajectory:
    point = context.world.pose(step.target)
    body = context.world.body(step.target.object)
    for tcp, before in _touch_candidates(context, point, step.depth, step.approach):
        try:
            builder = _plan_touch(context, body, tcp, before)
        except Unreachable:
            continue
        builder.hold(RELEASE_HOLD_SECONDS)
        return builder.build(_press_interaction(context, step.target))
    raise Unreachable(f"the {context.side} arm cannot press {step.target.name} of {step.target.object}")


def _touch_candidates(
    context: PlanningContext, point: Pose, depth: float, approach: float
) -> Iterator[tuple[Pose, np.ndarray]]:
    """TCP poses with the closed fingertips `depth` below the point along its z axis, and the approach joints (6,)."""
    planner = context.planner
    start = context.builder().joints
    down = -point.rotation()[:, 2]
    goals = []
    for angle in np.linspace(0, np.pi, 8, endpoint=False):
        sideways = point.rotation() @ (np.cos(angle), np.sin(angle), 0)
        tip = Pose.from_axes(down, sideways, point.p + depth * down)
        tcp = tip @ Pose.of((planner.arm.tcp_offset - planner.reach_of_fingers, 0, 0))
        before = tcp @ Pose.of((-approach, 0, 0))
        for joints in planner.ik_solutions(before, start, enough=2, restarts=FEW_RESTARTS):
            goals.append((float(np.abs(joints - start).max()), len(goals), tcp, joints))
    for _, _, tcp, before in sorted(goals, key=lambda goal: goal[:2]):
        yield tcp, before


def _plan_touch(context: PlanningContext, body: int, tcp: Pose, before: np.ndarray) -> TrajectoryBuilder:
    """Move to the approach joints `before` while closing the gripper, then straight to the contact."""
    planner, builder = context.planner, context.builder()
    with planner.collisions.allowing(planner.collisions.at(builder.joints)):
        if not planner.collisions.is_free(before):
            raise Unreachable("the approach to the point of contact is blocked")
        with planner.collisions.allowing(planner.collisions.touch_pairs(body)):
            descent = planner.plan_straight(before, tcp)
        builder.along(planner.plan_to_joints(builder.joints, [before]), 0.0)
    builder.grip(0.0)
    builder.along(descent)
    return builder


def _press_interaction(context: PlanningContext, target: Point) -> PlannedInteraction:
    body = context.world.body(target.object)
    frame = context.world.scene.bodies[body].model.frame(target.name)
    link = context.world.link_index(body, frame.link)
    x, y, z = (float(value) for value in frame.pose.p)
    return PlannedInteraction("press", None, link, point=(x, y, z))


@plan.register
def _push(step: Push, context: PlanningContext) -> Trajectory:
    world, planner = context.world, context.planner
    body = world.body(step.object)
    joint = world.joint_index(body, step.joint)
    for tcp, before in _touch_candidates(context, frame_pose(context, body, step.at), 0.0, step.approach):
        try:
            builder = _plan_touch(context, body, tcp, before)
            with planner.collisions.allowing(planner.collisions.touch_pairs(body)):
                builder.along(planner.follow(builder.joints, _arc_poses(world, joint, step.fraction, tcp)))
        except Unreachable:
            continue
        builder.hold(RELEASE_HOLD_SECONDS)
        return builder.build(PlannedInteraction("press", None, world.scene.joints[joint].link, joint=joint))
    raise Unreachable(f"the {context.side} arm cannot push {step.joint} of {step.object} that far")


@plan.register
def _swing(step: Swing, context: PlanningContext) -> Trajectory:
    world, planner = context.world, context.planner
    body = world.body(step.object)
    joint = world.joint_index(body, step.joint)
    grasps = list(rank_grasps(context, body, step.grasps, step.approach))
    for touching, (grasp, tcp, start) in product(
        (planner.collisions.finger_pairs(body), planner.collisions.touch_pairs(body)), grasps
    ):
        try:  # first without the palm, which would move a door or drawer before the fingers hold it
            builder = plan_grasp(context, grasp, tcp, start, touching)
            with planner.collisions.allowing(planner.collisions.touch_pairs(body)):
                builder.along(planner.follow(builder.joints, _arc_poses(world, joint, step.fraction, tcp)))
        except Unreachable:
            continue
        builder.hold(RELEASE_HOLD_SECONDS)
        return builder.build(PlannedInteraction("press", None, world.scene.joints[joint].link, joint=joint))
    raise Unreachable(f"the {context.side} arm cannot move {step.joint} of {step.object} that far")


def _arc_poses(world: PhysicalWorld, joint: int, fraction: float, tcp: Pose) -> list[Pose]:
    """TCP poses fixed to the joint's link while the joint moves to a fraction of its range."""
    scene = world.scene
    model, link = scene.joints[joint].model, scene.joints[joint].link
    now = float(scene.positions()[joint])
    goal = model.limits[0] + fraction * (model.limits[1] - model.limits[0])
    held = scene.link_pose(link).inverse() @ tcp
    poses = []
    for value in np.linspace(0, goal - now, max(2, int(np.ceil(abs(goal - now) / 0.04))))[1:]:
        motion = Pose.of(q=rotation_about(model.axis, value))
        if model.kind == "prismatic":
            motion = Pose.of(np.asarray(model.axis) * value)
        poses.append(scene.link_pose(link) @ motion @ held)
    return poses
