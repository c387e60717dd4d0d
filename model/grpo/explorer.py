"""The exploring policy of stage 2: it samples actions with a known density and keeps what they are learned from."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ..canvas import video_value
from ..checkpoint import CheckpointMeta
from ..config import GrpoTraining
from ..inference.config import SamplingConfig
from ..inference.policy import Policy
from ..inference.rollout import Rollout
from ..inference.sampling import sample
from ..network.cache import Cache
from ..network.chunk import Chunk, Future, Past
from ..network.instruction import Instruction
from ..world_model import WorldModel
from .episode import HEAD, OWN, SHARED, Decision, Episode, EpisodeRequest
from .reward import heat
from .sampler import Chain, Velocity, draw, follow_ode, initial_noise
from .trained_part import TrainedPart, trained_part


def velocity_of(world: WorldModel, text: Instruction, now: int, cache: Cache) -> Velocity:
    """The action head alone, on cached keys and values of everything it attends to."""

    def velocity(x: Tensor, t: Tensor) -> Tensor:
        (found,) = world.aim(text, None, [Future(now, actions=x, t_action=t.float())], cache)
        assert found.actions is not None
        return found.actions

    return velocity


class Explorer(Policy):
    """A policy that samples actions with a known density and records the chain."""

    def __init__(
        self, world: WorldModel, meta: CheckpointMeta, config: GrpoTraining, trained: TrainedPart | None = None
    ) -> None:
        """`trained`: what `trained_part` returned for this world; made here by default."""
        sampling = SamplingConfig(config.video_steps, action_steps=0, shift_video=config.shift_video)
        super().__init__(world, meta, sampling)
        self.config, self.trained = config, trained_part(world, config) if trained is None else trained
        self.request: EpisodeRequest | None = None

    def reset(self, instruction: str) -> None:
        """Begin an episode."""
        super().reset(instruction)
        self.instruction = instruction
        self.drawn: list[tuple[Past, Chunk, Chain | None]] = []

    @torch.no_grad()
    def sample_steps(self, seen: Rollout, frozen: Tensor | None = None) -> Iterator[tuple[Chunk, bool]]:
        """RGB and maps first, the same for a whole group while its observations agree; then the actions."""
        assert self.request is not None
        request, aim, past = self.request, self.world.aim, seen.cache()
        shared, own = self.noise(*request.noise, SHARED), self.noise(*request.noise, OWN, request.member)
        future = sample(aim, seen.text, past, seen.noise(self.meta.data.actions, shared), self.sampling)
        cache = aim.extend_cache(seen.text, None, [future.as_future()], past)
        sampler, velocity = self.config.sampler, velocity_of(self.world, seen.text, future.now, cache)
        z = initial_noise(sampler, future.actions.shape, shared, own, future.actions.dtype)
        if request.explore:
            actions, chain = draw(sampler, velocity, z, own, self.trained.noise_net)
        else:
            actions, chain = follow_ode(sampler, velocity, z), None
        chunk = replace(future, actions=actions, ends=None, depth=None)
        self.drawn.append((seen.seen, chunk, chain))
        return iter([(chunk, True)])

    @torch.no_grad()
    def maps(self, chunk: Chunk) -> np.ndarray:
        """Predicted value maps of the head, uint8 (8, H, W)."""
        decoded = self.world.coder.decode(torch.cat([chunk.black, chunk.value], dim=2))
        return video_value(decoded)[0].cpu().numpy()[:, *self.small.view(HEAD).slices]

    def finished(self, success: bool, tcp: np.ndarray, head_from_world: np.ndarray) -> Episode:
        """The episode just run, of T frames: commanded TCPs (T, 2, 3) and the head camera's extrinsics (T, 4, 4)."""
        data, count = self.meta.data, len(tcp) - 1
        decisions, hot, view = [], [], self.small.view(HEAD)
        for start, (past, chunk, chain) in zip(range(0, count, data.actions), self.drawn, strict=True):
            executed = min(data.actions, count - start)
            after = slice(start + 1, start + executed + 1)
            maps = self.maps(chunk)
            hot.append(heat(maps, tcp[after], head_from_world[after], view, data.stride))
            if chain is not None:
                decisions.append(Decision(past, chunk, chain, executed))
        mean = float(np.concatenate(hot).mean()) if hot else 0.0
        return Episode(self.instruction, success, mean, tuple(decisions))
