"""Chunks of finished episodes in batches, with the losses of the action head on them, and each rank's share of them.

The keys and values of past and predicted future are those the actions were sampled with: they count as observed, though
past actions passed through the same head. The ratio is therefore exact, and a sample costs one pass of the world model
without gradient and one of the action head.
Dimensions: B chunks, A actions, P numbers of an action.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..config import GrpoTraining
from ..network.chunk import Chunk, Past
from ..parallel import Ranks
from .episode import Decision, Episode
from .explorer import velocity_of
from .objective import ScoredChunks, losses
from .policy_networks import PolicyNetworks
from .sampler import Chain, Density, Velocity, density
from .trained_part import TrainedPart, action_head


@dataclass(frozen=True, eq=False)
class Sample:
    """A decision of an episode, and the episode's advantage."""

    episode: Episode
    decision: Decision
    advantage: float


class ChunkBatch:
    """Chunks at the same time in their episodes; their density when sampled is computed once, before any update."""

    def __init__(
        self, networks: PolicyNetworks, config: GrpoTraining, sampled_by: TrainedPart, samples: Sequence[Sample]
    ) -> None:
        self.networks, self.config, self.sampled_by, self.samples = networks, config, sampled_by, samples
        self.chain = Chain.stack([sample.decision.chain for sample in samples])
        velocity, aim = self._velocity(), networks.world.aim
        with torch.no_grad(), action_head(aim, networks.reference):
            self.reference = self._density(velocity, networks.reference)
        with action_head(aim, sampled_by):
            before = self._density(velocity, sampled_by).log_probability(self.chain.after).detach()
        self.scored = self._scored(before)

    def losses(self) -> dict[str, Tensor]:
        """Sums over the executed actions; see `objective.losses`. Before the first update the ratio is exactly 1."""
        trained, velocity = self.networks.trained, self._velocity()
        return trained.compute(
            lambda: losses(self.config.objective, self._density(velocity, trained), self.reference, self.scored)
        )

    def mismatch(self) -> float:
        """The largest difference between an action's log-probability here and where it was sampled."""
        return float(((self.scored.old - self.chain.log_probability) * self.scored.counts).sum(-1).abs().max())

    @torch.no_grad()
    def _velocity(self) -> Velocity:
        """The action head on the keys and values its actions were sampled with."""
        world = self.networks.world
        past = Past.stack([sample.decision.past for sample in self.samples])
        future = Chunk.stack([sample.decision.chunk for sample in self.samples])
        with action_head(world.aim, self.sampled_by):
            text = world.aim.encode_text(world.text([sample.episode.instruction for sample in self.samples]))
            cache = world.aim.extend_cache(text, None, [future.as_future()], world.aim.extend_cache(text, past))
        return velocity_of(world, text, future.now, cache)

    def _density(self, velocity: Velocity, weights: TrainedPart) -> Density:
        return density(self.config.sampler, velocity, self.chain, weights.noise_net)

    def _scored(self, before: Tensor) -> ScoredChunks:
        device, actions = self.networks.used.device, self.chain.after.shape[2]
        executed = torch.tensor([sample.decision.executed for sample in self.samples], device=device)
        done = torch.arange(actions, device=device) < executed[:, None]
        advantage = torch.tensor([sample.advantage for sample in self.samples], device=device)
        return ScoredChunks(self.chain.after, before, advantage, done[..., None] & self.networks.used)


class RankBatches:
    """This rank's share of the batches of an update: every `ranks.count`-th one."""

    def __init__(
        self,
        networks: PolicyNetworks,
        config: GrpoTraining,
        sampled_by: TrainedPart,
        parts: Sequence[Sequence[Sample]],
        ranks: Ranks,
    ) -> None:
        self.parts, self.ranks = parts, ranks
        own = range(ranks.rank, len(parts), ranks.count) or range(min(len(parts), 1))
        self.batches = {index: ChunkBatch(networks, config, sampled_by, parts[index]) for index in own}

    def of_step(self, indices: Sequence[int]) -> Iterator[tuple[ChunkBatch, float]]:
        """The batches of an optimiser step that this rank computes, weighted 1.

        Gathering weights is a collective, so a rank with fewer batches than another repeats one with weight 0.
        """
        shares = [[index for index in indices if index % self.ranks.count == rank] for rank in range(self.ranks.count)]
        own = shares[self.ranks.rank]
        filler = next(iter(self.batches.values()))
        yield from ((self.batches[index], 1.0) for index in own)
        yield from ((filler, 0.0) for _ in range(max(map(len, shares)) - len(own)))

    def mismatch(self) -> float:
        """The largest mismatch of all batches; see `ChunkBatch.mismatch`."""
        own = max((batch.mismatch() for batch in self.batches.values()), default=0.0)
        return max(self.ranks.merged([own] * self.ranks.count))
