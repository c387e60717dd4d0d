"""Inputs and outputs of the transformer, in latents: the past, future chunks, and their velocities.

Dimensions: B batch, C latent channels, F latent frames, h w latent cells, P action numbers, S states,
T video frames, E numbers of an end-effector state.
Latents are (B, C, F, h, w).
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Batched:
    """Tensors whose first axis is the batch, and values that all samples share."""

    def tensors(self) -> dict[str, Tensor]:
        """The tensors that are present, by name."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in named.items() if isinstance(value, Tensor)}

    def sample(self, index: int) -> Self:
        """One sample of the batch."""
        return replace(self, **{name: value[index, None] for name, value in self.tensors().items()})

    @classmethod
    def stack(cls, parts: Sequence[Self]) -> Self:
        """The inverse of `sample`: tensors concatenated, all else as in the first."""
        return replace(
            parts[0], **{name: torch.cat([getattr(part, name) for part in parts]) for name in parts[0].tensors()}
        )


@dataclass(frozen=True, eq=False)
class Past(Batched):
    """Observations, actions and states so far.

    observations: latents whose first frame is number `start`, with noise level t (B, F) or clean. actions (B, *, P) end
    at the last of these frames. state (B, S, P) at the latent frames `state_at`.
    """

    observations: Tensor
    start: int = 0
    t: Tensor | None = None
    actions: Tensor | None = None
    state: Tensor | None = None
    state_at: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Future:
    """The transformer's input for one chunk after frame `now` (−1: nothing was observed).

    RGB, value maps and actions (B, *, P) at noise levels (B,); None is clean. `black` is the clean latent of a black
    frame, used as the value map of frame `now` (§4.1: "pure black image"). `ends` (B, T, E), end-effector states at
    the chunk's video frames, have the noise level of the actions.
    """

    now: int
    video: Tensor | None = None
    black: Tensor | None = None
    value: Tensor | None = None
    actions: Tensor | None = None
    t_video: Tensor | None = None
    t_value: Tensor | None = None
    t_action: Tensor | None = None
    ends: Tensor | None = None


@dataclass(frozen=True, eq=False)
class Chunk(Batched):
    """One complete chunk after frame `now`: data, noise, or in between; video and value (B, C, F, h, w).

    `ends` and `depth`, a clean pseudo-RGB (B, C, F, h, w), are present if the model predicts them.
    """

    now: int
    video: Tensor
    black: Tensor
    value: Tensor
    actions: Tensor
    ends: Tensor | None = None
    depth: Tensor | None = None

    def as_future(self, t_video: Tensor | None = None, t_action: Tensor | None = None) -> Future:
        """Input with RGB and value maps at one noise level; actions and end effectors only if their level is given."""
        actions, ends = (None, None) if t_action is None else (self.actions, self.ends)
        return Future(self.now, self.video, self.black, self.value, actions, t_video, t_video, t_action, ends)


@dataclass(frozen=True, eq=False)
class Velocities:
    """Predicted dz/dt of each part of a `Future`, in its shape; `depth` is a clean latent, not a velocity."""

    video: Tensor | None
    value: Tensor | None
    actions: Tensor | None
    ends: Tensor | None = None
    depth: Tensor | None = None
