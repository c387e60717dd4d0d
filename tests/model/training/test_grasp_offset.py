"""Where a hand closes, on commands whose TCP is known."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[3] / "benchmarks" / "long"))
import grasp_offset
from aimdata.actions import hand_poses
from aimdata.simgen.assets.kinematics import link_poses
from aimdata.simgen.assets.library import open_library


def test_the_hand_that_closes_first_is_found_and_open_hands_are_none():
    actions = np.ones((9, 14))
    assert grasp_offset.first_closing(actions) is None
    actions[6:, 6], actions[4:, 13] = 0.1, 0.3
    assert grasp_offset.first_closing(actions) == (1, 4)


@pytest.mark.parametrize("number", [0, 1])
def test_joints_and_the_hand_pose_they_lead_to_have_the_same_tcp_before_the_hand(number):
    robot = open_library("builtin").embodiment("builtin")
    joints = np.concatenate([[*arm.home, 1.0] for arm in robot.arms])
    positions = {name: at for arm in robot.arms for name, at in zip(arm.joints, arm.home, strict=True)}
    hands = [link_poses(robot.model, robot.base, positions)[arm.hand] for arm in robot.arms]
    command = hand_poses(np.array([[hand.vector() for hand in hands]]), joints[None])[0]
    arm = robot.arms[number]
    found = [grasp_offset.commanded_tcp(robot, arm, each) for each in (joints, command)]
    np.testing.assert_allclose(*found, atol=1e-6)
    assert abs(np.linalg.norm(found[0] - hands[number].p) - arm.tcp_offset) < 1e-6
