"""One step of stage 2: from finished episodes to optimiser steps on the action head, and the scalars to log.

Several ranks share the batches of each optimiser step; all of them know all episodes.
"""

import copy
from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
import torch
from torch import Tensor

from ..config import GrpoTraining
from ..training.learner import Learner
from .chunk_batch import RankBatches, Sample
from .episode import Episode
from .objective import advantages
from .policy_networks import PolicyNetworks


def update(
    networks: PolicyNetworks,
    config: GrpoTraining,
    learner: Learner,
    groups: Sequence[Sequence[Episode]],
    step: int,
    rng: np.random.Generator,
) -> dict[str, float]:
    """Pass over the episodes of a step `epochs` times, in `minibatches` optimiser steps each; the scalars to log.

    `rng` decides which chunks go into which optimiser step.
    """
    samples, kept = [], 0
    for group in groups:
        relative = advantages([config.reward.of(episode.heat, episode.success) for episode in group])
        if relative is not None:
            kept += 1
            for episode, advantage in zip(group, relative.tolist(), strict=True):
                samples += [Sample(episode, decision, advantage) for decision in episode.decisions]
    sampled_by = copy.deepcopy(networks.reference)
    sampled_by.load_state_dict(networks.trained_weights())
    parts = list(_batches(samples, config.batch))
    work = RankBatches(networks, config, sampled_by, parts, learner.ranks)
    steps = [
        _optimise(learner, work, indices.tolist(), step)
        for _ in range(config.epochs)
        for indices in np.array_split(rng.permutation(len(parts)), min(config.minibatches, len(parts)) or 1)
        if len(indices)
    ]
    scalars = {name: float(np.mean([one[name] for one in steps])) for name in steps[0]} if steps else {"loss": 0.0}
    account = _account(config, networks.used, groups)
    return {**account, **scalars, "groups_kept": kept, "optimiser_steps": len(steps), "mismatch": work.mismatch()}


def _optimise(learner: Learner, work: "RankBatches", indices: Sequence[int], step: int) -> dict[str, float]:
    """One optimiser step on the mean over the executed actions of these batches."""
    actions = sum(sample.decision.executed for index in indices for sample in work.parts[index])
    for batch, weight in work.of_step(indices):
        learner.add({name: weight * value / actions for name, value in batch.losses().items()})
    return learner.update(step)


def _account(config: GrpoTraining, used: Tensor, groups: Sequence[Sequence[Episode]]) -> dict[str, float]:
    """Means over episodes, and the deviation of the first chunks of a group, sampled given the same future."""
    episodes = [episode for group in groups for episode in group]
    if not episodes:
        return {}
    firsts = [[e.decisions[0].chunk.actions for e in group if e.decisions] for group in groups]
    spreads = [float(torch.cat(chunks).std(0)[:, used].mean()) for chunks in firsts if len(chunks) > 1]
    rewards = [config.reward.of(episode.heat, episode.success) for episode in episodes]
    return {
        "episodes": len(episodes),
        "success": sum(episode.success for episode in episodes) / len(episodes),
        "reward_sparse": config.reward.sparse * sum(episode.success for episode in episodes) / len(episodes),
        "reward_dense": config.reward.dense * sum(episode.heat for episode in episodes) / len(episodes),
        "reward": sum(rewards) / len(rewards),
        "spread": sum(spreads) / max(len(spreads), 1),
    }


def _batches(samples: Sequence[Sample], size: int) -> Iterator[list[Sample]]:
    """Samples that see equally much of the past, so that they form a batch."""
    ordered = sorted(samples, key=lambda sample: sample.decision.chunk.now)
    for _, alike in groupby(ordered, key=lambda sample: sample.decision.chunk.now):
        equal = list(alike)
        yield from (equal[start : start + size] for start in range(0, len(equal), size))
