"""The policy of a trained checkpoint: from observations and executed actions to the next chunk of actions."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
import torch

from ...actions import decode, encode, encode_state, hand_poses
from ...channels import has_poses
from ...dataset.resize import resize_views
from ...errors import CheckpointError, UsageError
from ...policy import ActionFormat, Observations
from .. import checkpoint
from ..canvas import scale_canvas
from ..checkpoint import CheckpointMeta
from ..data_config import FRAMES_PER_CHUNK
from ..hub import local_path
from ..network.chunk import Chunk
from ..network.config import TEMPORAL_STRIDE
from ..world_model import WorldModel, load_world
from .config import SamplingConfig
from .context import Context
from .deployment import deploy
from .rollout import Rollout

STATE = 14
"""Numbers of an observed state and of an executed action: joints in rad and gripper openings."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """One chunk: rgb uint8 (8, H, W, 3), value uint8 (8, H, W), and actions as `Policy.act` returns them.

    If the model predicts them, also `depth` (8, H, W) in m and `ends` (8, 16), end-effector states.
    """

    rgb: np.ndarray
    value: np.ndarray
    actions: np.ndarray
    depth: np.ndarray | None = None
    ends: np.ndarray | None = None


class Policy:
    """Controls one robot. `act` is closed loop: observations replace what was predicted."""

    def __init__(self, world: WorldModel, meta: CheckpointMeta, sampling: SamplingConfig) -> None:
        self.world, self.meta, self.sampling = world, meta, sampling
        self.small = scale_canvas(meta.canvas, meta.data.height, meta.data.width)
        self.device = next(world.parameters()).device
        self.rollout: Rollout | None = None
        self.imagined: Chunk | None = None
        self.unfinished: Iterator[tuple[Chunk, bool]] = iter(())
        self.calls, self.scene_checksum = 0, 0
        self.anchor = np.zeros(0, np.float32)

    @property
    def action_format(self) -> ActionFormat:
        """Whether the actions are joints or hand poses."""
        return "ee" if has_poses(self.meta.data.action_space) else "joints"

    @property
    def image_stride(self) -> int:
        """Recorded frames between two that the model looks at."""
        return self.meta.data.stride

    @staticmethod
    def load(
        address: Path | str, device: torch.device | str = "cpu", sampling: SamplingConfig | None = None
    ) -> "Policy":
        """Load a checkpoint of stage 1 or 2, with averaged weights if it has them; CheckpointError if it is not one.

        `address` is a checkpoint's folder, or hf://user/name of one published on the Hugging Face Hub.
        """
        path = local_path(address)
        meta = checkpoint.read_meta(path)
        if meta.stage == "vae":
            raise CheckpointError(
                f"{path} is a checkpoint of stage {meta.stage}, but a policy needs stage 1 or 2; run "
                f"`aimdata train --stage 1`."
            )
        sampling = sampling or SamplingConfig()
        return Policy(deploy(load_world(path, meta).to(device).eval(), sampling), meta, sampling)

    def reset(self, instruction: str) -> None:
        """Begin an episode."""
        self.rollout = Rollout.begin(self.world, (instruction,), Context.of(self.meta.data))
        self.imagined, self.calls = None, 0
        self.unfinished = iter(())

    def act(self, observations: Observations, executed: np.ndarray, frozen: np.ndarray | None = None) -> np.ndarray:
        """The next chunk of actions: joint targets (32, 14), or hand poses (32, 16) if `action_format` is ee.

        Args:
            observations: every frame since the last call, one per executed action; in the first call also the first
                frame. `rgb` may hold only the frames the model looks at (`image_stride`). `ee_pose` is needed if the
                model's action space is one of hand poses.
            executed: the joint targets (T, 14) executed between these frames.
            frozen: actions, in the format returned, that the chunk must begin with, because they are already decided.

        Raises:
            UsageError: `reset` was not called, or a shape is wrong.
        """
        frames = self.prepare(observations, executed)
        assert self.rollout is not None
        seen = self.rollout.observe(*frames)
        return self.finish_actions(seen, self.sample_steps(seen, self.prepare_frozen(frozen)))

    def prepare(self, observations: Observations, executed: np.ndarray) -> tuple[torch.Tensor, ...]:
        """Check the arguments of `act` and convert them to those of `Rollout.observe`; raises as `act` does."""
        if self.rollout is None:
            raise UsageError("The policy has no instruction yet; call reset(instruction) before act.")
        return self._prepare(observations, executed, begins=self.rollout.past is None)

    def prepare_frozen(self, frozen: np.ndarray | None) -> torch.Tensor | None:
        """Frozen actions (1, *, P), normalised, after `prepare`; UsageError for another shape or too many."""
        if frozen is None or not len(frozen):
            return None
        data, width = self.meta.data, len(self.anchor)
        if frozen.ndim != 2 or frozen.shape[1] != width or len(frozen) > data.actions:
            raise UsageError(f"frozen has shape {frozen.shape}, expected at most ({data.actions}, {width}).")
        channels = encode(data.action_space, frozen, self.anchor)
        return torch.from_numpy(self.meta.normalisation.action.apply(channels))[None].to(self.device)

    def sample_steps(self, seen: Rollout, frozen: torch.Tensor | None = None) -> Iterator[tuple[Chunk, bool]]:
        """Denoise the next chunk; yields it after each step, and whether its actions are final."""
        return seen.denoise(self.sampling, self.begin(seen), frozen)

    def finish_actions(self, seen: Rollout, steps: Iterator[tuple[Chunk, bool]]) -> np.ndarray:
        """Denoise until the actions are final and return them.

        With `action_first` the remaining video steps run when `predict` is called, while the robot moves.
        """
        self.unfinished = steps
        self.imagined = next(chunk for chunk, ready in steps if ready)
        self.rollout, self.calls = seen, self.calls + 1
        return self._restored(self.imagined)

    def begin(self, seen: Rollout) -> Chunk:
        """The initial noise of the next chunk, a function of the seed, the first observation and the number of calls.

        The same noise in every episode would make one draw of it decide the success rate of a whole evaluation.
        """
        return seen.noise(self.meta.data.actions, self.noise(self.sampling.seed, self.scene_checksum))

    def noise(self, *seed: int) -> torch.Generator:
        """The random generator of this call."""
        word = int(np.random.SeedSequence((*seed, self.calls)).generate_state(1)[0])
        return torch.Generator(self.device).manual_seed(word)

    def predict(self) -> Prediction:
        """The future predicted by the last `act`, decoded; UsageError before the first one."""
        if self.rollout is None or self.imagined is None:
            raise UsageError("Nothing has been predicted yet; call reset(instruction) and act first.")
        for chunk, _ in self.unfinished:
            self.imagined = chunk
        data, (rgb, value) = self.meta.data, self.rollout.decode(self.imagined)
        depth, ends = self.rollout.decode_depth(self.imagined, data.near, data.far), self.imagined.ends
        return Prediction(
            rgb[0].cpu().numpy(),
            value[0].cpu().numpy(),
            self._restored(self.imagined),
            None if depth is None else depth[0].cpu().numpy(),
            None if ends is None else ends[0].float().cpu().numpy(),
        )

    def _restored(self, chunk: Chunk) -> np.ndarray:
        channels = self.meta.normalisation.action.restore(chunk.actions[0].float().cpu().numpy())
        if not np.isfinite(channels).all():
            raise CheckpointError("The policy computed actions that are not finite; its weights are damaged.")
        return decode(self.meta.data.action_space, channels, self.anchor)

    def _prepare(
        self, seen: Observations, executed: np.ndarray, *, begins: bool
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Frames (1, T, H, W, 3) at the model's stride and resolution; actions and current state, normalised.

        The first frame is repeated for the length of the history, as in the training data.
        """
        data, canvas = self.meta.data, self.meta.canvas
        every, strided = len(executed) + begins, len(executed) // data.stride + begins
        frames = strided if len(seen.rgb) == strided else every
        wanted = {
            "observations.rgb": (seen.rgb, (frames, canvas.height, canvas.width, 3)),
            "observations.state": (seen.state, (every, STATE)),
            "executed": (executed, (len(executed), STATE)),
        }
        if self.action_format == "ee":
            poses = np.zeros(0) if seen.ee_pose is None else seen.ee_pose
            wanted["observations.ee_pose"] = (poses, (every, 2, 7))
        for name, (array, shape) in wanted.items():
            if array.shape != shape:
                raise UsageError(f"{name} has shape {array.shape}, expected {shape}: one frame per action.")
        per_latent = TEMPORAL_STRIDE * data.stride
        if len(executed) % per_latent or (not len(executed) and not begins):
            raise UsageError(f"{len(executed)} actions were executed, expected a multiple of {per_latent}.")
        if begins:
            self.scene_checksum = crc32(seen.state[0].astype(np.float32).tobytes(), crc32(seen.rgb[0].tobytes()))
        offset = 0 if begins else data.stride - 1
        rgb = resize_views(seen.rgb if frames == strided else seen.rgb[offset :: data.stride], canvas, self.small)
        normalisation, still = self.meta.normalisation, data.history_chunks * begins
        states, commands = self._commands(seen, executed)
        anchor = states[0] if begins else self.anchor
        if begins:
            rgb = np.concatenate([rgb[:1].repeat(FRAMES_PER_CHUNK * still, axis=0), rgb])
            commands = np.concatenate([states[:1].repeat(data.actions * still, axis=0), commands])
        actions, state = encode(data.action_space, commands, anchor), encode_state(data.action_space, states[-1:])
        self.anchor = states[-1]
        tensors = (rgb, normalisation.action.apply(actions), normalisation.state.apply(state[0]))
        video, done, now = (torch.from_numpy(part)[None].to(self.device) for part in tensors)
        return video, done, now

    def _commands(self, seen: Observations, executed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """States and executed actions as joints or, in spaces of hand poses, as the poses measured."""
        if self.action_format == "joints" or seen.ee_pose is None:
            return seen.state, executed
        return hand_poses(seen.ee_pose, seen.state), hand_poses(
            seen.ee_pose[len(seen.state) - len(executed) :], executed
        )
