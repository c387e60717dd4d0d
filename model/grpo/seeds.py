"""The seeds of stage 2: of its training episodes, new ones at every step or those of a pool, and of its evaluation."""

from collections.abc import Sequence
from pathlib import Path

from ...dataset.recording import Setting
from ..config import GrpoTraining
from .episode import EpisodeRequest

TaskSettings = Sequence[tuple[str, Setting]]
"""Pairs of task and setting, taken in turn."""
Pool = Sequence[Sequence[int]]
"""For every pair of task and setting, the seeds to train on in turn; empty for new seeds at every step."""
EVALUATION_SEED = 90_000
"""First seed of the evaluation during training; above training seeds, below those of `aimdata eval`."""
SEARCH, EVALUATION = 1, 2
"""Streams of noise apart from that of training: of the search for a pool, and of the evaluation."""


def requests(
    section: GrpoTraining, run_seed: int, starts: TaskSettings, pool: Pool, step: int, weights: Path
) -> list[EpisodeRequest]:
    """The training episodes of a step, group by group."""
    found = []
    for number in range(step * section.groups, (step + 1) * section.groups):
        turn, which = divmod(number, len(starts))
        seed = pool[which][turn % len(pool[which])] if pool else section.first_seed + turn
        found += group(section, starts[which], seed, (run_seed, number), weights)
    return found


def evaluation_requests(
    section: GrpoTraining, run_seed: int, starts: TaskSettings, weights: Path
) -> list[EpisodeRequest]:
    """The fixed episodes, without exploration, on which the policy is evaluated during training."""
    return [
        EpisodeRequest(task, setting, seed, section.limit, (run_seed, EVALUATION, seed), 0, weights, explore=False)
        for task, setting in starts
        for seed in range(EVALUATION_SEED, EVALUATION_SEED + section.eval_seeds)
    ]


def group(
    section: GrpoTraining, start: tuple[str, Setting], seed: int, noise: tuple[int, ...], weights: Path
) -> list[EpisodeRequest]:
    """Episodes of one seed that share `noise`."""
    return [EpisodeRequest(*start, seed, section.limit, noise, member, weights) for member in range(section.group)]
