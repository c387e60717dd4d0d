"""Record the state of the world at every frame and the contacts at every physics step."""

from collections.abc import Iterable

import numpy as np

from ...dataset.recording import SIDES, EpisodeMeta, Interaction, Recording
from ..task import Task
from .cameras import Cameras
from .contact_log import ContactLog
from .world import PhysicalWorld

NEAR_CONTACT = 0.002
"""Contacts without impulse are kept when the gap is smaller than this (m)."""


class Recorder:
    """Collects rows during a demonstration and returns them as a `Recording`."""

    def __init__(self, world: PhysicalWorld, task: Task) -> None:
        self._world = world
        self._task = task
        self._cameras = Cameras(world)
        self._robot = world.scene.links_of(world.scene.robot)
        self._hands = [world.hand_link(side) for side in SIDES]
        self._watched: set[int] | None = None
        self._rows: dict[str, list[np.ndarray]] = {}
        self._contacts = ContactLog()

    @property
    def frames(self) -> int:
        """Number of frames recorded so far."""
        return len(self._rows.get("step", ()))

    def conditions(self) -> np.ndarray:
        """(T, C) each success condition at each frame so far."""
        return np.array(self._rows["condition"])

    def on_frame(self, step: int) -> None:
        """Record the state after a physics step, and store the action that led to it with the previous frame."""
        world, controller = self._world, self._world.controller
        scene = world.scene
        action = controller.action.copy()
        if self.frames:
            self._rows["action"][-1] = action
        self._watched = None
        row = {
            "step": np.int32(step),
            "state": controller.measured(),
            "action": action,
            "joint_position": scene.positions(),
            "joint_velocity": scene.velocities(),
            "joint_target": controller.joint_targets(),
            "link_pose": scene.link_poses(),
            "link_velocity": scene.link_velocities(),
            "condition": np.array(list(self._task.success(world).values()), dtype=bool),
        }
        for name, value in row.items():
            self._rows.setdefault(name, []).append(value)

    def on_step(self, step: int, interactions: list[Interaction]) -> None:
        """Record contacts of the robot and of what it takes, from its first touch on; none before any interaction."""
        if interactions:
            self.record_contacts(step, [interaction.actor for interaction in interactions])

    def record_contacts(self, step: int, actors: Iterable[int | None]) -> None:
        """Record contacts of the robot and of those of the links `actors` that it has touched.

        The actors must be the same at all steps of a frame; what the robot has touched is updated at its end.
        """
        if self._watched is None:
            touched = (actor for actor in actors if actor is not None and self._world.touched_by_robot(actor))
            self._watched = {*self._robot, *touched}
        self._contacts.append(step, self._world.contacts(self._watched), NEAR_CONTACT)

    def recording(self, meta: EpisodeMeta) -> Recording:
        """The recording of everything so far."""
        frames = {name: np.stack(rows) for name, rows in self._rows.items()}
        frames["ee_pose"] = frames["link_pose"][:, self._hands]
        frames["camera_from_world"] = self._cameras.extrinsics(frames["link_pose"])
        flat = {"joint_position", "joint_velocity", "joint_target", "condition"}
        arrays = {name: rows.reshape(-1) if name in flat else rows for name, rows in frames.items()}
        arrays["link_pose"] = frames["link_pose"].reshape(-1, 7)
        arrays["link_velocity"] = frames["link_velocity"].reshape(-1, 6)
        arrays |= {f"contact_{name}": column for name, column in self._contacts.columns().items()}
        typed = {name: rows.astype(_dtype(name)) for name, rows in arrays.items()}
        return Recording(meta, **typed)


def _dtype(name: str) -> str:
    special = {"step": "int32", "contact_step": "int32", "contact_link": "uint16", "condition": "bool"}
    return special.get(name, "float32")
