"""The chain of one arm: the same poses as the model's own kinematics, and joints that reach a pose."""

from dataclasses import replace

import numpy as np
import pytest
from aimdata.dataset.recording import SIDES
from aimdata.geometry import Pose
from aimdata.simgen.assets.builtin.robot import robot
from aimdata.simgen.assets.kinematics import link_poses
from aimdata.simgen.assets.model import Joint, Link

pytestmark = pytest.mark.sapien


def hand_of(model, arm, joints, **others):
    """(7,) the hand in the root's frame by the model's own kinematics."""
    positions = dict(zip(arm.joints, joints, strict=True)) | others
    return link_poses(model, Pose.of(), positions)[arm.hand].vector()


def vector(pose):
    return np.concatenate([pose.p, pose.q])


def same(first, second, atol):
    """Whether two poses (7,) are equal; a quaternion and its negative are the same rotation."""
    sign = np.sign(first[3:] @ second[3:])
    return np.allclose(first * np.r_[1, 1, 1, sign, sign, sign, sign], second, atol=atol)


def drawn_joints(arm, count):
    limits = np.array([robot().model.link(name).joint.limits for name in arm.links[:6]])
    return np.random.default_rng(0).uniform(*limits.T, (count, 6))


@pytest.mark.parametrize("side", SIDES)
def test_the_hand_is_where_the_models_kinematics_have_it(side):
    from aimdata.simgen.sapien.planning.kinematics import ArmKinematics

    arm = robot().arm(side)
    chain = ArmKinematics(robot().model, arm)
    assert chain.joints == arm.joints
    for joints in drawn_joints(arm, 20):
        assert same(vector(chain.hand(joints)), hand_of(robot().model, arm, joints), atol=1e-9)


@pytest.mark.parametrize("side", SIDES)
def test_the_joints_found_bring_the_hand_to_the_pose(side):
    from aimdata.simgen.sapien.planning.kinematics import ArmKinematics

    arm = robot().arm(side)
    chain = ArmKinematics(robot().model, arm)
    found = 0
    for joints in drawn_joints(arm, 40):
        solution = chain.solve(chain.hand(joints), joints + 0.2)
        if solution is not None:
            found += 1
            assert same(hand_of(robot().model, arm, solution), hand_of(robot().model, arm, joints), atol=2e-4)
    assert found > 30


def test_a_joint_that_is_not_the_arms_stays_where_it_is():
    from aimdata.simgen.sapien.planning.kinematics import ArmKinematics

    model, arm = robot().model, robot().arm("left")
    lift = Link("lift", parent="base", joint=Joint("lift", "prismatic", Pose.of(), (0.0, 0.0, 1.0), (0.0, 0.5)))
    raised = [replace(link, parent="lift") if link.name == arm.links[0] else link for link in model.links]
    model = replace(model, links=(raised[0], lift, *raised[1:]))
    chain = ArmKinematics(model, arm)
    assert chain.joints == ("lift", *arm.joints)
    joints = np.array([0.3, 0.1, 1.2, 1.0, 0.1, 0.2, 0.1])
    assert same(vector(chain.hand(joints)), hand_of(model, arm, joints[1:], lift=0.3), atol=1e-9)
    solution = chain.solve(chain.hand(joints), joints + np.r_[0, 0.2 * np.ones(6)])
    assert solution is not None
    assert solution[0] == 0.3


def found_among(*converged, enough=3):
    """The first joints of the solutions found, and how many starts were tried; numbers below 1 are within limits."""
    from aimdata.simgen.sapien.planning.kinematics import distinct_solutions

    rest = iter(converged)
    joints = (None if one is None else np.full(6, one) for one in rest)
    found = distinct_solutions(joints, lambda each: bool(np.all(each < 1)), enough)
    return [float(one[0]) for one in found], len(converged) - len(list(rest))


def test_solutions_outside_the_limits_or_found_before_do_not_count():
    assert found_among(2.0, 0.1, 0.12, 0.5, 3.0, 0.9, 0.3) == ([0.1, 0.5, 0.9], 6)
    assert found_among(2.0, 0.1, 0.5, enough=1) == ([0.1], 2)


def test_a_pose_from_which_nothing_converges_is_given_up_and_one_that_may_be_reached_is_not():
    assert found_among(None, None, None, None, 0.1) == ([], 4)
    assert found_among(None, None, None, 2.0, None, 2.0, None, 0.1) == ([0.1], 8)


def test_after_a_solution_two_starts_without_another_are_enough():
    assert found_among(0.1, None, 2.0, 0.5) == ([0.1], 3)
    assert found_among(0.1, None, 0.5, 0.1, None, 0.9) == ([0.1, 0.5], 5)
