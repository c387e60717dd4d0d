"""How far a policy closes its hand from where the demonstration does: along recorded episodes, and in closed loop.

Along an episode that was held back from training, the policy sees the recorded frames and actions, and predicts the
action that closes the hand. In closed loop it moves the robot, so that its own errors add up. The offset is that of the
commanded TCP, in the world frame, of the hand that the demonstration closes first.

    python benchmarks/long/grasp_offset.py --policy CKPT --dataset DATA --task place_empty_cup

JSON lines on stdout, one for each arm: episodes, successes, and mean and deviation of the offset in mm.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from aimdata.channels import ARM, GRIPPERS, POSE
from aimdata.dataset.reader import Dataset
from aimdata.dataset.recording import SIDES
from aimdata.geometry import Pose
from aimdata.model.action_data import EpisodeActions
from aimdata.model.data import split
from aimdata.model.inference.asynchronous import executed_as_set
from aimdata.model.inference.config import SamplingConfig
from aimdata.model.inference.policy import Observations, Policy
from aimdata.simgen.assets.kinematics import link_poses
from aimdata.simgen.assets.library import open_library
from aimdata.simgen.assets.model import ArmModel, Embodiment
from aimdata.simgen.evaluation.protocol import EvalConfig
from aimdata.simgen.evaluation.trial import instruction
from aimdata.simgen.job import Job
from aimdata.simgen.sapien.attempt import run as demonstrate
from aimdata.simgen.sapien.rollout import rollout
from aimdata.simgen.tasks import tasks

REPLAN = 16
LIMIT = 200
"""Actions of a trial; demonstrations of single-arm tasks take about 110."""


@dataclass(frozen=True, eq=False)
class Offset:
    """Of one hand, (3,) in mm, NaN if the policy never closes it; in closed loop, whether the trial succeeded."""

    side: str
    mm: np.ndarray
    success: bool | None = None


def first_closing(actions: np.ndarray) -> tuple[int, int] | None:
    """The arm that closes its hand first, and the number of that action, in joint targets (T, 14)."""
    closing = [(int(np.argmax(shut)), arm) for arm in (0, 1) if (shut := actions[:, GRIPPERS[arm]] < 0.5).any()]
    return min(closing)[::-1] if closing else None


def commanded_tcp(robot: Embodiment, arm: ArmModel, command: np.ndarray) -> np.ndarray:
    """(3,) the TCP of an arm in the world, from joint targets (14,) or hand poses (16,)."""
    number = robot.arms.index(arm)
    if len(command) == 2 * POSE:
        hand = Pose.from_vector(command[POSE * number : POSE * number + 7])
    else:
        joints = dict(zip(arm.joints, command[ARM * number :].tolist(), strict=False))
        hand = link_poses(robot.model, robot.base, joints)[arm.hand]
    return np.asarray((hand @ Pose.of((arm.tcp_offset, 0, 0))).p)


def along_recordings(policy: Policy, root: Path, task: str, robot: Embodiment) -> Iterator[Offset]:
    """Offsets along episodes held back, each predicted in the last chunk that begins before the hand closes."""
    data, config = Dataset.open(root), policy.meta.data
    for row in split(list(data.episodes), max(config.validation, 1))[1]:
        if row.task != task:
            continue
        rgb, state, action, poses = (data.array(row.uid, name) for name in ("rgb", "state", "action", "ee_pose"))
        if (found := first_closing(action)) is None:
            continue
        number, closing = found
        policy.reset(row.instruction)
        for begin in range(0, closing + 1, REPLAN):
            fresh = slice(max(begin - REPLAN + 1, 0), begin + 1)
            seen = Observations(rgb[fresh], state[fresh], poses[fresh])
            chunk = policy.act(seen, action[max(begin - REPLAN, 0) : begin])
        recorded = EpisodeActions.read(data, row, config.action_space).commands[1:]
        arm = robot.arms[number]
        tcps = [commanded_tcp(robot, arm, command) for command in (chunk[closing - begin], recorded[closing])]
        yield Offset(SIDES[number], 1000 * (tcps[0] - tcps[1]))


def in_closed_loop(policy: Policy, task: str, trials: int) -> Iterator[Offset]:
    """Offsets on the first seeds of the evaluation that the expert solves by closing a hand."""
    library, playing = open_library("builtin"), executed_as_set(policy, SamplingConfig(replan=REPLAN))
    robot = library.embodiment("builtin")
    first = EvalConfig(Path(), (task,)).seed
    for seed in range(first, first + trials):
        job = Job(task=task, setting="easy", seed=seed, canvas=policy.meta.canvas)
        demonstration = demonstrate(job, library).recording
        if demonstration is None or (found := first_closing(demonstration.action)) is None:
            continue
        number, closing = found
        text = instruction(job, library, demonstration.meta, "seen")
        done = rollout(job, library, playing, text, limit=LIMIT)
        shut = done.actions[:, GRIPPERS[number]] < 0.5
        commands = (done.actions[np.argmax(shut)], demonstration.action[closing])
        tcps = [commanded_tcp(robot, robot.arms[number], command) for command in commands]
        offset = 1000 * (tcps[0] - tcps[1]) if shut.any() else np.full(3, np.nan)
        yield Offset(SIDES[number], offset, done.success)


def report(how: str, offsets: Sequence[Offset]) -> None:
    """One line for each arm."""
    for side in SIDES:
        own = [offset for offset in offsets if offset.side == side]
        if not own:
            continue
        found, judged = np.array([offset.mm for offset in own]), [o.success for o in own if o.success is not None]
        figures = {"mean_mm": np.nanmean(found, 0).round(1).tolist(), "std_mm": np.nanstd(found, 0).round(1).tolist()}
        solved = {"successes": sum(judged)} if judged else {}
        print(json.dumps({"how": how, "arm": side, "episodes": len(own), **solved, **figures}), flush=True)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--policy", type=Path, required=True, help="a checkpoint of stage 1 or 2")
    parser.add_argument("--dataset", type=Path, required=True, help="with images, the one it was trained on")
    parser.add_argument("--task", choices=sorted(tasks()), metavar="TASK", required=True)
    parser.add_argument("--trials", type=int, default=30)
    asked = parser.parse_args()
    policy = Policy.load(asked.policy)
    robot = open_library("builtin").embodiment("builtin")
    report("along recordings", list(along_recordings(policy, asked.dataset, asked.task, robot)))
    report("closed loop", list(in_closed_loop(policy, asked.task, asked.trials)))


if __name__ == "__main__":
    main()
