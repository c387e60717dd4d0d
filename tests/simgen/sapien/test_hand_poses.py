"""Acting in hand poses: joints, their hand poses, and inverse kinematics back to the joints."""

import numpy as np
import pytest
from aimdata.actions import decode, encode, hand_poses, joint_targets
from aimdata.dataset.recording import SIDES
from aimdata.simgen.job import Job

pytestmark = pytest.mark.sapien
JOB = Job("click_bell", 0)


@pytest.mark.parametrize("space", ["ee", "ee_deltas"])
def test_joints_survive_the_way_through_hand_poses(library, space):
    from aimdata.simgen.sapien.live_episode import LiveEpisode
    from aimdata.simgen.sapien.planning.arm_planner import ArmPlanner

    episode, rng = LiveEpisode(JOB, library, render=False), np.random.default_rng(0)
    planners = [ArmPlanner(episode.world.scene, episode.world.embodiment, side, rng) for side in SIDES]
    for planner in planners:
        planner.collisions.update()
    start = episode.targets().astype(float)
    low, high = episode.joint_limits.T
    wanted = np.clip(start + np.cumsum(rng.normal(0, 0.03, (12, 14)), axis=0), low + 0.02, high - 0.02)
    wanted[:, [6, 13]] = np.linspace(1, 0, 12)[:, None]
    poses = np.array([[planners[b].hand_pose(w[7 * b : 7 * b + 6]).vector() for b in range(2)] for w in wanted])
    anchor = hand_poses(episode.hands()[None], start[None])[0]
    commands = decode(space, encode(space, hand_poses(poses, wanted), anchor), anchor)
    last = start
    for target, command in zip(wanted, commands, strict=True):
        last = joint_targets(command, last, episode.solve_hand)
        np.testing.assert_allclose(last, target, atol=2e-3)


def test_a_rollout_brings_the_hands_where_a_policy_says(library):
    from aimdata.simgen.sapien.rollout import rollout

    class Lifting:
        action_format = "ee"
        reached: np.ndarray

        def reset(self, instruction: str) -> None:
            self.goal = None

        def act(self, observations, executed):
            self.reached = observations.ee_pose[-1]
            if self.goal is None:
                self.goal = self.reached.copy()
                self.goal[:, 2] += 0.02
                self.path = np.linspace(self.reached, self.goal, 9)[1:]
            path = self.path if len(executed) == 0 else np.repeat(self.goal[None], 8, axis=0)
            return hand_poses(path, np.ones((len(path), 14)))

    policy = Lifting()
    done = rollout(JOB, library, policy, "Go.", render=False, limit=24)
    np.testing.assert_allclose(policy.reached[:, :3], policy.goal[:, :3], atol=2e-3)
    assert done.actions.shape == (24, 14)
