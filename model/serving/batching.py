"""Batched inference: one forward pass of the network answers the waiting requests of several episodes.

Each result equals, up to the rounding of sums, that of answering the request alone.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import tee
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...errors import AimdataError
from ...policy import Observations
from ..inference.policy import Policy
from ..inference.rollout import Rollout
from ..network.chunk import Chunk


@dataclass(frozen=True, eq=False)
class PendingAct:
    """A waiting request to act and its future answer. `act_batch` needs a `Policy` of this package."""

    policy: Any
    observations: Observations
    executed: np.ndarray
    answer: "Future[np.ndarray]" = field(default_factory=Future)
    frozen: np.ndarray | None = None


def act_batch(turns: Sequence[PendingAct]) -> None:
    """Answer each request as `Policy.act` would. The policies share one network, and each appears at most once.

    Requests are batched if they have equally many new frames, see equally much of the past, and have VAE memories of
    equal shapes (smaller after a single frame than later). An invalid request fails alone.
    """
    groups: dict[tuple, list[tuple[PendingAct, tuple[Tensor, ...], Tensor | None]]] = {}
    for turn in turns:
        try:
            frames = turn.policy.prepare(turn.observations, turn.executed)
            frozen = turn.policy.prepare_frozen(turn.frozen)
        except AimdataError as error:
            turn.answer.set_exception(error)
            continue
        shapes = tuple(part.shape for part in (*frames, frozen) if part is not None)
        kind = (frozen is None, shapes, turn.policy.rollout.shapes)
        groups.setdefault(kind, []).append((turn, frames, frozen))
    for group in groups.values():
        _answer(*zip(*group, strict=True))


def _answer(turns: Sequence[PendingAct], frames: Sequence[tuple[Tensor, ...]], frozen: Sequence[Tensor | None]) -> None:
    policies: list[Policy] = [turn.policy for turn in turns]
    before = [policy.rollout for policy in policies if policy.rollout is not None]
    rgb, actions, state = (torch.cat(parts) for parts in zip(*frames, strict=True))
    joined = Rollout.stack(before).observe(rgb, actions, state)
    after = joined.unstack(before)
    noise = Chunk.stack([policy.begin(seen) for policy, seen in zip(policies, after, strict=True)])
    known = [part for part in frozen if part is not None]
    steps = tee(joined.denoise(policies[0].sampling, noise, torch.cat(known) if known else None), len(turns))
    for number, (turn, seen) in enumerate(zip(turns, after, strict=True)):
        turn.answer.set_result(turn.policy.finish_actions(seen, _own(steps[number], number)))


def _own(steps: Iterator[tuple[Chunk, bool]], number: int) -> Iterator[tuple[Chunk, bool]]:
    return ((chunk.sample(number), ready) for chunk, ready in steps)
