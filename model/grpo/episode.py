"""An episode played to learn from: what the policy saw, imagined and drew, and the reward it met.

Keys and values are not kept: at 5 B parameters those of one chunk weigh a thousand times what its latents do.
Dimensions: C latent channels, F latent frames, h w latent cells, A actions, P numbers of an action.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from ...dataset.policy import Policy as AnyPolicy
from ...dataset.recording import Setting
from ...errors import UsageError
from ..aim import Instruction
from ..attention import ancestors
from ..cache import Cache
from ..canvas import video_value
from ..checkpoint import CheckpointMeta
from ..chunk import Chunk, Future, Past
from ..config import GrpoTraining
from ..device import device_named
from ..policy import Observations, Policy
from ..rollout import Rollout
from ..sampling import SamplingConfig
from ..world_model import WorldModel
from .reward import heat
from .sampler import Chain, NoiseNet, Velocity, draw

SHARED, OWN = 0, 1
HEAD = "head"


@dataclass(frozen=True)
class Request:
    """An episode to play: a seed of a task, for at most `limit` actions.

    `noise` decides what is drawn for the whole group, it and the number `member` what is drawn for this episode.
    """

    task: str
    setting: Setting
    seed: int
    limit: int | None
    noise: tuple[int, ...]
    member: int
    weights: Path


class Played(Protocol):
    """What the simulator tells of an episode: see `simgen.sapien.rollout.Rollout`."""

    success: bool
    actions: np.ndarray
    tcp: np.ndarray
    head_from_world: np.ndarray


@dataclass(frozen=True, eq=False)
class Decision:
    """One call: the chunk it came to, a batch of one, the chain of its actions, and how many were executed."""

    chunk: Chunk
    chain: Chain
    executed: int


@dataclass(frozen=True, eq=False)
class Episode:
    """What came of a request. `seen` is all that was observed and done, from the first latent frame on.

    `heat` is the mean over the actions of how hot the predicted maps were where they led; see `reward.heat`.
    """

    instruction: str
    success: bool
    heat: float
    seen: Past
    decisions: tuple[Decision, ...]

    def past(self, decision: Decision, actions_per_latent: int) -> Past:
        """What was known at a decision."""
        now, seen = decision.chunk.now, self.seen
        count = sum(at <= now for at in seen.state_at)
        assert seen.actions is not None
        assert seen.state is not None
        return replace(
            seen,
            observations=seen.observations[:, :, : now + 1],
            actions=seen.actions[:, : now * actions_per_latent] if now else None,
            state=seen.state[:, :count],
            state_at=seen.state_at[:count],
        )


def trained_part(world: WorldModel, config: GrpoTraining) -> nn.ModuleDict:
    """What stage 2 optimises: the action stream, and with the sampler `noise_net` its spread."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = NoiseNet(world.aim.config.action_dim, config.sampler.spread).to(next(world.parameters()).device)
    parts: dict[str, nn.Module] = {"action": world.aim.action}
    return nn.ModuleDict(parts | ({"noise_net": net} if config.sampler.kind == "noise_net" else {}))


def noise_net(trained: nn.ModuleDict) -> NoiseNet | None:
    """The learned spread, if there is one."""
    net = dict(trained.items()).get("noise_net")
    assert net is None or isinstance(net, NoiseNet)
    return net


def check_fits(world: WorldModel) -> None:
    """UsageError for a model whose actions cannot be drawn alone, on a finished future."""
    table, config = world.aim.table, world.aim.config
    if config.state_stream:
        raise UsageError(
            "Stage 2 draws actions alone, this model draws states with them (aim.state_stream); train one without."
        )
    if "a" in ancestors(table, "x") | ancestors(table, "m"):
        raise UsageError(
            f"With aim.visibility={config.visibility} the imagined future sees the actions; stage 2 draws "
            f"actions on a finished future: train stage 1 with another visibility, for instance aim."
        )


def velocity_of(world: WorldModel, text: Instruction, now: int, cache: Cache) -> Velocity:
    """The action head alone, on cached keys and values of all it may see."""

    def velocity(x: Tensor, t: Tensor) -> Tensor:
        (found,) = world.aim(text, None, [Future(now, actions=x, t_action=t.float())], cache)
        assert found.actions is not None
        return found.actions

    return velocity


class Explorer(Policy):
    """A policy that draws its actions by a sampler with a density and takes notes of it."""

    def __init__(self, world: WorldModel, meta: CheckpointMeta, config: GrpoTraining) -> None:
        sampling = SamplingConfig(config.video_steps, action_steps=0, shift_video=config.shift_video)
        super().__init__(world, meta, sampling)
        self.config, self.trained = config, trained_part(world, config)
        self.request: Request | None = None

    def reset(self, instruction: str) -> None:
        """Begins an episode."""
        super().reset(instruction)
        self.instruction = instruction
        self.latents: list[Tensor] = []
        self.actions: list[Tensor] = []
        self.states: list[Tensor] = []
        self.state_at: list[int] = []
        self.drawn: list[tuple[Chunk, Chain]] = []

    def _checked(self, seen: Observations, executed: np.ndarray, *, begins: bool) -> tuple[Tensor, Tensor, Tensor]:
        frames, actions, state = super()._checked(seen, executed, begins=begins)
        self.actions.append(actions)
        self.states.append(state[:, None])
        return frames, actions, state

    @torch.no_grad()
    def dream(self, seen: Rollout) -> Iterator[tuple[Chunk, bool]]:
        """RGB and maps first, the same in the whole group as long as it sees the same; then the actions."""
        assert self.rollout is not None
        assert self.request is not None
        assert seen.recent is not None
        assert seen.cache is not None
        self.latents.append(seen.recent[:, :, self.rollout.seen - seen.seen :])
        self.state_at.append(seen.now)
        request, world = self.request, self.world
        shared, own = self.noise(*request.noise, SHARED), self.noise(*request.noise, OWN, request.member)
        future = seen.imagine(self.sampling, self.meta.data.actions, shared)
        cache = world.aim.remember(seen.text, None, [future.imagined()], seen.cache)
        z = torch.randn(future.actions.shape, generator=own, device=self.device, dtype=future.actions.dtype)
        velocity = velocity_of(world, seen.text, seen.now, cache)
        actions, chain = draw(self.config.sampler, velocity, z, own, noise_net(self.trained))
        chunk = replace(future, actions=actions, ends=None, depth=None)
        self.drawn.append((chunk, chain))
        return iter([(chunk, True)])

    @torch.no_grad()
    def maps(self, chunk: Chunk) -> np.ndarray:
        """Predicted value maps of the head, uint8 (8, H, W)."""
        decoded = self.world.coder.decode(torch.cat([chunk.black, chunk.value], dim=2))
        return video_value(decoded)[0].cpu().numpy()[:, *self.small.view(HEAD).slices]

    def judged(self, played: Played) -> Episode:
        """The episode just played."""
        data, count = self.meta.data, len(played.actions)
        decisions, hot, view = [], [], self.small.view(HEAD)
        for start, (chunk, chain) in zip(range(0, count, data.actions), self.drawn, strict=True):
            done = slice(start, min(start + data.actions, count))
            after = slice(done.start + 1, done.stop + 1)
            maps = self.maps(chunk)
            hot.append(heat(maps, played.tcp[after], played.head_from_world[after], view, data.stride))
            decisions.append(Decision(chunk, chain, done.stop - done.start))
        seen = Past(
            observations=torch.cat(self.latents, dim=2),
            actions=torch.cat(self.actions, dim=1),
            state=torch.cat(self.states, dim=1),
            state_at=tuple(self.state_at),
        )
        mean = float(np.concatenate(hot).mean()) if hot else 0.0
        return Episode(self.instruction, bool(played.success), mean, seen, tuple(decisions))


class Player:
    """What a simulator process plays episodes with; made there once."""

    def __init__(self, path: Path, config: GrpoTraining, device: str = "cpu") -> None:
        base = Policy.load(path, device_named(device))
        torch.set_num_threads(1)
        self.explorer = Explorer(base.world, base.meta, config)
        self.weights: Path | None = None

    def __call__(self, request: Request, play: Callable[[AnyPolicy], Played]) -> Episode:
        """Plays one episode with the weights it names; its arrays are numpy's, to be sent to another process."""
        if request.weights != self.weights:
            self.explorer.trained.load_state_dict(load_file(request.weights))
            self.weights = request.weights
        self.explorer.request = request
        return packed(self.explorer.judged(play(self.explorer)))


def packed(value: Any) -> Any:
    """The same with numpy arrays for tensors: torch would share each tensor with its receiver by an open file."""
    return _mapped(value, lambda leaf: leaf.cpu().numpy() if isinstance(leaf, Tensor) else leaf)


def unpacked(value: Any, device: torch.device) -> Any:
    """The inverse of `packed`."""
    return _mapped(value, lambda leaf: torch.from_numpy(leaf).to(device) if isinstance(leaf, np.ndarray) else leaf)


def _mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{item.name: _mapped(getattr(value, item.name), change) for item in fields(value)})
    return tuple(_mapped(item, change) for item in value) if isinstance(value, tuple) else change(value)


RollOut = Callable[[Sequence[Request]], Sequence[Episode | None]]
"""Plays episodes, in the order of the requests; None for one whose seed gives no scene the expert can solve."""
