"""How much of an episode a policy sees: exactly as much as training showed it.

The features of a past frame depend on all that this frame saw. Keys and values kept from earlier calls would therefore
carry what is older than any training sample, however few of them stay visible; that costs successes (docs/learning.md).
So the past is cut to the length of a training sample and encoded anew for every chunk.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..data_config import DataConfig
from ..network.chunk import Past
from ..network.config import TEMPORAL_STRIDE
from ..world_model import LATENTS_PER_CHUNK


@dataclass(frozen=True)
class Context:
    """What the last chunk of a training sample sees: so many latent `frames`, with `actions` between two of them.

    The state is known where each of the sample's `chunks` begins.
    """

    frames: int
    chunks: int
    actions: int

    @staticmethod
    def of(data: DataConfig) -> "Context":
        """That of policies trained on such samples."""
        past = data.history_chunks + data.chunks - 1
        return Context(1 + LATENTS_PER_CHUNK * past, data.chunks, TEMPORAL_STRIDE * data.stride)

    def extended(self, past: Past | None, latents: Tensor, actions: Tensor | None, state: Tensor) -> Past:
        """The past with new observations, without what is older than the context. Its first frame is number 0.

        Args:
            past: what this method returned before, None at first.
            latents: (B, C, F, h, w) of the new frames.
            actions: (B, *, P) normalised, those before the last of these frames and after the last one of `past`.
            state: (B, P) normalised, at the last frame.
        """
        new = Past(latents, actions=actions, state=state[:, None], state_at=(latents.shape[2] - 1,))
        joined = new if past is None else _joined(past, new)
        kept = min(joined.observations.shape[2], self.frames)
        dropped, done = joined.observations.shape[2] - kept, (kept - 1) * self.actions
        shorter = replace(
            joined,
            observations=joined.observations[:, :, dropped:],
            actions=None if joined.actions is None else joined.actions[:, joined.actions.shape[1] - done :],
            state_at=tuple(at - dropped for at in joined.state_at),
        )
        return _with_states(shorter, range(kept))

    def shown(self, past: Past) -> Past:
        """The past as in a training sample: with the states at which chunks that end now would begin, no others."""
        now = past.observations.shape[2] - 1
        return _with_states(past, range(now, now - LATENTS_PER_CHUNK * self.chunks, -LATENTS_PER_CHUNK))


def _with_states(past: Past, frames: range) -> Past:
    """With the states at these frames only."""
    kept = [index for index, at in enumerate(past.state_at) if at in frames]
    state = None if past.state is None else past.state[:, kept]
    return replace(past, state=state, state_at=tuple(past.state_at[index] for index in kept))


def _joined(past: Past, new: Past) -> Past:
    count = past.observations.shape[2]
    actions = [part for part in (past.actions, new.actions) if part is not None]
    states = [part for part in (past.state, new.state) if part is not None]
    return Past(
        torch.cat([past.observations, new.observations], dim=2),
        actions=torch.cat(actions, dim=1) if actions else None,
        state=torch.cat(states, dim=1),
        state_at=(*past.state_at, *(at + count for at in new.state_at)),
    )
