"""A running episode: frames are taken and actions executed one at a time. Rollouts and environments play through it."""

from typing import TYPE_CHECKING

import numpy as np

from ...dataset.recording import PHYSICS_HZ, SIDES, Side
from ...geometry import Pose
from ..assets.kinematics import link_poses
from ..assets.model import AssetLibrary
from ..instructions import load_templates, unassigned, write_instruction
from ..job import ACTION_SECONDS, Job
from ..rng import stream
from .cameras import Cameras
from .metadata import describe_scene
from .renderer import Stage
from .reset import reset_scene
from .scene import robot_joints

if TYPE_CHECKING:  # mplib is needed for inverse kinematics alone
    from .planning.arm_planner import ArmPlanner

HEAD = "head"


class LiveEpisode:
    """An episode that has just been reset; it begins exactly as a demonstration with the same seed does.

    Attributes:
        limit: RoboTwin's step limit of the task, in actions.
        canvas: the layout of images.
        instruction: the task in seen words, without saying which arm acts, because that is the expert's choice.
        joint_limits: (14, 2) bounds of an action's numbers: rad, and 0 to 1 for grippers.
        pressing: pairs of links that have pressed on one another since the last frame; with `contacts` only.

    Raises:
        PlacementError, Unstable: the seed gives no scene.
    """

    def __init__(self, job: Job, library: AssetLibrary, *, render: bool, contacts: bool = False) -> None:
        reset = reset_scene(job, library)
        self.world, self.task, self._job = reset.world, reset.task, job
        self.limit = round(self.task.limit * ACTION_SECONDS * PHYSICS_HZ / job.steps_per_frame)
        templates = unassigned(load_templates(job.task).seen)
        rng = stream(job.task, job.seed, "language")
        self.instruction = write_instruction(templates, reset.initial_scene.names, (), {}, rng)
        meta, _ = describe_scene(self.task, job, reset.initial_scene, library, self.world)
        self.canvas = meta.canvas
        self._stage = Stage(meta, library, shader=job.shader) if render else None
        self._size = (meta.canvas.height, meta.canvas.width) if render else (0, 0)
        self._cameras = Cameras(self.world)
        self._head = [mount.view for mount in self.world.embodiment.cameras].index(HEAD)
        self._planners: dict[Side, ArmPlanner] = {}
        self._contacts = contacts
        self.pressing: frozenset[frozenset[int]] = frozenset()
        self.joint_limits = self._limits()

    def step(self, action: np.ndarray) -> None:
        """Executes one action (14,) for one frame."""
        pressing: set[frozenset[int]] = set()
        for _ in self.world.controller.frame(action):
            self.world.observe()
            if self._contacts:
                pressing |= self.world.pressing_links()
        self.world.remember()
        self.pressing = frozenset(pressing)

    def state(self) -> np.ndarray:
        """(14,) measured joints, rad, and gripper openings, 0 to 1."""
        return self.world.controller.measured()

    def targets(self) -> np.ndarray:
        """(14,) the last action."""
        return self.world.controller.action.copy()

    def conditions(self) -> dict[str, bool]:
        """The success conditions, now."""
        return {name: bool(holds) for name, holds in self.task.success(self.world).items()}

    def image(self) -> np.ndarray:
        """(H, W, 3) uint8, the canvas now; (0, 0, 3) without rendering."""
        rgb = np.zeros((*self._size, 3), dtype=np.uint8)
        if self._stage is not None:
            self._stage.set(self.world.scene.link_poses(), self._cameras.camera_from_world())
            self._stage.draw(rgb, np.zeros(self._size, np.uint16), np.zeros(self._size, np.uint16))
        return rgb

    def object_poses(self) -> np.ndarray:
        """(N, 7) pose of each of the task's objects in the world, m and wxyz."""
        poses = [self.world.pose(each.point("")).vector() for each in self.task.objects().values()]
        return np.array(poses).reshape(-1, 7)

    def link_poses(self) -> np.ndarray:
        """(L, 7) every link in the world, m and wxyz, in the order of `EpisodeMeta.links`."""
        return self.world.scene.link_poses()

    def camera_from_world(self) -> np.ndarray:
        """(V, 4, 4) extrinsics of each view of the canvas, now."""
        return self._cameras.camera_from_world()

    def tcp(self) -> np.ndarray:
        """(2, 3) left and right tool centre points in the world, now."""
        return np.stack([self.world.tcp(side).p for side in SIDES])

    def head_from_world(self) -> np.ndarray:
        """(4, 4) extrinsics of the head camera, now."""
        return self._cameras.camera_from_world()[self._head]

    def commanded_tcp(self) -> np.ndarray:
        """(2, 3) left and right tool centre points in the world once the joints have reached their drive targets."""
        scene, robot = self.world.scene, self.world.embodiment
        targets = self.world.controller.joint_targets()
        positions = np.where(np.isnan(targets), scene.positions(), targets)
        pairs = zip(scene.joints, positions.tolist(), strict=True)
        commanded = {joint.name: position for joint, position in pairs if scene.links[joint.link].body == scene.robot}
        links = link_poses(robot.model, robot.base, commanded)
        hands = [links[robot.arm(side).hand] @ Pose.of((robot.arm(side).tcp_offset, 0, 0)) for side in SIDES]
        return np.stack([hand.p for hand in hands])

    def hands(self) -> np.ndarray:
        """(2, 7) poses of the left and right hand in the world, m and wxyz, as in a dataset's `ee_pose`."""
        return np.stack([self.world.hand(side).vector() for side in SIDES]).astype(np.float32)

    def solve_hand(self, side: Side, hand: Pose, start: np.ndarray) -> np.ndarray | None:
        """As `solve`, for the pose of the hand."""
        return self.solve(side, hand @ Pose.of((self.world.embodiment.arm(side).tcp_offset, 0, 0)), start)

    def solve(self, side: Side, tcp: Pose, start: np.ndarray) -> np.ndarray | None:
        """Joints (6,) that bring an arm's TCP to a pose in the world, found from `start` (6,); None if none are."""
        from .planning.arm_planner import ArmPlanner

        if side not in self._planners:
            rng = stream(self._job.task, self._job.seed, "planner")
            self._planners[side] = ArmPlanner(self.world.scene, self.world.embodiment, side, rng)
        planner = self._planners[side]
        planner.collisions.update()
        return next(iter(planner.ik_solutions(tcp, start, enough=1)), None)

    def _limits(self) -> np.ndarray:
        bounds = []
        for side in SIDES:
            arm, _ = robot_joints(self.world.scene, self.world.embodiment, side)
            bounds += [self.world.scene.joints[index].model.limits for index in arm] + [(0.0, 1.0)]
        return np.array(bounds)
