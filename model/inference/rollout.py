"""Closed-loop rollout of a batch: observe, sample a chunk, repeat.

Dimensions: B batch, T frames, H W canvas, P numbers of a state or action, C latent channels, h w latent cells.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..canvas import rgb_video, video_depth, video_rgb, video_value
from ..data_config import FRAMES_PER_CHUNK
from ..network.action_stream import END_NUMBERS
from ..network.backbone import Memory
from ..network.cache import Cache
from ..network.chunk import Chunk, Past
from ..network.instruction import Instruction
from ..world_model import LATENTS_PER_CHUNK, WorldModel
from .config import SamplingConfig
from .context import Context
from .sampling import denoise

# Latent frames before a chunk that are decoded with it, because the decoder is causal.
DECODED_BEFORE = 1 + LATENTS_PER_CHUNK


@dataclass(frozen=True, eq=False)
class Rollout:
    """The state of B rollouts. It is immutable, so several rollouts can continue from the same state.

    `past` is None before the first frame; `memory` is the state of the VAE.
    """

    world: WorldModel
    text: Instruction
    context: Context
    past: Past | None = None
    memory: Memory = ()
    black: Tensor | None = None

    @staticmethod
    @torch.no_grad()
    def begin(world: WorldModel, instructions: Sequence[str], context: Context) -> "Rollout":
        """The state before the first frame."""
        return Rollout(world, world.aim.encode_text(world.text(instructions)), context)

    @torch.no_grad()
    def observe(self, rgb: Tensor, actions: Tensor | None, state: Tensor) -> "Rollout":
        """Append observations.

        Args:
            rgb: uint8 (B, T, H, W, 3); T is 1 + 4n at first, then 4n.
            actions: (B, *, P) normalised, those before the last frame and after the last one seen.
            state: (B, P) normalised, at the last frame.
        """
        latents, memory = self.world.coder.stream(rgb_video(rgb), self.memory)
        past = self.context.extended(self.past, latents, actions, state)
        black = self.world.black(rgb) if self.black is None else self.black
        return replace(self, past=past, memory=memory, black=black)

    @property
    def seen(self) -> Past:
        """What the next chunk is predicted from; ValueError before the first frame."""
        if self.past is None:
            raise ValueError("Nothing has been observed yet.")
        return self.context.shown(self.past)

    @torch.no_grad()
    def cache(self) -> Cache:
        """Keys and values of the past."""
        return self.world.aim.extend_cache(self.text, self.seen)

    def noise(self, actions: int, generator: torch.Generator) -> Chunk:
        """The initial noise of the next chunk, of `actions` actions."""
        seen, config = self.seen.observations, self.world.aim.config
        assert self.black is not None
        like = {"device": seen.device, "dtype": seen.dtype}
        batch, channels, count, height, width = seen.shape
        shape = (2, batch, channels, LATENTS_PER_CHUNK, height, width)
        video, value = torch.randn(shape, generator=generator, **like)
        noise = torch.randn(batch, actions, config.action_dim, generator=generator, **like)
        ends = torch.randn(batch, FRAMES_PER_CHUNK, END_NUMBERS, generator=generator, **like)
        return Chunk(count - 1, video, self.black, value, noise, ends if config.state_stream else None)

    def denoise(
        self, config: SamplingConfig, noise: Chunk, frozen: Tensor | None = None
    ) -> Iterator[tuple[Chunk, bool]]:
        """Denoise the next chunk, which begins with actions `frozen`; yields it and whether its actions are final."""
        return denoise(self.world.aim, self.text, self.cache(), noise, config, frozen)

    @torch.no_grad()
    def decode(self, future: Chunk) -> tuple[Tensor, Tensor]:
        """RGB (B, T, H, W, 3) and value maps (B, T, H, W) of a predicted chunk, uint8."""
        decode, before = self.world.coder.decode, self.seen.observations[:, :, -DECODED_BEFORE:]
        rgb = video_rgb(decode(torch.cat([before, future.video], dim=2)))
        value = video_value(decode(torch.cat([future.black, future.value], dim=2)))
        return rgb[:, -value.shape[1] :], value

    @torch.no_grad()
    def decode_depth(self, future: Chunk, near: float, far: float) -> Tensor | None:
        """Depth (B, T, H, W) of a predicted chunk in metres, or None if the model does not predict it."""
        if future.depth is None:
            return None
        return video_depth(self.world.coder.decode(torch.cat([future.black, future.depth], dim=2)), near, far)

    @property
    def shapes(self) -> tuple[object, ...]:
        """Rollouts for which this is equal can be stacked."""
        past = {} if self.past is None else self.past.tensors()
        at = () if self.past is None else self.past.state_at
        return (at, *(part.shape for part in (*past.values(), *self.memory) if part is not None))

    @staticmethod
    def stack(parts: "Sequence[Rollout]") -> "Rollout":
        """Batch rollouts of one sample each, with equal `shapes`."""
        pasts = [part.past for part in parts if part.past is not None]
        blacks = [part.black for part in parts if part.black is not None]
        return replace(
            parts[0],
            text=Instruction.stack([part.text for part in parts]),
            past=Past.stack(pasts) if pasts else None,
            memory=tuple(_side_by_side(features) for features in zip(*(part.memory for part in parts), strict=True)),
            black=torch.cat(blacks) if blacks else None,
        )

    def unstack(self, before: "Sequence[Rollout]") -> "list[Rollout]":
        """The inverse of `stack` after `observe`: the rollouts `before`, as if each had observed alone."""
        assert self.past is not None
        assert self.black is not None
        return [
            replace(
                part,
                past=self.past.sample(i),
                memory=tuple(None if one is None else one[i, None] for one in self.memory),
                black=self.black[i, None],
            )
            for i, part in enumerate(before)
        ]


def _side_by_side(parts: Sequence[Tensor | None]) -> Tensor | None:
    """Concatenate tensors (1, ...) along the batch; None if there are none."""
    known = [part for part in parts if part is not None]
    return torch.cat(known) if known else None
