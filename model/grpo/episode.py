"""A training episode: what the policy observed, predicted and sampled, and what its reward is made of.

Keys and values are not kept: at 5 B parameters those of one chunk are a thousand times as large as its latents.
Dimensions: C latent channels, F latent frames, h w latent cells, A actions, P numbers of an action.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...dataset.recording import Setting
from ..network.chunk import Chunk, Past
from .sampler import Chain

SHARED, OWN = 0, 1
HEAD = "head"


@dataclass(frozen=True)
class EpisodeRequest:
    """An episode to run: a seed of a task, at most `limit` actions, the file with the weights to act with.

    `noise` seeds what the group shares; `noise` and `member` together seed what is sampled for this episode alone.
    Without `explore` the actions follow the ODE and the episode holds no decisions: it only evaluates the policy.
    """

    task: str
    setting: Setting
    seed: int
    limit: int | None
    noise: tuple[int, ...]
    member: int
    weights: Path
    explore: bool = True


@dataclass(frozen=True, eq=False)
class Decision:
    """One call of the policy: what it saw, the chunk it sampled, the chain of its actions, how many were executed.

    All are batches of one.
    """

    past: Past
    chunk: Chunk
    chain: Chain
    executed: int


@dataclass(frozen=True, eq=False)
class Episode:
    """A finished episode.

    `heat` is the mean over actions of the predicted map at the commanded TCP; see `reward.heat`.
    """

    instruction: str
    success: bool
    heat: float
    decisions: tuple[Decision, ...]


def packed(value: Any) -> Any:
    """Tensors as numpy arrays: torch would share each tensor with the receiving process by an open file."""
    return _mapped(value, lambda leaf: leaf.cpu().numpy() if isinstance(leaf, Tensor) else leaf)


def unpacked(value: Any, device: torch.device) -> Any:
    """The inverse of `packed`."""
    return _mapped(value, lambda leaf: torch.from_numpy(leaf).to(device) if isinstance(leaf, np.ndarray) else leaf)


def _mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{item.name: _mapped(getattr(value, item.name), change) for item in fields(value)})
    return tuple(_mapped(item, change) for item in value) if isinstance(value, tuple) else change(value)


RunEpisodes = Callable[[Sequence[EpisodeRequest]], Sequence[Episode | None]]
"""Runs episodes, in the order of the requests; None for seeds without a scene that the expert can solve."""
